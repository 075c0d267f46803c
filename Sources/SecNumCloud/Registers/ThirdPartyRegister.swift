public import Base
internal import Catalogue
public import Declarations

/// The third parties that take part in the service, those of any rank: who they are, who controls them, what they can reach.
public struct ThirdPartyRegister: Register {
  public static let name = "tiers"
  public static let title = Text("Tiers : contribution, contrôle, accès, changements", "Third parties: contribution, control, access, changes")

  /// The day for which the list is complete.
  public let situation: CalendarDate
  /// The directory in which the provider's own people have their accounts; nil for the platform's first.
  public let directory: GUID?
  let parties: [Party]
  let degradations: [Degradation]

  struct Party: Hashable, Sendable {
    /// What a third party reaches.
    enum Access: String, CaseIterable, Hashable, Sendable {
      case clientData = "donnees-client"
      case technicalData = "donnees-techniques"
    }

    let id: String
    let name: String
    let country: String
    /// Where who controls it in the end has its seat.
    let controlCountry: String
    let rank: Int
    /// Who gave it the work, for a subcontractor.
    let principal: String?
    let contribution: String
    let access: Set<Access>
    /// The object ids of its accounts in the provider's directory.
    let accounts: Set<GUID>
    let since: CalendarDate
    /// When the clients were told of it, and until when they could object.
    let notice: CalendarDate?
    let objectionUntil: CalendarDate?
    /// Whether the service cannot run without it.
    let isNecessary: Bool
    let autonomy: Autonomy?

    var isForeign: Bool { ![country, controlCountry].allSatisfy(OfferVocabulary.europeanUnion.contains) }
  }

  /// How the service goes on without a third party (19.6.d).
  enum Autonomy: Hashable, Sendable {
    case ownSkills(String)
    case otherSuppliers([String])
    /// The third party's own qualification holds until then.
    case qualified(decision: String, until: CalendarDate)
  }

  /// A change of a third party that makes security worse (15.4.b).
  struct Degradation: Hashable, Sendable {
    let id: String
    let party: String
    let date: CalendarDate
    let what: String
    let notice: CalendarDate?
    let restored: CalendarDate?
  }

  public static let example = """
    # Liste exhaustive des tiers qui participent au service, à tout rang (15.1, 15.4.b, 19.6.c et d).

    # Le jour pour lequel la liste est complète. À confirmer chaque trimestre.
    situation_au: 2026-11-01
    # Facultatif : l'annuaire où sont les comptes des intervenants du prestataire ; à défaut, le premier de la plateforme.
    # annuaire: 00000000-0000-0000-0000-000000000000

    tiers:
      - id: hebergeur
        nom: "Centre de données Exemple SAS"
        pays: FR
        # Le pays de qui le contrôle en dernier ressort.
        pays_controle: FR
        # 1 : cocontractant du prestataire ; 2 : son sous-traitant (alors « donneur_ordre » le nomme), et ainsi de suite.
        rang: 1
        contribution: "Hébergement des baies, énergie, contrôle d'accès physique"
        # Ce qu'il peut atteindre : donnees-client, donnees-techniques, ou rien.
        acces: []
        # Identifiants d'objet de ses comptes dans l'annuaire du prestataire.
        comptes: []
        depuis: 2025-01-15
        # Avis aux clients et fin du délai d'objection : exigés de qui atteint des données.
        avis: 2024-12-01
        objection_jusqu_au: 2024-12-31
        # Le service peut-il être rendu sans lui ? Sinon, comment l'autonomie est tenue (19.6.d) : une seule des trois formes.
        necessaire: true
        autonomie:
          fournisseurs: ["Second centre de données SAS"]
      - id: gardiennage
        nom: "Gardiennage Exemple SARL"
        pays: FR
        pays_controle: FR
        rang: 2
        donneur_ordre: hebergeur
        contribution: "Gardiennage des salles"
        acces: []
        comptes: []
        depuis: 2025-01-15
        necessaire: false
      - id: editeur
        nom: "Support Exemple GmbH"
        pays: DE
        pays_controle: DE
        rang: 1
        contribution: "Support de niveau 3 de l'hyperviseur"
        acces: [donnees-techniques]
        comptes: []
        depuis: 2026-03-01
        avis: 2026-01-20
        objection_jusqu_au: 2026-02-20
        necessaire: true
        autonomie:
          competences: "Équipe système : deux personnes contribuent au logiciel"

    # Changements d'un tiers qui dégradent la sécurité : les clients sont prévenus sans délai, puis le niveau est rétabli.
    degradations:
      - id: astreinte-reduite
        tiers: editeur
        date: 2026-08-03
        quoi: "Astreinte réduite aux heures ouvrées"
        avis: 2026-08-03
        retabli: 2026-08-20
    """

  public init(reading document: Declaration) throws {
    let root = try RegisterEntry(document, ["situation_au", "tiers", "degradations"], optional: ["annuaire"])
    situation = try root["situation_au"].date()
    directory = try root.optional("annuaire")?.guid()
    let parties = try root["tiers"].entries(\Party.id, Self.party)
    try Self.checkRanks(root.list("tiers"), parties)
    try Self.checkAccounts(root.list("tiers"), parties)
    let known = Set(parties.map(\.id))
    self.parties = parties
    degradations = try root["degradations"].entries(\Degradation.id) { declaration in
      let entry = try RegisterEntry(declaration, ["id", "tiers", "date", "quoi"], optional: ["avis", "retabli"])
      return Degradation(
        id: try entry["id"].identifier(), party: try entry["tiers"].reference(to: known, Text("un tiers", "third party")),
        date: try entry["date"].date(), what: try entry.text("quoi"), notice: try entry.optional("avis")?.date(),
        restored: try entry.optional("retabli")?.date())
    }
  }

  private static func party(_ declaration: Declaration) throws -> Party {
    let entry = try RegisterEntry(
      declaration, ["id", "nom", "pays", "pays_controle", "rang", "contribution", "acces", "comptes", "depuis", "necessaire"],
      optional: ["donneur_ordre", "avis", "objection_jusqu_au", "autonomie"])
    let notice = try entry.optional("avis")?.date()
    let objection = try entry.optional("objection_jusqu_au")?.date()
    if let declared = entry.optional("objection_jusqu_au"), let objection, notice.map({ objection < $0 }) ?? true {
      throw declared.error("le délai d'objection finit avant l'avis.", "the time to object ends before the notice.")
    }
    let accounts = try entry.list("comptes").map { try $0.guid() }
    return Party(
      id: try entry["id"].identifier(), name: try entry.text("nom"), country: try entry["pays"].country(),
      controlCountry: try entry["pays_controle"].country(), rank: try entry["rang"].integer(in: 1...20),
      principal: try entry.optional("donneur_ordre")?.text(), contribution: try entry.text("contribution"),
      access: try entry["acces"].choices(), accounts: Set(accounts), since: try entry["depuis"].date(), notice: notice, objectionUntil: objection,
      isNecessary: try entry["necessaire"].boolean(), autonomy: try entry.optional("autonomie").map(autonomy))
  }

  private static func autonomy(_ declaration: Declaration) throws -> Autonomy {
    let entry = try RegisterEntry(declaration, [], optional: ["competences", "fournisseurs", "qualification"])
    let forms = ["competences", "fournisseurs", "qualification"].compactMap { entry.optional($0) }
    guard forms.count == 1 else {
      throw declaration.error(
        "il faut « competences », « fournisseurs » ou « qualification », et un seul.",
        "“competences”, “fournisseurs” or “qualification” is wanted, and one alone.")
    }
    if let skills = entry.optional("competences") { return .ownSkills(try skills.text()) }
    if let suppliers = entry.optional("fournisseurs") {
      let names = try suppliers.texts()
      guard !names.isEmpty else { throw suppliers.error("aucun autre fournisseur n'est nommé.", "no other supplier is named.") }
      return .otherSuppliers(names)
    }
    let qualification = try RegisterEntry(forms[0], ["decision", "jusqu_au"])
    return .qualified(decision: try qualification.text("decision"), until: try qualification["jusqu_au"].date())
  }

  /// A subcontractor names who gave it the work, and stands one rank below.
  private static func checkRanks(_ list: [Declaration], _ parties: [Party]) throws {
    let ranks = Dictionary(parties.map { ($0.id, $0.rank) }) { first, _ in first }
    for (declaration, party) in zip(list, parties) {
      if let principal = party.principal, ranks[principal] == nil {
        throw declaration.error("« \(principal) » n'est pas un tiers de ce registre.", "“\(principal)” is no third party of this register.")
      }
      guard party.rank == (party.principal.flatMap { ranks[$0] } ?? 0) + 1 else {
        throw declaration.error(
          "le rang est celui du « donneur_ordre » plus un, ou 1 sans lui.", "the rank is that of “donneur_ordre” plus one, or 1 without it.")
      }
    }
  }

  private static func checkAccounts(_ list: [Declaration], _ parties: [Party]) throws {
    var holders: [GUID: String] = [:]
    for (declaration, party) in zip(list, parties) {
      for account in party.accounts {
        if let holder = holders.updateValue(party.id, forKey: account) {
          throw declaration.error("le compte \(account) est déjà celui de « \(holder) ».", "the account \(account) is “\(holder)”'s already.")
        }
      }
    }
  }
}
