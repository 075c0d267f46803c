internal import Base
internal import NIOCore
internal import NIOPosix
internal import Synchronization

/// Threads for what takes long with a key: neither the event loops nor Swift's own threads wait for it.
final class KeyThreads: Sendable {
  private let pool: NIOThreadPool
  private let waiting = Mutex(0)
  private let maximumWaiting: Int
  private let shares: TenantShares

  init(_ count: Int, maximumWaiting: Int) {
    self.maximumWaiting = maximumWaiting
    shares = TenantShares(of: maximumWaiting)
    pool = NIOThreadPool(numberOfThreads: max(1, count))
    pool.start()
  }

  deinit {
    pool.shutdownGracefully { _ in }
  }

  /// Throws 503 when too much is waiting, of the tenant or of all.
  func run<Result: Sendable>(for tenant: GUID, _ body: @escaping @Sendable () throws -> Result) async throws -> Result {
    try shares.enter(tenant)
    defer { shares.leave(tenant) }
    let isAdmitted = waiting.withLock { count in
      guard count < maximumWaiting else { return false }
      count += 1
      return true
    }
    guard isAdmitted else { throw CloudError.serverBusy() }
    defer { waiting.withLock { $0 -= 1 } }
    return try await pool.runIfActive(body)
  }
}
