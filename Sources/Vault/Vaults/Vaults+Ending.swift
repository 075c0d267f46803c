public import Base
internal import Keyring
public import Records
internal import Wire

/// The end of a tenant.
extension Vaults {
  /// Forgets, with the commit of the transaction that destroys a tenant's keys, every vault of the tenant: what is asked of one from then on finds no
  /// key that opens.
  public func forgetVaults(of tenant: GUID, in transaction: RecordTransaction) throws {
    for vault in try Self.all(of: tenant, in: transaction) { invalidate(vault.name, after: transaction) }
  }

  /// Purges the deleted vaults of a tenant whose keys are destroyed, whatever protects them, and gives the ids of those that are still there or whose
  /// records are still being removed, and of keys that the security module still has: to be called again until that is nothing.
  public func clear(_ tenant: GUID, random: any RandomSource) async throws -> [String] {
    let vaults = try await records.read { try Self.all(of: tenant, in: $0) }
    for vault in vaults where vault.deletion != nil {
      try await records.write { [self] transaction in
        // It may have been purged meanwhile.
        guard let current = try transaction.fetch(Vault.self, vault.key), current.deletion != nil, current.tenant == tenant else { return }
        try purge(current, purgeID: random.guid(), in: transaction)
      }
    }
    return try await records.read { reader in
      let left = try Self.all(of: tenant, in: reader).map(\.id.description)
      let purges = try reader.list(VaultPurge.self, under: RecordKey(tenant: .zero), limit: Self.maximumForgotten).filter { $0.tenant == tenant }
      let moduleKeys = try ModuleKeyRemoval.list(of: tenant, in: reader).map { "module key \($0.id)" }
      return left + purges.map { "vault \($0.partition)" } + moduleKeys
    }
  }

  private static func all(of tenant: GUID, in reader: any RecordReader) throws -> [Vault] {
    try reader.list(Vault.self, index: Vault.subscriptionIndex, [], tenant: tenant, limit: maximumForgotten)
  }

  private static let maximumForgotten = 10_000
}
