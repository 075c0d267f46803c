internal import Base
internal import Wire

/// Dates in .NET's custom formats, and ISO 8601 durations.
enum TemplateDates {
  static func parse(_ text: String) throws -> Timestamp {
    if let time = Timestamp(iso8601: text) { return time }
    // The compact form that `utcNow()` gives.
    let digits = text.filter(\.isNumber)
    if digits.count == 14, text.count <= 16 {
      let parts = [4, 2, 2, 2, 2, 2].reduce(into: (rest: Substring(digits), found: [String]())) { state, count in
        state.found.append(String(state.rest.prefix(count)))
        state.rest = state.rest.dropFirst(count)
      }.found
      if let time = Timestamp(iso8601: "\(parts[0])-\(parts[1])-\(parts[2])T\(parts[3]):\(parts[4]):\(parts[5])Z") { return time }
    }
    throw TemplateFailure.evaluation("'\(text)' is not a date and time in ISO 8601.")
  }

  /// The years 1 to 9999, in seconds since 1970.
  private static let range: ClosedRange<Int64> = -62_135_596_800...253_402_300_799

  /// So many seconds after 1970.
  static func time(seconds: Int64) throws -> Timestamp {
    guard range.contains(seconds) else { throw TemplateFailure.evaluation("The date is beyond the years 1 to 9999.") }
    return Timestamp(seconds: seconds)
  }

  static func text(_ time: Timestamp, _ format: String) -> String {
    let iso = Array(time.iso8601)
    func digits(_ range: Range<Int>) -> String { String(iso[range]) }
    let format =
      ["O": "yyyy-MM-ddTHH:mm:ssZ", "o": "yyyy-MM-ddTHH:mm:ssZ", "u": "yyyy-MM-dd HH:mm:ssZ", "s": "yyyy-MM-ddTHH:mm:ss", "d": "MM/dd/yyyy"][format]
      ?? format
    var result = ""
    var rest = Array(format)[...]
    while let letter = rest.first {
      let run = rest.prefix { $0 == letter }.count
      rest = rest.dropFirst(run)
      switch (letter, run) {
      case ("y", 4): result += digits(0..<4)
      case ("y", 2): result += digits(2..<4)
      case ("M", 2): result += digits(5..<7)
      case ("d", 2): result += digits(8..<10)
      case ("H", 2): result += digits(11..<13)
      case ("m", 2): result += digits(14..<16)
      case ("s", 2): result += digits(17..<19)
      case ("M", 1), ("d", 1), ("H", 1), ("m", 1), ("s", 1):
        let place = ["M": 5, "d": 8, "H": 11, "m": 14, "s": 17][String(letter)] ?? 0
        result += String(Int(digits(place..<(place + 2))) ?? 0)
      case ("f", _): result += String(repeating: "0", count: run)
      default: result += String(repeating: letter, count: run)
      }
    }
    return result
  }

  /// A moment moved by a duration such as `P1Y2M3DT4H5M6S`, which a minus may precede.
  static func add(_ duration: String, to time: Timestamp) throws -> Timestamp {
    var rest = Substring(duration)
    let sign: Int64 = rest.hasPrefix("-") ? -1 : 1
    if sign < 0 { rest = rest.dropFirst() }
    guard rest.popFirst() == "P", !rest.isEmpty else { throw TemplateFailure.evaluation("'\(duration)' is not a duration in ISO 8601.") }
    var (months, seconds, inTime): (Int64, Int64, Bool) = (0, 0, false)
    func advance(_ sum: inout Int64, _ count: Int64, _ unit: Int64) throws {
      let (product, isTooLarge) = count.multipliedReportingOverflow(by: unit)
      let (total, overflow) = sum.addingReportingOverflow(product)
      guard !isTooLarge, !overflow, total <= maximumSeconds else { throw TemplateFailure.evaluation("'\(duration)' is too long.") }
      sum = total
    }
    while let letter = rest.first {
      if letter == "T" {
        inTime = true
        rest = rest.dropFirst()
        continue
      }
      let digits = rest.prefix { $0.isNumber }
      guard let value = Int64(digits), let unit = rest.dropFirst(digits.count).first else {
        throw TemplateFailure.evaluation("'\(duration)' is not a duration in ISO 8601.")
      }
      rest = rest.dropFirst(digits.count + 1)
      switch (unit, inTime) {
      case ("Y", false): try advance(&months, value, 12)
      case ("M", false): try advance(&months, value, 1)
      case ("W", false): try advance(&seconds, value, 604_800)
      case ("D", false): try advance(&seconds, value, 86_400)
      case ("H", true): try advance(&seconds, value, 3600)
      case ("M", true): try advance(&seconds, value, 60)
      case ("S", true): try advance(&seconds, value, 1)
      default: throw TemplateFailure.evaluation("'\(duration)' is not a duration in ISO 8601.")
      }
    }
    let moved = try move(time, months: sign * months)
    return try Self.time(seconds: moved.seconds + sign * seconds).advanced(by: .microseconds(moved.microseconds - moved.seconds * 1_000_000))
  }

  /// More than all years that there are.
  private static let maximumSeconds: Int64 = 1 << 40

  private static func move(_ time: Timestamp, months: Int64) throws -> Timestamp {
    guard months != 0 else { return time }
    let iso = Array(time.iso8601)
    guard let year = Int64(String(iso[0..<4])), let month = Int64(String(iso[5..<7])), let day = Int64(String(iso[8..<10])) else { return time }
    let total = year * 12 + month - 1 + months
    guard (12...119_999).contains(total) else { throw TemplateFailure.evaluation("The date is beyond the years 1 to 9999.") }
    let (newYear, newMonth) = (total / 12, total % 12 + 1)
    let isLeap = newYear % 4 == 0 && (newYear % 100 != 0 || newYear % 400 == 0)
    let lengths: [Int64] = [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
    func two(_ value: Int64) -> String { value < 10 ? "0\(value)" : "\(value)" }
    let yearText = String(repeating: "0", count: 4 - String(newYear).count) + String(newYear)
    let text = "\(yearText)-\(two(newMonth))-\(two(min(day, lengths[Int(newMonth) - 1])))" + String(iso[10...])
    guard let moved = Timestamp(iso8601: text) else { throw TemplateFailure.evaluation("The date is beyond the years 1 to 9999.") }
    return moved
  }
}
