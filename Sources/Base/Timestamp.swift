/// A point in time as whole microseconds since 1970-01-01T00:00:00Z (leap seconds ignored, as POSIX does).
public struct Timestamp: Hashable, Comparable, Sendable, Codable {
  public let microseconds: Int64

  public init(microseconds: Int64) {
    self.microseconds = microseconds
  }

  public init(seconds: Int64) {
    self.microseconds = seconds * 1_000_000
  }

  /// Whole seconds since the epoch, rounded down.
  public var seconds: Int64 {
    microseconds >= 0 ? microseconds / 1_000_000 : (microseconds - 999_999) / 1_000_000
  }

  /// The same instant with its fraction of a second dropped: the resolution of HTTP dates and of storage's Last-Modified.
  public var wholeSecond: Timestamp { Timestamp(seconds: seconds) }

  public static func < (left: Timestamp, right: Timestamp) -> Bool {
    left.microseconds < right.microseconds
  }

  public func advanced(by duration: Duration) -> Timestamp {
    let (seconds, attoseconds) = duration.components
    return Timestamp(microseconds: microseconds + seconds * 1_000_000 + attoseconds / 1_000_000_000_000)
  }

  public func duration(to other: Timestamp) -> Duration {
    .microseconds(other.microseconds - microseconds)
  }

  public init(from decoder: any Decoder) throws {
    self.init(microseconds: try decoder.singleValueContainer().decode(Int64.self))
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(microseconds)
  }
}
