internal import Base
internal import Synchronization

/// What one assignment gives its principal.
struct Grant: Sendable {
  var scope: ScopePath
  var permissions: CompiledPermissions
}

/// The grants of principals that asked lately, of this process.
///
/// A commit that changes a tenant's roles or assignments drops the tenant's entries before it is acknowledged, so the next request
/// reads anew. A reader that began before such a commit may come to store after it: the generation that it began with tells.
final class GrantCache: Sendable {
  private struct State {
    var generation: UInt64 = 0
    var count = 0
    var tenants: [GUID: [GUID: [Grant]]] = [:]
  }

  private let state = Mutex(State())
  private let maximumPrincipals: Int

  init(maximumPrincipals: Int = AccessLimits.maximumCachedPrincipals) {
    self.maximumPrincipals = maximumPrincipals
  }

  /// What is known of these principals, and the generation to give back to `store`.
  func lookUp(tenant: GUID, _ principals: [GUID]) -> (grants: [GUID: [Grant]], generation: UInt64) {
    state.withLock { state in
      guard let known = state.tenants[tenant] else { return ([:], state.generation) }
      var found: [GUID: [Grant]] = [:]
      for principal in principals { found[principal] = known[principal] }
      return (found, state.generation)
    }
  }

  /// Keeps what was read, unless something changed since `generation`.
  func store(_ grants: [GUID: [Grant]], tenant: GUID, generation: UInt64) {
    state.withLock { state in
      guard state.generation == generation else { return }
      if state.count + grants.count > maximumPrincipals {
        state.tenants.removeAll()
        state.count = 0
      }
      for (principal, list) in grants where state.tenants[tenant, default: [:]].updateValue(list, forKey: principal) == nil { state.count += 1 }
    }
  }

  func forget(tenant: GUID) {
    state.withLock { state in
      state.generation += 1
      state.count -= state.tenants.removeValue(forKey: tenant)?.count ?? 0
    }
  }
}
