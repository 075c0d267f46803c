public import Catalogue
public import Declarations

/// What is done about open gaps: by whom, until when.
public struct ActionPlanRegister: Register {
  public static let name = "plan-actions"
  public static let title = Text("Plan d'action : écarts ouverts, responsables, échéances", "Plan of action: open gaps, owners, due dates")

  /// In the order of the file.
  public let actions: [Action]

  public struct Action: Sendable {
    public var id: String
    public var items: [ItemID]
    public var action: String
    public var owner: String
    public var opened: CalendarDate
    public var due: CalendarDate
    /// When it was done; nil while it is not.
    public var done: CalendarDate?
  }

  /// The actions about an item that are not done yet, the first due first.
  public func open(for item: ItemID) -> [Action] { actions.filter { $0.done == nil && $0.items.contains(item) }.sorted { $0.due < $1.due } }

  public static let example = """
    # Une action par écart ouvert : le moteur de conformité vérifie que chacun en a une, et que l'échéance n'est pas passée.
    actions:
      - id: pa-2026-001
        alineas: ["10.5.a", "10.5.b"]
        action: "Déclarer la rotation des clés maîtres et l'automatiser"
        responsable: "Équipe exploitation"
        ouverte: 2026-11-20
        echeance: 2026-12-31
        # Une fois faite ; l'écart doit alors disparaître à l'observation suivante.
        # achevee: 2026-12-12
    """

  public init(reading document: Declaration) throws {
    let requirements = try SecNumCloudData.requirements()
    let root = try RegisterEntry(document, ["actions"])
    actions = try root["actions"].entries(\Action.id) { declaration in
      let entry = try RegisterEntry(declaration, ["id", "alineas", "action", "responsable", "ouverte", "echeance"], optional: ["achevee"])
      let (opened, due) = try Declaration.order(entry["ouverte"], entry["echeance"])
      let items = try entry.list("alineas").map { try $0.item(of: requirements) }
      guard !items.isEmpty else { throw entry["alineas"].error("il faut au moins un alinéa.", "at least one item is wanted.") }
      return Action(
        id: try entry["id"].identifier(), items: items, action: try entry.text("action"), owner: try entry.text("responsable"), opened: opened,
        due: due, done: try entry.optional("achevee")?.date())
    }
  }
}
