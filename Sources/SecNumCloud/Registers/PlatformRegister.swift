public import Declarations

/// What the operator declares of the platform itself: its place, its clocks, who administers it from where, what each host is for, what it promises.
public struct PlatformRegister: Register {
  public static let name = "plateforme"
  public static let title = Text(
    "Plateforme : site, horloges, administration, hôtes, promesses", "Platform: site, clocks, administration, hosts, promises")

  public let site: Site
  /// In the order of the file.
  public let timeSources: [TimeSource]
  public let administrationNetworks: [AdministrationNetwork]
  /// By host name.
  public let hosts: [String: Host]
  /// Per cent of the time, for example 99.9; nil where none is promised.
  public let promisedAvailability: Double?
  /// Where the platform itself may open connections to.
  public let destinations: [Destination]
  /// What else than the front door may be listened on: the operator's matrix of flows.
  public let listeners: [Listener]
  /// How the key of the platform's authority came into being; nil where no minutes were kept.
  public let ceremony: Ceremony?

  /// Where the platform stands.
  public struct Site: Hashable, Sendable {
    public var name: String
    /// ISO 3166-1 alpha-2.
    public var country: String
    /// The country of the law that the operator is under.
    public var operatorCountry: String
  }

  /// A server of time, inside of the operator's network.
  public struct TimeSource: Hashable, Sendable {
    public var host: String
    public var port: Int

    public var description: String { "\(host):\(port)" }
  }

  /// A network from which the platform is administered.
  public struct AdministrationNetwork: Hashable, Sendable {
    public var name: String
    public var range: AddressRange
    public var country: String
  }

  /// What the inventory says of one host.
  public struct Host: Hashable, Sendable {
    public var function: String
    public var model: String
    public var place: String
    public var owner: String
    /// The need of security of what it bears: availability, integrity, confidentiality, in the operator's words.
    public var securityNeed: String
  }

  /// Where outgoing connections may go.
  public struct Destination: Hashable, Sendable {
    public var range: AddressRange
    /// Nil for every port.
    public var port: Int?
    /// What it is for, in the operator's words.
    public var purpose: String
  }

  /// A port of the hosts that is open on purpose.
  public struct Listener: Hashable, Sendable {
    /// `tcp` or `udp`.
    public var transport: String
    public var port: Int
    /// Whether the platform is administered through it: then it may only be bound to an address of `administrationNetworks`.
    public var isAdministration: Bool
    public var purpose: String
  }

  /// The ceremony of the master keys.
  public struct Ceremony: Hashable, Sendable {
    public var day: CalendarDate
    public var country: String
    /// Where the minutes are found: a reference of the dossier.
    public var minutes: String
    /// Whether the provider was there.
    public var hasProvider: Bool
    /// The SHA-256 of the authority's certificate in DER, in hexadecimal: which authority the minutes are about.
    public var authority: String
  }

  public static let example = """
    # Ce que l'exploitant déclare de sa plateforme.
    site:
      nom: "Salle 1, Lyon"
      # Code ISO 3166-1 à deux lettres.
      pays: FR
      # Le droit auquel l'exploitant est soumis.
      pays_exploitant: FR
    # Sources de temps internes : au moins deux.
    ntp:
      - hote: 10.20.0.5
        port: 123
      - hote: 10.20.0.6
        port: 123
    # Réseaux d'où la plateforme est administrée.
    reseaux_administration:
      - nom: "Postes d'administration"
        cidr: 10.20.0.0/24
        pays: FR
    # Inventaire des hôtes, par nom d'hôte.
    hotes:
      hv-1:
        fonction: "Hyperviseur et plan de contrôle"
        modele: "Serveur 2 processeurs, 512 Gio"
        emplacement: "Salle 1, baie 4"
        proprietaire: "Équipe exploitation"
        besoin_securite: "D3 I3 C3"
    # Pour cent du temps.
    disponibilite_promise: 99.9
    # Où la plateforme peut ouvrir des connexions d'elle-même. Le port est facultatif.
    sortants:
      - cidr: 10.30.0.9/32
        port: 6514
        objet: "Collecte des journaux"
    # Ports ouverts sur les hôtes, en plus de l'entrée du nuage. Un port d'administration doit être lié à une adresse d'un réseau d'administration.
    ecoutes:
      - protocole: tcp
        port: 22
        administration: true
        objet: "SSH des exploitants"
    # Cérémonie des clés maîtresses. L'empreinte est celle de client/ca.pem : openssl x509 -in ca.pem -outform der | sha256sum
    ceremonie:
      date: 2026-10-01
      pays: FR
      prestataire_present: true
      proces_verbal: "PV-2026-07"
      empreinte_autorite: "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    """

  public init(reading document: Declaration) throws {
    let root = try RegisterEntry(
      document, ["site", "ntp", "reseaux_administration", "hotes"],
      optional: ["disponibilite_promise", "sortants", "ecoutes", "ceremonie"])
    site = try Self.site(root["site"])
    timeSources = try root.list("ntp").map(Self.timeSource)
    administrationNetworks = try root.list("reseaux_administration").map(Self.network)
    var hosts: [String: Host] = [:]
    for (name, value) in try root["hotes"].entries() { hosts[name] = try Self.host(value) }
    self.hosts = hosts
    promisedAvailability = try root.optional("disponibilite_promise")?.number(in: 0...100)
    destinations = try root.optional("sortants")?.list().map(Self.destination) ?? []
    listeners = try root.optional("ecoutes")?.list().map(Self.listener) ?? []
    ceremony = try root.optional("ceremonie").map(Self.ceremony)
    for (index, source) in timeSources.enumerated() where timeSources.prefix(index).contains(source) {
      throw root["ntp"].error("la source \(source.description) est là deux fois.", "the source \(source.description) is there twice.")
    }
  }

  private static func site(_ declaration: Declaration) throws -> Site {
    let entry = try RegisterEntry(declaration, ["nom", "pays", "pays_exploitant"])
    return Site(name: try entry.text("nom"), country: try entry["pays"].country(), operatorCountry: try entry["pays_exploitant"].country())
  }

  private static func timeSource(_ declaration: Declaration) throws -> TimeSource {
    let entry = try RegisterEntry(declaration, ["hote"], optional: ["port"])
    return TimeSource(host: try entry.text("hote"), port: try entry.optional("port")?.integer(in: 1...65535) ?? 123)
  }

  private static func range(_ declaration: Declaration) throws -> AddressRange {
    let text = try declaration.text()
    guard let range = AddressRange(text) else {
      throw declaration.error("« \(text) » n'est pas un réseau, comme 10.20.0.0/24.", "“\(text)” is no network, such as 10.20.0.0/24.")
    }
    return range
  }

  private static func network(_ declaration: Declaration) throws -> AdministrationNetwork {
    let entry = try RegisterEntry(declaration, ["nom", "cidr", "pays"])
    return AdministrationNetwork(name: try entry.text("nom"), range: try range(entry["cidr"]), country: try entry["pays"].country())
  }

  private static func host(_ declaration: Declaration) throws -> Host {
    let entry = try RegisterEntry(declaration, ["fonction", "modele", "emplacement", "proprietaire", "besoin_securite"])
    return Host(
      function: try entry.text("fonction"), model: try entry.text("modele"), place: try entry.text("emplacement"),
      owner: try entry.text("proprietaire"), securityNeed: try entry.text("besoin_securite"))
  }

  private static func destination(_ declaration: Declaration) throws -> Destination {
    let entry = try RegisterEntry(declaration, ["cidr", "objet"], optional: ["port"])
    return Destination(
      range: try range(entry["cidr"]), port: try entry.optional("port")?.integer(in: 1...65535), purpose: try entry.text("objet"))
  }

  private static func listener(_ declaration: Declaration) throws -> Listener {
    let entry = try RegisterEntry(declaration, ["protocole", "port", "administration", "objet"])
    return Listener(
      transport: try entry["protocole"].text(of: ["tcp", "udp"]), port: try entry["port"].integer(in: 1...65535),
      isAdministration: try entry["administration"].boolean(), purpose: try entry.text("objet"))
  }

  private static func ceremony(_ declaration: Declaration) throws -> Ceremony {
    let entry = try RegisterEntry(declaration, ["date", "pays", "prestataire_present", "proces_verbal", "empreinte_autorite"])
    return Ceremony(
      day: try entry["date"].date(), country: try entry["pays"].country(), minutes: try entry.text("proces_verbal"),
      hasProvider: try entry["prestataire_present"].boolean(), authority: try entry["empreinte_autorite"].digest())
  }
}
