internal import Catalogue
public import Declarations

/// What ANSSI has decided, as its decision has it. It holds only while the decision itself is filed among the pieces.
public struct DecisionRegister: Register {
  public static let name = "decision"
  public static let title = Text("Décision de qualification", "Decision of qualification")

  public let decision: Decision

  public struct Decision: Hashable, Sendable {
    public let number: String
    public let from: CalendarDate
    public let until: CalendarDate
    public let conditions: [String]
    /// Of the decision, as it is filed in `decision-j3`.
    public let digest: String

    public init(number: String, from: CalendarDate, until: CalendarDate, conditions: [String], digest: String) {
      self.number = number
      self.from = from
      self.until = until
      self.conditions = conditions
      self.digest = digest
    }
  }

  /// How long a qualification holds at most.
  static let maximumMonths = 36

  public static let example = """
    # La décision de qualification de l'ANSSI, telle qu'elle est écrite. Elle ne vaut qu'avec le document lui-même, déposé parmi les pièces
    # (decision-j3), dont l'empreinte est répétée ici.
    decision:
      numero: "0000"
      du: 2026-11-02
      # Trois ans au plus.
      au: 2029-11-01
      # Conditions et réserves, une par ligne ; une liste vide s'il n'y en a pas.
      conditions: ["Corriger l'écart 12 avant le 2027-03-01"]
      empreinte: 0000000000000000000000000000000000000000000000000000000000000000
    """

  public init(reading document: Declaration) throws {
    let root = try RegisterEntry(document, ["decision"])
    let entry = try RegisterEntry(root["decision"], ["numero", "du", "au", "conditions", "empreinte"])
    let (from, until) = try Self.term(entry)
    decision = Decision(
      number: try entry.text("numero"), from: from, until: until, conditions: try entry["conditions"].texts(), digest: try entry["empreinte"].digest()
    )
  }

  /// From `du` to `au`: three years at most.
  static func term(_ entry: RegisterEntry) throws -> (from: CalendarDate, until: CalendarDate) {
    let (from, until) = try Declaration.order(entry["du"], entry["au"])
    guard until <= from.adding(months: maximumMonths).adding(days: 1) else {
      throw entry["au"].error("une qualification vaut trois ans au plus.", "a qualification holds three years at most.")
    }
    return (from, until)
  }
}
