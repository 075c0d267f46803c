internal import Base
internal import Synchronization

/// How much of something bounded each tenant has under way, so that none takes it all.
final class TenantShares: Sendable {
  private let maximum: Int
  private let counts = Mutex<[GUID: Int]>([:])

  /// `bound`: what all tenants have together.
  init(of bound: Int) {
    maximum = max(1, bound / KeyLimits.tenantShare)
  }

  /// Throws 503 when the tenant has its share under way.
  func enter(_ tenant: GUID) throws {
    let isAdmitted = counts.withLock { counts in
      guard counts[tenant, default: 0] < maximum else { return false }
      counts[tenant, default: 0] += 1
      return true
    }
    guard isAdmitted else { throw CloudError.serverBusy("Too many requests of this tenant are under way.") }
  }

  func leave(_ tenant: GUID) {
    counts.withLock { counts in
      let left = counts[tenant, default: 1] - 1
      counts[tenant] = left > 0 ? left : nil
    }
  }
}
