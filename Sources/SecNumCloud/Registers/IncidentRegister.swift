internal import Base
internal import Catalogue
public import Declarations

/// Security incidents, and exercises of them: how grave they were, who was told when, how they ended, where their files are.
public struct IncidentRegister: Register {
  public static let name = "incidents"
  public static let title = Text("Incidents : échelle, seuils, notifications, archives", "Incidents: scale, thresholds, notifications, archives")

  let procedure: Procedure
  let channel: Channel
  /// From the least grave to the gravest.
  let scale: [Level]
  /// When the clients were given the scale.
  let scaleShared: CalendarDate
  /// From which level on each client wants to hear, and from which on those who have not chosen do.
  let thresholds: [GUID: Int]
  let defaultThreshold: Int
  let incidents: [Incident]

  struct Procedure: Hashable, Sendable {
    /// How clients are told.
    let means: [String]
    /// How what they are told stays confidential.
    let confidentiality: String
    let revised: CalendarDate
  }

  /// Where every client can report something.
  struct Channel: Hashable, Sendable {
    let address: String
    let tested: CalendarDate
  }

  struct Level: Hashable, Sendable {
    let id: String
    let meaning: String
    /// Within how many hours of classification the clients are told.
    let noticeHours: Int
  }

  struct Incident: Hashable, Sendable {
    let id: String
    let isExercise: Bool
    let detected: Timestamp
    /// When it was put on the scale; nil while it was not.
    let classified: Timestamp?
    /// Its place in the scale.
    let level: Int
    let touchesClientData: Bool
    let isBreach: Bool
    /// The clients that it touches.
    let clients: Set<GUID>
    let notices: [GUID: Timestamp]
    /// When somebody last wrote what was done.
    let followed: Timestamp?
    let resolved: Timestamp?
    /// Of its file, once it is archived.
    let digest: String?
  }

  public static let example = """
    # Incidents de sécurité et exercices (chapitre 16).

    # La procédure : comment les clients sont informés, et comment l'information reste confidentielle (16.1.a).
    procedure:
      moyens: ["courriel chiffré", "téléphone d'astreinte"]
      confidentialite: "Chaque client ne reçoit que ce qui le concerne ; messages chiffrés à sa clé"
      revue: 2026-09-15

    # Le canal offert à tous les clients pour signaler (16.2.b), et son dernier essai, à refaire chaque trimestre.
    canal:
      adresse: "securite@exemple-cloud.fr"
      essaye: 2026-10-20

    # L'échelle partagée avec les clients (16.3.a), de la moindre gravité à la plus forte ; délai d'information en heures.
    echelle:
      communiquee: 2026-01-10
      niveaux:
        - id: mineur
          sens: "Sans effet sur un client"
          information_heures: 72
        - id: significatif
          sens: "Effet limité sur un client"
          information_heures: 24
        - id: majeur
          sens: "Confidentialité, intégrité ou disponibilité d'un client atteintes"
          information_heures: 4

    # À partir de quel niveau chaque client veut être informé (16.2.c) ; « defaut » vaut pour qui n'a pas choisi.
    seuils:
      defaut: significatif
      clients:
        - client: 11111111-2222-4333-8444-555555555555
          niveau: mineur

    # Un exercice compte comme preuve que le dispositif marche, et se déclare comme tel.
    # gravite : absente tant que l'incident n'est pas qualifié. archive : l'empreinte du dossier, déposé parmi les pièces (dossiers-incidents).
    incidents:
      - id: exercice-2026-10
        exercice: true
        detecte: 2026-10-05T08:00:00Z
        qualifie: 2026-10-05T08:40:00Z
        gravite: majeur
        donnees_clients: true
        violation: false
        clients: [11111111-2222-4333-8444-555555555555]
        notifications:
          - client: 11111111-2222-4333-8444-555555555555
            le: 2026-10-05T09:30:00Z
        dernier_suivi: 2026-10-05T11:00:00Z
        resolu: 2026-10-05T12:00:00Z
        archive: 0000000000000000000000000000000000000000000000000000000000000000
    """

  public init(reading document: Declaration) throws {
    let root = try RegisterEntry(document, ["procedure", "canal", "echelle", "seuils", "incidents"])
    let procedure = try RegisterEntry(root["procedure"], ["moyens", "confidentialite", "revue"])
    self.procedure = Procedure(
      means: try procedure["moyens"].texts(), confidentiality: try procedure.text("confidentialite"), revised: try procedure["revue"].date())
    let channel = try RegisterEntry(root["canal"], ["adresse", "essaye"])
    self.channel = Channel(address: try channel.text("adresse"), tested: try channel["essaye"].date())

    let scale = try RegisterEntry(root["echelle"], ["communiquee", "niveaux"])
    scaleShared = try scale["communiquee"].date()
    let levels = try scale["niveaux"].entries(\Level.id) { declaration in
      let entry = try RegisterEntry(declaration, ["id", "sens", "information_heures"])
      return Level(
        id: try entry["id"].identifier(), meaning: try entry.text("sens"), noticeHours: try entry["information_heures"].integer(in: 0...720))
    }
    guard levels.count >= 2 else { throw scale["niveaux"].error("une échelle a au moins deux niveaux.", "a scale has at least two levels.") }
    self.scale = levels

    let thresholds = try RegisterEntry(root["seuils"], ["defaut", "clients"])
    defaultThreshold = try Self.level(thresholds["defaut"], levels)
    var chosen: [GUID: Int] = [:]
    for declaration in try thresholds.list("clients") {
      let entry = try RegisterEntry(declaration, ["client", "niveau"])
      guard chosen.updateValue(try Self.level(entry["niveau"], levels), forKey: try entry["client"].guid()) == nil else {
        throw declaration.error("ce client est là deux fois.", "this client is there twice.")
      }
    }
    self.thresholds = chosen
    incidents = try root["incidents"].entries(\Incident.id) { try Self.incident($0, levels) }
  }

  private static func level(_ declaration: Declaration, _ levels: [Level]) throws -> Int {
    let id = try declaration.reference(to: Set(levels.map(\.id)), Text("un niveau de l'échelle", "level of the scale"))
    return levels.firstIndex { $0.id == id } ?? 0
  }

  private static func incident(_ declaration: Declaration, _ levels: [Level]) throws -> Incident {
    let entry = try RegisterEntry(
      declaration, ["id", "detecte", "donnees_clients", "violation", "clients", "notifications"],
      optional: ["exercice", "qualifie", "gravite", "dernier_suivi", "resolu", "archive"])
    let detected = try entry["detecte"].moment()
    guard (entry.optional("qualifie") == nil) == (entry.optional("gravite") == nil) else {
      throw declaration.error("« qualifie » et « gravite » vont ensemble.", "“qualifie” and “gravite” go together.")
    }
    for name in ["qualifie", "dernier_suivi", "resolu"] {
      if let moment = entry.optional(name), try moment.moment() < detected {
        throw moment.error("cela précède la détection.", "this precedes the detection.")
      }
    }
    let touchesData = try entry["donnees_clients"].boolean()
    let isBreach = try entry["violation"].boolean()
    guard !isBreach || touchesData else {
      throw entry["violation"].error("une violation touche des données de clients.", "a breach touches clients' data.")
    }
    let clients = Set(try entry.list("clients").map { try $0.guid() })
    var notices: [GUID: Timestamp] = [:]
    for declaration in try entry.list("notifications") {
      let notice = try RegisterEntry(declaration, ["client", "le"])
      let client = try notice["client"].guid()
      guard clients.contains(client) else {
        throw declaration.error("ce client n'est pas touché par l'incident.", "this client is not touched by the incident.")
      }
      let moment = try notice["le"].moment()
      guard moment >= detected else { throw notice["le"].error("cela précède la détection.", "this precedes the detection.") }
      notices[client] = min(moment, notices[client] ?? moment)
    }
    return Incident(
      id: try entry["id"].identifier(), isExercise: try entry.optional("exercice")?.boolean() ?? false, detected: detected,
      classified: try entry.optional("qualifie")?.moment(), level: try entry.optional("gravite").map { try level($0, levels) } ?? 0,
      touchesClientData: touchesData, isBreach: isBreach, clients: clients, notices: notices,
      followed: try entry.optional("dernier_suivi")?.moment(), resolved: try entry.optional("resolu")?.moment(),
      digest: try entry.optional("archive")?.digest())
  }
}
