public import Catalogue

/// Which item is observed by what, and which test makes the observation fail: `docs/secnumcloud.md`.
public struct ObservationTable {
  private let requirements: Requirements
  private let slots: PieceSlots
  private let observations: [String: any ControlObservation]

  public init(requirements: Requirements, slots: PieceSlots, observations: [any ControlObservation] = ControlObservations.all()) {
    self.requirements = requirements
    self.slots = slots
    self.observations = Dictionary(observations.map { ($0.control, $0) }) { first, _ in first }
  }

  /// How an item is followed.
  public enum Following: String, CaseIterable, Sendable {
    case observed
    /// Observed as far as code can, the rest attested by pieces.
    case partly
    case document = "by document"
    /// The catalogue has a control for it that nothing observes yet.
    case awaited = "not yet observed"
    /// By nothing: a hole in the catalogue or in the pieces.
    case none
  }

  /// An item that code can look at is not followed by its pieces alone.
  public func following(_ item: Requirements.Item) -> Following {
    let isWatched = item.controls.contains { observations[$0] != nil }
    let hasPiece = !slots.slots(for: item.id).isEmpty
    return switch item.proof {
    case .automatic where isWatched: .observed
    case .partial where isWatched: .partly
    case .automatic, .partial: !item.controls.isEmpty ? .awaited : hasPiece ? .document : .none
    case .document: hasPiece ? .document : .none
    }
  }

  public func count(_ following: Following) -> Int { requirements.items.count { self.following($0) == following } }

  /// For example `99 items observed, 49 partly, 114 by document, 16 not yet observed, 0 by nothing`.
  public var summary: String {
    """
    \(count(.observed)) items observed, \(count(.partly)) partly, \(count(.document)) by document, \(count(.awaited)) not yet observed, \
    \(count(.none)) by nothing
    """
  }

  public var markdown: String {
    let chapters = requirements.chapters.map { chapter in
      let rows = chapter.requirements.flatMap(\.items).map(row)
      return """
        ## \(chapter.number). \(chapter.title)

        | item | followed | control | observation | test that makes it fail | pieces |
        |---|---|---|---|---|---|
        \(rows.joined(separator: "\n"))

        """
    }
    return """
      # SecNumCloud \(requirements.version): what observes each item

      Written by `DossierTableTests` from the catalogue and from the registry of observations: `COCAGNE_UPDATE_GOLDEN=1` writes it anew.

      \(observations.count) of \(requirements.controls.count) controls are observed. Of \(requirements.items.count) items:

      | followed | items |
      |---|---|
      \(Following.allCases.map { "| \($0.rawValue) | \(count($0)) |" }.joined(separator: "\n"))

      `observed` does not mean compliant: the observation says so, or says what lacks. Where a mechanism is not built yet it says `non évalué` and why.

      \(chapters.joined(separator: "\n"))
      """
  }

  private func row(_ item: Requirements.Item) -> String {
    let watching = item.controls.compactMap { observations[$0] }
    let cells = [
      item.id.description, following(item).rawValue, item.controls.joined(separator: "<br>"),
      watching.map { "`Observations/\($0.control).swift`" }.joined(separator: "<br>"), watching.map { Self.cell($0.test) }.joined(separator: "<br>"),
      slots.slots(for: item.id).map { "`\($0.id)`" }.joined(separator: "<br>"),
    ]
    return "| \(cells.joined(separator: " | ")) |"
  }

  private static func cell(_ text: String) -> String { text.replacing("|", with: "\\|").replacing("\n", with: " ") }
}
