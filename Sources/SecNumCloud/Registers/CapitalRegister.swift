internal import Catalogue
public import Declarations

/// Who owns the provider, through whom, and who may decide in it: what 19.6 is about.
public struct CapitalRegister: Register {
  public static let name = "capital"
  public static let title = Text("Capital, droits de vote et gouvernance du prestataire", "Capital, voting rights and governance of the provider")

  /// Bounds of what is computed.
  public static let maximumEntities = 500
  public static let maximumHoldings = 2000

  /// The day for which all of it was true.
  public let situation: CalendarDate
  /// The id of the entity that asks for the qualification.
  public let provider: String
  let entities: [Entity]
  let holdings: [Holding]
  let rights: [Right]
  let changes: [Change]
  /// The provider and all companies, each before those that own it.
  let order: [String]

  /// A company, a person or a public body.
  struct Entity: Hashable, Sendable {
    enum Kind: String, CaseIterable, Sendable {
      case company = "societe"
      case person = "personne"
      case publicBody = "public"
    }

    let id: String
    let name: String
    let kind: Kind
    /// Of the seat, the central administration and the principal establishment; three times the same for what has but one.
    let countries: [String]
    /// The day of the declarations of thresholds (L.233-7 of the commercial code) that stand for the owners of a listed company; nil for others.
    let declarations: CalendarDate?

    /// Whether one of its three places is outside of the Union.
    var isForeign: Bool { !countries.allSatisfy(OfferVocabulary.europeanUnion.contains) }
    /// Whether those who own it must be known.
    var hasOwners: Bool { kind == .company && !isForeign && declarations == nil }
  }

  /// A part of a company.
  struct Holding: Hashable, Sendable {
    let owner: String
    let company: String
    let capital: Share
    let votes: Share
    /// What is declared of control, where votes alone do not say it: true by an agreement, false where the presumption from 40 % does not hold.
    let control: Bool?
    let source: String
    let line: Int
  }

  /// What statutes or a contract give somebody in a company.
  struct Right: Hashable, Sendable {
    enum Kind: String, CaseIterable, Sendable {
      case veto
      case appointment = "nomination"
    }

    let holder: String
    let company: String
    let kind: Kind
    /// Of a body such as a board: how many of its members the holder appoints.
    let body: String?
    let seats: Int
    let total: Int
    let source: String
  }

  /// A fact that touches 19.6.
  struct Change: Hashable, Sendable {
    let id: String
    let date: CalendarDate
    let what: String
    /// When the clients were told; nil while they are not.
    let notice: CalendarDate?
  }

  /// Everything that it states of ownership and governance, as texts that compare: not who said so, nor in which order.
  var facts: Set<[String]> {
    let entities = entities.map { ["entite", $0.id, $0.kind.rawValue, $0.declarations == nil ? "" : "cotee"] + $0.countries }
    let holdings = holdings.map {
      ["participation", $0.owner, $0.company, $0.capital.percent, $0.votes.percent, $0.control.map { "\($0)" } ?? ""]
    }
    let rights = rights.map { ["droit", $0.holder, $0.company, $0.kind.rawValue, $0.body ?? "", "\($0.seats)", "\($0.total)"] }
    return Set(entities + holdings + rights + [["prestataire", provider]])
  }

  public static let example = """
    # Table de capitalisation et de gouvernance du prestataire (19.6).

    # Le jour pour lequel tout ce qui suit est vrai. À confirmer chaque mois : 19.6.f donne un mois pour prévenir les clients d'un changement.
    situation_au: 2026-11-01
    # L'entité qui demande la qualification.
    prestataire: exemple-cloud

    # Toutes les entités des chaînes de détention, jusqu'aux personnes, aux organismes publics, aux sociétés cotées ou aux entités hors de l'Union.
    # nature : societe, personne ou public. Une société a trois rattachements ; une personne ou un organisme public un seul pays.
    entites:
      - id: exemple-cloud
        nom: "Exemple Cloud SAS"
        nature: societe
        siege_statutaire: FR
        administration_centrale: FR
        principal_etablissement: FR
      - id: exemple-holding
        nom: "Exemple Holding SAS"
        nature: societe
        siege_statutaire: FR
        administration_centrale: FR
        principal_etablissement: FR
      - id: fondateurs
        nom: "Fondateurs, ensemble"
        nature: personne
        pays: FR
      - id: region
        nom: "Région Exemple"
        nature: public
        pays: FR
      - id: industrie
        nom: "Industrie SE"
        nature: societe
        siege_statutaire: DE
        administration_centrale: DE
        principal_etablissement: DE
        # Société cotée : ses détenteurs sont ceux qui ont déclaré un franchissement de seuil (code de commerce, L.233-7). Le flottant n'est pas suivi.
        cotee:
          marche: "Francfort"
          declarations_au: 2026-10-15
      - id: fonds
        nom: "Fonds Exemple LP"
        nature: societe
        siege_statutaire: US
        administration_centrale: US
        principal_etablissement: US

    # Qui détient quoi, en pour cent, avec quatre décimales au plus. Capital et droits de vote sont jugés chacun pour soi.
    # controle (facultatif) : true s'il vient d'un accord (L.233-3, I, 2° à 4°) ; false si la présomption au-delà de 40 % des votes (L.233-3, II) est écartée.
    participations:
      - detenteur: exemple-holding
        societe: exemple-cloud
        capital: 80
        votes: 80
        source: "Registre des mouvements de titres, 2026-10-30"
      - detenteur: region
        societe: exemple-cloud
        capital: 20
        votes: 20
        source: "Registre des mouvements de titres, 2026-10-30"
      - detenteur: fondateurs
        societe: exemple-holding
        capital: 55.5
        votes: 60
        source: "Statuts du 2025-03-02, article 8"
      - detenteur: industrie
        societe: exemple-holding
        capital: 24.5
        votes: 24
        source: "Statuts du 2025-03-02, article 8"
      - detenteur: fonds
        societe: exemple-holding
        capital: 20
        votes: 16
        controle: false
        source: "Statuts du 2025-03-02, article 8"
      - detenteur: fonds
        societe: industrie
        capital: 5.02
        votes: 5.02
        source: "Déclaration de franchissement de seuil, 2026-04-11"

    # Droits tirés des statuts ou d'un contrat : veto, ou nomination de membres d'un organe.
    droits:
      - titulaire: region
        societe: exemple-cloud
        droit: nomination
        organe: "Conseil de surveillance"
        sieges: 1
        sur: 5
        source: "Statuts du 2025-03-02, article 14"

    # Tout fait qui touche 19.6, avec le jour de l'avis aux clients. Sans avis au bout d'un mois : écart. Une liste vide dit qu'il n'y en a pas eu.
    changements:
      - id: entree-fonds
        date: 2026-04-11
        quoi: "Fonds Exemple LP passe 5 % d'Industrie SE."
        avis: 2026-04-20
    """

  public init(reading document: Declaration) throws {
    let root = try RegisterEntry(document, ["situation_au", "prestataire", "entites", "participations", "droits", "changements"])
    situation = try root["situation_au"].date()
    let entities = try root["entites"].entries(\Entity.id, Self.entity)
    guard entities.count <= Self.maximumEntities else {
      throw root["entites"].error("plus de \(Self.maximumEntities) entités.", "more than \(Self.maximumEntities) entities.")
    }
    let byID = Dictionary(entities.map { ($0.id, $0) }) { first, _ in first }
    let names = Set(byID.keys)
    provider = try root["prestataire"].reference(to: names, Text("une entité", "entity"))
    guard byID[provider]?.kind == .company else {
      throw root["prestataire"].error("le prestataire n'est pas une société.", "the provider is no company.")
    }
    let companies = Set(entities.filter { $0.kind == .company }.map(\.id))
    let holdings = try Self.holdings(root["participations"], entities: names, companies: companies)
    rights = try root.list("droits").map { try Self.right($0, entities: names, companies: companies) }
    changes = try root["changements"].entries(\Change.id, Self.change)
    order = try Self.order(holdings, from: [provider] + companies.sorted(), in: root["participations"])
    self.entities = entities
    self.holdings = holdings
  }

  private static func entity(_ declaration: Declaration) throws -> Entity {
    let entry = try RegisterEntry(
      declaration, ["id", "nom", "nature"], optional: ["siege_statutaire", "administration_centrale", "principal_etablissement", "pays", "cotee"])
    let kind: Entity.Kind = try entry["nature"].choice()
    let places = ["siege_statutaire", "administration_centrale", "principal_etablissement"]
    let wanted = kind == .company ? places : ["pays"]
    let countries = try wanted.map { name in
      guard let country = entry.optional(name) else { throw declaration.error("le membre « \(name) » manque.", "the member “\(name)” lacks.") }
      return try country.country()
    }
    for name in (places + ["pays"]) where !wanted.contains(name) {
      if let other = entry.optional(name) {
        throw other.error(
          "une entité de nature « \(kind.rawValue) » n'a pas ce membre.", "an entity of the kind “\(kind.rawValue)” has not this member.")
      }
    }
    let listed = try entry.optional("cotee").map { try RegisterEntry($0, ["marche", "declarations_au"]) }
    if let listed {
      _ = try listed.text("marche")
      guard kind == .company else { throw listed.declaration.error("seule une société est cotée.", "a company alone is listed.") }
    }
    return Entity(
      id: try entry["id"].identifier(), name: try entry.text("nom"), kind: kind, countries: countries,
      declarations: try listed.map { try $0["declarations_au"].date() })
  }

  private static func holdings(_ list: Declaration, entities: Set<String>, companies: Set<String>) throws -> [Holding] {
    var pairs: Set<[String]> = []
    var capital: [String: Share] = [:]
    var votes: [String: Share] = [:]
    let holdings = try list.list().map { declaration in
      let entry = try RegisterEntry(declaration, ["detenteur", "societe", "capital", "votes", "source"], optional: ["controle"])
      let holding = Holding(
        owner: try entry["detenteur"].reference(to: entities, Text("une entité", "entity")),
        company: try entry["societe"].reference(to: companies, Text("une société", "company")), capital: try entry["capital"].share(),
        votes: try entry["votes"].share(), control: try entry.optional("controle")?.boolean(), source: try entry.text("source"),
        line: declaration.line)
      guard pairs.insert([holding.owner, holding.company]).inserted else {
        throw declaration.error(
          "la part de « \(holding.owner) » dans « \(holding.company) » est là deux fois.",
          "the share of “\(holding.owner)” in “\(holding.company)” is there twice.")
      }
      capital[holding.company, default: .zero] = capital[holding.company, default: .zero] + holding.capital
      votes[holding.company, default: .zero] = votes[holding.company, default: .zero] + holding.votes
      for (name, sum) in [("capital", capital[holding.company]), ("votes", votes[holding.company])] {
        guard let sum, sum > .whole else { continue }
        throw entry[name].error(
          "les parts déclarées de « \(holding.company) » font \(sum.text.french) : plus de 100 %.",
          "the declared shares of “\(holding.company)” come to \(sum.text.english): more than 100%.")
      }
      if holding.control == false, holding.votes > .half, let control = entry.optional("controle") {
        throw control.error("plus de la moitié des votes est le contrôle.", "more than a half of the votes is control.")
      }
      return holding
    }
    guard holdings.count <= maximumHoldings else {
      throw list.error("plus de \(maximumHoldings) participations.", "more than \(maximumHoldings) holdings.")
    }
    return holdings
  }

  private static func right(_ declaration: Declaration, entities: Set<String>, companies: Set<String>) throws -> Right {
    let entry = try RegisterEntry(declaration, ["titulaire", "societe", "droit", "source"], optional: ["organe", "sieges", "sur"])
    let kind: Right.Kind = try entry["droit"].choice()
    var (body, seats, total): (String?, Int, Int) = (nil, 0, 0)
    for name in ["organe", "sieges", "sur"] where (entry.optional(name) == nil) == (kind == .appointment) {
      throw declaration.error(
        "« organe », « sieges » et « sur » disent une nomination, et elle seule.", "“organe”, “sieges” and “sur” tell an appointment, and it alone.")
    }
    if kind == .appointment, let organ = entry.optional("organe"), let count = entry.optional("sieges"), let of = entry.optional("sur") {
      body = try organ.text()
      total = try of.integer(in: 1...1000)
      seats = try count.integer(in: 1...total)
    }
    return Right(
      holder: try entry["titulaire"].reference(to: entities, Text("une entité", "entity")),
      company: try entry["societe"].reference(to: companies, Text("une société", "company")), kind: kind, body: body, seats: seats, total: total,
      source: try entry.text("source"))
  }

  private static func change(_ declaration: Declaration) throws -> Change {
    let entry = try RegisterEntry(declaration, ["id", "date", "quoi"], optional: ["avis"])
    let date = try entry["date"].date()
    let notice = try entry.optional("avis")?.date()
    return Change(id: try entry["id"].identifier(), date: date, what: try entry.text("quoi"), notice: notice)
  }

  /// Companies, each before its owners. Throws where ownership goes round in a circle, at the holding that closes it.
  private static func order(_ holdings: [Holding], from roots: [String], in list: Declaration) throws -> [String] {
    let owners = Dictionary(grouping: holdings, by: \.company)
    var done: Set<String> = []
    var order: [String] = []
    // A stack of its own: a chain may be as long as the register.
    for root in roots where !done.contains(root) {
      var path = [root]
      var next = [0]
      while let company = path.last, let index = next.last {
        let held = owners[company] ?? []
        guard index < held.count else {
          done.insert(company)
          order.append(company)
          path.removeLast()
          next.removeLast()
          continue
        }
        next[next.count - 1] += 1
        let holding = held[index]
        if let start = path.firstIndex(of: holding.owner) {
          let circle = (path[start...] + [holding.owner]).reversed().joined(separator: " → ")
          throw DeclarationError(
            file: list.file, line: holding.line, "la détention tourne en rond : \(circle).", "ownership goes round in a circle: \(circle).")
        }
        guard !done.contains(holding.owner) else { continue }
        path.append(holding.owner)
        next.append(0)
      }
    }
    return order.reversed()
  }
}
