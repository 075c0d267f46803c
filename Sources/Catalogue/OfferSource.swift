public import Declarations

/// Where a fact comes from.
public struct OfferSource: Hashable, Sendable {
  /// How far a source is to be believed, in the file's own words.
  public enum Reliability: String, CaseIterable, Sendable {
    case good = "bonne"
    case fair = "moyenne"
    case weak = "faible"
    /// The authority's own document, which nobody here has read.
    case officialUnread = "officielle_non_lue"
  }

  /// After so many days a fact is to be looked up again: ANSSI's catalogue is monthly.
  public static let freshDays = 31

  /// By which facts name it.
  public let key: String
  /// What it is, with its address.
  public let what: String
  /// Nil where it bears no date.
  public let date: OfferDate?
  public let reliability: Reliability

  /// Whether what it says is to be looked up again before anybody relies on it. A source without a date always is.
  public func isStale(on day: CalendarDate) -> Bool {
    guard let date else { return true }
    return date.last.days(to: day) > Self.freshDays
  }

  init(key: String, reading declaration: Declaration) throws {
    let members = try declaration.members(required: ["quoi", "date", "fiabilite"])
    self.key = key
    what = try members.required("quoi").text()
    let date = members.required("date")
    if date.isNull {
      self.date = nil
    } else {
      guard let read = date.spelling.flatMap(OfferDate.init) else {
        throw date.error(
          "cette date n'existe pas : AAAA, AAAA-MM, AAAA-MM-JJ ou null.", "there is no such date: YYYY, YYYY-MM, YYYY-MM-DD or null.")
      }
      self.date = read
    }
    reliability = try members.required("fiabilite").choice()
  }
}

extension Declaration {
  /// One of the values of a closed vocabulary.
  func choice<Word: RawRepresentable<String> & CaseIterable>() throws -> Word {
    let text = try text(of: Word.allCases.map(\.rawValue))
    guard let word = Word(rawValue: text) else { preconditionFailure("\(text) was permitted") }
    return word
  }
}
