internal import Catalogue
public import Declarations

/// How the service goes on when a supplier does not: what each component stands on, and the tests with every supplier cut off (19.6.d).
public struct AutonomyRegister: Register {
  public static let name = "autonomie"
  public static let title = Text("Autonomie d'exploitation : composants et essais de coupure", "Autonomy of operation: components and cut-off tests")

  /// How long a test must at least last, in days: what the provider has chosen.
  let minimumDays: Int
  let components: [Component]
  let tests: [Test]

  struct Component: Hashable, Sendable {
    let id: String
    let name: String
    /// Who inside of the provider keeps it running, and what shows it; nil where nobody does.
    let skills: String?
    let suppliers: [String]
    /// A qualified service that it stands on, and until when that holds.
    let qualification: (decision: String, until: CalendarDate)?

    static func == (left: Self, right: Self) -> Bool { left.id == right.id }
    func hash(into hasher: inout Hasher) { hasher.combine(id) }
  }

  /// The service run with the suppliers cut off.
  struct Test: Hashable, Sendable {
    let id: String
    let from: CalendarDate
    let until: CalendarDate
    let suppliers: Set<String>
    let isPassed: Bool
    /// Of the minutes.
    let digest: String

    var days: Int { from.days(to: until) + 1 }
  }

  public static let example = """
    # Autonomie d'exploitation (19.6.d) : tout composant a une compétence propre, ou deux fournisseurs, ou repose sur un service qualifié.
    # Les tiers que le registre « tiers » dit nécessaires y sont nommés comme là-bas.

    # Durée minimale d'un essai de coupure, en jours : le choix du prestataire.
    duree_minimale_jours: 5

    composants:
      - id: hyperviseur
        nom: "QEMU, libvirt et noyau Linux"
        competences: "Équipe système : compilation depuis les sources, correctifs portés sans l'éditeur"
        fournisseurs: ["Debian"]
      - id: serveurs
        nom: "Serveurs"
        fournisseurs: ["Constructeur A", "Constructeur B"]
      - id: hebergement
        nom: "Salles, énergie et climatisation"
        fournisseurs: ["Centre de données Exemple SAS", "Second centre de données SAS"]
      - id: support
        nom: "Support de niveau 3 de l'hyperviseur"
        competences: "Équipe système : deux personnes contribuent au logiciel"
        fournisseurs: ["Support Exemple GmbH"]

    # Essais : le service exploité pendant ces jours sans aucun des fournisseurs cités. Le procès-verbal est déposé parmi les pièces
    # (essai-autonomie) ; son empreinte est répétée ici.
    essais:
      - id: essai-2026
        du: 2026-09-07
        au: 2026-09-13
        coupes:
          - "Debian"
          - "Constructeur A"
          - "Constructeur B"
          - "Centre de données Exemple SAS"
          - "Support Exemple GmbH"
        reussi: true
        proces_verbal: 0000000000000000000000000000000000000000000000000000000000000000
    """

  public init(reading document: Declaration) throws {
    let root = try RegisterEntry(document, ["duree_minimale_jours", "composants", "essais"])
    minimumDays = try root["duree_minimale_jours"].integer(in: 1...365)
    let components = try root["composants"].entries(\Component.id, Self.component)
    let suppliers = Set(components.flatMap(\.suppliers))
    self.components = components
    tests = try root["essais"].entries(\Test.id) { declaration in
      let entry = try RegisterEntry(declaration, ["id", "du", "au", "coupes", "reussi", "proces_verbal"])
      let (from, until) = try Declaration.order(entry["du"], entry["au"])
      return Test(
        id: try entry["id"].identifier(), from: from, until: until,
        suppliers: Set(
          try entry.list("coupes").map { try $0.reference(to: suppliers, Text("un fournisseur des composants", "supplier of the components")) }),
        isPassed: try entry["reussi"].boolean(), digest: try entry["proces_verbal"].digest())
    }
  }

  private static func component(_ declaration: Declaration) throws -> Component {
    let entry = try RegisterEntry(declaration, ["id", "nom", "fournisseurs"], optional: ["competences", "qualification"])
    let suppliers = try entry["fournisseurs"].texts()
    guard Set(suppliers).count == suppliers.count else {
      throw entry["fournisseurs"].error("un fournisseur est là deux fois.", "a supplier is there twice.")
    }
    let qualification = try entry.optional("qualification").map { declaration in
      let entry = try RegisterEntry(declaration, ["decision", "jusqu_au"])
      return (decision: try entry.text("decision"), until: try entry["jusqu_au"].date())
    }
    return Component(
      id: try entry["id"].identifier(), name: try entry.text("nom"), skills: try entry.optional("competences")?.text(), suppliers: suppliers,
      qualification: qualification)
  }
}
