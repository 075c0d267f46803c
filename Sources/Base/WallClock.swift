#if canImport(Glibc)
  import Glibc
#endif

/// The time of day. Every component takes its clock through `init`, so that tests can make it jump.
public protocol WallClock: Sendable {
  func now() -> Timestamp
}

/// The machine's real-time clock (`CLOCK_REALTIME`).
public struct SystemClock: WallClock {
  public init() {}

  public func now() -> Timestamp {
    var time = timespec()
    let status = clock_gettime(CLOCK_REALTIME, &time)
    precondition(status == 0, "CLOCK_REALTIME is always readable on Linux")
    return Timestamp(microseconds: Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1000)
  }
}
