internal import Declarations

/// A change to a file of offers as its author wrote it: one source or one fact more, and every other byte as it was.
public struct OfferFileEdit: Sendable {
  /// A fact to be written.
  public struct NewFact: Sendable {
    public var offer: String
    /// A fact's name, or `jalons` for a milestone.
    public var name: String
    /// One, or several where the fact is a list. One that begins with `[` or `{` is YAML; any other is a text.
    public var values: [String]
    /// The fact's further members, by name: `du`, `au`, `lecture`…
    public var members: [(name: String, value: String)]
    public var precision: String?
    public var sources: [String]

    public init(
      offer: String, name: String, values: [String], members: [(name: String, value: String)] = [], precision: String? = nil, sources: [String]
    ) {
      self.offer = offer
      self.name = name
      self.values = values
      self.members = members
      self.precision = precision
      self.sources = sources
    }
  }

  /// The file's name, for messages.
  public let file: String
  /// What the file holds, with what was added so far. It was valid before and is valid still.
  public private(set) var text: String

  /// Throws `DeclarationError` where the file is not valid as it is.
  public init(_ text: String, file: String) throws {
    self.text = text
    self.file = file
    _ = try Self.catalogue(text, file: file)
  }

  /// Adds a source. `date` is a day, a month or a year; nil where the source bears none. Throws `DeclarationError`, and changes nothing then.
  public mutating func add(source key: String, what: String, date: String?, reliability: String, replacing: Bool = false) throws {
    let before = try Self.catalogue(text, file: file)
    let declared = before.source(key) != nil
    if declared && !replacing { throw exists("la source « \(key) »", "the source “\(key)”") }
    let line =
      "\(YAMLText.scalar(key)): {quoi: \(YAMLText.quoted(what)), date: \(YAMLText.plain(date ?? "null")), fiabilite: \(YAMLText.scalar(reliability))}"
    var lines = FileLines(text)
    let block = try lines.block(of: try document().members(required: Self.sections, optional: ["contexte"]).required("sources"), in: file)
    if declared { try lines.replace(key, in: block, by: [line], file: file) } else { lines.append([line], to: block) }
    try commit(lines, before: before, changed: "sources/\(key)")
  }

  /// Adds a fact, or a milestone where its name is `jalons`: its one value is the milestone's code. Throws `DeclarationError`, and changes nothing then.
  public mutating func add(_ fact: NewFact, replacing: Bool = false) throws {
    let before = try Self.catalogue(text, file: file)
    guard let offer = before.offer(fact.offer) else {
      let known = before.offers.map(\.id).joined(separator: ", ")
      throw DeclarationError(
        file: file, line: nil, "l'offre « \(fact.offer) » n'existe pas ; il y a \(known).", "there is no offer “\(fact.offer)”; there are \(known).")
    }
    var lines = FileLines(text)
    let facts = try facts(of: fact.offer)
    let block = try lines.block(of: facts, in: file)
    if fact.name == OfferSchema.milestones {
      try add(milestone: fact, of: offer, to: &lines, block, facts, replacing: replacing)
      return try commit(lines, before: before, changed: "\(fact.offer)/jalons/\(fact.values.first ?? "")")
    }
    let line = "\(fact.name): \(try written(fact))"
    if let existing = offer[fact.name] {
      guard replacing else {
        throw exists("le fait « \(fact.name) » de « \(fact.offer) »", "the fact “\(fact.name)” of “\(fact.offer)”", line: existing.line)
      }
      try lines.replace(fact.name, in: block, by: [line], file: file)
    } else {
      lines.append([line], to: block)
    }
    try commit(lines, before: before, changed: "\(fact.offer)/\(fact.name)")
  }

  // MARK: Writing

  private func written(_ fact: NewFact) throws -> String {
    guard let shape = OfferSchema.shape(of: fact.name) else {
      let known = (OfferSchema.names + [OfferSchema.milestones]).joined(separator: ", ")
      throw DeclarationError(
        file: file, line: nil, "le fait « \(fact.name) » n'est pas connu ; il y a \(known).",
        "the fact “\(fact.name)” is not known; there are \(known).")
    }
    var members = ["valeur: \(try shape.value.written(fact.values, file: file))"]
    for member in fact.members {
      let member = (name: member.name, shape: shape.members[member.name], value: member.value)
      // `conflit` is a yes or a no of every fact; a member that the fact does not have is refused when the whole is read.
      let value = try member.shape?.written([member.value], file: file) ?? YAMLText.plain(member.value)
      members.append("\(YAMLText.scalar(member.name)): \(value)")
    }
    if let precision = fact.precision { members.append("precision: \(YAMLText.quoted(precision))") }
    members.append("source: \(YAMLText.list(fact.sources))")
    return "{\(members.joined(separator: ", "))}"
  }

  private func add(
    milestone fact: NewFact, of offer: Offer, to lines: inout FileLines, _ block: FileLines.Block, _ facts: Declaration, replacing: Bool
  ) throws {
    var members = [("jalon", YAMLText.scalar(fact.values.first ?? ""))] + fact.members.map { ($0.name, YAMLText.plain($0.value)) }
    if let precision = fact.precision { members.append(("precision", YAMLText.quoted(precision))) }
    members.append(("source", YAMLText.list(fact.sources)))
    let item = "- {\(members.map { "\($0.0): \($0.1)" }.joined(separator: ", "))}"
    guard fact.values.count == 1 else {
      throw DeclarationError(file: file, line: nil, "un jalon a une valeur : J0, J1, J2 ou J3.", "a milestone has one value: J0, J1, J2 or J3.")
    }
    guard let list = try facts.entries().first(where: { $0.name == OfferSchema.milestones })?.value else {
      return lines.append(["\(OfferSchema.milestones):", "  " + item], to: block)
    }
    let items = try lines.listBlock(named: OfferSchema.milestones, in: block, file: file)
    let existing = offer.milestones.first { $0.code.rawValue == fact.values[0] }
    guard let existing else { return lines.append([item], to: items) }
    guard replacing else {
      throw exists(
        "le jalon \(existing.code.rawValue) de « \(offer.id) »", "the milestone \(existing.code.rawValue) of “\(offer.id)”", line: existing.line)
    }
    let next = try list.list().map(\.line).filter { $0 > existing.line }.min().map { $0 - 1 } ?? items.range.upperBound
    lines.replace(existing.line - 1..<next, indent: items.indent, by: [item])
  }

  private func exists(_ french: String, _ english: String, line: Int? = nil) -> DeclarationError {
    DeclarationError(
      file: file, line: line, "\(french) existe déjà : « --replace » le remplace.", "\(english) exists already: “--replace” replaces it.")
  }

  // MARK: Reading

  private static let sections: Set = ["schema", "date_recherche", "sources", "offres"]

  private static func catalogue(_ text: String, file: String) throws -> OfferCatalogue {
    try OfferCatalogue(reading: Declaration(text, file: file))
  }

  private func document() throws -> Declaration { try Declaration(text, file: file) }

  private func facts(of offer: String) throws -> Declaration {
    let offers = try document().members(required: Self.sections, optional: ["contexte"]).required("offres").list()
    for declaration in offers {
      let members = try declaration.members(required: ["id", "nom", "faits"])
      if try members.required("id").text() == offer { return members.required("faits") }
    }
    preconditionFailure("the offer was found in the same text")
  }

  /// Takes the lines for the file's text when the whole of them is valid and says nothing else that is new.
  private mutating func commit(_ lines: FileLines, before: OfferCatalogue, changed: String) throws {
    let text = lines.text
    let after = try Self.catalogue(text, file: file)
    var (old, new) = (before.matter, after.matter)
    old[changed] = nil
    guard new.removeValue(forKey: changed) != nil, old == new else {
      throw DeclarationError(
        file: file, line: nil, "ce changement en toucherait d'autres : écrivez-le à la main.", "this change would touch others: write it by hand.")
    }
    self.text = text
  }
}

extension OfferCatalogue {
  /// Everything that the file says, each thing by its place in it and without its line.
  fileprivate var matter: [String: String] {
    var matter: [String: String] = [:]
    for source in sources { matter["sources/\(source.key)"] = "\(source)" }
    for offer in offers {
      matter[offer.id] = offer.name
      for fact in offer.facts {
        let members = fact.members.sorted { $0.key < $1.key }
        matter["\(offer.id)/\(fact.name)"] = "\(fact.value) \(members) \(fact.precision ?? "") \(fact.sources) \(fact.isDisputed)"
      }
      for milestone in offer.milestones {
        matter["\(offer.id)/jalons/\(milestone.code.rawValue)"] =
          "\(milestone.date?.description ?? "") \(milestone.precision ?? "") \(milestone.sources)"
      }
    }
    for (index, item) in context.enumerated() { matter["contexte/\(index)"] = "\(item)" }
    return matter
  }
}

extension OfferSchema.Shape {
  /// How values of this shape are written.
  fileprivate func written(_ values: [String], file: String) throws -> String {
    if values.count == 1, let first = values[0].first, "[{".contains(first) { return try YAMLText.flow(values[0], file: file) }
    if values == [OfferVocabulary.unknown] { return OfferVocabulary.unknown }
    switch self {
    case .words, .countries, .labels: return YAMLText.list(values, isAlwaysList: true)
    case .date, .number: return values.count == 1 ? YAMLText.plain(values[0]) : YAMLText.list(values)
    default: return YAMLText.list(values)
    }
  }
}
