package import Base
package import Crypto
internal import Synchronization

/// Unwrapped keys in memory, up to a bound; past it some other key leaves.
///
/// What was destroyed does not come back: a read that began before the destruction still finds the key's record in its snapshot.
package final class KeyCache<ID: Hashable & Sendable>: Sendable {
  private struct State {
    var keys: [ID: SymmetricKey] = [:]
    var destroyed: Set<ID> = []
    /// In order of destruction, oldest first.
    var destructions: [ID] = []
    /// Tenants whose keys were destroyed all together, oldest first.
    var endedTenants: [GUID] = []
  }

  private let limit: Int
  private let state = Mutex(State())

  package init(limit: Int) {
    precondition(limit > 0)
    self.limit = limit
  }

  package var count: Int { state.withLock { $0.keys.count } }

  package subscript(id: ID) -> SymmetricKey? {
    state.withLock { $0.keys[id] }
  }

  package func insert(_ key: SymmetricKey, for id: ID, of tenant: GUID) {
    state.withLock { state in
      guard !state.destroyed.contains(id), !state.endedTenants.contains(tenant) else { return }
      if state.keys.count >= limit, state.keys[id] == nil { state.keys.remove(at: state.keys.startIndex) }
      state.keys[id] = key
    }
  }

  package func destroy(_ id: ID) {
    state.withLock { state in
      state.keys[id] = nil
      guard state.destroyed.insert(id).inserted else { return }
      state.destructions.append(id)
      if state.destructions.count > KeyringLimits.maximumRememberedDestructions {
        state.destroyed.remove(state.destructions.removeFirst())
      }
    }
  }

  /// Takes a key out of memory that may come back.
  package func remove(_ id: ID) {
    state.withLock { _ = $0.keys.removeValue(forKey: id) }
  }

  /// Lets a key come back that was destroyed here and lives on elsewhere.
  package func allow(_ id: ID) {
    state.withLock { state in
      guard state.destroyed.remove(id) != nil else { return }
      state.destructions.removeAll { $0 == id }
    }
  }

  /// Destroys every key of a tenant; none of them comes back.
  package func destroyAll(of tenant: GUID, _ isTheirs: (ID) -> Bool) {
    state.withLock { state in
      if !state.endedTenants.contains(tenant) { state.endedTenants.append(tenant) }
      if state.endedTenants.count > KeyringLimits.maximumRememberedDestructions { state.endedTenants.removeFirst() }
      state.keys = state.keys.filter { !isTheirs($0.key) }
    }
  }
}
