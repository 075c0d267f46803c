/// What a verifier found wrong with a log.
public struct LedgerFinding: Sendable, Equatable {
  /// The names that every verifier uses.
  public enum Kind: String, Sendable, CaseIterable {
    case alteredEntry = "altered-entry"
    case removedEntry = "removed-entry"
    case removedNewest = "removed-newest"
    case reordered = "reordered"
    case forked = "forked"
    case wrongKey = "wrong-key"
    case unsigned = "unsigned"
  }

  public var kind: Kind
  public var french: String
  public var english: String

  init(_ kind: Kind, _ french: String, _ english: String) {
    self.kind = kind
    self.french = french
    self.english = english
  }

  static func altered(_ sequence: Int) -> LedgerFinding {
    .init(.alteredEntry, "L'entrée \(sequence) a été modifiée.", "Entry \(sequence) was altered.")
  }

  static func foreign(line: Int) -> LedgerFinding {
    .init(.alteredEntry, "La ligne \(line) n'est aucune entrée du registre.", "Line \(line) is no entry of the log.")
  }

  static func altered(after size: Int, upTo next: Int) -> LedgerFinding {
    .init(
      .alteredEntry, "Une entrée entre \(size + 1) et \(next) a été modifiée : la racine signée est une autre.",
      "An entry between \(size + 1) and \(next) was altered: the signed root is another.")
  }

  static func removed(_ sequence: Int) -> LedgerFinding {
    .init(.removedEntry, "L'entrée \(sequence) a été retirée.", "Entry \(sequence) was removed.")
  }

  static func removedNewest(_ range: ClosedRange<Int>, _ whoKnows: (french: String, english: String)) -> LedgerFinding {
    .init(
      .removedNewest, "Les entrées les plus récentes, \(range.lowerBound) à \(range.upperBound), ont été retirées : \(whoKnows.french).",
      "The newest entries, \(range.lowerBound) to \(range.upperBound), were removed: \(whoKnows.english).")
  }

  static func reordered(_ first: Int, _ second: Int) -> LedgerFinding {
    .init(
      .reordered, "L'ordre a été changé : l'entrée \(first) est à la place d'une autre, comme l'entrée \(second).",
      "The order was changed: entry \(first) stands in the place of another, and so does entry \(second).")
  }

  static func twice(_ sequence: Int) -> LedgerFinding {
    .init(.reordered, "L'entrée \(sequence) y est deux fois.", "Entry \(sequence) is there twice.")
  }

  static func forked(at size: Int) -> LedgerFinding {
    .init(
      .forked, "L'histoire a bifurqué : à \(size) entrées, le témoin a vu une autre racine, signée par la même clé.",
      "The history has forked: at \(size) entries the witness has seen another root, signed by the same key.")
  }

  static func wrongKey(_ french: String, _ english: String) -> LedgerFinding { .init(.wrongKey, french, english) }

  static func unsigned(_ range: ClosedRange<Int>) -> LedgerFinding {
    .init(
      .unsigned, "Aucune tête signée ne couvre les entrées \(range.lowerBound) à \(range.upperBound).",
      "No signed head covers the entries \(range.lowerBound) to \(range.upperBound).")
  }
}
