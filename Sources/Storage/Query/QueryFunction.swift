internal import Base
internal import Wire

/// The functions that a query may call.
enum QueryFunction: String, Sendable {
  case characterLength = "char_length"
  case characterLengthInFull = "character_length"
  case lower
  case upper
  case substring
  case trim
  case leadingTrim = "ltrim"
  case trailingTrim = "rtrim"
  case coalesce
  case nullIf = "nullif"
  case now = "utcnow"
  case toTimestamp = "to_timestamp"
  case dateAdd = "date_add"
  case dateDifference = "date_diff"
  case extract

  /// How many arguments it takes.
  var arguments: ClosedRange<Int> {
    switch self {
    case .now: 0...0
    case .characterLength, .characterLengthInFull, .lower, .upper, .toTimestamp: 1...1
    case .trim, .leadingTrim, .trailingTrim: 1...2
    case .nullIf, .extract: 2...2
    case .substring: 2...3
    case .dateAdd, .dateDifference: 3...3
    case .coalesce: 1...32
    }
  }

  func apply(_ values: [QueryValue], now: Timestamp) throws(QueryError) -> QueryValue {
    switch self {
    case .now: return .timestamp(now)
    case .coalesce: return values.first { !$0.isAbsent } ?? .null
    case .nullIf: return values[0].compared(with: values[1]) == 0 ? .null : values[0]
    default: break
    }
    guard !values.contains(where: \.isAbsent) else { return .null }
    let text = values[0].text
    switch self {
    case .characterLength, .characterLengthInFull: return .integer(Int64(text.unicodeScalars.count))
    case .lower: return .string(text.lowercased())
    case .upper: return .string(text.uppercased())
    case .substring: return .string(try Self.substring(text, values))
    case .trim, .leadingTrim, .trailingTrim:
      let set = Set(values.count == 2 ? values[1].text : " ")
      var result = Substring(text)
      if self != .trailingTrim { result = result.drop { set.contains($0) } }
      while self != .leadingTrim, let last = result.last, set.contains(last) { result.removeLast() }
      return .string(String(result))
    case .toTimestamp: return try QueryType.timestamp.cast(values[0])
    case .dateAdd:
      guard case .integer(let count) = values[1].numeric, case .timestamp(let time) = try QueryType.timestamp.cast(values[2]) else {
        throw .record("InvalidTypeConversion", "DATE_ADD needs a part, a whole number and a time.")
      }
      return .timestamp(try QueryDatePart.named(text).adding(count, to: time))
    case .dateDifference:
      guard case .timestamp(let first) = try QueryType.timestamp.cast(values[1]),
        case .timestamp(let second) = try QueryType.timestamp.cast(values[2])
      else { throw .record("InvalidTypeConversion", "DATE_DIFF needs a part and two times.") }
      return .integer(try QueryDatePart.named(text).count(from: first, to: second))
    case .extract:
      guard case .timestamp(let time) = try QueryType.timestamp.cast(values[1]) else { return .null }
      return .integer(try QueryDatePart.named(text).value(in: time))
    case .now, .coalesce, .nullIf: return .null
    }
  }

  /// Positions count from 1.
  private static func substring(_ text: String, _ values: [QueryValue]) throws(QueryError) -> String {
    guard case .integer(let start) = values[1].numeric else { throw .record("InvalidTypeConversion", "SUBSTRING needs a position.") }
    var length = Int64(Int32.max)
    if values.count == 3 {
      guard case .integer(let wanted) = values[2].numeric, wanted >= 0 else { throw .record("InvalidTypeConversion", "SUBSTRING needs a length.") }
      length = min(wanted, length)
    }
    let first = min(max(start, -length), Int64(Int32.max)) - 1
    let end = max(0, first + length)
    return String(text.unicodeScalars.prefix(Int(end)).dropFirst(Int(max(0, first))))
  }
}

/// A part of a date, as `DATE_ADD` and its like name it.
enum QueryDatePart: String {
  case year
  case month
  case day
  case hour
  case minute
  case second

  static func named(_ text: String) throws(QueryError) -> QueryDatePart {
    guard let part = QueryDatePart(rawValue: text.lowercased()) else { throw .fatal("InvalidDatePart", "'\(text)' is no part of a date.") }
    return part
  }

  /// The years 1 to 9999, since 1970.
  private static let microseconds: Range<Int64> = -62_135_596_800_000_000..<253_402_300_800_000_000

  private var seconds: Int64 {
    switch self {
    case .year, .month, .day: 86400
    case .hour: 3600
    case .minute: 60
    case .second: 1
    }
  }

  func value(in time: Timestamp) throws(QueryError) -> Int64 {
    let text = time.iso8601Fractional
    let ranges: [QueryDatePart: Range<Int>] = [.year: 0..<4, .month: 5..<7, .day: 8..<10, .hour: 11..<13, .minute: 14..<16, .second: 17..<19]
    let characters = Array(text.utf8)
    guard let range = ranges[self], range.upperBound <= characters.count,
      let value = Int64(String(decoding: characters[range], as: UTF8.self))
    else { throw .fatal("InvalidDatePart", "'\(rawValue)' is no part of a date.") }
    return value
  }

  func adding(_ count: Int64, to time: Timestamp) throws(QueryError) -> Timestamp {
    guard self == .year || self == .month else {
      let (added, isTooMuch) = count.multipliedReportingOverflow(by: seconds * 1_000_000)
      let (sum, overflow) = time.microseconds.addingReportingOverflow(added)
      guard !isTooMuch, !overflow, Self.microseconds.contains(sum) else { throw .record("NumericOverflow", "The time is out of range.") }
      return Timestamp(microseconds: sum)
    }
    let (year, month) = (try QueryDatePart.year.value(in: time), try QueryDatePart.month.value(in: time))
    let (total, overflow) = (year * 12 + month - 1).addingReportingOverflow(self == .year ? count &* 12 : count)
    guard !overflow, (12...119_999).contains(total) else { throw .record("NumericOverflow", "The time is out of range.") }
    let rest = time.iso8601Fractional.dropFirst(8)
    // The last day of a shorter month stands for the days that it has not.
    var day = Int64(rest.prefix(2)) ?? 1
    while day > 0 {
      let text = "\((total / 12).zeroPadded(4))-\((total % 12 + 1).zeroPadded(2))-\(day.zeroPadded(2))\(rest.dropFirst(2))"
      if let result = Timestamp(iso8601: text) { return result }
      day -= 1
    }
    throw .record("NumericOverflow", "The time is out of range.")
  }

  /// Whole parts between two times.
  func count(from first: Timestamp, to second: Timestamp) throws(QueryError) -> Int64 {
    switch self {
    case .year: return try QueryDatePart.year.value(in: second) - QueryDatePart.year.value(in: first)
    case .month:
      let years = try QueryDatePart.year.value(in: second) - QueryDatePart.year.value(in: first)
      return try years * 12 + QueryDatePart.month.value(in: second) - QueryDatePart.month.value(in: first)
    case .day, .hour, .minute, .second: return (second.microseconds - first.microseconds) / (seconds * 1_000_000)
    }
  }
}
