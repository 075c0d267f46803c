internal import Base
internal import Catalogue
internal import Declarations
internal import Wire

extension DossierContent {
  /// What holds of the running platform now, for one kind of service: `IaaS`, `CaaS`, `PaaS` or `SaaS`.
  public init(_ platform: ObservedPlatform, model: String, milestones: Milestones) async throws {
    let plan = try await platform.documents.register(ActionPlanRegister.self)?.value
    let day = CalendarDate(platform.now)
    let compliance = try await platform.compliance(model: model)
    self.init(
      service: platform.site.address.domain, version: platform.site.version, compliance: compliance,
      registers: try await platform.documents.registerVersions(), path: Path(milestones, compliance: compliance),
      architecture: ArchitecturePicture(try await Inventory.read(platform)), actions: (plan?.actions ?? []).map { Action($0, on: day) })
  }
}

extension DossierContent.Action {
  init(_ action: ActionPlanRegister.Action, on day: CalendarDate) {
    let pending = action.due < day ? Text("en retard", "late") : Text("en cours", "under way")
    let status = action.done.map { Text("achevée le \($0)", "done on \($0)") } ?? pending
    self.init(
      id: action.id, title: action.action, items: action.items, owner: action.owner, due: action.due.description, status: status,
      isDone: action.done != nil)
  }
}

extension DossierContent.Path {
  init(_ milestones: Milestones, compliance: Compliance) {
    let filed = Set(compliance.pieces.map(\.slot))
    self.init(
      summary: milestones.summary, alarms: milestones.alarms,
      stages: milestones.stages.map { stage in
        DossierContent.Stage(
          code: stage.phase.code, title: stage.phase.title, status: stage.status(isNext: stage.phase == milestones.readyFor),
          progress: stage.reached != nil ? .reached : stage.phase == milestones.readyFor ? .ready : .waiting,
          pieces: compliance.slots.slots.filter { $0.phase == stage.phase }.map { slot in
            DossierContent.StagePiece(
              title: Text(slot.title, slot.english), source: slot.source.name, isRequired: slot.isRequired, isFiled: filed.contains(slot.id))
          })
      })
  }
}

extension Milestones.Stage {
  /// « atteint » is said of what a document of ANSSI's has passed, and of nothing else.
  fileprivate func status(isNext: Bool) -> Text {
    if let reached { return Text("atteint le \(reached.approved)", "reached on \(reached.approved)") }
    if isNext { return Text("prêt pour \(phase.code)", "ready for \(phase.code)") }
    if let first = blocked.first { return first }
    if !overdue.isEmpty { return Text("revues en retard : \(overdue.count)", "late reviews: \(overdue.count)") }
    if !missing.isEmpty { return Text("pièces à déposer : \(missing.count)", "pieces to be filed: \(missing.count)") }
    return phase.isMilestone ? Text("attend le jalon précédent", "waits for the milestone before") : Text("complet", "complete")
  }
}

extension PieceSlots.Phase {
  fileprivate var code: String {
    switch self {
    case .preparation: "P"
    case .followUp: "S"
    case .J0, .J1, .J2, .J3: rawValue
    }
  }

  fileprivate var title: Text {
    switch self {
    case .preparation: Text("Préparation", "Preparation")
    case .J0: Text("Demande acceptée par l'ANSSI", "Request accepted by ANSSI")
    case .J1: Text("Stratégie d'évaluation acceptée", "Evaluation strategy accepted")
    case .J2: Text("Rapport d'évaluation accepté", "Evaluation report accepted")
    case .J3: Text("Décision", "Decision")
    case .followUp: Text("Suivi", "Follow-up")
    }
  }
}

extension PieceSlots.Source {
  fileprivate var name: Text {
    switch self {
    case .provider: Text("prestataire", "provider")
    case .centre: Text("centre d'évaluation", "evaluation centre")
    case .auditor: Text("auditeur PASSI", "PASSI auditor")
    case .anssi: Text("ANSSI", "ANSSI")
    }
  }
}
