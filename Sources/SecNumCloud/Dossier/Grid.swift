internal import Base
internal import Catalogue
internal import Wire

/// The evaluation grid: one line for each item, for people who work in tables.
struct Grid {
  private static let columns: [(name: Text, width: Int)] = [
    (Text("Chapitre", "Chapter"), 28), (Text("Exigence", "Requirement"), 28), (Text("Alinéa", "Item"), 10),
    (Text("Résumé (paraphrase)", "Summary (paraphrase, in French)"), 60), (Text("Niveau", "Level"), 14), (Text("Nature", "Nature"), 14),
    (Text("Preuve", "Proof"), 12), (Text("Verdict", "Verdict"), 14), (Text("Constat", "Finding"), 60), (Text("Écart", "Gap"), 50),
    (Text("Empreinte SHA-256 des preuves", "SHA-256 of the evidence"), 30), (Text("Chemin des preuves", "Path of the evidence"), 44),
    (Text("Fondement", "Basis"), 16), (Text("Depuis", "Since"), 20),
  ]

  private struct Line {
    var verdict: Verdict
    var values: [String]
  }

  private let english: Bool
  private let lines: [Line]

  init(_ content: DossierContent, evidence: DossierEvidence, english: Bool) {
    self.english = english
    var lines: [Line] = []
    let states = Dictionary(content.compliance.items.map { ($0.item.id, $0) }) { first, _ in first }
    for chapter in content.compliance.requirements.chapters {
      for requirement in chapter.requirements {
        for item in requirement.items {
          guard let state = states[item.id] else { preconditionFailure("every item has a state") }
          let files = evidence.files(for: state)
          lines.append(
            Line(
              verdict: state.verdict,
              values: [
                "\(chapter.number) \(chapter.title)", "\(requirement.id) \(requirement.title)", item.id.description, item.summary,
                item.level.name(english: english), item.nature.name(english: english), item.proof.name(english: english),
                english ? state.verdict.english : state.verdict.rawValue, Self.finding(state, english: english), Self.gap(state, english: english),
                files.map(\.sha256).joined(separator: "\n"), files.map(\.path).joined(separator: "\n"),
                english ? state.basis.english : state.basis.rawValue, state.since?.iso8601 ?? "",
              ]))
        }
      }
    }
    self.lines = lines
  }

  /// What was looked at, and what was counted.
  static func finding(_ state: Compliance.ItemState, english: Bool) -> String {
    let looks = state.observations.map { look in
      "\(look.control), \(look.time.iso8601) : \(look.subject(english: english))"
        + (look.figures.isEmpty ? "" : " — \(look.figureText(english: english))")
    }
    let pieces = state.pieces.map { piece in
      english
        ? "“\(piece.title)”, approved on \(piece.approved) by \(piece.approver), owner: \(piece.owner)"
        : "« \(piece.title) », approuvée le \(piece.approved) par \(piece.approver), propriétaire : \(piece.owner)"
    }
    return (looks + pieces).joined(separator: "\n")
  }

  /// Why it is not compliant, not assessed or not applicable.
  static func gap(_ state: Compliance.ItemState, english: Bool) -> String {
    state.verdict == .compliant ? "" : state.reason.map { $0(english: english) } ?? ""
  }

  /// With a byte order mark and semicolons, as a French spreadsheet opens it.
  var csv: [UInt8] {
    let heading = Self.columns.map { $0.name(english: english) }
    let rows = [heading] + lines.map(\.values)
    let text = rows.map { $0.map { Self.quoted($0, separator: ";") }.joined(separator: ";") }.joined(separator: "\r\n") + "\r\n"
    return Array("\u{FEFF}\(text)".utf8)
  }

  var workbook: [UInt8] {
    let heading = Self.columns.map { Workbook.Cell($0.name(english: english), .heading) }
    let rows = lines.map { line in
      line.values.enumerated().map { index, value in Workbook.Cell(value, index == Self.verdictColumn ? line.verdict.style : .text) }
    }
    return Workbook(sheet: english ? "Grid" : "Grille", widths: Self.columns.map(\.width), rows: [heading] + rows).bytes
  }

  private static let verdictColumn = 7

  /// A field of a CSV file. What a spreadsheet would take for a formula is kept from being one by an apostrophe. Source: OWASP, "CSV Injection".
  static func quoted(_ text: String, separator: Character) -> String {
    let isFormula = text.first.map { "=+-@\t\r".contains($0) } ?? false
    let safe = isFormula ? "'\(text)" : text
    guard safe.contains(where: { $0 == separator || $0 == "\"" || $0.isNewline }) else { return safe }
    return "\"\(safe.replacing("\"", with: "\"\""))\""
  }
}

extension Verdict {
  fileprivate var style: Workbook.Style {
    switch self {
    case .compliant: .good
    case .nonCompliant: .bad
    case .notAssessed: .open
    case .notApplicable: .void
    }
  }
}

extension Observation {
  /// `12 clés, 3,5 s`.
  func figureText(english: Bool) -> String {
    figures.map { "\($0.name(english: english)) : \($0.text(english: english))" }.joined(separator: " ; ")
  }
}

extension Finding.Figure {
  /// The number as people read it, with its unit.
  func text(english: Bool) -> String {
    let rounded = (value * 100).rounded() / 100
    let number = Int64(exactly: rounded).map { String($0) } ?? "\(rounded)".replacing(".", with: english ? "." : ",")
    return unit.isEmpty ? number : "\(number)\u{A0}\(unit)"
  }
}

extension Requirements.Level {
  func name(english: Bool) -> String {
    guard english else { return rawValue }
    return switch self {
    case .requirement: "requirement"
    case .recommendation: "recommendation"
    case .permission: "permission"
    }
  }
}

extension Requirements.Nature {
  func name(english: Bool) -> String {
    guard english else { return rawValue }
    return switch self {
    case .technical: "technical"
    case .organisational: "organisational"
    case .legal: "legal"
    }
  }
}

extension Requirements.Proof {
  func name(english: Bool) -> String {
    guard english else { return rawValue }
    return switch self {
    case .automatic: "automatic"
    case .partial: "partial"
    case .document: "document"
    }
  }
}
