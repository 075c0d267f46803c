package import Base
internal import Keyring
package import Records

/// The end of vaults.
extension Vaults {
  /// Ends a deleted vault for good, in the caller's transaction: its data key goes at once, and with it the meaning of all that is in it; the records
  /// follow in the background, under the `VaultPurge` that this leaves.
  package func purge(_ vault: Vault, purgeID: GUID, in transaction: RecordTransaction) throws {
    do {
      try keyring.destroyDataKey(vault.dataKey, tenant: vault.tenant, in: transaction)
    } catch KeyringError.noSuchKey {
      // It went with all keys of an ended tenant.
    }
    try transaction.remove(Vault.self, vault.key)
    try transaction.save(VaultPurge(id: purgeID, tenant: vault.tenant, partition: vault.partition, incarnation: nil))
    purgeWaker.wake(after: transaction)
    invalidate(vault.name, after: transaction)
  }

  /// Purges deleted vaults whose time has come, a bounded number of them; gives whether some may be left.
  package func purgeExpired(now: Timestamp, random: any RandomSource) async throws -> Bool {
    try await records.write { [self] transaction in
      let deleted = try transaction.list(Vault.self, index: Vault.purgeIndex, [], tenant: .zero, limit: VaultLimits.maximumVaultPurges)
      let expired = deleted.filter { ($0.deletion?.purgeTime ?? now) <= now }
      for vault in expired { try purge(vault, purgeID: random.guid(), in: transaction) }
      return expired.count == VaultLimits.maximumVaultPurges
    }
  }

  /// When the next deleted vault is to be purged; nil where none is deleted.
  package func nextExpiry() async throws -> Timestamp? {
    try await records.read { try $0.list(Vault.self, index: Vault.purgeIndex, [], tenant: .zero, limit: 1).first?.deletion?.purgeTime }
  }
}
