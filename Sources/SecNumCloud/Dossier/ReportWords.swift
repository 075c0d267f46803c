internal import Base
internal import Catalogue
internal import Declarations
internal import Wire

/// Puts what a dossier says into the words of the report's language.
struct ReportWords {
  let english: Bool
  let evidence: DossierEvidence
  let time: Timestamp

  private var day: CalendarDate { CalendarDate(time) }

  private func say(_ french: String, _ english: String) -> String { self.english ? english : french }

  func date(_ date: CalendarDate) -> String {
    guard !english else { return date.description }
    let words = date.description.split(separator: "-")
    return words.reversed().joined(separator: "/")
  }

  /// To the minute, in UTC.
  func moment(_ time: Timestamp) -> String {
    let clock = time.iso8601.dropFirst(11).prefix(5)
    return say("\(date(CalendarDate(time))) à \(clock) UTC", "\(date(CalendarDate(time))), \(clock) UTC")
  }

  func word(_ verdict: Verdict) -> String { english ? verdict.english : verdict.rawValue }

  /// Of percent, as style sheets write it.
  static func decimal(_ number: Double) -> String {
    let hundredths = Int((number * 100).rounded())
    let rest = hundredths % 100
    return "\(hundredths / 100).\(rest < 10 ? "0" : "")\(rest)"
  }

  func counts(_ states: [Compliance.ItemState]) -> [ReportView.VerdictCount] {
    Verdict.allCases.map { verdict in
      let number = states.count { $0.verdict == verdict }
      return ReportView.VerdictCount(
        word: word(verdict), tone: verdict.tone, number: number, share: Self.decimal(100 * Double(number) / Double(max(states.count, 1))))
    }
  }

  // MARK: Chapters

  func chapter(_ chapter: Requirements.Chapter, _ states: [ItemID: Compliance.ItemState]) -> ReportView.ChapterView {
    let own = chapter.requirements.flatMap(\.items).compactMap { states[$0.id] }
    return ReportView.ChapterView(
      chapterNumber: chapter.number, chapterTitle: chapter.title, chapterCounts: counts(own).filter { $0.number > 0 }, chapterTotal: own.count,
      chapterCompliant: own.count { $0.verdict == .compliant }, chapterNote: note(chapter.number),
      requirements: chapter.requirements.map { requirement in
        ReportView.RequirementView(
          requirementID: requirement.id, requirementTitle: requirement.title, items: requirement.items.compactMap { states[$0.id] }.map(item))
      })
  }

  private func note(_ chapter: Int) -> String? {
    switch chapter {
    case 7:
      say(
        "Les ressources humaines ne se prouvent pas par du code : la plateforme suit des pièces, leurs propriétaires et leurs échéances.",
        "Human resources are not proven by code: the platform follows pieces, their owners and their deadlines.")
    case 11:
      say(
        "La sécurité physique ne se prouve pas par du code : la plateforme suit des pièces, leurs propriétaires et leurs échéances.",
        "Physical security is not proven by code: the platform follows pieces, their owners and their deadlines.")
    case 19:
      say(
        "Le capital et le contrôle du prestataire (19.6) ne se prouvent pas par du code : la plateforme calcule sur ce que le registre déclare, et suit les pièces.",
        "The provider's capital and control (19.6) are not proven by code: the platform computes on what the register declares, and follows the pieces."
      )
    default: nil
    }
  }

  private func item(_ state: Compliance.ItemState) -> ReportView.ItemView {
    let item = state.item
    let kind = [
      item.level.name(english: english), item.nature.name(english: english), say("preuve : ", "proof: ") + item.proof.name(english: english),
    ]
    return ReportView.ItemView(
      itemID: item.id.description, itemLabel: OSCAL.label(item.id), itemTone: state.verdict.tone, itemVerdict: word(state.verdict),
      itemSummary: item.summary, itemKind: kind.joined(separator: " · "), itemBasis: english ? state.basis.english : state.basis.rawValue,
      itemSince: state.since.map(moment), itemReason: state.verdict == .compliant ? nil : state.reason.map { $0(english: english) },
      isAlarming: state.isAlarming, looks: state.observations.compactMap(look),
      ownPieces: state.pieces.compactMap { piece in evidence.file(of: piece).map { self.piece(piece, $0) } })
  }

  private func look(_ look: Observation) -> ReportView.LookView? {
    guard let file = evidence.file(of: look) else { return nil }
    let verdict = look.verdict(at: time)
    let expiry = look.validUntil <= time ? say(" (périmé)", " (expired)") : ""
    return ReportView.LookView(
      lookControl: look.control, lookTone: verdict.tone, lookVerdict: word(verdict) + expiry, lookTime: moment(look.time),
      lookSubject: look.subject(english: english), lookFigures: look.figures.isEmpty ? nil : look.figureText(english: english), lookPath: file.path,
      lookDigest: file.sha256)
  }

  func gap(_ state: Compliance.ItemState) -> ReportView.GapView {
    ReportView.GapView(
      gapLabel: OSCAL.label(state.item.id), gapID: state.item.id.description, gapReason: state.reason.map { $0(english: english) } ?? "",
      gapSince: state.since.map(moment) ?? "")
  }

  // MARK: Pieces, registers, actions, stages

  func piece(_ piece: Piece, _ file: DossierEvidence.File) -> ReportView.PieceView {
    ReportView.PieceView(
      pieceTitle: piece.title, pieceOwner: piece.owner, pieceApprover: piece.approver, pieceApproved: date(piece.approved),
      pieceReview: piece.nextReview.map(date), pieceIsLate: piece.review(on: day) != .upToDate, piecePath: file.path, pieceDigest: file.sha256)
  }

  func register(_ version: RegisterVersion, _ file: DossierEvidence.File) -> ReportView.RegisterView {
    ReportView.RegisterView(
      registerName: version.name, registerTime: moment(version.time), registerAuthor: version.author, registerPath: file.path,
      registerDigest: file.sha256)
  }

  func action(_ action: DossierContent.Action) -> ReportView.ActionView {
    let isLate = !action.isDone && (CalendarDate(action.due).map { $0 < day } ?? false)
    return ReportView.ActionView(
      actionID: action.id, actionTitle: action.title, actionItems: action.items.map(\.description).joined(separator: ", "), actionOwner: action.owner,
      actionDue: CalendarDate(action.due).map(date) ?? action.due, actionStatus: action.status(english: english),
      actionTone: action.isDone ? "ok" : isLate ? "bad" : "open")
  }

  func stage(_ stage: DossierContent.Stage) -> ReportView.StageView {
    let asked = stage.pieces.filter(\.isRequired)
    return ReportView.StageView(
      stageCode: stage.code, stageTitle: stage.title(english: english), stageStatus: stage.status(english: english),
      stageTone: stage.progress.rawValue,
      stagePieces: stage.pieces.map { piece in
        ReportView.StagePieceView(
          stagePieceTitle: piece.title(english: english), stagePieceSource: piece.source(english: english),
          stagePieceMark: piece.isFiled
            ? say("déposée", "filed") : piece.isRequired ? say("à déposer", "to be filed") : say("facultative", "optional"),
          stagePieceTone: piece.isFiled ? "ok" : piece.isRequired ? "bad" : "open")
      }, stageFiled: asked.count(where: \.isFiled), stageAsked: asked.count)
  }
}
