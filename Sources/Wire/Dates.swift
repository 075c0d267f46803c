public import Base

/// The forms in which Azure's services write and read points in time.
///
/// Written by hand over integers: Foundation's formatters cost tens of microseconds a date.
extension Timestamp {
  /// RFC 1123, as HTTP writes it: `Mon, 23 Nov 2026 16:43:46 GMT`.
  public var httpDate: String {
    let date = CivilDate(self)
    return "\(Self.weekdays[date.weekday]), \(Self.padded(date.day, 2)) \(Self.months[date.month - 1]) \(Self.padded(date.year, 4)) \(date.clock) GMT"
  }

  /// ISO 8601 with whole seconds: `2026-11-23T16:43:46Z`.
  public var iso8601: String {
    let date = CivilDate(self)
    return "\(date.calendar)T\(date.clock)Z"
  }

  /// ISO 8601 with seven digits of fraction, as ARM and storage write it: `2026-11-23T16:43:46.9729070Z`.
  public var iso8601Fractional: String {
    let date = CivilDate(self)
    return "\(date.calendar)T\(date.clock).\(Self.padded(Int(microseconds - seconds * 1_000_000), 6))0Z"
  }

  /// Parses an RFC 1123 date (GMT only).
  public init?(httpDate text: some StringProtocol) {
    let fields = text.utf8.split(separator: UInt8(ascii: " ")).map { Array($0) }
    guard fields.count == 6, fields[0].count == 4, fields[5].elementsEqual("GMT".utf8),
      let day = Self.digits(fields[1], 1...2), let year = Self.digits(fields[3], 4...4),
      let month = Self.months.firstIndex(where: { $0.utf8.elementsEqual(fields[2]) }),
      Self.weekdays.contains(where: { ($0 + ",").utf8.elementsEqual(fields[0]) })
    else { return nil }
    let clock = fields[4].split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false).map { Array($0) }
    guard clock.count == 3, let hour = Self.digits(clock[0], 2...2), let minute = Self.digits(clock[1], 2...2),
      let second = Self.digits(clock[2], 2...2)
    else { return nil }
    self.init(year: year, month: month + 1, day: day, hour: hour, minute: minute, second: second)
  }

  /// Parses ISO 8601: a date alone, or with a time down to minutes, seconds or a fraction of up to nine digits, and `Z`, an
  /// offset such as `+01:00`, or nothing (then UTC).
  public init?(iso8601 text: some StringProtocol) {
    var rest = Array(text.utf8)[...]
    func number(_ count: Int) -> Int? {
      guard rest.count >= count, let value = Self.digits(Array(rest.prefix(count)), count...count) else { return nil }
      rest = rest.dropFirst(count)
      return value
    }
    func skip(_ byte: UInt8) -> Bool {
      guard rest.first == byte else { return false }
      rest = rest.dropFirst()
      return true
    }
    guard let year = number(4), skip(UInt8(ascii: "-")), let month = number(2), skip(UInt8(ascii: "-")), let day = number(2) else { return nil }
    var (hour, minute, second, fraction, offset) = (0, 0, 0, 0, 0)
    if skip(UInt8(ascii: "T")) || skip(UInt8(ascii: " ")) {
      guard let hours = number(2), skip(UInt8(ascii: ":")), let minutes = number(2) else { return nil }
      (hour, minute) = (hours, minutes)
      if skip(UInt8(ascii: ":")) {
        guard let seconds = number(2) else { return nil }
        second = seconds
        if skip(UInt8(ascii: ".")) {
          let part = Array(rest.prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) })
          rest = rest.dropFirst(part.count)
          guard (1...9).contains(part.count), let value = Self.digits(Array((part + Array(repeating: UInt8(ascii: "0"), count: 6)).prefix(6)), 6...6)
          else { return nil }
          fraction = value
        }
      }
      if skip(UInt8(ascii: "+")) || rest.first == UInt8(ascii: "-") {
        let sign = skip(UInt8(ascii: "-")) ? -1 : 1
        guard let hours = number(2), skip(UInt8(ascii: ":")), let minutes = number(2) else { return nil }
        offset = sign * (hours * 3600 + minutes * 60)
      } else {
        _ = skip(UInt8(ascii: "Z"))
      }
    }
    guard rest.isEmpty, let whole = Timestamp(year: year, month: month, day: day, hour: hour, minute: minute, second: second) else { return nil }
    self.init(microseconds: whole.microseconds + Int64(fraction) - Int64(offset) * 1_000_000)
  }

  private init?(year: Int, month: Int, day: Int, hour: Int, minute: Int, second: Int) {
    guard (1...12).contains(month), day >= 1, day <= CivilDate.days(inMonth: month, of: year), hour < 24, minute < 60, second <= 60 else {
      return nil
    }
    let days = CivilDate.daysSinceEpoch(year: year, month: month, day: day)
    self.init(seconds: Int64(days) * 86400 + Int64(hour * 3600 + minute * 60 + min(second, 59)))
  }

  static let weekdays = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
  static let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]

  static func padded(_ number: Int, _ width: Int) -> String {
    let text = String(number)
    return text.utf8.count >= width ? text : String(repeating: "0", count: width - text.utf8.count) + text
  }

  private static func digits(_ bytes: [UInt8], _ count: ClosedRange<Int>) -> Int? {
    guard count.contains(bytes.count), bytes.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) else { return nil }
    return bytes.reduce(0) { $0 * 10 + Int($1 - UInt8(ascii: "0")) }
  }
}

/// A day and time of the proleptic Gregorian calendar in UTC.
///
/// Source: Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms".
private struct CivilDate {
  var year: Int
  var month: Int
  var day: Int
  var secondOfDay: Int
  /// 0 is Sunday.
  var weekday: Int

  init(_ timestamp: Timestamp) {
    let seconds = Int(timestamp.seconds)
    let days = seconds >= 0 ? seconds / 86400 : (seconds - 86399) / 86400
    secondOfDay = seconds - days * 86400
    weekday = (days % 7 + 11) % 7
    let shifted = days + 719_468
    let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
    let dayOfEra = shifted - era * 146_097
    let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let monthFromMarch = (5 * dayOfYear + 2) / 153
    day = dayOfYear - (153 * monthFromMarch + 2) / 5 + 1
    month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
    year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
  }

  var calendar: String { "\(Timestamp.padded(year, 4))-\(Timestamp.padded(month, 2))-\(Timestamp.padded(day, 2))" }

  var clock: String {
    "\(Timestamp.padded(secondOfDay / 3600, 2)):\(Timestamp.padded(secondOfDay / 60 % 60, 2)):\(Timestamp.padded(secondOfDay % 60, 2))"
  }

  static func days(inMonth month: Int, of year: Int) -> Int {
    let isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
    return [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month - 1]
  }

  static func daysSinceEpoch(year: Int, month: Int, day: Int) -> Int {
    let shiftedYear = month <= 2 ? year - 1 : year
    let era = (shiftedYear >= 0 ? shiftedYear : shiftedYear - 399) / 400
    let yearOfEra = shiftedYear - era * 400
    let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
    return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
  }
}
