internal import Records

/// Tells the purger that there is something to do.
final class VaultPurgeWaker: Sendable {
  let wakes: AsyncStream<Void>
  private let waker: AsyncStream<Void>.Continuation

  init() {
    (wakes, waker) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
  }

  func wake() { waker.yield() }

  /// Once a transaction is durable.
  func wake(after transaction: RecordTransaction) {
    transaction.afterCommit { [waker] in waker.yield() }
  }
}
