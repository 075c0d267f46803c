internal import Catalogue
internal import Declarations

/// A fact as a cell cites it: what is said, by whom, and whether that is to be looked up again.
public struct Evidence: Hashable, Sendable {
  /// A source of the fact.
  public struct Citation: Hashable, Sendable {
    public let key: String
    /// As the source gives it; nil where it bears none.
    public let date: String?
  }

  /// The fact's name in the file.
  public let fact: String
  /// In the words of the file.
  public let text: String
  public let citations: [Citation]
  /// Whether each of its sources is stale on the day of the comparison.
  public let isStale: Bool
  /// Whether the sources contradict each other.
  public let isDisputed: Bool
}

/// One offer before one need, as criteria and measures look at it.
struct Subject: Sendable {
  let offer: Offer
  let need: Need
  let catalogue: OfferCatalogue
  /// The day of the comparison.
  let date: CalendarDate

  // MARK: Facts

  /// The fact of a name where its value is known.
  func fact(_ name: String) -> OfferFact? { offer[name].flatMap { $0.isUnknown ? nil : $0 } }

  func words(_ name: String, _ member: String? = nil) -> [String] { fact(name)?.words(member) ?? [] }

  func isDisputed(_ name: String) -> Bool { fact(name)?.isDisputed == true || fact("conflit_" + name) != nil }

  func evidence(_ names: [String]) -> [Evidence] {
    names.flatMap { name -> [Evidence] in
      if name == "jalons" { return offer.milestones.filter(\.isReported).flatMap(evidence) }
      let facts = [fact(name), fact("conflit_" + name)].compactMap { $0 }
      return facts.map { cite($0.name, $0.text, $0.sources, isDisputed: isDisputed(name)) }
    }
  }

  private func evidence(_ milestone: OfferMilestone) -> [Evidence] {
    let conflict = fact("conflit_" + milestone.code.rawValue)
    let cited = cite("jalons", milestone.text, milestone.sources, isDisputed: conflict != nil)
    return [cited] + (conflict.map { [cite($0.name, $0.text, $0.sources, isDisputed: true)] } ?? [])
  }

  private func cite(_ name: String, _ text: String, _ keys: [String], isDisputed: Bool) -> Evidence {
    let sources = keys.compactMap(catalogue.source)
    return Evidence(
      fact: name, text: text, citations: sources.map { Evidence.Citation(key: $0.key, date: $0.date?.description) },
      isStale: sources.allSatisfy { $0.isStale(on: date) }, isDisputed: isDisputed)
  }

  // MARK: The qualification

  var status: OfferStatus? { words("statut").first.flatMap(OfferStatus.init) }

  var expiry: CalendarDate? { fact("statut")?.date("au") }

  /// Whether the offer's qualification holds on a day, as far as the facts tell; nil where they do not.
  func isQualified(on day: CalendarDate) -> Bool? {
    guard let status, !isDisputed("statut") else { return nil }
    guard status == .qualified else { return false }
    if let from = fact("statut")?.date("du"), day < from { return false }
    guard let expiry else { return nil }
    return day <= expiry
  }

  /// Whether a qualification under version 3.2 holds on the day of need: it attests each requirement of that version. Not so where it is not
  /// known, or disputed.
  var isAttested: Bool { isQualified(on: need.day) == true && words("version", "lecture") == ["3.2"] && !isDisputed("version") }

  /// The last milestone that anybody reports.
  var lastMilestone: OfferMilestone? { offer.milestones.last { $0.isReported } }
}
