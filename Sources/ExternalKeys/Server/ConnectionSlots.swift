internal import Synchronization

/// How many connections there are, with a bound.
final class ConnectionSlots: Sendable {
  private let count = Mutex(0)
  private let maximum: Int

  init(_ maximum: Int) {
    self.maximum = maximum
  }

  func take() -> Bool {
    count.withLock { count in
      guard count < maximum else { return false }
      count += 1
      return true
    }
  }

  func giveBack() { count.withLock { $0 -= 1 } }
}
