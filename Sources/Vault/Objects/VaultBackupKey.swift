internal import Base
internal import Keyring
internal import Records

/// The data key that a tenant's backups are sealed under: they open in every vault of the tenant, and nowhere once the tenant's keys are destroyed.
struct VaultBackupKey: Record, Codable, Sendable {
  static let kind = "vault.backupKey"

  var tenant: GUID
  var dataKey: DataKeyID

  var key: RecordKey { RecordKey(tenant: tenant) }
}
