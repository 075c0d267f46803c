internal import Base
internal import Catalogue
internal import Mustache
internal import Wire

/// The dossier as a page for people: summary, path, architecture, each chapter with each item and its proofs.
///
/// It needs nothing from outside, on a screen as on paper.
struct Report {
  private let view: ReportView

  init(_ content: DossierContent, evidence: DossierEvidence, fingerprint: String, english: Bool) {
    view = ReportView(content, evidence: evidence, fingerprint: fingerprint, english: english)
  }

  /// Throws where a template is not one: a test renders each of them.
  var html: String {
    get throws {
      var library = MustacheLibrary()
      try library.register(EmbeddedData.dossier, named: "dossier")
      try library.register(EmbeddedData.dossier_style, named: "dossier-style")
      try library.register(EmbeddedData.dossier_item, named: "dossier-item")
      guard let html = library.render(view, withTemplate: "dossier") else { preconditionFailure("the template was registered") }
      return html
    }
  }
}

/// What the templates of the report name. Texts are in the report's language; a name stands for one thing at every depth, for a template looks outward.
struct ReportView {
  let fr: Bool
  let en: Bool
  let language: String
  let service: String
  let model: String
  let softwareVersion: String
  let referential: String
  let moment: String
  let fingerprint: String
  let itemCount: Int
  let mandatoryCount: Int
  let donut: String
  let verdicts: [VerdictCount]
  let bases: [BasisRow]
  let chapters: [ChapterView]
  let pathSummary: String
  let pathAlarms: [String]
  let stages: [StageView]
  let architecture: String
  let gaps: [GapView]
  let hasGaps: Bool
  let alarms: [PieceView]
  let hasAlarms: Bool
  let pieces: [PieceView]
  let hasPieces: Bool
  let registers: [RegisterView]
  let hasRegisters: Bool
  let actions: [ActionView]
  let hasActions: Bool
  let observationCount: Int
  let controlCount: Int
  let controlTotal: Int

  struct VerdictCount {
    let word: String
    let tone: String
    let number: Int
    let share: String
  }

  struct BasisRow {
    let word: String
    let cells: [BasisCell]
    let total: Int
  }

  struct BasisCell {
    let number: String
  }

  struct ChapterView {
    let chapterNumber: Int
    let chapterTitle: String
    let chapterCounts: [VerdictCount]
    let chapterTotal: Int
    let chapterCompliant: Int
    /// What code cannot prove is said to be so.
    let chapterNote: String?
    let requirements: [RequirementView]
  }

  struct RequirementView {
    let requirementID: String
    let requirementTitle: String
    let items: [ItemView]
  }

  struct ItemView {
    let itemID: String
    let itemLabel: String
    let itemTone: String
    let itemVerdict: String
    let itemSummary: String
    let itemKind: String
    let itemBasis: String
    let itemSince: String?
    let itemReason: String?
    let isAlarming: Bool
    let looks: [LookView]
    let ownPieces: [PieceView]
  }

  struct LookView {
    let lookControl: String
    let lookTone: String
    let lookVerdict: String
    let lookTime: String
    let lookSubject: String
    let lookFigures: String?
    let lookPath: String
    let lookDigest: String
  }

  struct GapView {
    let gapLabel: String
    let gapID: String
    let gapReason: String
    let gapSince: String
  }

  struct PieceView {
    let pieceTitle: String
    let pieceOwner: String
    let pieceApprover: String
    let pieceApproved: String
    let pieceReview: String?
    let pieceIsLate: Bool
    let piecePath: String
    let pieceDigest: String
  }

  struct StageView {
    let stageCode: String
    let stageTitle: String
    let stageStatus: String
    let stageTone: String
    let stagePieces: [StagePieceView]
    let stageFiled: Int
    let stageAsked: Int
  }

  struct StagePieceView {
    let stagePieceTitle: String
    let stagePieceSource: String
    let stagePieceMark: String
    let stagePieceTone: String
  }

  struct RegisterView {
    let registerName: String
    let registerTime: String
    let registerAuthor: String
    let registerPath: String
    let registerDigest: String
  }

  struct ActionView {
    let actionID: String
    let actionTitle: String
    let actionItems: String
    let actionOwner: String
    let actionDue: String
    let actionStatus: String
    let actionTone: String
  }
}

extension ReportView {
  init(_ content: DossierContent, evidence: DossierEvidence, fingerprint: String, english: Bool) {
    let words = ReportWords(english: english, evidence: evidence, time: content.time)
    let compliance = content.compliance
    let states = Dictionary(compliance.items.map { ($0.item.id, $0) }) { first, _ in first }
    fr = !english
    en = english
    language = english ? "en" : "fr"
    service = content.service
    model = content.model
    softwareVersion = content.version
    referential = "SecNumCloud \(compliance.requirements.version)"
    moment = words.moment(content.time)
    self.fingerprint = fingerprint
    itemCount = compliance.items.count
    mandatoryCount = compliance.items.count { $0.item.level == .requirement }
    verdicts = words.counts(compliance.items)
    donut = Self.donut(compliance)
    bases = Compliance.Basis.allCases.compactMap { basis in
      let own = compliance.items.filter { $0.basis == basis }
      guard !own.isEmpty else { return nil }
      let cells = Verdict.allCases.map { verdict in own.count { $0.verdict == verdict } }.map { BasisCell(number: $0 == 0 ? "·" : String($0)) }
      return BasisRow(word: english ? basis.english : basis.rawValue, cells: cells, total: own.count)
    }
    chapters = compliance.requirements.chapters.map { words.chapter($0, states) }
    pathSummary = content.path.summary(english: english)
    pathAlarms = content.path.alarms.map { $0(english: english) }
    stages = content.path.stages.map(words.stage)
    architecture = content.architecture.svg(english: english, standalone: false)
    gaps = compliance.items.filter { $0.verdict == .nonCompliant }.map(words.gap)
    hasGaps = !gaps.isEmpty
    pieces = evidence.pieces.map { words.piece($0.piece, $0.file) }
    hasPieces = !pieces.isEmpty
    alarms = pieces.filter(\.pieceIsLate)
    hasAlarms = !alarms.isEmpty
    registers = evidence.registers.map(words.register)
    hasRegisters = !registers.isEmpty
    actions = content.actions.map(words.action)
    hasActions = !actions.isEmpty
    observationCount = evidence.observations.count
    controlCount = Set(evidence.observations.map(\.observation.control)).count
    controlTotal = compliance.requirements.controls.count
  }

  /// How the verdicts share the whole, as rings of a circle whose circumference is 100.
  private static func donut(_ compliance: Compliance) -> String {
    var start = 0.0
    let total = Double(max(compliance.items.count, 1))
    let arcs = Verdict.allCases.compactMap { verdict -> String? in
      let share = 100 * Double(compliance.count(verdict)) / total
      guard share > 0 else { return nil }
      defer { start += share }
      return """
        <circle cx="21" cy="21" r="15.9155" fill="none" stroke="\(verdict.colour)" stroke-width="5" stroke-dasharray="\(ReportWords.decimal(share)) \
        \(ReportWords.decimal(100 - share))" stroke-dashoffset="\(ReportWords.decimal(125 - start))"/>
        """
    }
    return """
      <svg viewBox="0 0 42 42" role="img">\(arcs.joined())\
      <text x="21" y="22.4" text-anchor="middle" font-size="8" font-weight="700" fill="#ffffff">\(compliance.count(.compliant))</text>\
      <text x="21" y="27" text-anchor="middle" font-size="2.9" fill="#c7d2e8">/ \(compliance.items.count)</text></svg>
      """
  }
}

extension Verdict {
  /// The name of its style.
  var tone: String {
    switch self {
    case .compliant: "ok"
    case .nonCompliant: "bad"
    case .notAssessed: "open"
    case .notApplicable: "void"
    }
  }

  fileprivate var colour: String {
    switch self {
    case .compliant: "#2fa36b"
    case .nonCompliant: "#d8463a"
    case .notAssessed: "#8f9bb3"
    case .notApplicable: "#4a5878"
    }
  }
}
