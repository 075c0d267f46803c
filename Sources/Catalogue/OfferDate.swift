public import Declarations

/// When a source says what it says: a day, or the month or the year where it tells no more.
public struct OfferDate: Hashable, Sendable, CustomStringConvertible {
  /// The first day that may be meant.
  public let first: CalendarDate
  /// The last day that may be meant: a fact's age is counted from here.
  public let last: CalendarDate
  /// As its author wrote it.
  public let description: String

  /// From `2026`, `2026-09` or `2026-09-13`; nil for anything else, and for what no calendar has.
  public init?(_ text: String) {
    let first: CalendarDate?
    let last: CalendarDate?
    switch text.utf8.count {
    case 4: (first, last) = (CalendarDate(text + "-01-01"), CalendarDate(text + "-12-31"))
    case 7:
      first = CalendarDate(text + "-01")
      last = first?.adding(months: 1).adding(days: -1)
    default:
      first = CalendarDate(text)
      last = first
    }
    guard let first, let last else { return nil }
    self.first = first
    self.last = last
    description = text
  }
}
