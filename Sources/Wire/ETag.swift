public import Base

/// A storage service's entity tag: the time of the change as a count of 100 ns since the year 1, in upper-case hexadecimal after
/// `0x`, for example `0x8DE2AB60C1D4F30`. It grows with every change of a resource, so that no two states share one.
public struct ETag: Hashable, Comparable, Sendable {
  public var ticks: UInt64

  public init(ticks: UInt64) {
    self.ticks = ticks
  }

  /// The tag of a change at `now`, and in any case one after `previous`, should the clock stand still or go back.
  public init(at now: Timestamp, after previous: ETag? = nil) {
    let current = UInt64(max(0, now.microseconds + Self.microsecondsBeforeEpoch)) * 10
    ticks = max(current, (previous?.ticks ?? 0) + 1)
  }

  /// From 0001-01-01 to 1970-01-01.
  private static let microsecondsBeforeEpoch: Int64 = 62_135_596_800_000_000

  /// Without quotes, as in lists of blobs.
  public var text: String {
    "0x" + String(ticks, radix: 16, uppercase: true)
  }

  /// With quotes, as in the `ETag` header.
  public var quoted: String {
    "\"\(text)\""
  }

  public static func < (left: ETag, right: ETag) -> Bool {
    left.ticks < right.ticks
  }
}
