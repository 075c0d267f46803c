internal import Catalogue
public import Declarations

/// The public reports on what authorities asked for, and what clients asked about the law that their data may be subject to. The requests themselves are
/// records of their own (`AuthorityRequest`), entered one by one.
public struct AuthorityRequestRegister: Register {
  public static let name = "demandes-autorites"
  public static let title = Text(
    "Rapports sur les demandes d'autorités, et évaluations remises aux clients",
    "Reports on requests of authorities, and assessments for clients")

  /// How often a report is published, in months.
  let reportMonths: Int
  let reports: [Report]
  let canary: Canary
  let assessments: [Assessment]

  struct Report: Hashable, Sendable {
    let from: CalendarDate
    let until: CalendarDate
    let published: CalendarDate
    let digest: String
  }

  /// A dated statement that no secret request was received: who can no longer make it lets it grow old.
  struct Canary: Hashable, Sendable {
    let date: CalendarDate
    let everyDays: Int
    let text: String
  }

  /// A client's request for the assessment of 5.3.e.
  struct Assessment: Hashable, Sendable {
    let id: String
    let asked: CalendarDate
    let given: CalendarDate?
  }

  public static let example = """
    # Rapports publics sur les demandes d'autorités (19.1.l), et évaluations remises aux clients qui les demandent (5.3.e).
    # Les demandes elles-mêmes s'inscrivent une à une : cocagne authority-request add.

    # Le rapport public agrégé, et tous les combien de mois il paraît.
    rapport_mois: 12
    rapports:
      - du: 2025-07-01
        au: 2026-06-30
        publie: 2026-07-15
        empreinte: 0000000000000000000000000000000000000000000000000000000000000000

    # Déclaration datée : aucune demande n'a été reçue que ce registre tairait. À renouveler dans ce délai.
    canari:
      date: 2026-11-01
      tous_les_jours: 31
      texte: "À cette date, aucune demande secrète n'a été reçue."

    # Clients qui ont demandé l'évaluation du risque extra-européen, et le jour où ils l'ont eue.
    evaluations:
      - id: client-a
        demandee: 2026-03-02
        fournie: 2026-03-09
    """

  public init(reading document: Declaration) throws {
    let root = try RegisterEntry(document, ["rapport_mois", "rapports", "canari", "evaluations"], optional: ["demandes"])
    if let requests = root.optional("demandes") {
      throw requests.error(
        "les demandes s'inscrivent une à une : « cocagne authority-request add ».",
        "requests are entered one by one: “cocagne authority-request add”.")
    }
    reportMonths = try root["rapport_mois"].integer(in: 1...12)
    reports = try root.list("rapports").map { declaration in
      let entry = try RegisterEntry(declaration, ["du", "au", "publie", "empreinte"])
      let (from, until) = try Declaration.order(entry["du"], entry["au"])
      return Report(from: from, until: until, published: try entry["publie"].date(), digest: try entry["empreinte"].digest())
    }
    let canary = try RegisterEntry(root["canari"], ["date", "tous_les_jours", "texte"])
    self.canary = Canary(
      date: try canary["date"].date(), everyDays: try canary["tous_les_jours"].integer(in: 1...366), text: try canary.text("texte"))
    assessments = try root["evaluations"].entries(\Assessment.id) { declaration in
      let entry = try RegisterEntry(declaration, ["id", "demandee"], optional: ["fournie"])
      return Assessment(id: try entry["id"].identifier(), asked: try entry["demandee"].date(), given: try entry.optional("fournie")?.date())
    }
  }
}
