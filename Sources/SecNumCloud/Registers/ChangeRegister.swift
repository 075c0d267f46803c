public import Base
public import Declarations

/// Changes of the platform that were asked for and approved, and what tenants were told of them.
public struct ChangeRegister: Register {
  public static let name = "changements"
  public static let title = Text("Changements : demandes, approbations, avis aux clients", "Changes: requests, approvals, notices to tenants")

  /// How many days before its window tenants are told of a change that touches them.
  public let noticeDays: Int
  /// In the order of the file.
  public let changes: [Change]

  /// What a change does to tenants.
  public enum Impact: String, Sendable, CaseIterable {
    case none = "aucun"
    case interruption
    /// Software of a PaaS offer that is not wholly compatible with the earlier one.
    case incompatible = "incompatibilité"
    case lossOfFunction = "perte de fonction"
  }

  public struct Change: Sendable {
    public var id: String
    public var title: String
    public var requester: String
    public var approver: String
    public var approved: CalendarDate
    public var from: Timestamp
    public var until: Timestamp
    public var impact: Impact
    /// What tenants will notice, and whom they may ask. Nil where there is no impact.
    public var effects: String?
    public var contact: String?
    /// The day on which tenants were told.
    public var notice: CalendarDate?
    /// The versions of the platform that it brings.
    public var versions: [String]
  }

  /// The change that brings a version; nil where none does.
  public func change(bringing version: String) -> Change? { changes.first { $0.versions.contains(version) } }

  public static let example = """
    # Changements de la plateforme : chaque version mise en service, chaque opération sur l'infrastructure.
    # Préavis donné aux clients, en jours avant la fenêtre.
    preavis_jours: 5
    changements:
      - id: chg-2026-012
        titre: "Passage à la version 0.4.0"
        demandeur: "Équipe exploitation"
        # Une autre personne que le demandeur.
        approbateur: "RSSI"
        approuve: 2026-11-10
        debut: 2026-11-20T20:00:00Z
        fin: 2026-11-20T22:00:00Z
        # aucun, interruption, incompatibilité (PaaS), perte de fonction.
        impact: interruption
        # Les trois membres suivants sont exigés dès qu'il y a un impact.
        effets: "L'API ne répond pas pendant une minute ; les machines continuent."
        contact: "exploitation@exemple.fr"
        avis: 2026-11-12
        # Versions de la plateforme que ce changement met en service.
        versions: ["0.4.0"]
    """

  public init(reading document: Declaration) throws {
    let root = try RegisterEntry(document, ["preavis_jours", "changements"])
    noticeDays = try root["preavis_jours"].integer(in: 0...365)
    changes = try root["changements"].entries(\Change.id, Self.change)
    var versions: Set<String> = []
    for change in changes {
      for version in change.versions where !versions.insert(version).inserted {
        throw root["changements"].error(
          "deux changements mettent en service la version \(version).", "two changes bring the version \(version).")
      }
    }
  }

  private static func change(_ declaration: Declaration) throws -> Change {
    let entry = try RegisterEntry(
      declaration, ["id", "titre", "demandeur", "approbateur", "approuve", "debut", "fin", "impact"],
      optional: ["effets", "contact", "avis", "versions"])
    let (from, until) = (try entry["debut"].moment(), try entry["fin"].moment())
    guard from < until else { throw entry["fin"].error("la fin précède le début.", "the end precedes the beginning.") }
    let impact = try entry["impact"].choice(Impact.self)
    if impact != .none, let missing = ["effets", "contact"].first(where: { entry.optional($0) == nil }) {
      throw declaration.error(
        "un changement qui a un impact dit « \(missing) ».", "a change that has an impact says “\(missing)”.")
    }
    return Change(
      id: try entry["id"].identifier(), title: try entry.text("titre"), requester: try entry.text("demandeur"),
      approver: try entry.text("approbateur"), approved: try entry["approuve"].date(), from: from, until: until, impact: impact,
      effects: try entry.optional("effets")?.text(), contact: try entry.optional("contact")?.text(), notice: try entry.optional("avis")?.date(),
      versions: try entry.optional("versions")?.texts() ?? [])
  }
}
