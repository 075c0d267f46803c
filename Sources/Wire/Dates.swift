public import Base

/// The forms in which Azure's services write and read points in time.
///
/// Written by hand over integers: Foundation's formatters cost tens of microseconds a date.
extension Timestamp {
  /// RFC 1123, as HTTP writes it: `Mon, 23 Nov 2026 16:43:46 GMT`.
  public var httpDate: String {
    let date = CivilDate(self)
    return DateWriter.text { writer in
      writer.name(date.weekday, of: Self.weekdays)
      writer.text(", ")
      writer.number(date.day, width: 2)
      writer.text(" ")
      writer.name(date.month - 1, of: Self.months)
      writer.text(" ")
      writer.number(date.year, width: 4)
      writer.text(" ")
      writer.clock(of: date)
      writer.text(" GMT")
    }
  }

  /// ISO 8601 with whole seconds: `2026-11-23T16:43:46Z`.
  public var iso8601: String {
    let date = CivilDate(self)
    return DateWriter.text { writer in
      writer.calendar(of: date)
      writer.text("T")
      writer.clock(of: date)
      writer.text("Z")
    }
  }

  /// ISO 8601 with seven digits of fraction, as ARM and storage write it: `2026-11-23T16:43:46.9729070Z`.
  public var iso8601Fractional: String {
    let date = CivilDate(self)
    let fraction = Int(microseconds - seconds * 1_000_000)
    return DateWriter.text { writer in
      writer.calendar(of: date)
      writer.text("T")
      writer.clock(of: date)
      writer.text(".")
      writer.number(fraction, width: 6)
      writer.text("0Z")
    }
  }

  /// Parses an RFC 1123 date (GMT only).
  public init?(httpDate text: some StringProtocol) {
    var reader = DateReader(text)
    reader.skipSpaces()
    guard reader.name(of: Self.weekdays) != nil, reader.skip(UInt8(ascii: ",")), reader.skipSpaces(),
      let day = reader.number(2) ?? reader.number(1), reader.skipSpaces(),
      let month = reader.name(of: Self.months), reader.skipSpaces(),
      let year = reader.number(4), reader.skipSpaces(),
      let hour = reader.number(2), reader.skip(UInt8(ascii: ":")), let minute = reader.number(2), reader.skip(UInt8(ascii: ":")),
      let second = reader.number(2), reader.skipSpaces(),
      reader.skip(UInt8(ascii: "G")), reader.skip(UInt8(ascii: "M")), reader.skip(UInt8(ascii: "T"))
    else { return nil }
    reader.skipSpaces()
    guard reader.isAtEnd else { return nil }
    self.init(year: year, month: month + 1, day: day, hour: hour, minute: minute, second: second)
  }

  /// Parses ISO 8601: a date alone, or with a time down to minutes, seconds or a fraction of up to nine digits, and `Z`, an
  /// offset such as `+01:00`, or nothing (then UTC).
  public init?(iso8601 text: some StringProtocol) {
    var reader = DateReader(text)
    guard let year = reader.number(4), reader.skip(UInt8(ascii: "-")), let month = reader.number(2), reader.skip(UInt8(ascii: "-")),
      let day = reader.number(2)
    else { return nil }
    var (hour, minute, second, fraction, offset) = (0, 0, 0, 0, 0)
    if reader.skip(UInt8(ascii: "T")) || reader.skip(UInt8(ascii: " ")) {
      guard let hours = reader.number(2), reader.skip(UInt8(ascii: ":")), let minutes = reader.number(2) else { return nil }
      (hour, minute) = (hours, minutes)
      if reader.skip(UInt8(ascii: ":")) {
        guard let seconds = reader.number(2) else { return nil }
        second = seconds
        if reader.skip(UInt8(ascii: ".")) {
          guard let microseconds = reader.microseconds() else { return nil }
          fraction = microseconds
        }
      }
      let isAhead = reader.skip(UInt8(ascii: "+"))
      if isAhead || reader.skip(UInt8(ascii: "-")) {
        guard let hours = reader.number(2), reader.skip(UInt8(ascii: ":")), let minutes = reader.number(2) else { return nil }
        offset = (isAhead ? 1 : -1) * (hours * 3600 + minutes * 60)
      } else {
        _ = reader.skip(UInt8(ascii: "Z"))
      }
    }
    guard reader.isAtEnd, let whole = Timestamp(year: year, month: month, day: day, hour: hour, minute: minute, second: second) else { return nil }
    self.init(microseconds: whole.microseconds + Int64(fraction) - Int64(offset) * 1_000_000)
  }

  private init?(year: Int, month: Int, day: Int, hour: Int, minute: Int, second: Int) {
    guard (1...12).contains(month), day >= 1, day <= CivilDate.days(inMonth: month, of: year), hour < 24, minute < 60, second <= 60 else {
      return nil
    }
    let days = CivilDate.daysSinceEpoch(year: year, month: month, day: day)
    self.init(seconds: Int64(days) * 86400 + Int64(hour * 3600 + minute * 60 + min(second, 59)))
  }

  /// Three letters each, Sunday first.
  private static let weekdays: StaticString = "SunMonTueWedThuFriSat"
  private static let months: StaticString = "JanFebMarAprMayJunJulAugSepOctNovDec"
}

/// Writes a date into the bytes of the string that it becomes.
private struct DateWriter {
  private let buffer: UnsafeMutableBufferPointer<UInt8>
  private var count = 0

  /// More than any date takes: a year of 64 bits has 20 characters.
  private static let capacity = 48

  static func text(_ body: (inout DateWriter) -> Void) -> String {
    String(unsafeUninitializedCapacity: capacity) { buffer in
      var writer = DateWriter(buffer: buffer)
      body(&writer)
      return writer.count
    }
  }

  private init(buffer: UnsafeMutableBufferPointer<UInt8>) {
    self.buffer = buffer
  }

  mutating func text(_ text: StaticString) {
    text.withUTF8Buffer { bytes in
      for byte in bytes { append(byte) }
    }
  }

  /// Of names of three letters, one after the other, the one at `index`.
  mutating func name(_ index: Int, of names: StaticString) {
    names.withUTF8Buffer { bytes in
      for byte in bytes[(3 * index)..<(3 * index + 3)] { append(byte) }
    }
  }

  /// At least `width` digits.
  mutating func number(_ number: Int, width: Int) {
    if number < 0 { append(UInt8(ascii: "-")) }
    var (rest, digits, divisor) = (number.magnitude, width, UInt(1))
    for _ in 1..<width { divisor *= 10 }
    while rest / divisor >= 10 { (divisor, digits) = (divisor * 10, digits + 1) }
    for _ in 0..<digits {
      append(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest / divisor))
      (rest, divisor) = (rest % divisor, max(1, divisor / 10))
    }
  }

  mutating func calendar(of date: CivilDate) {
    number(date.year, width: 4)
    text("-")
    number(date.month, width: 2)
    text("-")
    number(date.day, width: 2)
  }

  mutating func clock(of date: CivilDate) {
    number(date.secondOfDay / 3600, width: 2)
    text(":")
    number(date.secondOfDay / 60 % 60, width: 2)
    text(":")
    number(date.secondOfDay % 60, width: 2)
  }

  private mutating func append(_ byte: UInt8) {
    buffer[count] = byte
    count += 1
  }
}

/// Reads a date from left to right.
private struct DateReader {
  private let bytes: [UInt8]
  private var position = 0

  init(_ text: some StringProtocol) {
    bytes = Array(text.utf8)
  }

  var isAtEnd: Bool { position == bytes.count }

  private var digit: Int? {
    guard position < bytes.count, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(bytes[position]) else { return nil }
    return Int(bytes[position] - UInt8(ascii: "0"))
  }

  /// A number of exactly so many digits; what follows may be one more.
  mutating func number(_ count: Int) -> Int? {
    let start = position
    var number = 0
    for _ in 0..<count {
      guard let digit else {
        position = start
        return nil
      }
      number = number * 10 + digit
      position += 1
    }
    return number
  }

  /// A fraction of one to nine digits, of which six count.
  mutating func microseconds() -> Int? {
    var (count, microseconds) = (0, 0)
    while let digit {
      if count < 6 { microseconds = microseconds * 10 + digit }
      (count, position) = (count + 1, position + 1)
    }
    guard (1...9).contains(count) else { return nil }
    for _ in min(count, 6)..<6 { microseconds *= 10 }
    return microseconds
  }

  /// Of names of three letters, one after the other, the index of the one that stands here.
  mutating func name(of names: StaticString) -> Int? {
    guard position + 3 <= bytes.count else { return nil }
    let found = names.withUTF8Buffer { names in
      stride(from: 0, to: names.count, by: 3).first { start in names[start..<(start + 3)].elementsEqual(bytes[position..<(position + 3)]) }
    }
    guard let found else { return nil }
    position += 3
    return found / 3
  }

  mutating func skip(_ byte: UInt8) -> Bool {
    guard position < bytes.count, bytes[position] == byte else { return false }
    position += 1
    return true
  }

  /// False where there is none.
  @discardableResult
  mutating func skipSpaces() -> Bool {
    let start = position
    while skip(UInt8(ascii: " ")) {}
    return position > start
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
