#if canImport(Glibc)
  import Glibc
#endif

/// The time of day. Every component takes its clock through `init`, so that tests can make it jump.
public protocol WallClock: Sendable {
  func now() -> Timestamp

  /// The time of day as it would be had nobody set the clock since the process began: it advances by the time that passes, and by nothing else. For what has to
  /// last, such as a lease.
  func steady() -> Timestamp
}

extension WallClock {
  public func steady() -> Timestamp { now() }
}

/// The machine's real-time clock (`CLOCK_REALTIME`).
public struct SystemClock: WallClock {
  /// What to add to the time since boot. One for the whole process, so that all its clocks agree.
  private static let start = microseconds(CLOCK_REALTIME) - microseconds(CLOCK_BOOTTIME)

  public init() {
    _ = Self.start
  }

  public func now() -> Timestamp {
    Timestamp(microseconds: Self.microseconds(CLOCK_REALTIME))
  }

  public func steady() -> Timestamp {
    Timestamp(microseconds: Self.start + Self.microseconds(CLOCK_BOOTTIME))
  }

  private static func microseconds(_ clock: clockid_t) -> Int64 {
    var time = timespec()
    let status = clock_gettime(clock, &time)
    precondition(status == 0, "CLOCK_REALTIME and CLOCK_BOOTTIME are always readable on Linux")
    return Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1000
  }
}
