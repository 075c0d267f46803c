internal import Base
internal import Records

/// When a certificate is to get its next version by itself.
struct CertificateRenewal: Record, Codable, Equatable {
  static let kind = "vault.certificateRenewal"
  /// Of all vaults, by time.
  static let dueIndex = "due"
  /// However early a policy wants it: not again and again.
  private static let minimumSpacing: Duration = .seconds(86_400)

  var tenant: GUID
  var partition: String
  var vaultName: String
  var name: String
  /// The version that is to be followed.
  var version: String
  var due: Timestamp

  var key: RecordKey { Self.key(tenant: tenant, partition, name) }

  static func key(tenant: GUID, _ partition: String, _ name: String) -> RecordKey { RecordKey(tenant: tenant, partition, name.lowercased()) }

  var indexes: [RecordIndex] { [RecordIndex(Self.dueIndex, VaultTime.sortable(due), tenant: .zero)] }

  /// Writes or takes away what follows from a certificate's policy and current version, in the transaction that changes either.
  static func plan(_ object: VaultObject, _ current: VaultObjectVersion, in vault: Vault, _ transaction: RecordTransaction) throws {
    guard object.deletion == nil, current.isEnabled, let notBefore = current.notBefore, let expires = current.expires,
      let due = CertificatePolicy(stored: object.policy)?.renewal(notBefore: notBefore, expires: expires)
    else {
      try transaction.remove(CertificateRenewal.self, key(tenant: object.tenant, object.partition, object.name))
      return
    }
    try transaction.save(
      CertificateRenewal(
        tenant: object.tenant, partition: object.partition, vaultName: vault.name, name: object.name, version: current.version,
        due: max(due, current.created.advanced(by: minimumSpacing))))
  }
}
