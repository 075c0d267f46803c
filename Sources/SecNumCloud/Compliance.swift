public import Base
public import Catalogue
public import Declarations
internal import Wire

/// What holds of each item of the referential at one moment, for one kind of service: what observations, pieces and an inherited base say together.
///
/// Pure: everything that it needs is read in one snapshot and given to it.
public struct Compliance: Sendable {
  public let time: Timestamp
  /// `IaaS`, `CaaS`, `PaaS` or `SaaS`.
  public let model: String
  public let requirements: Requirements
  public let slots: PieceSlots
  public let items: [ItemState]
  /// The latest look at each control, by control.
  public let observations: [String: [Observation]]
  /// The pieces in force.
  public let pieces: [Piece]

  public static let models = ["IaaS", "CaaS", "PaaS", "SaaS"]

  /// On what the verdict of an item rests.
  public enum Basis: String, Sendable, Codable, CaseIterable {
    /// On observations alone.
    case observed = "observé"
    /// Partly on observations, for the rest on a person's attestation.
    case partial = "en partie observé"
    /// On pieces that were filed.
    case document = "sur pièce"
    /// On the qualification of the base that the service stands on.
    case inherited = "hérité"
    /// It does not concern this kind of service.
    case scope = "hors périmètre"

    public var english: String {
      switch self {
      case .observed: "observed"
      case .partial: "partly observed"
      case .document: "by document"
      case .inherited: "inherited"
      case .scope: "out of scope"
      }
    }
  }

  public struct ItemState: Sendable {
    public let item: Requirements.Item
    public let basis: Basis
    public let verdict: Verdict
    /// Why it is not compliant, not assessed or not applicable.
    public let reason: Text?
    /// Since when; nil where nothing was ever said.
    public let since: Timestamp?
    /// The observations that speak for it, expired ones included.
    public let observations: [Observation]
    /// The pieces in force that speak for it.
    public let pieces: [Piece]
    /// Whether a review is due within a month, or overdue: shown red.
    public let isAlarming: Bool
  }

  /// Items that the qualified base of the service bears.
  public struct Inheritance: Sendable {
    /// Those that it bears whole.
    public let items: Set<ItemID>
    /// Those of which it bears a part: the service proves the rest itself.
    public let shared: Set<ItemID>
    /// The base's service and the number of its decision.
    public let service: String
    public let decision: String
    public let from: CalendarDate
    public let until: CalendarDate
    /// Whether the decision itself is filed among the pieces.
    public let isFiled: Bool

    public init(
      items: Set<ItemID>, shared: Set<ItemID> = [], service: String, decision: String, from: CalendarDate, until: CalendarDate, isFiled: Bool
    ) {
      self.isFiled = isFiled
      self.items = items
      self.shared = shared
      self.service = service
      self.decision = decision
      self.from = from
      self.until = until
    }
  }

  public init(
    requirements: Requirements, slots: PieceSlots, model: String, time: Timestamp, observations: [String: [Observation]], pieces: [Piece],
    inheritance: [Inheritance]
  ) {
    self.requirements = requirements
    self.slots = slots
    self.model = model
    self.time = time
    self.observations = observations
    let inForce = pieces.filter { $0.replaced == nil }
    self.pieces = inForce
    items = requirements.items.map { item in
      ItemAssessment(
        item: item, model: model, time: time, observations: item.controls.flatMap { observations[$0] ?? [] }.filter { $0.items.contains(item.id) },
        slots: slots.slots(for: item.id), pieces: inForce,
        inheritance: inheritance.first { $0.items.contains(item.id) || $0.shared.contains(item.id) }
      ).state
    }
  }

  public func state(of item: ItemID) -> ItemState? { items.first { $0.item.id == item } }

  /// How many items have a verdict.
  public func count(_ verdict: Verdict) -> Int { items.count { $0.verdict == verdict } }
}

/// How one item comes to its verdict.
struct ItemAssessment {
  let item: Requirements.Item
  let model: String
  let time: Timestamp
  let observations: [Observation]
  let slots: [PieceSlots.Slot]
  /// All that are in force.
  let pieces: [Piece]
  let inheritance: Compliance.Inheritance?

  private var day: CalendarDate { CalendarDate(time) }
  private var own: [Piece] { pieces.filter { piece in slots.contains { $0.id == piece.slot } } }

  var state: Compliance.ItemState {
    if !item.models.isEmpty, !item.models.contains(model) {
      return made(
        .scope, .notApplicable,
        Text(
          "l'alinéa ne concerne que : \(item.models.joined(separator: ", ")) ; le service est \(model).",
          "the item concerns \(item.models.joined(separator: ", ")) alone; the service is \(model)."))
    }
    if let inheritance, inheritance.items.contains(item.id) || inheritance.until < day { return inherited(inheritance) }
    if item.controls.isEmpty { return byDocument }
    return item.proof == .automatic ? observed(as: .observed) : partly
  }

  private func inherited(_ base: Compliance.Inheritance) -> Compliance.ItemState {
    guard day <= base.until else {
      return made(
        .inherited, .nonCompliant,
        Text(
          "la décision \(base.decision) de « \(base.service) » a expiré le \(base.until).",
          "the decision \(base.decision) of “\(base.service)” expired on \(base.until)."), since: base.until.adding(days: 1).start)
    }
    guard base.isFiled else {
      return made(
        .inherited, .notAssessed,
        Text("la décision \(base.decision) n'est pas déposée parmi les pièces.", "the decision \(base.decision) is not filed among the pieces."))
    }
    guard day >= base.from else {
      return made(
        .inherited, .notAssessed,
        Text("la décision \(base.decision) ne vaut qu'à partir du \(base.from).", "the decision \(base.decision) holds from \(base.from) on."))
    }
    return made(.inherited, .compliant, nil, since: base.from.start)
  }

  private func observed(as basis: Compliance.Basis) -> Compliance.ItemState {
    // What one control has not looked at yet is not proven by another.
    let silent = item.controls.first { id in !observations.contains { $0.control == id } }
    let verdicts = observations.map { $0.verdict(at: time) }
    guard let verdict = Verdict.combined(verdicts + (silent == nil || verdicts.isEmpty ? [] : [.notAssessed])) else {
      return made(basis, .notAssessed, Text("aucune observation n'en parle encore.", "no observation speaks of it yet."))
    }
    guard verdict != .compliant else { return made(basis, verdict, nil, since: observedSince) }
    let decisive = observations.first { $0.verdict(at: time) == verdict }
    let isStale = decisive.map { $0.validUntil <= time } ?? false
    let reason =
      isStale
      ? Text(
        "l'observation est périmée : elle date du \(decisive?.time.iso8601 ?? "").",
        "the observation has expired: it is of \(decisive?.time.iso8601 ?? "").")
      : decisive?.reason
        ?? silent.map { Text("le contrôle \($0) n'en dit encore rien.", "the control \($0) does not say anything of it yet.") }
    return made(basis, verdict, reason, since: isStale ? decisive?.validUntil : observedSince)
  }

  private var observedSince: Timestamp? { observations.compactMap { $0.since[item.id.description] }.max() }

  /// What is observed must hold, and a person must attest the rest.
  private var partly: Compliance.ItemState {
    let seen = observed(as: .partial)
    guard seen.verdict == .compliant, !slots.isEmpty else { return seen }
    let filed = byDocument
    guard filed.verdict == .compliant else {
      return made(
        .partial, filed.verdict,
        Text(
          "observé conforme, mais : \(filed.reason?.french ?? "")", "observed as compliant, but: \(filed.reason?.english ?? "")"), since: filed.since)
    }
    return made(.partial, .compliant, nil, since: max(seen.since, filed.since))
  }

  private var byDocument: Compliance.ItemState {
    let missing = slots.filter { slot in slot.isRequired && !pieces.contains { $0.slot == slot.id } }
    if slots.isEmpty {
      return made(.document, .notAssessed, Text("aucune pièce n'est prévue pour cet alinéa.", "no piece is foreseen for this item."))
    }
    if !missing.isEmpty || own.isEmpty {
      let names = (missing.isEmpty ? slots : missing).map(\.title).joined(separator: ", ")
      let english = (missing.isEmpty ? slots : missing).map(\.english).joined(separator: ", ")
      return made(.document, .notAssessed, Text("pièce à déposer : \(names).", "piece to be filed: \(english)."))
    }
    if let late = own.first(where: { $0.review(on: day) == .overdue }), let due = late.nextReview {
      return made(
        .document, .nonCompliant,
        Text("la pièce « \(late.title) » devait être revue le \(due).", "the piece “\(late.title)” was to be reviewed by \(due)."),
        since: due.adding(days: 1).start)
    }
    return made(.document, .compliant, nil, since: own.map(\.filed).max())
  }

  private func made(_ basis: Compliance.Basis, _ verdict: Verdict, _ reason: Text?, since: Timestamp? = nil) -> Compliance.ItemState {
    Compliance.ItemState(
      item: item, basis: basis, verdict: verdict, reason: reason, since: since, observations: observations, pieces: own,
      isAlarming: own.contains { $0.review(on: day) != .upToDate })
  }
}

private func max(_ left: Timestamp?, _ right: Timestamp?) -> Timestamp? {
  guard let left, let right else { return left ?? right }
  return Swift.max(left, right)
}
