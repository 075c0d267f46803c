public import Declarations

/// What is publicly known of the market's qualified offers, and of those on their way: each fact with its source and date.
///
/// Nothing of it is ANSSI's word: its catalogue alone says whether a qualification holds.
public struct OfferCatalogue: Sendable {
  /// The day when the facts were gathered.
  public let searchDate: CalendarDate
  /// In the order of the file.
  public let sources: [OfferSource]
  /// In the order of the file.
  public let offers: [Offer]
  /// What is to be known besides the offers: each text with its sources' keys.
  public let context: [(text: String, sources: [String])]
  private let sourcesByKey: [String: OfferSource]

  /// Reads the whole file, or throws `DeclarationError` at the first thing in it that is wrong.
  public init(reading declaration: Declaration) throws {
    let members = try declaration.members(required: ["schema", "date_recherche", "sources", "offres"], optional: ["contexte"])
    _ = try members.required("schema").integer(in: 1...1)
    searchDate = try members.required("date_recherche").date()
    let sources = try members.required("sources").entries().map { try OfferSource(key: $0.name, reading: $0.value) }
    let sourcesByKey = Dictionary(sources.map { ($0.key, $0) }) { first, _ in first }
    let keys = Set(sourcesByKey.keys)

    let declared = try members.required("offres").list().map { ($0, try Offer(reading: $0, sources: keys)) }
    var ids: Set<String> = []
    for (declaration, offer) in declared where !ids.insert(offer.id).inserted {
      throw declaration.error("l'offre « \(offer.id) » est déclarée deux fois.", "the offer “\(offer.id)” is declared twice.")
    }
    for (declaration, offer) in declared {
      guard let dependency = offer["dependance"], case .text(let base) = dependency.value, base != OfferVocabulary.noOffer else { continue }
      guard ids.contains(base), base != offer.id else {
        throw DeclarationError(
          file: declaration.file, line: dependency.line,
          "\(declaration.path).faits.dependance : l'offre « \(base) » n'existe pas, ou c'est elle-même.",
          "\(declaration.path).faits.dependance: there is no offer “\(base)”, or it is the same one.")
      }
    }
    offers = declared.map(\.1)
    context =
      try members["contexte"]?.list().map { item in
        let members = try item.members(required: ["fait", "source"])
        return (try members.required("fait").text(), try members.required("source").sourceKeys(of: keys))
      } ?? []
    self.sources = sources
    self.sourcesByKey = sourcesByKey
  }

  /// The source of a key; nil where the file has none.
  public func source(_ key: String) -> OfferSource? { sourcesByKey[key] }

  /// The offer of an id; nil where the file has none.
  public func offer(_ id: String) -> Offer? { offers.first { $0.id == id } }
}

/// An offer: one service of one provider, as it is qualified or means to be.
public struct Offer: Hashable, Sendable {
  public let id: String
  public let name: String
  /// In the order of the file.
  public let facts: [OfferFact]
  /// In the order of the milestones.
  public let milestones: [OfferMilestone]

  /// The fact of a name, even where its value is unknown; nil where the file does not have it.
  public subscript(name: String) -> OfferFact? { facts.first { $0.name == name } }

  init(reading declaration: Declaration, sources: Set<String>) throws {
    let members = try declaration.members(required: ["id", "nom", "faits"])
    let identity = members.required("id")
    id = try identity.text()
    guard id.utf8.allSatisfy({ (0x61...0x7A).contains($0) || (0x30...0x39).contains($0) || $0 == 0x2D }) else {
      throw identity.error(
        "un identifiant n'a que des minuscules, des chiffres et des tirets.", "an id has but lower-case letters, digits and hyphens.")
    }
    name = try members.required("nom").text()
    var facts: [OfferFact] = []
    var milestones: [OfferMilestone] = []
    for (name, value) in try members.required("faits").entries() {
      if name == OfferSchema.milestones {
        milestones = try Self.milestones(value, sources: sources)
      } else {
        facts.append(try OfferFact(name: name, reading: value, sources: sources))
      }
    }
    self.facts = facts
    self.milestones = milestones
  }

  private static func milestones(_ declaration: Declaration, sources: Set<String>) throws -> [OfferMilestone] {
    let read = try declaration.list().map { ($0, try OfferMilestone(reading: $0, sources: sources)) }
    var codes: Set<OfferMilestone.Code> = []
    for (item, milestone) in read where !codes.insert(milestone.code).inserted {
      throw item.error("le jalon \(milestone.code.rawValue) y est deux fois.", "the milestone \(milestone.code.rawValue) is there twice.")
    }
    let sorted = read.sorted { $0.1.code < $1.1.code }
    let dated = sorted.filter { $0.1.date != nil }
    for (earlier, later) in zip(dated, dated.dropFirst()) {
      guard let first = earlier.1.date, let second = later.1.date, second < first else { continue }
      throw later.0.error(
        "\(later.1.code.rawValue) précède \(earlier.1.code.rawValue).", "\(later.1.code.rawValue) comes before \(earlier.1.code.rawValue).")
    }
    return sorted.map(\.1)
  }
}

extension OfferFact {
  init(name: String, reading declaration: Declaration, sources keys: Set<String>) throws {
    guard let shape = OfferSchema.shape(of: name) else { throw declaration.error("ce fait n'est pas connu.", "this fact is not known.") }
    self.name = name
    line = declaration.line
    // `fait: inconnu` says that it was looked for; nobody said it.
    if declaration.spelling == OfferVocabulary.unknown {
      (value, members, precision, sources, isDisputed) = (.unknown, [:], nil, [], false)
      return
    }
    let read = try declaration.members(required: ["valeur", "source"], optional: OfferSchema.common.union(shape.members.keys))
    value = try shape.value.read(read.required("valeur"))
    sources = try read.required("source").sourceKeys(of: keys)
    precision = try read["precision"].map { try $0.text() }
    isDisputed = try read["conflit"].map { try $0.boolean() } ?? false
    var typed: [String: Value] = [:]
    for (member, shape) in shape.members { typed[member] = try read[member].map(shape.read) }
    members = typed
    if case .date(let from) = typed["du"], case .date(let until) = typed["au"], let end = read["au"], until < from { throw end.endsBeforeItBegins }
  }
}

extension OfferMilestone {
  init(reading declaration: Declaration, sources keys: Set<String>) throws {
    let members = try declaration.members(required: ["jalon", "date"], optional: ["precision", "source"])
    code = try members.required("jalon").choice()
    let when = members.required("date")
    date = when.spelling == OfferVocabulary.unknown ? nil : try when.date()
    precision = try members["precision"].map { try $0.text() }
    sources = try members["source"].map { try $0.sourceKeys(of: keys) } ?? []
    line = declaration.line
    if date != nil && sources.isEmpty {
      throw declaration.error("un jalon daté sans source n'est pas un fait.", "a dated milestone without a source is no fact.")
    }
  }
}

extension Declaration {
  /// `source: X` or `source: [X, Y]`, each of which must be declared.
  func sourceKeys(of known: Set<String>) throws -> [String] {
    let items = isList ? try list() : [self]
    guard !items.isEmpty else { throw error("un fait sans source n'est pas écrit.", "a fact without a source is not written.") }
    return try items.map { item in
      let key = try item.text()
      guard known.contains(key) else { throw item.error("la source « \(key) » n'est pas déclarée.", "the source “\(key)” is not declared.") }
      return key
    }
  }
}
