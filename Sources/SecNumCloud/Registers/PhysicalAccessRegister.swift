internal import Base
internal import Catalogue
public import Declarations

/// Physical access: the zones and their controls, the logs that were taken in, visits, interventions and reviews. No name of a person is in it.
public struct PhysicalAccessRegister: Register {
  public static let name = "acces-physiques"
  public static let title = Text("Accès physiques : zones, journaux, visites, revues", "Physical access: zones, logs, visits, reviews")

  let zones: [Zone]
  let imports: [Import]
  let visits: [Visit]
  let interventions: [Intervention]
  let reviews: [Review]

  struct Zone: Hashable, Sendable {
    enum Kind: String, CaseIterable, Sendable {
      case isPrivate = "privee"
      case sensitive = "sensible"
    }

    let id: String
    let site: String
    let kind: Kind
    /// How many personal factors open it.
    let factors: Int
    /// When the detection of intrusion was last tested; nil where there is none.
    let detectionTested: CalendarDate?
  }

  /// A log of access control, from one moment to another.
  struct Import: Hashable, Sendable {
    let time: Timestamp
    let from: Timestamp
    let until: Timestamp
    let zones: Set<String>
    let events: Int
    let digest: String
  }

  struct Visit: Hashable, Sendable {
    let id: String
    let zone: String
    let entered: Timestamp
    let left: Timestamp?
    /// A badge's or a person's reference; nil where nobody went along.
    let companion: String?
  }

  /// Somebody of a third party at work.
  struct Intervention: Hashable, Sendable {
    let id: String
    let zone: String
    let date: CalendarDate
    let party: String
    let supervisor: String?
    /// The reference of the supervisor's clearance of 7.1.b.
    let clearance: String?
  }

  struct Review: Hashable, Sendable {
    let date: CalendarDate
    let zones: Set<String>
    let digest: String
  }

  public static let example = """
    # Accès physiques (11.2). Des références de badges, jamais de noms de personnes.

    # nature : privee ou sensible. facteurs : combien de facteurs personnels ouvrent la zone. detection_essayee : dernier essai de la détection
    # d'intrusion, à refaire chaque année ; absente s'il n'y en a pas.
    zones:
      - id: bureaux
        site: "Lyon"
        nature: privee
        facteurs: 1
        detection_essayee: 2026-05-04
      - id: salle-1
        site: "Lyon"
        nature: sensible
        facteurs: 2
        detection_essayee: 2026-05-04

    # Journaux du contrôle d'accès repris, chaque jour : de quand à quand, combien d'événements, empreinte du fichier.
    imports:
      - le: 2026-11-20T05:00:00Z
        du: 2026-11-19T00:00:00Z
        au: 2026-11-20T00:00:00Z
        zones: [bureaux, salle-1]
        evenements: 214
        empreinte: 0000000000000000000000000000000000000000000000000000000000000000

    # Visites : un visiteur a toujours un accompagnant.
    visites:
      - id: visite-2026-118
        zone: bureaux
        entree: 2026-11-18T09:00:00Z
        sortie: 2026-11-18T11:20:00Z
        accompagnant: "badge 0042"
      - id: visite-2026-119
        zone: salle-1
        entree: 2026-11-18T14:00:00Z
        sortie: 2026-11-18T14:40:00Z
        accompagnant: "badge 0017"

    # Interventions de tiers, sous la surveillance d'une personne habilitée au sens de 7.1.b.
    interventions:
      - id: climatisation-2026-10
        zone: salle-1
        date: 2026-10-14
        tiers: "hebergeur"
        superviseur: "badge 0017"
        habilitation: "7.1.b, dossier 12"

    # Revues mensuelles du journal des zones sensibles. Le procès-verbal est déposé parmi les pièces (revue-acces-physiques).
    revues:
      - date: 2026-11-05
        zones: [salle-1]
        proces_verbal: 1111111111111111111111111111111111111111111111111111111111111111
    """

  public init(reading document: Declaration) throws {
    let root = try RegisterEntry(document, ["zones", "imports", "visites", "interventions", "revues"])
    let zones = try root["zones"].entries(\Zone.id) { declaration in
      let entry = try RegisterEntry(declaration, ["id", "site", "nature", "facteurs"], optional: ["detection_essayee"])
      return Zone(
        id: try entry["id"].identifier(), site: try entry.text("site"), kind: try entry["nature"].choice(),
        factors: try entry["facteurs"].integer(in: 0...5), detectionTested: try entry.optional("detection_essayee")?.date())
    }
    let known = Set(zones.map(\.id))
    self.zones = zones
    imports = try root.list("imports").map { declaration in
      let entry = try RegisterEntry(declaration, ["le", "du", "au", "zones", "evenements", "empreinte"])
      let (time, from, until) = (try entry["le"].moment(), try entry["du"].moment(), try entry["au"].moment())
      guard from < until, until <= time else {
        throw declaration.error("il faut « du » avant « au », et « au » avant « le ».", "“du” must precede “au”, and “au” must precede “le”.")
      }
      return Import(
        time: time, from: from, until: until, zones: try Self.zones(entry["zones"], known),
        events: try entry["evenements"].integer(in: 0...Int(Int32.max)), digest: try entry["empreinte"].digest())
    }
    visits = try root["visites"].entries(\Visit.id) { declaration in
      let entry = try RegisterEntry(declaration, ["id", "zone", "entree"], optional: ["sortie", "accompagnant"])
      let (entered, left) = (try entry["entree"].moment(), try entry.optional("sortie")?.moment())
      if let left, left < entered { throw declaration.error("la sortie précède l'entrée.", "the leaving precedes the entering.") }
      return Visit(
        id: try entry["id"].identifier(), zone: try Self.zone(entry["zone"], known), entered: entered, left: left,
        companion: try entry.optional("accompagnant")?.text())
    }
    interventions = try root["interventions"].entries(\Intervention.id) { declaration in
      let entry = try RegisterEntry(declaration, ["id", "zone", "date", "tiers"], optional: ["superviseur", "habilitation"])
      return Intervention(
        id: try entry["id"].identifier(), zone: try Self.zone(entry["zone"], known), date: try entry["date"].date(), party: try entry.text("tiers"),
        supervisor: try entry.optional("superviseur")?.text(), clearance: try entry.optional("habilitation")?.text())
    }
    reviews = try root.list("revues").map { declaration in
      let entry = try RegisterEntry(declaration, ["date", "zones", "proces_verbal"])
      return Review(
        date: try entry["date"].date(), zones: try Self.zones(entry["zones"], known), digest: try entry["proces_verbal"].digest())
    }
  }

  private static func zone(_ declaration: Declaration, _ known: Set<String>) throws -> String {
    try declaration.reference(to: known, Text("une zone", "zone"))
  }

  private static func zones(_ declaration: Declaration, _ known: Set<String>) throws -> Set<String> {
    Set(try declaration.list().map { try zone($0, known) })
  }
}
