internal import Base
internal import Records
internal import Wire

/// Somebody who may use a ledger.
///
/// Source: Microsoft, "LedgerUser" and "LedgerUserMultipleRoles", REST reference.
struct LedgerUser: Record, Codable, Sendable, Equatable {
  static let kind = "tenantledger.user"

  var tenant: GUID
  var log: GUID
  /// The object id of a user or service principal of the ledger's tenant.
  var userID: GUID
  var roles: [LedgerRole]
  /// Whether the ARM resource names it: then it goes when the resource no longer does.
  var isFromResource: Bool

  var key: RecordKey { Self.key(tenant: tenant, log: log, userID) }

  static func key(tenant: GUID, log: GUID, _ userID: GUID) -> RecordKey { RecordKey(tenant: tenant, log.description, userID.description) }

  static func key(_ ledger: ConfidentialLedger, _ userID: GUID) -> RecordKey { key(tenant: ledger.tenant, log: ledger.log, userID) }

  /// What the strongest of the roles allows.
  var role: LedgerRole? { roles.max() }

  /// With one role: `/app/users`.
  var json: JSON { .object(["assignedRole": .string(role?.rawValue), "userId": .string(userID.description)]) }

  /// With all of them: `/app/ledgerUsers`.
  var jsonWithRoles: JSON { ["assignedRoles": .array(roles.map { .string($0.rawValue) }), "userId": .string(userID.description)] }

  /// All users of a ledger, in the order of their ids.
  static func all(of ledger: ConfidentialLedger, in reader: any RecordReader) throws -> [LedgerUser] {
    try reader.list(LedgerUser.self, under: RecordKey(tenant: ledger.tenant, ledger.log.description), limit: LedgerServiceLimits.maximumUsers)
  }

  /// Throws 400 for what is no object id. The fingerprint of a certificate is one of a user who could never come: this cloud asks no client for a
  /// certificate.
  static func id(parsing text: String) throws -> GUID {
    if let id = GUID(text) { return id }
    guard !isFingerprint(text) else {
      throw LedgerServiceError.invalidInput(
        "Users with a certificate are not supported by this ledger. The user id must be a Microsoft Entra object id.")
    }
    throw LedgerServiceError.invalidInput(
      "The user id '\(text.prefix(128))' is neither a Microsoft Entra object id nor the fingerprint of a certificate.")
  }

  /// 32 bytes as digits, with colons between them or without.
  private static func isFingerprint(_ text: String) -> Bool {
    let digits = text.utf8.filter { $0 != UInt8(ascii: ":") }
    return digits.count == 64 && digits.allSatisfy { hexadecimalValue($0) != nil }
  }
}
