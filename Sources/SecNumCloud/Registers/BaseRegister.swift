public import Catalogue
public import Declarations

/// The qualified services that this one stands on: which items they bear whole, which in part, and until when.
public struct BaseRegister: Register {
  public static let name = "socle"
  public static let title = Text("Socles qualifiés dont le service hérite", "Qualified bases that the service inherits from")

  public let bases: [QualifiedBase]

  /// A service with a decision of its own. What is taken from it ends with that decision.
  public struct QualifiedBase: Hashable, Sendable {
    public let service: String
    public let provider: String
    public let decision: String
    public let from: CalendarDate
    public let until: CalendarDate
    /// Items that the base bears alone.
    public let inherited: Set<ItemID>
    /// Items of which the base bears a part: the service proves the rest itself.
    public let shared: Set<ItemID>
    /// Of the decision, as it is filed among the pieces.
    public let digest: String
  }

  public static let example = """
    # Socles qualifiés sur lesquels le service est bâti. Le socle n'emporte pas la qualification du service : chaque alinéa hérité ou partagé l'est
    # au titre d'une décision, et cesse de l'être avec elle. Sans socle : une liste vide.
    socles:
      - service: "IaaS Exemple"
        prestataire: "Socle Exemple SAS"
        decision: "0000"
        du: 2025-05-30
        au: 2028-05-29
        # Portés par le socle seul.
        herites: ["11.1.a", "11.2.2.a", "11.3.a", "11.10.a"]
        # Portés en partie : le service prouve le reste.
        partages: ["12.5.d"]
        # L'empreinte SHA-256 de la décision, déposée parmi les pièces (decision-socle) : sans elle, rien n'est hérité.
        empreinte: 0000000000000000000000000000000000000000000000000000000000000000
    """

  /// What is about the provider itself: no base can bear it.
  static let own: Set<ItemID> = ["5.2.a", "5.2.d", "5.3.a", "5.3.d", "5.3.g", "6.1.a", "6.1.b", "19.6.a", "19.6.b", "19.6.e", "19.6.f"]

  private static let requirements = Result { try SecNumCloudData.requirements() }

  public init(reading document: Declaration) throws {
    let root = try RegisterEntry(document, ["socles"])
    let requirements = try Self.requirements.get()
    var taken: Set<ItemID> = []
    bases = try root.list("socles").map { declaration in
      let entry = try RegisterEntry(declaration, ["service", "prestataire", "decision", "du", "au", "herites", "partages", "empreinte"])
      let (from, until) = try DecisionRegister.term(entry)
      let lists = try ["herites", "partages"].map { name in
        Set(try entry.list(name).map { declaration in try Self.item(declaration, of: requirements, taken: &taken) })
      }
      return QualifiedBase(
        service: try entry.text("service"), provider: try entry.text("prestataire"), decision: try entry.text("decision"), from: from, until: until,
        inherited: lists[0], shared: lists[1], digest: try entry["empreinte"].digest())
    }
  }

  private static func item(_ declaration: Declaration, of requirements: Requirements, taken: inout Set<ItemID>) throws -> ItemID {
    let item = try declaration.item(of: requirements)
    guard !own.contains(item), item.requirement != "19.1" else {
      throw declaration.error(
        "l'alinéa \(item) porte sur le prestataire lui-même : il ne s'hérite pas.",
        "the item \(item) is about the provider itself: it is not inherited.")
    }
    guard taken.insert(item).inserted else {
      throw declaration.error("l'alinéa \(item) est là deux fois.", "the item \(item) is there twice.")
    }
    return item
  }

  /// What `Compliance` takes from the bases. `filed` are the digests of the pieces in force.
  public func inheritance(filed: Set<String>) -> [Compliance.Inheritance] {
    bases.map {
      Compliance.Inheritance(
        items: $0.inherited, shared: $0.shared, service: $0.service, decision: $0.decision, from: $0.from, until: $0.until,
        isFiled: filed.contains($0.digest))
    }
  }
}
