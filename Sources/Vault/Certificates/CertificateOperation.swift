internal import Base
internal import Records

/// The making of a certificate's version: under way, or the last one that was.
///
/// Source: Microsoft, "CertificateOperation", Key Vault REST reference.
struct CertificateOperation: Record, Codable, Equatable {
  static let kind = "vault.certificateOperation"

  enum Status: String, Codable {
    case inProgress
    case completed
    case cancelled
  }

  var tenant: GUID
  var partition: String
  var name: String
  var requestID: GUID
  var status: Status
  var isCancellationRequested = false
  /// PKCS#10, in DER.
  var request: [UInt8]
  /// The version that comes of it.
  var version: String
  /// `CertificatePolicy.text`.
  var policy: String
  var isEnabled: Bool
  var tags: [String: String]?
  var keepsOrder: Bool?
  var created: Timestamp
  /// `KeyDescription.text` of the key that waits for its certificate.
  var keyDescription: String
  /// That key in DER, sealed under the vault's data key; nil where a module keeps it, and once the certificate is there.
  var sealedKey: [UInt8]?
  var payloadID: GUID
  var moduleKey: GUID?
  /// Whether the key is that of the version before, which holds it.
  var reusesKey = false

  var key: RecordKey { Self.key(tenant: tenant, partition, name) }

  static func key(tenant: GUID, _ partition: String, _ name: String) -> RecordKey { RecordKey(tenant: tenant, partition, name.lowercased()) }

  /// Takes it away; a module's key that nothing else holds is destroyed.
  func remove(now: Timestamp, _ transaction: RecordTransaction) throws {
    if let moduleKey, !reusesKey, status != .completed {
      try transaction.save(ModuleKeyRemoval(id: moduleKey, due: now, tenant: tenant))
    }
    try transaction.remove(CertificateOperation.self, key)
  }
}
