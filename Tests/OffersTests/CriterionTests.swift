import Catalogue
import Declarations
import Offers
import Testing

@Suite struct CriterionTests {
  private static let strict = "qualification: true, localisation: UE, immunite_19_6: true, reversibilite: true"

  @Test func aQualificationUnder32AttestsWhatThatVersionRequires() throws {
    let assessment = try Sample.assessment(Sample.qualified, need: try Sample.need(requiring: Self.strict))
    #expect(assessment.eligibility == .eligible)
    #expect(assessment.criteria.allSatisfy { $0.state == .passed && $0.question == nil })
    #expect(try assessment.criterion("immunite_19_6").evidence.map(\.fact) == ["statut", "version"])
  }

  @Test(arguments: [
    Sample.qualified.replacing("lecture: [\"3.2\"]", with: "lecture: [\"3.2\", \"3.1\"]"),
    Sample.qualified.replacing("lecture: [\"3.2\"]", with: "lecture: [\"3.1\"]"), Sample.qualified.replacing(", lecture: [\"3.2\"]", with: ""),
    Sample.qualified.replacing("lecture: [\"3.2\"]", with: "lecture: [\"3.2\"], conflit: true"),
    Sample.qualified + "\n      conflit_version: {valeur: \"3.1 selon un autre\", source: OLD}",
  ])
  func whereTheVersionIsNotSettledItIsAQuestionAndNoRefusal(facts: String) throws {
    let assessment = try Sample.assessment(facts, need: try Sample.need(requiring: Self.strict))
    #expect(assessment.eligibility == .conditional)
    for id in ["localisation", "immunite_19_6", "reversibilite"] {
      let result = try assessment.criterion(id)
      #expect(result.state == .unknown)
      #expect(assessment.questions.contains(try #require(result.question)))
    }
  }

  @Test(arguments: [
    ("du: 2026-01-01, au: 2029-12-31", CriterionResult.State.passed, CriterionResult.State.passed), ("du: inconnu, au: 2028-01-04", .passed, .passed),
    ("du: inconnu, au: 2028-01-03", .passed, .failed), ("du: 2026-01-01, au: 2027-01-04", .passed, .failed),
    ("du: 2026-01-01, au: 2027-01-03", .failed, .failed), ("du: 2027-01-05, au: 2029-12-31", .failed, .passed),
    ("du: inconnu, au: inconnu", .unknown, .unknown),
  ])
  func aQualificationHoldsFromItsFirstDayToItsLast(dates: String, qualified: CriterionResult.State, covered: CriterionResult.State) throws {
    let facts = Sample.qualified.replacing("du: 2026-01-01, au: 2029-12-31", with: dates)
    let assessment = try Sample.assessment(facts)
    #expect(try assessment.criterion("qualification").state == qualified)
    #expect(try assessment.criterion("echeance").state == covered)
  }

  @Test(arguments: [false, true]) func anOfferUnderWayIsNeverEligibleButMayBeInADatedScenario(isArticle31: Bool) throws {
    let facts = Sample.underWay + "\n      jalons:\n        - {jalon: J1, date: 2025-11-17, source: FRESH}"
    let assessment = try Sample.assessment(facts, need: try Sample.need(requiring: "qualification: true, article_31: \(isArticle31)"))
    #expect(assessment.eligibility == .excluded)
    #expect(try assessment.criterion("qualification").reason.french.contains("jamais éligible") == isArticle31)
    let scenario = try #require(assessment.scenario)
    #expect(scenario.french.contains("si J3"))
    #expect(scenario.french.contains("avant le 2027-01-04"))
    #expect(scenario.french.contains("J1 2025-11-17"))
  }

  @Test func thereIsNoScenarioOnceTheDayHasPassed() throws {
    #expect(try Sample.assessment(Sample.underWay, on: "2027-01-05").scenario == nil)
  }

  @Test func thereIsNoScenarioWhereADecisionWouldNotDo() throws {
    #expect(try Sample.assessment(Sample.underWay.replacing("[IaaS]", with: "[SaaS]")).scenario == nil)
    #expect(try Sample.assessment(Sample.underWay.replacing("en_cours", with: "retire")).scenario == nil)
  }

  @Test func aQualificationThatEndsTooEarlyHasTheScenarioOfItsRenewal() throws {
    let assessment = try Sample.assessment(Sample.qualified.replacing("au: 2029-12-31", with: "au: 2026-11-30"))
    #expect(assessment.eligibility == .excluded)
    let scenario = try #require(assessment.scenario)
    #expect(scenario.french.contains("renouvelée au plus tard le 2026-11-30"))
    #expect(scenario.french.contains("2028-01-04"))
  }

  @Test func anOfferUnderWayMayDoWhereNoQualificationIsAskedFor() throws {
    let assessment = try Sample.assessment(Sample.underWay, need: try Sample.need(requiring: "qualification: false"))
    #expect(assessment.eligibility == .eligible)
    #expect(!assessment.criteria.contains { ["qualification", "echeance", "region"].contains($0.id) })
  }

  @Test(arguments: [
    ("      region_qualifiee: {valeur: paris, source: FRESH}", CriterionResult.State.passed),
    ("      region_qualifiee: {valeur: lyon, source: FRESH}", .failed), ("      region_qualifiee: inconnu", .unknown),
    ("      region_qualifiee: {valeur: paris, conflit: true, source: FRESH}", .unknown),
  ])
  func aRegionIsAskedForByItsName(fact: String, state: CriterionResult.State) throws {
    let facts = Sample.qualified.replacing("      region_qualifiee: {valeur: paris, source: FRESH}", with: fact)
    let assessment = try Sample.assessment(facts, need: try Sample.need(requiring: "qualification: true, region: paris"))
    #expect(try assessment.criterion("region").state == state)
  }

  @Test(arguments: [
    ("[{nom: HDS, du: 2026-08-27, au: 2029-08-27}]", CriterionResult.State.passed), ("[{nom: HDS, au: 2027-01-03}]", .failed),
    ("[{nom: HDS, du: 2027-01-05, au: 2029-01-01}]", .failed), ("[{nom: HDS}]", .unknown), ("[{nom: \"ISO 27001\"}]", .unknown),
  ])
  func anAttestationMustHoldWhenTheContractStarts(labels: String, state: CriterionResult.State) throws {
    let facts = Sample.qualified + "\n      autres_labels: {valeur: x, lecture: \(labels), source: FRESH}"
    let assessment = try Sample.assessment(facts, need: try Sample.need(requiring: "qualification: true, labels: [HDS]"))
    #expect(try assessment.criterion("label.HDS").state == state)
  }

  @Test(arguments: [
    ("externe", "cmek", CriterionResult.State.passed), ("cmek", "cmek", .passed), ("cmek_partiel", "cmek", .unknown),
    ("cmek_partiel", "byok", .failed),
    ("kms", "cmek", .passed), ("kms", "externe", .unknown), ("prestataire", "cmek", .failed), ("byok", "externe", .failed),
  ])
  func theCustodyOfKeysHasAFloor(custody: String, floor: String, state: CriterionResult.State) throws {
    let facts = Sample.qualified + "\n      cles_client: {valeur: x, niveau: \(custody), source: FRESH}"
    let assessment = try Sample.assessment(facts, need: try Sample.need(requiring: "qualification: true, cles: \(floor)"))
    #expect(try assessment.criterion("cles").state == state)
  }

  @Test(arguments: [("SEAL-3", CriterionResult.State.passed), ("SEAL-2", .passed), ("SEAL-1", .failed), ("inconnu", .unknown)])
  func aSealFloorIsAskedForOnlyWhereTheNeedHasOne(level: String, state: CriterionResult.State) throws {
    let facts = Sample.qualified + "\n      seal: {valeur: \(level), source: FRESH}"
    let need = try Sample.need(requiring: "qualification: true, seal: SEAL-2")
    #expect(try Sample.assessment(facts, need: need).criterion("seal").state == state)
    #expect(try !Sample.assessment(facts).criteria.contains { $0.id == "seal" })
  }

  @Test(arguments: [("[FR, DE]", CriterionResult.State.passed), ("[FR, US]", .failed)])
  func aLocationOutsideRulesOut(countries: String, state: CriterionResult.State) throws {
    let facts = Sample.underWay + "\n      localisation: {valeur: \(countries), source: FRESH}"
    let assessment = try Sample.assessment(facts, need: try Sample.need(requiring: "qualification: false, localisation: UE"))
    #expect(try assessment.criterion("localisation").state == state)
  }

  @Test func aQualificationDoesNotAttestASingleCountry() throws {
    let assessment = try Sample.assessment(Sample.qualified, need: try Sample.need(requiring: "qualification: true, localisation: FR"))
    #expect(try assessment.criterion("localisation").state == .unknown)
  }

  @Test(arguments: [("2029-12-31", CriterionResult.State.passed), ("2027-06-30", .unknown)])
  func whatStandsOnAnotherOfferAsksWhatBecomesOfIt(baseExpiry: String, state: CriterionResult.State) throws {
    let comparison = try Sample.comparison([
      ("base", Sample.qualified.replacing("2029-12-31", with: baseExpiry)),
      ("top", Sample.qualified + "\n      dependance: {valeur: base, source: FRESH}"),
    ])
    let top = try #require(comparison.assessments.first { $0.offer.id == "top" })
    #expect(try top.criterion("socle").state == state)
    #expect(comparison.assessments.first { $0.offer.id == "base" }?.criteria.contains { $0.id == "socle" } == false)
  }
}
