internal import Base
public import Declarations

/// Exercises of continuity: what was promised, what was measured.
public struct ExerciseRegister: Register {
  public static let name = "exercices"
  public static let title = Text("Exercices de continuité et de reprise", "Exercises of continuity and resumption")

  /// In the order of the file.
  public let exercises: [Exercise]

  public struct Exercise: Hashable, Sendable {
    public var id: String
    public var day: CalendarDate
    /// What was exercised, in the operator's words.
    public var subject: String
    /// Where the minutes are found.
    public var minutes: String
    /// How long the service may be away, and was; in minutes.
    public var promisedRecovery: Double
    public var measuredRecovery: Double
    /// How much of the latest work may be lost, and was; in minutes.
    public var promisedLoss: Double
    public var measuredLoss: Double

    public var isWithinPromise: Bool { measuredRecovery <= promisedRecovery && measuredLoss <= promisedLoss }
  }

  public static let example = """
    # Exercices de continuité. RTO et RPO en minutes.
    exercices:
      - id: ex-2026-1
        date: 2026-06-12
        objet: "Perte d'un hôte, reprise sur sauvegarde"
        proces_verbal: "PV-2026-03"
        rto_promis: 240
        rto_mesure: 95
        rpo_promis: 60
        rpo_mesure: 15
    """

  public init(reading document: Declaration) throws {
    exercises = try RegisterEntry(document, ["exercices"])["exercices"].entries(\.id) { declaration in
      let entry = try RegisterEntry(
        declaration, ["id", "date", "objet", "proces_verbal", "rto_promis", "rto_mesure", "rpo_promis", "rpo_mesure"])
      func minutes(_ name: String) throws -> Double { try entry[name].number(in: 0...maximumMinutes) }
      return Exercise(
        id: try entry["id"].identifier(), day: try entry["date"].date(), subject: try entry.text("objet"), minutes: try entry.text("proces_verbal"),
        promisedRecovery: try minutes("rto_promis"), measuredRecovery: try minutes("rto_mesure"), promisedLoss: try minutes("rpo_promis"),
        measuredLoss: try minutes("rpo_mesure"))
    }
  }

  public func latest(by day: CalendarDate) -> Exercise? { exercises.filter { $0.day <= day }.max { $0.day < $1.day } }
}

/// A year, in minutes.
private let maximumMinutes = 525_600.0
