public import Declarations

/// Which environments and zones the operator has, and how they are kept apart: what one host alone cannot see.
public struct EnvironmentRegister: Register {
  public static let name = "environnements"
  public static let title = Text(
    "Environnements et zones : hôtes, réseaux du prestataire, séparation", "Environments and zones: hosts, the provider's networks, separation")

  /// By name, in the order of the file.
  public let environments: [Environment]
  public let zones: [Zone]
  /// The network between the hosts of the platform.
  public let internalNetwork: InternalNetwork

  public struct Environment: Sendable {
    public var name: String
    public var isProduction: Bool
    public var hosts: [String]
  }

  /// A network of the provider.
  public struct Zone: Sendable {
    public enum Kind: String, Sendable, CaseIterable {
      case infrastructure
      case administration
      /// Offices, building management, badges: whatever is not the service.
      case other = "autre SI"
    }

    public var name: String
    public var kind: Kind
    public var range: AddressRange
  }

  public enum Separation: String, Sendable, CaseIterable {
    /// Cables and switches of its own.
    case physical = "physique"
    case encrypted = "chiffrement"
    case none = "aucune"
  }

  public struct InternalNetwork: Sendable {
    public var separation: Separation
    /// How, in the operator's words: `WireGuard, ChaCha20-Poly1305`.
    public var means: String
  }

  public static let example = """
    # Environnements et zones. Un hôte ne sert qu'un environnement.
    environnements:
      - nom: production
        production: true
        hotes: [hv-1]
      - nom: preproduction
        production: false
        hotes: [pp-1]
    # Réseaux du prestataire. Un hôte de la plateforme n'a d'adresse dans aucun « autre SI ».
    zones:
      - nom: "Hôtes et stockage"
        # infrastructure, administration, autre SI
        nature: infrastructure
        cidr: 10.30.0.0/24
      - nom: "Postes d'administration"
        nature: administration
        cidr: 10.20.0.0/24
      - nom: "Bureautique"
        nature: autre SI
        cidr: 10.1.0.0/16
    # Le réseau entre les hôtes de la plateforme : physique, chiffrement ou aucune.
    reseau_interne:
      separation: physique
      moyen: "Commutateurs et câbles propres à la plateforme, salle 1"
    """

  public init(reading document: Declaration) throws {
    let root = try RegisterEntry(document, ["environnements", "zones", "reseau_interne"])
    environments = try root["environnements"].entries(\Environment.name) { declaration in
      let entry = try RegisterEntry(declaration, ["nom", "production", "hotes"])
      return Environment(name: try entry.text("nom"), isProduction: try entry["production"].boolean(), hosts: try entry["hotes"].texts())
    }
    zones = try root["zones"].entries(\Zone.name) { declaration in
      let entry = try RegisterEntry(declaration, ["nom", "nature", "cidr"])
      let text = try entry.text("cidr")
      guard let range = AddressRange(text) else {
        throw entry["cidr"].error("« \(text) » n'est pas un réseau, comme 10.20.0.0/24.", "“\(text)” is no network, such as 10.20.0.0/24.")
      }
      return Zone(name: try entry.text("nom"), kind: try entry["nature"].choice(), range: range)
    }
    let network = try RegisterEntry(root["reseau_interne"], ["separation", "moyen"])
    internalNetwork = InternalNetwork(separation: try network["separation"].choice(), means: try network.text("moyen"))
  }
}
