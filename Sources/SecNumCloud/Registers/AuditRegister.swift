internal import Catalogue
public import Declarations

/// The programme of independent audits, the audits that were made, and the major changes that ask for one.
public struct AuditRegister: Register {
  public static let name = "audits"
  public static let title = Text("Audits PASSI, revue initiale et changements majeurs", "PASSI audits, initial review and major changes")

  /// At most three years.
  let from: CalendarDate
  let until: CalendarDate
  /// The kinds of service that are audited.
  let models: Set<Model>
  let planned: [Planned]
  let audits: [Audit]
  let majorChanges: [MajorChange]

  enum Model: String, CaseIterable, Hashable, Sendable {
    case iaas = "IaaS"
    case caas = "CaaS"
    case paas = "PaaS"
    case saas = "SaaS"
  }

  /// What an audit looks at.
  enum Part: String, CaseIterable, Hashable, Sendable {
    case configuration
    case intrusion = "intrusion-administration"
    case interface = "interface-saas"
    case source = "code-source"
    case architecture
    case organisation = "organisation-physique"
  }

  struct Planned: Hashable, Sendable {
    let date: CalendarDate
    let parts: Set<Part>
  }

  struct Audit: Hashable, Sendable {
    enum Kind: String, CaseIterable, Sendable {
      case yearly = "annuel"
      case initial
      case change = "changement-majeur"
    }

    let id: String
    let kind: Kind
    /// Who made it, and the reference of the auditor's own qualification.
    let auditor: String
    let qualification: String
    let date: CalendarDate
    let parts: Set<Part>
    /// Of the report.
    let digest: String
    /// The major change that it reviews.
    let change: String?
  }

  struct MajorChange: Hashable, Sendable {
    let id: String
    let date: CalendarDate
    let what: String
    /// By when what it touches must have been reviewed: at most `maximumReviewMonths` later.
    let reviewUntil: CalendarDate
  }

  /// The referential gives no time for the reviews after a major change; longer than this would be none.
  static let maximumReviewMonths = 3
  static let maximumProgrammeMonths = 36

  public static let example = """
    # Programme d'audit sur trois ans au plus, audits d'un PASSI qualifié, changements majeurs (18.2).

    programme:
      du: 2025-06-01
      au: 2028-05-31
      # IaaS, CaaS, PaaS, SaaS : ce que le service est.
      modeles: [IaaS]
      # Sur la durée du programme : configuration, intrusion-administration, code-source, et pour le SaaS interface-saas.
      prevus:
        - date: 2026-06-01
          volets: [configuration, intrusion-administration]
        - date: 2027-06-01
          volets: [configuration, intrusion-administration, code-source]

    # Audits faits. Le rapport est déposé parmi les pièces ; son empreinte est répétée ici. genre : annuel, initial ou changement-majeur.
    audits:
      - id: revue-initiale
        genre: initial
        passi: "Auditeur Exemple"
        qualification: "PASSI, décision 0000"
        date: 2025-10-15
        volets: [intrusion-administration]
        rapport: 0000000000000000000000000000000000000000000000000000000000000000
      - id: audit-2026
        genre: annuel
        passi: "Auditeur Exemple"
        qualification: "PASSI, décision 0000"
        date: 2026-06-12
        volets: [configuration, intrusion-administration]
        rapport: 1111111111111111111111111111111111111111111111111111111111111111
      - id: revue-deuxieme-site
        genre: changement-majeur
        changement: deuxieme-site
        passi: "Auditeur Exemple"
        qualification: "PASSI, décision 0000"
        date: 2026-09-20
        volets: [architecture, organisation-physique, configuration, intrusion-administration]
        rapport: 2222222222222222222222222222222222222222222222222222222222222222

    # Changements majeurs, et jusqu'à quand ce qu'ils touchent doit être revu : trois mois au plus.
    changements_majeurs:
      - id: deuxieme-site
        date: 2026-08-01
        quoi: "Ouverture du deuxième site"
        revue_au_plus_tard: 2026-10-31
    """

  public init(reading document: Declaration) throws {
    let root = try RegisterEntry(document, ["programme", "audits", "changements_majeurs"])
    let programme = try RegisterEntry(root["programme"], ["du", "au", "modeles", "prevus"])
    let (from, until) = try Declaration.order(programme["du"], programme["au"])
    guard until < from.adding(months: Self.maximumProgrammeMonths) else {
      throw programme["au"].error("un programme dure trois ans au plus.", "a programme lasts three years at most.")
    }
    self.from = from
    self.until = until
    models = try programme["modeles"].choices()
    guard !models.isEmpty else { throw programme["modeles"].error("il faut au moins un modèle.", "at least one kind is wanted.") }
    planned = try programme.list("prevus").map { declaration in
      let entry = try RegisterEntry(declaration, ["date", "volets"])
      let date = try entry["date"].date()
      guard from <= date, date <= until else { throw entry["date"].error("c'est hors du programme.", "this is outside of the programme.") }
      return Planned(date: date, parts: try entry["volets"].choices())
    }
    let changes = try root["changements_majeurs"].entries(\MajorChange.id, Self.change)
    let byID = Dictionary(changes.map { ($0.id, $0) }) { first, _ in first }
    majorChanges = changes
    audits = try root["audits"].entries(\Audit.id) { try Self.audit($0, byID) }
  }

  private static func change(_ declaration: Declaration) throws -> MajorChange {
    let entry = try RegisterEntry(declaration, ["id", "date", "quoi", "revue_au_plus_tard"])
    let (date, until) = try Declaration.order(entry["date"], entry["revue_au_plus_tard"])
    guard until <= date.adding(months: maximumReviewMonths) else {
      throw entry["revue_au_plus_tard"].error("c'est plus de trois mois après le changement.", "this is more than three months after the change.")
    }
    return MajorChange(id: try entry["id"].identifier(), date: date, what: try entry.text("quoi"), reviewUntil: until)
  }

  private static func audit(_ declaration: Declaration, _ changes: [String: MajorChange]) throws -> Audit {
    let entry = try RegisterEntry(
      declaration, ["id", "genre", "passi", "qualification", "date", "volets", "rapport"], optional: ["changement"])
    let kind: Audit.Kind = try entry["genre"].choice()
    let date = try entry["date"].date()
    guard (entry.optional("changement") == nil) == (kind != .change) else {
      throw declaration.error(
        "une revue après changement majeur nomme son « changement », et elle seule.",
        "a review after a major change names its “changement”, and it alone.")
    }
    let change = try entry.optional("changement")?.reference(to: Set(changes.keys), Text("un changement majeur", "major change"))
    if let change, let changed = changes[change]?.date, date < changed {
      throw entry["date"].error("la revue précède le changement.", "the review precedes the change.")
    }
    return Audit(
      id: try entry["id"].identifier(), kind: kind, auditor: try entry.text("passi"), qualification: try entry.text("qualification"), date: date,
      parts: try entry["volets"].choices(), digest: try entry["rapport"].digest(), change: change)
  }
}
