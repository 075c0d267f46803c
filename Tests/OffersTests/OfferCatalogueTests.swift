import Catalogue
import Declarations
import Offers
import Testing

@Suite struct OfferCatalogueTests {
  @Test func theShippedFactsAreWhole() throws {
    let catalogue = try OfferData.catalogue()
    #expect(catalogue.offers.count == 13)
    #expect(catalogue.searchDate.description == "2026-11-23")
    // A fact that says something says who says it; one that nobody found has nobody.
    for offer in catalogue.offers {
      for fact in offer.facts { #expect(fact.isUnknown == fact.sources.isEmpty, "\(offer.id) \(fact.name)") }
    }
    #expect(catalogue.offers.flatMap(\.facts).filter(\.isUnknown).count == 21)
    #expect(catalogue.offer("numspot")?["dependance"]?.value == .text("outscale"))
    #expect(catalogue.offer("bleu")?.milestones.map(\.code) == [.j0, .j1])
  }

  @Test(arguments: [
    ("2026", "2026-01-01", "2026-12-31"), ("2026-02", "2026-02-01", "2026-02-28"), ("2024-02", "2024-02-01", "2024-02-29"),
    ("2026-12", "2026-12-01", "2026-12-31"), ("2026-09-13", "2026-09-13", "2026-09-13"),
  ])
  func aSourcesDateIsAsPreciseAsItIsWritten(text: String, first: String, last: String) throws {
    let date = try #require(OfferDate(text))
    #expect(date.first.description == first)
    #expect(date.last.description == last)
    #expect(date.description == text)
  }

  @Test(arguments: ["", "26", "2026-13", "2026-00", "2026-02-30", "2026-9", "septembre 2026", "20260913", "2026-09-13T00:00"])
  func whatNoCalendarHasIsNoDate(text: String) {
    #expect(OfferDate(text) == nil)
  }

  @Test func ageIsCountedFromTheEndOfThePeriodAndNoDateIsAlwaysStale() throws {
    let catalogue = try Sample.catalogue([("a", Sample.qualified)])
    func isStale(_ key: String, _ day: String) throws -> Bool { try #require(catalogue.source(key)).isStale(on: Sample.date(day)) }
    #expect(try !isStale("FRESH", "2026-12-21"))
    #expect(try isStale("FRESH", "2026-12-22"))
    #expect(try !isStale("YEAR", "2026-01-31"))
    #expect(try isStale("YEAR", "2026-02-01"))
    #expect(try isStale("NODATE", "2000-01-01"))
  }

  @Test(arguments: [
    (#"{nom: A, part: "50 %", pays: FR}"#, 50.0, 50.0), (#"{nom: A, part: "33,4 %", pays: FR}"#, 33.4, 33.4), (#"{nom: A, part: "0 %"}"#, 0, 0),
    (#"{nom: A, part: "< 8 % selon l'un, environ 20 % selon l'autre"}"#, 0, 20), (#"{nom: A, part: "> 60 %"}"#, 60, 100),
    (#"{nom: A, part: majoritaire}"#, 50, 100), (#"{nom: A, part: inconnue}"#, 0, 100), (#"{nom: A}"#, 0, 100),
    (#"{nom: A, part: "conflit (id 68724055857)"}"#, 0, 100),
  ])
  func aShareIsReadFromItsWords(holder: String, low: Double, high: Double) throws {
    let catalogue = try Sample.catalogue([("a", "      actionnaires: {valeur: [\(holder)], source: FRESH}")])
    guard case .shareholders(let holders) = catalogue.offers[0]["actionnaires"]?.value else {
      Issue.record("no shareholders")
      return
    }
    #expect(holders[0].percent == low...high)
  }

  struct Fault {
    var facts: String
    var line: Int
    var french: String
  }

  private static let firstFactLine = 12

  @Test(arguments: [
    Fault(facts: "      cible: {valeur: \"2026\"}", line: firstFactLine, french: "le membre « source » manque"),
    Fault(facts: "      cible: {valeur: \"2026\", source: []}", line: firstFactLine, french: "un fait sans source"),
    Fault(facts: "      cible: {valeur: \"2026\", source: NOWHERE}", line: firstFactLine, french: "« NOWHERE » n'est pas déclarée"),
    Fault(facts: "      cible: {valeur: \"2026\", source: [FRESH, NOWHERE]}", line: firstFactLine, french: "« NOWHERE » n'est pas déclarée"),
    Fault(facts: "      cible: {valeur: 11.10, source: FRESH}", line: firstFactLine, french: "« 11.10 » est lu comme un nombre"),
    Fault(facts: "      version: {valeur: \"3.2\", lecture: [3.2], source: FRESH}", line: firstFactLine, french: "« 3.2 » est lu comme un nombre"),
    Fault(facts: "      statut: {valeur: certifie, source: FRESH}", line: firstFactLine, french: "« certifie » n'est pas une des valeurs permises"),
    Fault(facts: "      statut: {valeur: qualifie, du: 2026-02-30, source: FRESH}", line: firstFactLine, french: "il faut une date"),
    Fault(
      facts: "      statut: {valeur: qualifie, du: 2026-07-31, au: 2026-07-30, source: FRESH}", line: firstFactLine, french: "précède celle de « du »"
    ),
    Fault(facts: "      statut: {valeur: qualifie, depuis: 2026-07-31, source: FRESH}", line: firstFactLine, french: "ce membre n'est pas connu"),
    Fault(facts: "      couleur: {valeur: bleu, source: FRESH}", line: firstFactLine, french: "ce fait n'est pas connu"),
    Fault(facts: "      conflit_couleur: {valeur: bleu, source: FRESH}", line: firstFactLine, french: "ce fait n'est pas connu"),
    Fault(facts: "      dependance: {valeur: personne, source: FRESH}", line: firstFactLine, french: "l'offre « personne » n'existe pas"),
    Fault(facts: "      dependance: {valeur: a, source: FRESH}", line: firstFactLine, french: "c'est elle-même"),
    Fault(facts: "      modeles: {valeur: [IaaS, XaaS], source: FRESH}", line: firstFactLine, french: "« XaaS »"),
    Fault(facts: "      modeles: {valeur: [IaaS, IaaS], source: FRESH}", line: firstFactLine, french: "y est deux fois"),
    Fault(facts: "      modeles: {valeur: [], source: FRESH}", line: firstFactLine, french: "cette liste est vide"),
    Fault(facts: "      prestataire: {valeur: A, siren: 825400336, source: FRESH}", line: firstFactLine, french: "est lu comme un nombre"),
    Fault(facts: "      prestataire: {valeur: A, siren: \"8254\", source: FRESH}", line: firstFactLine, french: "9 chiffres"),
    Fault(
      facts: "      actionnaires: {valeur: [{nom: A, pays: France}], source: FRESH}", line: firstFactLine, french: "code de pays à deux majuscules"),
    Fault(facts: "      jalons:\n        - {jalon: J0, date: 2026-01-01}", line: firstFactLine + 1, french: "un jalon daté sans source"),
    Fault(facts: "      jalons:\n        - {jalon: J4, date: inconnu}", line: firstFactLine + 1, french: "« J4 »"),
    Fault(
      facts: "      jalons:\n        - {jalon: J0, date: 2026-02-01, source: FRESH}\n        - {jalon: J1, date: 2026-01-01, source: FRESH}",
      line: firstFactLine + 2, french: "J1 précède J0"),
    Fault(
      facts: "      jalons:\n        - {jalon: J0, date: inconnu}\n        - {jalon: J0, date: inconnu}", line: firstFactLine + 2,
      french: "J0 y est deux fois"),
  ])
  func aFaultyFactIsNamedWithFileAndLine(fault: Fault) throws {
    let error = try Sample.error { _ = try Sample.catalogue([("a", fault.facts)]) }
    #expect(error.file == "offers.yaml")
    #expect(error.line == fault.line)
    #expect(error.french.contains(fault.french), "\(error.french)")
    #expect(!error.english.isEmpty && error.english != error.french)
  }

  @Test func anOfferDeclaredTwiceIsRefusedAtItsSecondPlace() throws {
    let error = try Sample.error {
      _ = try Sample.catalogue([("a", "      cible: inconnu"), ("b", "      cible: inconnu"), ("a", "      cible: inconnu")])
    }
    #expect(error.line == 17)
    #expect(error.french.contains("« a » est déclarée deux fois"))
  }

  @Test func aFactGivenTwiceIsRefused() throws {
    let error = try Sample.error { _ = try Sample.catalogue([("a", "      cible: inconnu\n      cible: inconnu")]) }
    #expect(error.french.contains("clé en double"))
  }

  @Test(arguments: [
    ("date_recherche: 2026-11-23", "date_recherche: 2026-11-31", 2), ("schema: 1", "schema: 2", 1),
    ("date: 2025, fiabilite", "date: 2025-13, fiabilite", 6),
    ("fiabilite: faible", "fiabilite: sure", 6), ("offres:", "autre: 1\noffres:", 8),
  ])
  func aFaultyHeadIsNamedWithItsLine(old: String, new: String, line: Int) throws {
    let text = Sample.file([("a", Sample.qualified)]).replacing(old, with: new)
    let error = try Sample.error { _ = try OfferCatalogue(reading: Declaration(text, file: "o.yaml")) }
    #expect(error.line == line, "\(error)")
  }
}
