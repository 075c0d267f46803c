internal import Base
public import Keyring
public import Records
internal import Synchronization

/// The vaults of the cloud, found by name and kept in memory for the data plane.
///
/// One instance is shared by the provider, which changes vaults, and the endpoint, which looks them up at every request.
public final class Vaults: Sendable {
  package let records: any RecordStore
  package let keyring: Keyring
  /// Things in the vaults that were looked at.
  let objects = VaultObjectCache()
  let purgeWaker = VaultPurgeWaker()
  private let cache = Mutex(Cache())

  private struct Cache {
    var vaults: [String: Vault] = [:]
    /// Grows with every invalidation, so that what was read before one is not cached after it.
    var generation = 0
  }

  public init(records: any RecordStore, keyring: Keyring) {
    self.records = records
    self.keyring = keyring
  }

  /// The vault of a name, or nil; a deleted one too.
  package func vault(named name: String) async throws -> Vault? {
    let name = name.lowercased()
    let (cached, generation) = cache.withLock { ($0.vaults[name], $0.generation) }
    if let cached { return cached }
    let found = try await records.read { try $0.fetch(Vault.self, Vault.key(name)) }
    if let found {
      cache.withLock { cache in
        guard cache.generation == generation else { return }
        if cache.vaults.count >= VaultLimits.maximumCachedVaults { cache.vaults.removeAll() }
        cache.vaults[name] = found
      }
    }
    return found
  }

  /// Forgets a vault once the transaction that changes it is durable.
  package func invalidate(_ name: String, after transaction: RecordTransaction) {
    transaction.afterCommit { [self] in
      cache.withLock { cache in
        cache.vaults[name.lowercased()] = nil
        cache.generation += 1
      }
    }
  }
}
