internal import Catalogue
public import Declarations

/// What authorities asked for, and what became of it; the reports on it; and what clients asked about the law that their data may be subject to.
public struct AuthorityRequestRegister: Register {
  public static let name = "demandes-autorites"
  public static let title = Text(
    "Demandes d'autorités, rapports et évaluations remises aux clients", "Requests of authorities, reports, and assessments for clients")

  let requests: [Request]
  /// How often a report is published, in months.
  let reportMonths: Int
  let reports: [Report]
  let canary: Canary
  let assessments: [Assessment]

  struct Request: Hashable, Sendable {
    enum Way: String, CaseIterable, Sendable {
      case unionLaw = "droit-ue"
      /// A convention between states, such as article 48 of the GDPR asks for.
      case convention
      /// An order that came straight from a third country.
      case direct
    }

    enum Answer: String, CaseIterable, Sendable {
      case pending = "en-cours"
      case refused = "refus"
      case handed = "remise"
    }

    let id: String
    let received: CalendarDate
    /// Two capital letters.
    let country: String
    let authority: String
    let ground: String
    let way: Way
    let answer: Answer
    let answered: CalendarDate?
    let handedOver: String?
    /// The decision of a competent authority of the Union by which something was handed over.
    let decision: (authority: String, country: String, reference: String)?
    /// The client's written agreement.
    let agreement: CalendarDate?
    /// When the client was told, or why that was forbidden.
    let notice: CalendarDate?
    let forbidden: String?

    static func == (left: Self, right: Self) -> Bool { left.id == right.id }
    func hash(into hasher: inout Hasher) { hasher.combine(id) }
  }

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
    # Demandes d'autorités (19.1.l, 19.6.c), rapports publics, et évaluations remises aux clients qui les demandent (5.3.e).
    # Aucune donnée personnelle ici : des références, pas des noms.

    # voie : droit-ue, convention (entraide judiciaire, article 48 du RGPD) ou direct (ordre venu directement d'un pays tiers).
    # reponse : en-cours, refus ou remise. Une remise nomme ce qui l'a été, la décision d'une autorité compétente de l'Union ou l'accord écrit
    # du client, et l'avis au client ou l'interdiction de l'aviser.
    demandes:
      - id: demande-2026-1
        recue: 2026-02-12
        pays: FR
        autorite: "Tribunal judiciaire de Paris"
        fondement: "Code de procédure pénale, article 60-1"
        voie: droit-ue
        reponse: remise
        repondue: 2026-02-20
        remis: "Journal d'accès d'un compte de stockage, sept jours"
        decision:
          autorite: "Juge d'instruction, Paris"
          pays: FR
          reference: "2026/123"
        avis: 2026-02-21
      - id: demande-2026-2
        recue: 2026-05-03
        pays: CA
        autorite: "Cour d'un pays tiers"
        fondement: "Ordre de production"
        voie: direct
        reponse: refus
        repondue: 2026-05-10
        avis: 2026-05-11

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
    let root = try RegisterEntry(document, ["demandes", "rapport_mois", "rapports", "canari", "evaluations"])
    requests = try root["demandes"].entries(\Request.id, Self.request)
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

  private static func request(_ declaration: Declaration) throws -> Request {
    let entry = try RegisterEntry(
      declaration, ["id", "recue", "pays", "autorite", "fondement", "voie", "reponse"],
      optional: ["repondue", "remis", "decision", "accord_client", "avis", "avis_interdit"])
    let answer: Request.Answer = try entry["reponse"].choice()
    guard (entry.optional("repondue") == nil) == (answer == .pending) else {
      throw declaration.error("« repondue » va avec une réponse, et seulement avec elle.", "“repondue” goes with an answer, and with it alone.")
    }
    guard (entry.optional("remis") == nil) == (answer != .handed) else {
      throw declaration.error("« remis » dit ce qui a été remis, et seulement alors.", "“remis” tells what was handed over, and only then.")
    }
    let decision = try entry.optional("decision").map { declaration in
      let entry = try RegisterEntry(declaration, ["autorite", "pays", "reference"])
      return (authority: try entry.text("autorite"), country: try entry["pays"].country(), reference: try entry.text("reference"))
    }
    return Request(
      id: try entry["id"].identifier(), received: try entry["recue"].date(), country: try entry["pays"].country(),
      authority: try entry.text("autorite"),
      ground: try entry.text("fondement"), way: try entry["voie"].choice(), answer: answer, answered: try entry.optional("repondue")?.date(),
      handedOver: try entry.optional("remis")?.text(), decision: decision, agreement: try entry.optional("accord_client")?.date(),
      notice: try entry.optional("avis")?.date(), forbidden: try entry.optional("avis_interdit")?.text())
  }
}
