public import Declarations

/// The referential SecNumCloud 3.2 as data: chapters, requirements, items, and the controls that speak for items.
///
/// Titles and ids are the referential's; what an item says is paraphrased. Only the text that ANSSI publishes is authoritative.
public struct Requirements: Sendable {
  public let version: String
  public let title: String
  public let chapters: [Chapter]
  /// In the order of the file.
  public let controls: [Control]

  private let itemsByID: [ItemID: Item]
  private let controlsByID: [String: Control]

  /// One of the fifteen chapters 5 to 19.
  public struct Chapter: Sendable {
    public let number: Int
    public let title: String
    public let requirements: [Requirement]
  }

  /// One of the 92 numbered requirements.
  public struct Requirement: Sendable {
    /// For example `9.3`.
    public let id: String
    public let title: String
    public let items: [Item]
  }

  /// One of the 278 items.
  public struct Item: Sendable {
    public let id: ItemID
    public let level: Level
    public let nature: Nature
    public let proof: Proof
    /// The period of an imposed deadline, in ISO 8601 as the file has it: `P1Y`, `P3M`, `P21D`; nil where none is imposed.
    public let deadline: Period?
    /// The kinds of service that it is for; empty for all.
    public let models: [String]
    /// Ids of the controls that speak for it.
    public let controls: [String]
    /// A paraphrase, in French.
    public let summary: String
    public let subtitle: String?
  }

  public enum Level: String, Sendable, CaseIterable {
    case requirement = "exigence"
    /// Not checked for a qualification.
    case recommendation = "recommandation"
    case permission
  }

  public enum Nature: String, Sendable, CaseIterable {
    case technical = "technique"
    case organisational = "organisationnelle"
    case legal = "juridique"
  }

  public enum Proof: String, Sendable, CaseIterable {
    /// The platform makes the proof by itself, continuously.
    case automatic = "automatique"
    /// The platform watches or triggers, a person attests.
    case partial = "partiel"
    /// A piece that is filed and whose review is watched.
    case document
  }

  /// A length of calendar time.
  public struct Period: Hashable, Sendable {
    public var months: Int
    public var days: Int

    public init(months: Int = 0, days: Int = 0) {
      self.months = months
      self.days = days
    }

    /// From `P1Y`, `P3M` or `P21D`.
    init?(_ text: String) {
      guard text.first == "P", let unit = text.last, let count = Int(text.dropFirst().dropLast()), count > 0 else { return nil }
      switch unit {
      case "Y": self.init(months: 12 * count)
      case "M": self.init(months: count)
      case "D": self.init(days: count)
      default: return nil
      }
    }

    public func after(_ date: CalendarDate) -> CalendarDate { date.adding(months: months).adding(days: days) }
  }

  /// One of the 55 controls: what the platform does, what proves it, what is verified, how often.
  public struct Control: Sendable {
    /// For example `CTL-IAM-03`.
    public let id: String
    public let items: [ItemID]
    public let mechanism: String
    public let proof: String
    public let verification: String
    /// As the file has it: `continu`, `horaire`, `quotidien`, …
    public let frequency: String
  }

  /// All items, in the referential's order.
  public var items: [Item] { chapters.flatMap(\.requirements).flatMap(\.items) }
  public var requirements: [Requirement] { chapters.flatMap(\.requirements) }

  public func item(_ id: ItemID) -> Item? { itemsByID[id] }
  public func control(_ id: String) -> Control? { controlsByID[id] }

  // MARK: Reading

  /// Reads the file of requirements. Throws `DeclarationError` for anything that the schema does not have: ids given twice, unknown references,
  /// links between items and controls that one side alone has, counts that differ from those the file states.
  public init(reading document: Declaration) throws {
    let root = try document.members(
      required: ["schema", "referentiel", "sources", "comptes", "legende", "services", "chapitres", "controles"], optional: ["pieges"])
    _ = try root.required("schema").integer(in: 1...1)
    let reference = try root.required("referentiel").members(required: ["id", "titre", "version", "date", "editeur"])
    version = try reference.required("version").text()
    title = try reference.required("titre").text()
    let sources = Set(try Self.sources(root.required("sources")))
    let models = Set(try root.required("services").entries().map(\.name))
    var items: [ItemID: Item] = [:]
    chapters = try root.required("chapitres").list().map { try Self.chapter($0, sources: sources, models: models, items: &items) }
    controls = try root.required("controles").list().map(Self.control)
    itemsByID = items
    controlsByID = try Self.byID(controls, root.required("controles").list())
    try checkLinks(root.required("chapitres"), root.required("controles"))
    try checkCounts(root.required("comptes"))
  }

  private static func sources(_ list: Declaration) throws -> [String] {
    try list.list().map { source in
      let members = try source.members(required: ["id", "quoi", "licence"], optional: ["usage"])
      _ = try members.required("quoi").text()
      _ = try members.required("licence").text()
      return try members.required("id").text()
    }
  }

  private static func chapter(
    _ declaration: Declaration, sources: Set<String>, models: Set<String>, items: inout [ItemID: Item]
  ) throws -> Chapter {
    let members = try declaration.members(required: ["id", "titre", "exigences"])
    let id = try members.required("id").text()
    guard let number = Int(id), (5...19).contains(number) else {
      throw declaration.error("« \(id) » n'est pas un chapitre.", "“\(id)” is no chapter.")
    }
    var requirements: [Requirement] = []
    for entry in try members.required("exigences").list() {
      let requirement = try Self.requirement(entry, chapter: number, sources: sources, models: models, items: &items)
      guard !requirements.contains(where: { $0.id == requirement.id }) else {
        throw entry.error("l'exigence \(requirement.id) est là deux fois.", "the requirement \(requirement.id) is there twice.")
      }
      requirements.append(requirement)
    }
    return Chapter(number: number, title: try members.required("titre").text(), requirements: requirements)
  }

  private static func requirement(
    _ declaration: Declaration, chapter: Int, sources: Set<String>, models: Set<String>, items: inout [ItemID: Item]
  ) throws -> Requirement {
    let members = try declaration.members(required: ["id", "titre", "verifie", "alineas"])
    let id = try members.required("id").text()
    guard id.split(separator: ".").first.map(String.init) == String(chapter) else {
      throw declaration.error("l'exigence \(id) n'est pas du chapitre \(chapter).", "the requirement \(id) is not of chapter \(chapter).")
    }
    for source in try members.required("verifie").list() {
      guard sources.contains(try source.text()) else {
        throw source.error("source inconnue : \(try source.text()).", "unknown source: \(try source.text()).")
      }
    }
    var own: [Item] = []
    for entry in try members.required("alineas").list() {
      let item = try Self.item(entry, requirement: id, models: models)
      guard items.updateValue(item, forKey: item.id) == nil else {
        throw entry.error("l'alinéa \(item.id) est là deux fois.", "the item \(item.id) is there twice.")
      }
      own.append(item)
    }
    return Requirement(id: id, title: try members.required("titre").text(), items: own)
  }

  private static func item(_ declaration: Declaration, requirement: String, models: Set<String>) throws -> Item {
    let members = try declaration.members(
      required: ["id", "niveau", "nature", "preuve", "resume"], optional: ["delai", "modeles", "controles", "sous_titre"])
    let text = try members.required("id").text()
    guard let id = ItemID(text), id.requirement == requirement else {
      throw declaration.error("« \(text) » n'est pas un alinéa de \(requirement).", "“\(text)” is no item of \(requirement).")
    }
    let deadline = try members["delai"].map { value in
      guard let period = Period(try value.text()) else { throw value.error("délai illisible.", "the deadline cannot be read.") }
      return period
    }
    let own = try members["modeles"]?.list().map { model in
      guard models.contains(try model.text()) else { throw model.error("service inconnu.", "unknown kind of service.") }
      return try model.text()
    }
    return Item(
      id: id, level: try value(members.required("niveau")), nature: try value(members.required("nature")),
      proof: try value(members.required("preuve")), deadline: deadline, models: own ?? [], controls: try members["controles"]?.texts() ?? [],
      summary: try members.required("resume").text(), subtitle: try members["sous_titre"]?.text())
  }

  private static func value<Value: RawRepresentable & CaseIterable>(_ declaration: Declaration) throws -> Value where Value.RawValue == String {
    let text = try declaration.text(of: Value.allCases.map(\.rawValue))
    guard let value = Value(rawValue: text) else { throw declaration.error("valeur inconnue.", "unknown value.") }
    return value
  }

  private static func control(_ declaration: Declaration) throws -> Control {
    let members = try declaration.members(required: ["id", "exigences", "mecanisme", "preuve", "verification", "frequence"])
    let items = try members.required("exigences").list().map { entry in
      guard let id = ItemID(try entry.text()) else {
        throw entry.error("« \(try entry.text()) » n'est pas un alinéa.", "“\(try entry.text())” is no item.")
      }
      return id
    }
    return Control(
      id: try members.required("id").text(), items: items, mechanism: try members.required("mecanisme").text(),
      proof: try members.required("preuve").text(), verification: try members.required("verification").text(),
      frequency: try members.required("frequence").text())
  }

  private static func byID(_ controls: [Control], _ declarations: [Declaration]) throws -> [String: Control] {
    var byID: [String: Control] = [:]
    for (control, declaration) in zip(controls, declarations) where byID.updateValue(control, forKey: control.id) != nil {
      throw declaration.error("le contrôle \(control.id) est là deux fois.", "the control \(control.id) is there twice.")
    }
    return byID
  }

  /// Whatever an item says of its controls, they say of it.
  private func checkLinks(_ chapters: Declaration, _ controls: Declaration) throws {
    for (control, declaration) in zip(self.controls, try controls.list()) {
      for id in control.items {
        guard let item = itemsByID[id] else {
          throw declaration.error("\(control.id) cite l'alinéa inconnu \(id).", "\(control.id) names the unknown item \(id).")
        }
        guard item.controls.contains(control.id) else {
          throw declaration.error("\(control.id) cite \(id), qui ne le cite pas.", "\(control.id) names \(id), which does not name it.")
        }
      }
    }
    for item in items {
      for id in item.controls where controlsByID[id]?.items.contains(item.id) != true {
        throw chapters.error("\(item.id) cite \(id), qui ne le cite pas.", "\(item.id) names \(id), which does not name it.")
      }
    }
  }

  private func checkCounts(_ declaration: Declaration) throws {
    let members = try declaration.members(
      required: ["chapitres", "exigences", "alineas", "alineas_obligatoires", "recommandations", "permissions"])
    let found = [
      "chapitres": chapters.count, "exigences": requirements.count, "alineas": items.count,
      "alineas_obligatoires": items.count { $0.level == .requirement }, "recommandations": items.count { $0.level == .recommendation },
      "permissions": items.count { $0.level == .permission },
    ]
    for (name, value) in members where try value.integer(in: 0...10_000) != found[name] {
      throw value.error(
        "le fichier annonce \(value.spelling ?? ""), il y en a \(found[name] ?? 0).",
        "the file states \(value.spelling ?? ""), there are \(found[name] ?? 0).")
    }
  }
}

extension [String: Declaration] {
  /// A member that `members(required:)` has made sure of.
  func required(_ name: String) -> Declaration {
    guard let value = self[name] else { preconditionFailure("\(name) was not asked for") }
    return value
  }
}
