internal import Declarations

/// Which facts there are, and of what shape each is. A fact of another name is an error of its author.
enum OfferSchema {
  /// What a value may be.
  enum Shape: Sendable {
    case text
    case textOrTexts
    case word([String])
    case words([String])
    case date
    case number(ClosedRange<Double>)
    case country
    case countries
    case shareholders
    case labels
    /// The id of another offer of the file, or `aucune`.
    case offer
    /// So many digits, in quotes.
    case digits(Int)
  }

  struct FactShape: Sendable {
    var value: Shape
    var members: [String: Shape] = [:]
  }

  /// The members that every fact may have beside its value.
  static let common: Set = ["precision", "source", "conflit"]
  static let milestones = "jalons"
  private static let conflictPrefix = "conflit_"
  private static let yesNo = Shape.word(["oui", "non"])

  /// The fact of a name; nil where there is no such fact.
  static func shape(of name: String) -> FactShape? {
    if name.hasPrefix(conflictPrefix) {
      let subject = String(name.dropFirst(conflictPrefix.count))
      return facts[subject] != nil || OfferMilestone.Code(rawValue: subject) != nil ? FactShape(value: .text) : nil
    }
    return facts[name]
  }

  /// Every name but `jalons` and those of conflicts.
  static var names: [String] { facts.keys.sorted() }

  private static let facts: [String: FactShape] = [
    // Who, and what ANSSI says
    "prestataire": FactShape(value: .text, members: ["siren": .digits(9)]),
    "modeles": FactShape(value: .words(OfferModel.allCases.map(\.rawValue))),
    "statut": FactShape(value: .word(OfferStatus.allCases.map(\.rawValue)), members: ["du": .date, "au": .date, "decision": .text]),
    "version": FactShape(value: .text, members: ["lecture": .words(OfferVocabulary.versions)]),
    "conditions": FactShape(value: yesNo),
    "region_qualifiee": FactShape(value: .text),
    "perimetre": FactShape(value: .text),
    "cible": FactShape(value: .text),
    "alerte": FactShape(value: .text),
    "autres_labels": FactShape(value: .text, members: ["lecture": .labels]),
    "seal": FactShape(value: .word((0...4).map { "SEAL-\($0)" })),
    // Law and capital
    "actionnaires": FactShape(value: .shareholders, members: ["pays": .country, "part_majoritaire": .text, "parts": .text]),
    "immunite_19_6": FactShape(value: yesNo),
    "localisation": FactShape(value: .countries),
    "demandes_autorites": FactShape(value: yesNo),
    // Keys and access
    "cles_client": FactShape(value: .text, members: ["niveau": .word(OfferKeyCustody.allCases.map(\.rawValue))]),
    "motif_acces": FactShape(value: yesNo),
    "accord_client": FactShape(value: yesNo),
    "journal_verifiable": FactShape(value: yesNo),
    // Autonomy
    "technologie": FactShape(
      value: .text,
      members: [
        "origine_technologie": .country, "standards": .words(OfferStandard.allCases.map(\.rawValue)),
        "lecture": .words(OfferService.allCases.map(\.rawValue)),
      ]),
    "dependance": FactShape(value: .offer),
    "quarantaine": FactShape(value: .text, members: ["lecture": yesNo]),
    "double_source": FactShape(value: yesNo),
    "test_coupure": FactShape(value: yesNo),
    // Services
    "services": FactShape(
      value: .text,
      members: [
        "lecture": .words(OfferService.allCases.map(\.rawValue)), "au_perimetre": .words(OfferService.allCases.map(\.rawValue)),
        "absents": .words(OfferService.allCases.map(\.rawValue)),
      ]),
    // Resilience
    "sites": FactShape(value: .textOrTexts, members: ["pays": .countries, "centres": .number(1...1000)]),
    "exploitation": FactShape(value: .text),
    "sla": FactShape(value: .text, members: ["disponibilite": .number(0...100)]),
    "reprise": FactShape(value: .text, members: ["rto_heures": .number(0...10_000)]),
    // Leaving
    "reversibilite": FactShape(value: yesNo),
    "fin_contrat": FactShape(value: .text, members: ["lecture": yesNo]),
    // Cost
    "prix_publics": FactShape(
      value: .text,
      members: ["lecture": .word(["public", "devis"]), "sortie": .word(["gratuite", "payante"]), "engagement_mois": .number(0...1200)]),
    // Environment
    "environnement": FactShape(value: .text, members: ["pue": .number(1...10)]),
    // For readers only
    "reference_client": FactShape(value: .text),
    "site_web": FactShape(value: .text),
    "marche_ue": FactShape(value: .text),
  ]
}

extension OfferSchema.Shape {
  /// Reads a value of this shape. `inconnu` is a value of every shape.
  func read(_ declaration: Declaration) throws -> OfferFact.Value {
    if let spelling = declaration.spelling,
      [OfferVocabulary.unknown, OfferVocabulary.unknown + "e", OfferVocabulary.unknown + "es"].contains(spelling)
    {
      return .unknown
    }
    switch self {
    case .text: return .text(try declaration.text())
    case .textOrTexts: return declaration.isList ? .texts(try Self.some(declaration).map { try $0.text() }) : .text(try declaration.text())
    case .word(let words): return .text(try declaration.text(of: words))
    case .words(let words):
      let read = try Self.some(declaration).map { ($0, try $0.text(of: words)) }
      var seen: Set<String> = []
      for (item, word) in read where !seen.insert(word).inserted { throw item.error("« \(word) » y est deux fois.", "“\(word)” is there twice.") }
      return .texts(read.map(\.1))
    case .date: return .date(try declaration.date())
    case .number(let range): return .number(try declaration.number(in: range))
    case .country: return .text(try Self.country(declaration))
    case .countries: return .texts(try Self.some(declaration).map(Self.country))
    case .shareholders:
      if !declaration.isList { return .text(try declaration.text()) }
      return .shareholders(try Self.some(declaration).map(OfferShareholder.init(reading:)))
    case .labels: return .labels(try Self.some(declaration).map(OfferLabel.init(reading:)))
    case .offer: return .text(try declaration.text())
    case .digits(let count):
      let text = try declaration.text()
      guard text.utf8.count == count, text.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else {
        throw declaration.error("il faut \(count) chiffres.", "\(count) digits are wanted.")
      }
      return .text(text)
    }
  }

  private static func some(_ declaration: Declaration) throws -> [Declaration] {
    let items = try declaration.list()
    guard !items.isEmpty else { throw declaration.error("cette liste est vide.", "this list is empty.") }
    return items
  }

  fileprivate static func country(_ declaration: Declaration) throws -> String {
    let text = try declaration.text()
    guard text.utf8.count == 2, text.utf8.allSatisfy({ (0x41...0x5A).contains($0) }) else {
      throw declaration.error("il faut un code de pays à deux majuscules.", "a country's code of two capital letters is wanted.")
    }
    return text
  }
}

extension OfferShareholder {
  fileprivate init(reading declaration: Declaration) throws {
    let members = try declaration.members(required: ["nom"], optional: ["part", "pays"])
    name = try members.required("nom").text()
    share = try members["part"].map { try $0.text() }
    country = try members["pays"].map(OfferSchema.Shape.country)
  }
}

extension OfferLabel {
  fileprivate init(reading declaration: Declaration) throws {
    let members = try declaration.members(required: ["nom"], optional: ["du", "au"])
    name = try members.required("nom").text(of: OfferVocabulary.labels)
    from = try members["du"].map { try $0.date() }
    until = try members["au"].map { try $0.date() }
    if let from, let until, let end = members["au"], until < from { throw end.endsBeforeItBegins }
  }
}

extension Declaration {
  /// The error of a period whose end this is.
  var endsBeforeItBegins: DeclarationError { error("cette date précède celle de « du ».", "this date is before that of “du”.") }
}
