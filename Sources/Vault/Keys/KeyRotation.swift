internal import Base
internal import Records

/// When a key is to get its next version by itself. A key without such a policy has none; what is left of one that is gone goes when it falls due.
struct KeyRotation: Record, Codable, Equatable {
  static let kind = "vault.keyRotation"
  /// Of all vaults, by time.
  static let dueIndex = "due"

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

  /// Writes or takes away what follows from a key's policy and current version, in the transaction that changes either.
  static func plan(_ object: VaultObject, _ current: VaultObjectVersion, in vault: Vault, _ transaction: RecordTransaction) throws {
    let due = KeyRotationPolicy(stored: object.policy)?.rotation(created: current.created, expires: current.expires)
    guard let due, object.deletion == nil, current.isEnabled, !object.isManaged else {
      try transaction.remove(KeyRotation.self, key(tenant: object.tenant, object.partition, object.name))
      return
    }
    try transaction.save(
      KeyRotation(
        tenant: object.tenant, partition: object.partition, vaultName: vault.name, name: object.name, version: current.version, due: due))
  }
}
