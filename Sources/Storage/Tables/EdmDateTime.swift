internal import Base
internal import Wire

/// A point in time as the table service keeps it: a count of 100 ns since the beginning of the year 1.
struct EdmDateTime: Sendable, Equatable, Comparable {
  var ticks: UInt64

  init(ticks: UInt64) {
    self.ticks = ticks
  }

  /// From 0001-01-01 to 1970-01-01.
  private static let microsecondsBeforeEpoch: Int64 = 62_135_596_800_000_000
  /// 1601-01-01, the earliest that the service takes.
  static let earliest: UInt64 = 504_911_232_000_000_000
  /// The last 100 ns of the year 9999, the latest.
  static let latest: UInt64 = 3_155_378_975_999_999_999

  /// Parses ISO 8601 with up to seven digits of fraction; nil for anything else, and for what lies before 1601 or behind 9999 in UTC.
  init?(_ text: String) {
    guard let time = Timestamp(iso8601: text) else { return nil }
    let microseconds = time.microseconds + Self.microsecondsBeforeEpoch
    guard microseconds >= 0 else { return nil }
    ticks = UInt64(microseconds) * 10 + UInt64(Self.seventhDigit(text))
    guard (Self.earliest...Self.latest).contains(ticks) else { return nil }
  }

  private static func seventhDigit(_ text: String) -> UInt8 {
    guard let point = text.utf8.lastIndex(of: UInt8(ascii: ".")) else { return 0 }
    let fraction = text.utf8[point...].dropFirst().prefix { (0x30...0x39).contains($0) }
    return fraction.dropFirst(6).first.map { $0 - 0x30 } ?? 0
  }

  /// With seven digits of fraction: `2013-08-22T01:12:06.2608595Z`.
  var precise: String {
    let microseconds = Int64(ticks / 10) - Self.microsecondsBeforeEpoch
    return "\(Timestamp(microseconds: microseconds).iso8601Fractional.dropLast(2))\(ticks % 10)Z"
  }

  /// Without the zeros that end the fraction: `2013-08-22T01:12:06Z`.
  var text: String {
    let digits = precise.utf8.dropLast().reversed().drop { $0 == UInt8(ascii: "0") }
    let trimmed = digits.first == UInt8(ascii: ".") ? digits.dropFirst() : digits
    return String(decoding: trimmed.reversed(), as: UTF8.self) + "Z"
  }

  static func < (left: EdmDateTime, right: EdmDateTime) -> Bool {
    left.ticks < right.ticks
  }
}
