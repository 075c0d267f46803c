import Catalogue
import Declarations
import Offers
import Testing

/// Small files that tests write and read.
enum Sample {
  /// An offer that is qualified under 3.2 for years, in its facts.
  static let qualified = """
          modeles: {valeur: [IaaS], source: FRESH}
          statut: {valeur: qualifie, du: 2026-01-01, au: 2029-12-31, source: FRESH}
          version: {valeur: "3.2", lecture: ["3.2"], source: FRESH}
          region_qualifiee: {valeur: paris, source: FRESH}
    """

  static let underWay = """
          modeles: {valeur: [IaaS], source: FRESH}
          statut: {valeur: en_cours, source: FRESH}
    """

  static let day = "2026-11-25"

  /// A file of offers, each by its id and the lines of its facts.
  static func file(_ offers: [(id: String, facts: String)]) -> String {
    let written = offers.map { "  - id: \($0.id)\n    nom: \"Offre \($0.id)\"\n    faits:\n\($0.facts)" }
    return """
      schema: 1
      date_recherche: 2026-11-23
      sources:
        FRESH: {quoi: "fraîche", date: 2026-11-20, fiabilite: bonne}
        OLD: {quoi: "ancienne", date: 2026-09-13, fiabilite: bonne}
        YEAR: {quoi: "une année", date: 2025, fiabilite: faible}
        NODATE: {quoi: "sans date", date: null, fiabilite: moyenne}
      offres:
      \(written.joined(separator: "\n"))

      """
  }

  static func catalogue(_ offers: [(id: String, facts: String)]) throws -> OfferCatalogue {
    try OfferCatalogue(reading: Declaration(file(offers), file: "offers.yaml"))
  }

  static let need = """
    schema: 1
    nom: "Besoin"
    jour_du_besoin: 2027-01-04
    contrat: {debut: 2027-01-04, marge_mois: 12}
    modeles: [IaaS]
    services: [calcul]
    exigences: {qualification: true}
    """

  static func need(_ text: String = need) throws -> Need { try Need(reading: Declaration(text, file: "need.yaml")) }

  /// The sample need with other requirements.
  static func need(requiring requirements: String) throws -> Need {
    try need(need.replacing("exigences: {qualification: true}", with: "exigences: {\(requirements)}"))
  }

  static func date(_ text: String = day) throws -> CalendarDate { try #require(CalendarDate(text)) }

  static func comparison(
    _ offers: [(id: String, facts: String)], need: Need? = nil, weights: WeightSet = .start, on day: String = day
  ) throws -> Comparison {
    Comparison(of: try catalogue(offers), with: try need ?? Self.need(), weights: weights, on: try date(day))
  }

  /// What one offer with these facts comes to.
  static func assessment(_ facts: String, need: Need? = nil, on day: String = day) throws -> Assessment {
    try #require(comparison([("a", facts)], need: need, on: day).assessments.first)
  }

  /// The error that reading a text as something throws.
  static func error(_ read: () throws -> Void) throws -> DeclarationError {
    try #require(throws: DeclarationError.self, performing: read)
  }
}

extension Assessment {
  func criterion(_ id: String) throws -> CriterionResult { try #require(criteria.first { $0.id == id }, "\(id)") }

  func measure(_ id: String) throws -> MeasureResult { try #require(axes.flatMap(\.measures).first { $0.id == id }, "\(id)") }
}
