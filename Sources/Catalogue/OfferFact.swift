public import Declarations

/// One thing that is said of an offer, with those who say it.
public struct OfferFact: Hashable, Sendable {
  /// A value as the vocabulary types it.
  public enum Value: Hashable, Sendable {
    /// Looked for and not found: it does not mean “no”.
    case unknown
    case text(String)
    case texts([String])
    case date(CalendarDate)
    case number(Double)
    case shareholders([OfferShareholder])
    case labels([OfferLabel])
  }

  /// As `OfferSchema` knows it.
  public let name: String
  public let value: Value
  /// What else the fact holds, by name: its dates, and the readings of its text in the closed vocabularies.
  public let members: [String: Value]
  public let precision: String?
  /// Keys of sources; empty where the value is unknown.
  public let sources: [String]
  /// Whether the sources contradict each other.
  public let isDisputed: Bool
  /// Where it stands in the file.
  public let line: Int

  public var isUnknown: Bool { value == .unknown }

  /// The fact's words in a vocabulary: of a member, or of the value itself.
  public func words(_ member: String? = nil) -> [String] {
    switch member.map({ members[$0] }) ?? value {
    case .text(let text): [text]
    case .texts(let texts): texts
    default: []
    }
  }

  /// The fact's date of a name; nil where it is not given or unknown.
  public func date(_ member: String) -> CalendarDate? {
    if case .date(let date) = members[member] { date } else { nil }
  }

  /// The fact's number of a name; nil where it is not given or unknown.
  public func number(_ member: String) -> Double? {
    if case .number(let number) = members[member] { number } else { nil }
  }

  /// What it says, for readers, in the words of the file.
  public var text: String {
    let said: String =
      switch value {
      case .unknown: OfferVocabulary.unknown
      case .text(let text): text
      case .texts(let texts): texts.joined(separator: ", ")
      case .date(let date): date.description
      case .number(let number): "\(number)"
      case .shareholders(let holders): holders.map(\.text).joined(separator: " ; ")
      case .labels(let labels): labels.map(\.text).joined(separator: ", ")
      }
    var words = [said]
    if name == "statut" {
      if case .date(let from) = members["du"] { words.append("du \(from)") }
      if case .date(let until) = members["au"] { words.append("au \(until)") }
      if let decision = self.words("decision").first { words.append("décision \(decision)") }
    }
    if let origin = self.words("origine_technologie").first { words.append("origine \(origin)") }
    return words.joined(separator: ", ") + (precision.map { " — \($0)" } ?? "")
  }
}

/// One owner of a provider.
public struct OfferShareholder: Hashable, Sendable {
  public let name: String
  /// In the words of the file; nil where none is given.
  public let share: String?
  /// ISO 3166-1 code; nil where none is given.
  public let country: String?

  /// Percent of the capital, as far as the words of the share allow to tell: each number of percent in them, `<` and `>` taken for bounds, and
  /// “majoritaire” for more than a half. Several numbers that contradict each other span a range. The whole range where the words tell nothing.
  public var percent: ClosedRange<Double> {
    guard let share else { return 0...100 }
    let ranges = Self.percents(in: share)
    guard let low = ranges.map(\.lowerBound).min(), let high = ranges.map(\.upperBound).max() else {
      return share.lowercased().hasPrefix("majoritaire") ? 50...100 : 0...100
    }
    return low...high
  }

  var text: String { ([name, share, country].compactMap { $0 }).joined(separator: " ") }

  private static func percents(in text: String) -> [ClosedRange<Double>] {
    var ranges: [ClosedRange<Double>] = []
    let parts = text.split(separator: "%", omittingEmptySubsequences: false).dropLast()
    for part in parts {
      let before = part.reversed().drop { $0 == " " || $0 == "\u{A0}" || $0 == "\u{202F}" }
      let digits = String(before.prefix { $0.isASCII && ($0.isNumber || $0 == "," || $0 == ".") }.reversed())
      guard let number = Double(digits.replacing(",", with: ".")), (0...100).contains(number) else { continue }
      switch before.dropFirst(digits.count).first(where: { $0 != " " && $0 != "\u{A0}" && $0 != "\u{202F}" }) {
      case "<", "≤": ranges.append(0...number)
      case ">", "≥": ranges.append(number...100)
      default: ranges.append(number...number)
      }
    }
    return ranges
  }
}

/// An attestation of an offer besides its qualification.
public struct OfferLabel: Hashable, Sendable {
  /// One of `OfferVocabulary.labels`.
  public let name: String
  /// Nil where no source says.
  public let from: CalendarDate?
  public let until: CalendarDate?

  var text: String { name + (from.map { " du \($0)" } ?? "") + (until.map { " au \($0)" } ?? "") }
}

/// A milestone on the way to a qualification, that a source reports. Only ANSSI's document makes one.
public struct OfferMilestone: Hashable, Sendable {
  /// The milestones in their order.
  public enum Code: String, CaseIterable, Sendable, Comparable {
    case j0 = "J0"
    case j1 = "J1"
    case j2 = "J2"
    case j3 = "J3"

    public static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
  }

  public let code: Code
  /// Nil where no source gives it.
  public let date: CalendarDate?
  public let precision: String?
  /// Keys of sources; empty where the milestone is not known to be reached.
  public let sources: [String]
  /// Where it stands in the file.
  public let line: Int

  /// Whether anybody says that it was reached.
  public var isReported: Bool { !sources.isEmpty }

  /// What is said of it, for readers.
  public var text: String { "\(code.rawValue) \(date?.description ?? OfferVocabulary.unknown)" + (precision.map { " — \($0)" } ?? "") }
}
