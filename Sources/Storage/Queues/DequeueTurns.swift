internal import Base
internal import Records
internal import Synchronization

/// Lets the requests that want messages off one queue take turns. They all want the same ones, the foremost: beside each other, all but one of them would
/// work in vain. Whoever's turn it is takes for all who came since the last, in one transaction.
final class DequeueTurns: Sendable {
  /// What a request wants.
  struct Wish: Sendable {
    var count: Int
    /// For how long others are not to see what is taken.
    var visibilitySeconds: Int64
  }

  /// What it gets.
  struct Taken: Sendable {
    var messages: [QueueMessage] = []
    var moment: QueueMoment
  }

  private struct Waiter: Sendable {
    var wish: Wish
    var continuation: CheckedContinuation<Turn, any Error>
  }

  private enum Turn: Sendable {
    case lead([Waiter])
    case served(Taken)
  }

  /// Requests that may wait for one queue; further ones get 503.
  static let maximumWaiting = 4096
  /// Messages of one transaction.
  static let maximumMessages = 128

  /// Of the queues from which somebody is taking, those who wait.
  private let waiting = Mutex<[RecordKey: [Waiter]]>([:])

  /// `serve` is called in this request's turn with the wishes of all whose turn it is, and gives what each of them gets.
  func take(_ wish: Wish, from queue: RecordKey, serve: ([Wish]) async throws -> [Taken]) async throws -> Taken {
    let others: [Waiter]
    switch try await turn(wish, queue) {
    case .served(let taken): return taken
    case .lead(let waiters): others = waiters
    }
    defer { handOver(queue) }
    do {
      let taken = try await serve([wish] + others.map(\.wish))
      precondition(taken.count == others.count + 1, "every wish has its answer")
      for (waiter, share) in zip(others, taken.dropFirst()) { waiter.continuation.resume(returning: .served(share)) }
      return taken[0]
    } catch {
      for waiter in others { waiter.continuation.resume(throwing: error) }
      throw error
    }
  }

  private func turn(_ wish: Wish, _ queue: RecordKey) async throws -> Turn {
    try await withCheckedThrowingContinuation { continuation in
      let answer: Result<Turn, any Error>? = waiting.withLock { waiting in
        guard let count = waiting[queue]?.count else {
          waiting[queue] = []
          return .success(.lead([]))
        }
        guard count < Self.maximumWaiting else { return .failure(CloudError.serverBusy()) }
        waiting[queue, default: []].append(Waiter(wish: wish, continuation: continuation))
        return nil
      }
      if let answer { continuation.resume(with: answer) }
    }
  }

  /// The first of those who wait leads the next turn.
  private func handOver(_ queue: RecordKey) {
    let next: (leader: Waiter, others: [Waiter])? = waiting.withLock { waiting in
      guard let all = waiting[queue], let leader = all.first else {
        waiting[queue] = nil
        return nil
      }
      var messages = leader.wish.count
      var end = 1
      while end < all.count, messages + all[end].wish.count <= Self.maximumMessages {
        messages += all[end].wish.count
        end += 1
      }
      waiting[queue] = Array(all[end...])
      return (leader, Array(all[1..<end]))
    }
    if let next { next.leader.continuation.resume(returning: .lead(next.others)) }
  }
}
