public import Catalogue
public import Declarations

/// Where a service stands on the way to its qualification, and what each milestone still waits for.
///
/// Nothing here passes a milestone: only a document of ANSSI's that is filed does. Until then the service is at most ready for it.
public struct Milestones: Sendable {
  /// From préparation to suivi.
  public let stages: [Stage]
  /// What ANSSI has decided, while it holds and its document is filed.
  public let decision: DecisionRegister.Decision?
  /// The last milestone that ANSSI's documents have passed; nil before J0.
  public let reached: PieceSlots.Phase?
  /// The next one, where everything that it waits for but ANSSI's document is there.
  public let readyFor: PieceSlots.Phase?
  /// Renewals to begin, reviews that are late or due, what contradicts itself.
  public let alarms: [Text]
  /// One sentence for the head of a page.
  public let summary: Text

  public struct Stage: Sendable {
    public let phase: PieceSlots.Phase
    /// The pieces that it waits for, each with the one in force.
    public let required: [(slot: PieceSlots.Slot, piece: Piece?)]
    /// Those that are not filed.
    public let missing: [PieceSlots.Slot]
    /// Those whose review is late.
    public let overdue: [Piece]
    /// What else holds it back.
    public let blocked: [Text]
    /// Whether everything is there that the provider, the centre and the auditor owe.
    public let isReady: Bool
    /// ANSSI's document by which it was reached; nil while it was not.
    public let reached: Piece?
  }

  /// Before the decision ends, its renewal is called to mind this many months ahead.
  public static let renewalMonths = [6, 12, 18]

  /// `pieces` may hold replaced ones; `openMajorGaps` is how many major gaps the evaluation has left open.
  public init(slots: PieceSlots, pieces: [Piece], decision: DecisionRegister?, openMajorGaps: Int, on day: CalendarDate) {
    let view = MilestoneView(
      slots: slots, pieces: Dictionary(pieces.filter { $0.replaced == nil }.map { ($0.slot, $0) }) { $1 }, openMajorGaps: openMajorGaps,
      declared: decision?.decision, day: day)
    let held = view.decisionInForce
    var stages: [Stage] = []
    var reached: PieceSlots.Phase?
    for phase in PieceSlots.Phase.allCases {
      let stage = view.stage(phase, after: stages)
      if phase.isMilestone, stage.reached != nil { reached = phase }
      stages.append(stage)
    }
    self.stages = stages
    self.decision = reached == .J3 ? held : nil
    self.reached = reached
    let next = PieceSlots.Phase.allCases.first { $0.isMilestone && $0 > (reached ?? .preparation) }
    readyFor = next.flatMap { next in stages.filter { $0.phase <= next }.allSatisfy(\.isReady) ? next : nil }
    alarms = view.alarms(stages)
    summary = view.summary(reached: reached, readyFor: readyFor, decision: self.decision)
  }

  public func stage(_ phase: PieceSlots.Phase) -> Stage? { stages.first { $0.phase == phase } }
}

extension PieceSlots.Phase {
  /// Whether ANSSI passes it.
  public var isMilestone: Bool { (.J0 ... .J3).contains(self) }
}

/// What milestones are judged by.
private struct MilestoneView {
  let slots: PieceSlots
  /// Those in force, by slot.
  let pieces: [String: Piece]
  let openMajorGaps: Int
  let declared: DecisionRegister.Decision?
  let day: CalendarDate

  private func filedRuling(_ phase: PieceSlots.Phase) -> Piece? {
    let ruling = slots.slots.first { $0.phase == phase && $0.source == .anssi }
    return ruling.flatMap { pieces[$0.id] }
  }

  /// ANSSI's document of a milestone, where it is filed. Once a decision has expired, those that led to it lead nowhere any more.
  private func ruling(_ phase: PieceSlots.Phase) -> Piece? {
    guard let ruling = filedRuling(phase) else { return nil }
    if let expired, phase != .J3, ruling.approved <= expired.from { return nil }
    return ruling
  }

  /// The declared decision is worth what its document is: the one that is filed, with the digest that was declared.
  private var isDecisionFiled: Bool {
    guard let declared, let ruling = filedRuling(.J3) else { return false }
    return ruling.content.sha256 == declared.digest
  }

  private var expired: DecisionRegister.Decision? {
    guard let declared, isDecisionFiled, declared.until < day else { return nil }
    return declared
  }

  var decisionInForce: DecisionRegister.Decision? {
    guard let declared, isDecisionFiled, declared.from <= day, day <= declared.until else { return nil }
    return declared
  }

  // MARK: Stages

  func stage(_ phase: PieceSlots.Phase, after earlier: [Milestones.Stage]) -> Milestones.Stage {
    let own = slots.slots.filter { $0.phase == phase }
    let required = own.filter(\.isRequired).map { (slot: $0, piece: pieces[$0.id]) }
    let overdue = own.compactMap { pieces[$0.id] }.filter { $0.review(on: day) == .overdue }
    let blocked = self.blocked(phase)
    // The attestation is annexed after the decision, and suivi lasts: neither holds the decision back.
    let owed = phase >= .J3 ? [] : required.filter { $0.slot.source != .anssi }
    let isReady = blocked.isEmpty && overdue.isEmpty && owed.allSatisfy { $0.piece.map { $0.approved <= day } ?? false }
    let isAfterAll = earlier.allSatisfy { !$0.phase.isMilestone || $0.reached != nil }
    return Milestones.Stage(
      phase: phase, required: required, missing: required.filter { $0.piece == nil }.map(\.slot), overdue: overdue, blocked: blocked,
      isReady: isReady,
      reached: isAfterAll && mayPass(phase) ? ruling(phase) : nil)
  }

  private func blocked(_ phase: PieceSlots.Phase) -> [Text] {
    guard phase == .J2, openMajorGaps > 0, decisionInForce == nil else { return [] }
    return [Text("écarts majeurs ouverts : \(openMajorGaps).", "major gaps that are open: \(openMajorGaps).")]
  }

  /// What a milestone asks for beside ANSSI's document.
  private func mayPass(_ phase: PieceSlots.Phase) -> Bool {
    switch phase {
    case .J1: slots.slots.contains { $0.phase == .J1 && $0.source == .auditor && pieces[$0.id] != nil }
    case .J2: blocked(.J2).isEmpty
    case .J3: decisionInForce != nil
    case .preparation, .J0, .followUp: true
    }
  }

  // MARK: Words

  func alarms(_ stages: [Milestones.Stage]) -> [Text] {
    var alarms: [Text] = []
    if let declared {
      alarms += self.alarms(of: declared)
    } else if ruling(.J3) != nil {
      alarms.append(
        Text(
          "une décision est déposée, et le registre « decision » n'en dit ni le numéro ni l'échéance.",
          "a decision is filed, and the register “decision” tells neither its number nor its end."))
    }
    for stage in stages where stage.phase.isMilestone && stage.reached == nil {
      guard let ruling = ruling(stage.phase), stage.phase != .J3 || decisionInForce != nil else { continue }
      alarms.append(
        Text(
          "« \(ruling.title) » est déposé, mais \(stage.phase.rawValue) n'est pas atteint : un jalon antérieur ou une de ses conditions manque.",
          "“\(ruling.title)” is filed, but \(stage.phase.rawValue) is not reached: an earlier milestone or one of its conditions lacks."))
    }
    for piece in pieces.values.sorted(by: { $0.slot < $1.slot }) {
      guard let due = piece.nextReview else { continue }
      switch piece.review(on: day) {
      case .upToDate: continue
      case .dueSoon: alarms.append(Text("« \(piece.title) » est à revoir avant le \(due).", "“\(piece.title)” is to be reviewed by \(due)."))
      case .overdue: alarms.append(Text("« \(piece.title) » devait être revue le \(due).", "“\(piece.title)” was to be reviewed by \(due)."))
      }
    }
    return alarms
  }

  private func alarms(of decision: DecisionRegister.Decision) -> [Text] {
    guard isDecisionFiled else {
      return [
        Text(
          "la décision \(decision.number) est déclarée, et son document n'est pas déposé, ou n'est pas celui-là : elle ne compte pas.",
          "the decision \(decision.number) is declared, and its document is not filed, or is not that one: it does not count.")
      ]
    }
    guard day <= decision.until else {
      return [Text("la décision \(decision.number) a expiré le \(decision.until).", "the decision \(decision.number) expired on \(decision.until).")]
    }
    guard let months = Milestones.renewalMonths.first(where: { decision.until.adding(months: -$0) <= day }) else { return [] }
    return [
      Text(
        "la décision \(decision.number) expire le \(decision.until), dans moins de \(months) mois : renouvellement à lancer.",
        "the decision \(decision.number) expires on \(decision.until), in less than \(months) months: its renewal is to be begun.")
    ]
  }

  func summary(reached: PieceSlots.Phase?, readyFor: PieceSlots.Phase?, decision: DecisionRegister.Decision?) -> Text {
    if let decision {
      return Text(
        "J3 : service qualifié par la décision \(decision.number) de l'ANSSI, du \(decision.from) au \(decision.until).",
        "J3: the service is qualified by ANSSI's decision \(decision.number), from \(decision.from) to \(decision.until).")
    }
    var french: [String] = []
    var english: [String] = []
    if let reached {
      french.append("\(reached.rawValue) atteint")
      english.append("\(reached.rawValue) reached")
    }
    if let expired {
      french.append("la décision \(expired.number) a expiré le \(expired.until)")
      english.append("the decision \(expired.number) expired on \(expired.until)")
    }
    if let readyFor {
      french.append("prêt pour \(readyFor.rawValue)")
      english.append("ready for \(readyFor.rawValue)")
    }
    guard !french.isEmpty else { return Text("en préparation.", "in preparation.") }
    return Text(french.joined(separator: " ; ") + ".", english.joined(separator: "; ") + ".")
  }
}
