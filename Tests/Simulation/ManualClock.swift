public import Base
internal import Synchronization

/// A clock that stands still until a test moves it.
public final class ManualClock: WallClock {
  private let time: Mutex<(now: Timestamp, steady: Timestamp)>

  public init(_ start: Timestamp = Timestamp(seconds: 1_800_000_000)) {
    time = Mutex((start, start))
  }

  public func now() -> Timestamp {
    time.withLock { $0.now }
  }

  public func steady() -> Timestamp {
    time.withLock { $0.steady }
  }

  /// Time passes.
  public func advance(by duration: Duration) {
    time.withLock { $0 = ($0.now.advanced(by: duration), $0.steady.advanced(by: duration)) }
  }

  /// Somebody sets the clock; no time passes.
  public func set(_ now: Timestamp) {
    time.withLock { $0.now = now }
  }

  /// The process begins anew: it knows no other time than what the clock says.
  public func restart() {
    time.withLock { $0.steady = $0.now }
  }
}
