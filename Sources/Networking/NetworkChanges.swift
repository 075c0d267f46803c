internal import Records

/// Tells the reconciler that the wanted state of networks has changed. A second signal while one is waiting says nothing new.
final class NetworkChanges: Sendable {
  let stream: AsyncStream<Void>
  private let continuation: AsyncStream<Void>.Continuation

  init() {
    (stream, continuation) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
  }

  /// Tells it once a transaction is durable.
  func notify(after transaction: RecordTransaction) {
    transaction.afterCommit { [continuation] in continuation.yield() }
  }

  func notify() { continuation.yield() }
}
