public import Catalogue
public import Declarations

/// What a client needs, by when, and what it will not do without.
public struct Need: Sendable {
  /// What rules an offer out when it lacks.
  public struct Requirements: Sendable {
    /// Whether the service itself must be qualified.
    public let qualification: Bool
    /// Whether the data fall under article 31 of the French law of 21 May 2024 (SREN).
    public let article31: Bool
    /// A region that must be in the qualified scope; nil where any will do.
    public let region: String?
    /// Countries where data and administration may be, by ISO 3166-1 codes; nil where it does not matter.
    public let location: Set<String>?
    /// As the need writes it: `UE` or a country's code.
    public let locationName: String?
    /// Whether requirement 19.6 must be attested.
    public let immunity: Bool
    public let labels: [String]
    /// The least that will do.
    public let keyCustody: OfferKeyCustody?
    /// 0 to 4; nil where none is asked for.
    public let sealFloor: Int?
    public let reversibility: Bool
  }

  public let name: Phrase
  public let summary: Phrase
  /// When a qualification must hold.
  public let day: CalendarDate
  public let contractStart: CalendarDate
  /// How long a qualification must hold after the contract's start, in months.
  public let marginMonths: Int
  public let models: [OfferModel]
  public let services: [OfferService]
  public let requirements: Requirements
  /// The need's own; nil where it gives none.
  public let weights: WeightSet?

  /// The day until which a qualification must hold.
  public var coveredUntil: CalendarDate { contractStart.adding(months: marginMonths) }

  /// Throws `DeclarationError`.
  public init(reading declaration: Declaration) throws {
    let members = try declaration.members(
      required: ["schema", "nom", "jour_du_besoin", "contrat", "modeles", "services", "exigences"],
      optional: ["nom_anglais", "resume", "resume_anglais", "poids"])
    func member(_ name: String) -> Declaration {
      guard let value = members[name] else { preconditionFailure("\(name) was required") }
      return value
    }
    _ = try member("schema").integer(in: 1...1)
    let french = try member("nom").text()
    name = Phrase(french, try members["nom_anglais"]?.text() ?? french)
    let summary = try members["resume"]?.text() ?? ""
    self.summary = Phrase(summary, try members["resume_anglais"]?.text() ?? summary)
    day = try member("jour_du_besoin").date()
    let contract = try member("contrat").members(required: ["debut", "marge_mois"])
    contractStart = try contract["debut"]?.date() ?? day
    if contractStart < day, let start = contract["debut"] {
      throw start.error("le contrat débute avant le jour du besoin.", "the contract starts before the day of need.")
    }
    marginMonths = try contract["marge_mois"]?.integer(in: 0...120) ?? 0
    models = try Self.words(member("modeles"))
    services = try Self.words(member("services"))
    requirements = try Requirements(reading: member("exigences"))
    weights = try members["poids"].map {
      try WeightSet(name: "besoin", source: Phrase("le besoin lui-même", "the need itself"), reading: $0)
    }
  }

  private static func words<Word: RawRepresentable<String> & CaseIterable & Hashable>(_ declaration: Declaration) throws -> [Word] {
    let items = try declaration.list()
    guard !items.isEmpty else { throw declaration.error("cette liste est vide.", "this list is empty.") }
    var seen: Set<Word> = []
    return try items.map { item in
      let text = try item.text(of: Word.allCases.map(\.rawValue))
      guard let word = Word(rawValue: text), seen.insert(word).inserted else {
        throw item.error("« \(text) » y est deux fois.", "“\(text)” is there twice.")
      }
      return word
    }
  }
}

extension Need.Requirements {
  /// What is not written is not required.
  init(reading declaration: Declaration) throws {
    let members = try declaration.members(
      required: ["qualification"],
      optional: ["article_31", "region", "localisation", "immunite_19_6", "labels", "cles", "seal", "reversibilite"])
    qualification = try members["qualification"]?.boolean() ?? false
    article31 = try members["article_31"]?.boolean() ?? false
    if article31 && !qualification {
      throw declaration.error(
        "l'article 31 demande une qualification : « qualification: true ».", "article 31 asks for a qualification: “qualification: true”.")
    }
    region = try members["region"]?.text()
    locationName = try members["localisation"]?.text(of: ["UE"] + OfferVocabulary.europeanUnion.sorted())
    location = locationName.map { $0 == "UE" ? OfferVocabulary.europeanUnion : [$0] }
    immunity = try members["immunite_19_6"]?.boolean() ?? false
    labels = try members["labels"]?.list().map { try $0.text(of: OfferVocabulary.labels) } ?? []
    let custodies = OfferKeyCustody.allCases.filter { $0 != .unspecified }.map(\.rawValue)
    keyCustody = try members["cles"].flatMap { OfferKeyCustody(rawValue: try $0.text(of: custodies)) }
    let levels = (0...4).map { "SEAL-\($0)" }
    sealFloor = try members["seal"].flatMap { levels.firstIndex(of: try $0.text(of: levels)) }
    reversibility = try members["reversibilite"]?.boolean() ?? false
  }
}
