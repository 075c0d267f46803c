internal import Base
internal import Wire

/// A duration in the form of ISO 8601: `P90D`, `P1Y2M`, `PT48H`. Years and months are those of the calendar.
struct ISODuration: Sendable, Equatable {
  private(set) var months = 0
  private(set) var days = 0
  private(set) var seconds = 0

  /// As it was written.
  let text: String

  /// Nil for anything else, and for what is longer than a hundred years.
  init?(_ text: String) {
    self.text = text
    var rest = Array(text.utf8)[...]
    guard rest.popFirst() == UInt8(ascii: "P"), !rest.isEmpty else { return nil }
    var units = "YMWD"[...]
    var isTime = false
    while !rest.isEmpty {
      if !isTime, rest.first == UInt8(ascii: "T") {
        rest.removeFirst()
        guard !rest.isEmpty else { return nil }
        isTime = true
        units = "HMS"
        continue
      }
      let digits = rest.prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
      guard (1...6).contains(digits.count) else { return nil }
      let number = digits.reduce(0) { $0 * 10 + Int($1 - UInt8(ascii: "0")) }
      rest = rest.dropFirst(digits.count)
      // Each unit at most once, and the longer ones first.
      guard let unit = rest.popFirst().map({ Character(UnicodeScalar($0)) }), let index = units.firstIndex(of: unit) else { return nil }
      units = units[units.index(after: index)...]
      switch (unit, isTime) {
      case ("Y", _): months += number * 12
      case ("M", false): months += number
      case ("W", _): days += number * 7
      case ("D", _): days += number
      case ("H", _): seconds += number * 3600
      case ("M", true): seconds += number * 60
      default: seconds += number
      }
    }
    guard months <= 1200, days <= 36_525, seconds <= 36_525 * 86_400 else { return nil }
  }

  /// Days, a month taken for thirty.
  var approximateDays: Int { months * 30 + days + seconds / 86_400 }

  func after(_ time: Timestamp) -> Timestamp { moved(time, 1) }

  func before(_ time: Timestamp) -> Timestamp { moved(time, -1) }

  private func moved(_ time: Timestamp, _ sign: Int) -> Timestamp {
    let shifted = months == 0 ? time : Self.adding(sign * months, to: time)
    return shifted.advanced(by: .seconds(sign * (days * 86_400 + seconds)))
  }

  /// The same day of another month, or its last one.
  private static func adding(_ months: Int, to time: Timestamp) -> Timestamp {
    let text = time.iso8601
    let parts = text.prefix(10).split(separator: "-").compactMap { Int($0) }
    guard parts.count == 3 else { return time }
    let total = parts[0] * 12 + parts[1] - 1 + months
    let (year, month) = (String(total / 12), String(total % 12 + 1))
    for day in stride(from: parts[2], through: 28, by: -1).map({ $0 }) + (parts[2] < 28 ? [parts[2]] : []) {
      let date = [year.padded(4), month.padded(2), String(day).padded(2)].joined(separator: "-")
      if let moved = Timestamp(iso8601: date + text.dropFirst(10)) { return moved }
    }
    return time
  }
}

extension String {
  fileprivate func padded(_ width: Int) -> String { String(repeating: "0", count: max(0, width - utf8.count)) + self }
}
