internal import Base
internal import Records

/// What is left of a purged thing or vault and goes in the background.
struct VaultPurge: Record, Codable, Sendable {
  static let kind = "vault.purge"

  var id: GUID
  var tenant: GUID
  var partition: String
  /// The versions of one thing; nil: all that a vault had.
  var incarnation: GUID?

  /// Filed under the platform, so that one list finds all.
  var key: RecordKey { RecordKey(tenant: .zero, id.description) }
}
