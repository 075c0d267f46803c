import Catalogue
import Declarations
import Offers
import Testing

@Suite struct MeasureTests {
  private func mark(_ id: String, _ facts: String, need: Need? = nil) throws -> [Double] {
    let interval = try Sample.assessment(facts, need: need).measure(id).interval
    return [interval.low, interval.high]
  }

  @Test func whatNobodyKnowsIsTheWholeTableAndNotZero() throws {
    let comparison = try Sample.comparison([("a", "      cible: inconnu")])
    for measure in try #require(comparison.assessments.first).axes.flatMap(\.measures) {
      let table = try #require(comparison.measures.first { $0.id == measure.id && $0.axis == measure.axis })
      let marks = table.scale.map(\.mark)
      #expect([measure.interval.low, measure.interval.high] == [marks.min(), marks.max()], "\(measure.id)")
      #expect(measure.question != nil, "\(measure.id)")
    }
  }

  @Test func everyTableFallsFromItsFirstLineToItsLast() throws {
    let measures = Rubric.measures(for: try Sample.need())
    for measure in measures {
      let marks = measure.scale.map(\.mark)
      #expect(marks == marks.sorted(by: >), "\(measure.id)")
      #expect(Set(marks).count == marks.count && marks.count > 1, "\(measure.id)")
    }
    #expect(Set(measures.map(\.axis)) == Set(Axis.allCases))
  }

  @Test(arguments: [
    ("statut", Sample.qualified, [100.0, 100]), ("statut", Sample.underWay, [0, 50]),
    (
      "statut", Sample.underWay + "\n      jalons:\n        - {jalon: J0, date: 2025-01-01, source: FRESH}\n        - {jalon: J1, date: inconnu}",
      [10, 10]
    ),
    ("version", Sample.qualified, [100, 100]), ("version", Sample.qualified.replacing("[\"3.2\"]", with: "[\"3.2\", \"3.1\"]"), [40, 100]),
    ("version", Sample.underWay, [0, 0]), ("mois_restants", Sample.qualified, [100, 100]),
    ("mois_restants", Sample.qualified.replacing("2029-12-31", with: "2029-01-04"), [100, 100]),
    ("mois_restants", Sample.qualified.replacing("2029-12-31", with: "2029-01-03"), [75, 75]),
    ("mois_restants", Sample.qualified.replacing("2029-12-31", with: "2027-01-04"), [25, 25]),
    ("origine", "      technologie: {valeur: x, origine_technologie: DE, source: FRESH}", [100, 100]),
    ("origine", "      technologie: {valeur: x, origine_technologie: US, source: FRESH}", [20, 20]),
    ("origine", "      technologie: {valeur: x, origine_technologie: US, conflit: true, source: FRESH}", [20, 100]),
    ("cles_client", "      cles_client: {valeur: x, niveau: byok, source: FRESH}", [75, 75]),
    ("cles_client", "      cles_client: {valeur: x, niveau: kms, source: FRESH}", [60, 100]),
    ("cles_client", "      cles_client: {valeur: \"BYOK\", source: FRESH}", [0, 100]),
    ("socle", "      dependance: {valeur: aucune, source: FRESH}", [100, 100]),
    ("centres", "      sites: {valeur: x, centres: 2, source: FRESH}", [70, 70]),
    ("sla", "      sla: {valeur: x, disponibilite: 99.95, source: FRESH}", [80, 80]),
    ("sla", "      sla: {valeur: x, disponibilite: 99.94, source: FRESH}", [60, 60]),
    ("standards", "      technologie: {valeur: x, standards: [AWS, S3], source: FRESH}", [100, 100]),
    ("standards", "      technologie: {valeur: x, standards: [vSphere], source: FRESH}", [60, 60]),
    ("standards", "      technologie: {valeur: x, standards: [propre], source: FRESH}", [20, 20]), ("reversibilite", Sample.qualified, [100, 100]),
    ("prix_publics", "      prix_publics: {valeur: x, lecture: devis, source: FRESH}", [40, 40]),
    ("pue", "      environnement: {valeur: x, pue: 1.3, source: FRESH}", [70, 70]),
  ])
  func aFactGivesTheMarkOfItsLine(id: String, facts: String, expected: [Double]) throws {
    #expect(try mark(id, facts) == expected)
  }

  @Test(arguments: [
    ("[{nom: A, part: \"50 %\", pays: FR}, {nom: B, part: \"50 %\", pays: FR}, {nom: C, part: \"0 %\", pays: US}]", [100.0, 100], [100.0, 100]),
    ("[{nom: A, part: \"75 %\", pays: FR}, {nom: B, part: \"25 %\", pays: US}]", [50, 50], [40, 40]),
    ("[{nom: A, part: \"60 %\", pays: FR}, {nom: B, part: \"conflit : < 8 % ou 20 %\", pays: US}]", [50, 50], [0, 100]),
    ("[{nom: A, part: inconnue, pays: FR}]", [100, 100], [0, 100]), ("[{nom: A, part: \"45 %\", pays: US}]", [0, 0], [0, 0]),
    ("[{nom: A, part: \"50 %\"}]", [0, 100], [0, 100]),
  ])
  func sharesThatContradictEachOtherOrLackWidenTheRange(holders: String, countries: [Double], shares: [Double]) throws {
    let facts = "      actionnaires: {valeur: \(holders), source: FRESH}"
    #expect(try mark("pays", facts) == countries)
    #expect(try mark("part_hors_ue", facts) == shares)
  }

  @Test func anAttestedQualificationBoundsTheShareOutsideTheUnion() throws {
    #expect(try mark("part_hors_ue", Sample.qualified) == [40, 100])
    let holders = "\n      actionnaires: {valeur: [{nom: A, part: \"90 %\", pays: FR}], source: FRESH}"
    #expect(try mark("part_hors_ue", Sample.qualified + holders) == [80, 100])
  }

  @Test(arguments: [
    ("au_perimetre: [calcul]", true, [100.0, 100]), ("lecture: [calcul]", true, [30, 100]), ("lecture: [calcul]", false, [100, 100]),
    ("absents: [calcul]", true, [0, 0]), ("lecture: [objet]", true, [0, 100]),
  ])
  func aServiceCountsWhereItIsInTheScopeAskedFor(member: String, isQualificationRequired: Bool, expected: [Double]) throws {
    let need = try Sample.need(requiring: "qualification: \(isQualificationRequired)")
    #expect(try mark("service.calcul", Sample.qualified + "\n      services: {valeur: x, \(member), source: FRESH}", need: need) == expected)
  }

  @Test func everyCellCitesItsFactWithSourceAndDate() throws {
    let facts = "      statut: {valeur: qualifie, du: 2026-01-01, au: 2029-12-31, decision: \"12\", source: [OLD, NODATE]}"
    let cited = try #require(try Sample.assessment(facts).measure("statut").evidence.first)
    #expect(cited.fact == "statut")
    #expect(cited.text == "qualifie, du 2026-01-01, au 2029-12-31, décision 12")
    #expect(cited.citations.map(\.key) == ["OLD", "NODATE"])
    #expect(cited.citations.map(\.date) == ["2026-09-13", nil])
    #expect(cited.isStale)
  }

  @Test func aFactIsAsFreshAsItsFreshestSource() throws {
    let facts = "      statut: {valeur: qualifie, au: 2029-12-31, source: [OLD, FRESH]}"
    #expect(try Sample.assessment(facts).measure("statut").evidence.first?.isStale == false)
    #expect(try Sample.assessment(facts, on: "2026-12-22").measure("statut").evidence.first?.isStale == true)
  }

  @Test func aMilestonesContradictionIsCitedBesideIt() throws {
    let facts =
      Sample.underWay
      + "\n      jalons:\n        - {jalon: J1, date: 2025-11-17, source: FRESH}\n      conflit_J1: {valeur: \"septembre 2025\", source: OLD}"
    let evidence = try Sample.assessment(facts).measure("statut").evidence
    #expect(evidence.map(\.fact) == ["statut", "jalons", "conflit_J1"])
    #expect(evidence.map(\.isDisputed) == [false, true, true])
  }
}
