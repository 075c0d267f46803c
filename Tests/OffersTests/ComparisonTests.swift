import Catalogue
import Declarations
import Offers
import Testing

@Suite struct ComparisonTests {
  private func shipped(_ name: String, _ weights: WeightSet = .start) throws -> Comparison {
    Comparison(of: try OfferData.catalogue(), with: try #require(try OfferData.need(name)), weights: weights, on: try Sample.date())
  }

  private func lines(_ comparison: Comparison) -> [String] {
    comparison.assessments.map { assessment in
      let (low, high) = ((assessment.total.low * 10).rounded() / 10, (assessment.total.high * 10).rounded() / 10)
      return "\(assessment.offer.id) \(assessment.eligibility.rawValue) \(low) \(high)\(assessment.scenario == nil ? "" : " scénario")"
    }
  }

  @Test func theHospitalsOrderIsKept() throws {
    #expect(
      lines(try shipped("hopital")) == [
        "cloud-temple-iaas sous_reserve 36.7 98.1",
        "s3ns sous_reserve 36.2 89.5",
        "ovh-snc-platform sous_reserve 21.4 100.0",
        "numspot sous_reserve 21.7 98.5",
        "ovh-bm-pod sous_reserve 21.7 97.6",
        "cegedim non_eligible 29.5 98.1 scénario",
        "outscale non_eligible 23.3 84.0 scénario",
        "scaleway non_eligible 15.0 85.4 scénario",
        "bleu non_eligible 20.1 78.5 scénario",
        "ovh-hpc-vmware non_eligible 20.1 77.1 scénario",
        "oodrive non_eligible 19.9 98.1",
        "cloud-temple-paas non_eligible 19.0 93.7",
        "whaller non_eligible 7.9 100.0",
      ])
  }

  @Test func theMinistrysOrderIsKept() throws {
    #expect(
      lines(try shipped("ministere")) == [
        "cloud-temple-iaas sous_reserve 40.5 98.1",
        "s3ns sous_reserve 37.3 89.5",
        "numspot sous_reserve 21.7 98.5",
        "ovh-snc-platform sous_reserve 20.2 100.0",
        "ovh-bm-pod sous_reserve 21.7 97.6",
        "cegedim non_eligible 29.5 98.1 scénario",
        "outscale non_eligible 24.4 84.0 scénario",
        "scaleway non_eligible 15.0 85.4 scénario",
        "bleu non_eligible 20.1 78.5 scénario",
        "ovh-hpc-vmware non_eligible 20.1 77.1 scénario",
        "oodrive non_eligible 20.8 99.1",
        "cloud-temple-paas non_eligible 20.2 93.7",
        "whaller non_eligible 7.9 100.0",
      ])
  }

  @Test func theTownHallsOrderIsKept() throws {
    #expect(
      lines(try shipped("mairie")) == [
        "s3ns eligible 40.1 89.5",
        "cegedim eligible 29.5 98.1",
        "cloud-temple-iaas sous_reserve 34.2 98.1",
        "ovh-snc-platform sous_reserve 28.0 100.0",
        "numspot sous_reserve 21.7 98.5",
        "ovh-bm-pod sous_reserve 21.7 97.6",
        "outscale sous_reserve 26.0 84.0",
        "bleu sous_reserve 24.0 78.5",
        "ovh-hpc-vmware sous_reserve 24.0 77.1",
        "scaleway sous_reserve 15.0 85.4",
        "oodrive non_eligible 19.9 98.1",
        "cloud-temple-paas non_eligible 19.0 93.7",
        "whaller non_eligible 7.9 100.0",
      ])
  }

  @Test func noOfferUnderWayDoesForArticle31() throws {
    for assessment in try shipped("ministere").admitted {
      #expect(assessment.offer["statut"]?.words() == ["qualifie"], "\(assessment.offer.id)")
    }
  }

  @Test(arguments: OfferData.needNames, WeightSet.named) func everyTotalIsTheWeightedSumOfItsAxes(name: String, weights: WeightSet) throws {
    for assessment in try shipped(name, weights).assessments {
      let low = Axis.allCases.reduce(0) { $0 + assessment[$1].low * weights[$1] / 100 }
      let high = Axis.allCases.reduce(0) { $0 + assessment[$1].high * weights[$1] / 100 }
      #expect(abs(low - assessment.total.low) < 1e-9 && abs(high - assessment.total.high) < 1e-9)
      #expect(0 <= low && low <= high && high <= 100 + 1e-9)
    }
  }

  @Test func whatIsLearntNarrowsTheRangeAndTakesTheQuestionAway() throws {
    let before = try Sample.assessment(Sample.qualified)
    let after = try Sample.assessment(Sample.qualified + "\n      double_source: {valeur: oui, source: FRESH}")
    #expect(after.total.low > before.total.low)
    #expect(after.total.high == before.total.high)
    #expect(after.questions.count == before.questions.count - 1)
  }

  @Test func theNameOfAnOfferChangesNothing() throws {
    let facts = Sample.qualified
    let assessments = try Sample.comparison([("outscale", facts), ("bleu", facts), ("z", facts)]).assessments
    #expect(Set(assessments.map(\.total)).count == 1)
    #expect(assessments.map(\.offer.id) == ["bleu", "outscale", "z"])
  }

  @Test func theFirstOneLeadsForCertainWhereItsLeastIsMoreThanTheOthersMost() throws {
    let weights = try Self.weights([.qualification: 100])
    let open = Sample.qualified
    let settled = open + "\n      conditions: {valeur: non, source: FRESH}"
    let bad = Sample.qualified.replacing("au: 2029-12-31", with: "au: 2028-01-05").replacing("[\"3.2\"]", with: "[\"3.1\"]")
    #expect(try Sample.comparison([("a", settled), ("b", bad)], weights: weights).isLeadCertain)
    #expect(try !Sample.comparison([("a", open), ("b", settled)], weights: weights).isLeadCertain)
  }

  // MARK: Sensitivity

  private static func weights(_ points: [Axis: Double]) throws -> WeightSet {
    let lines = points.map { "\($0.key.rawValue): \($0.value)" }.joined(separator: ", ")
    return try WeightSet(reading: Declaration("schema: 1\nnom: \"x\"\nsource: \"y\"\npoids: {\(lines)}", file: "w.yaml"))
  }

  /// The set with one weight moved and the others in proportion.
  private static func moved(_ axis: Axis, to points: Double, in set: WeightSet) throws -> WeightSet {
    let factor = (100 - points) / (100 - set[axis])
    return try weights(Dictionary(uniqueKeysWithValues: Axis.allCases.map { ($0, $0 == axis ? points : set[$0] * factor) }))
  }

  @Test(arguments: OfferData.needNames, WeightSet.named) func theOrderChangesJustBeyondEachThresholdAndNotBefore(name: String, weights: WeightSet)
    throws
  {
    let comparison = try shipped(name, weights)
    let first = Array(comparison.admitted.map(\.offer.id).prefix(Sensitivity.depth))
    for shift in comparison.sensitivity.shifts {
      let direction = shift.threshold < shift.weight ? -1.0 : 1.0
      func order(at points: Double) throws -> [String] {
        try Array(shipped(name, Self.moved(shift.axis, to: points, in: weights)).admitted.map(\.offer.id).prefix(Sensitivity.depth))
      }
      // Level offers have no order of their own to change.
      guard shift.points > 0.01 else { continue }
      let room = direction < 0 ? shift.threshold : 100 - shift.threshold
      #expect(try order(at: shift.threshold + direction * min(0.001, room / 2)) != first, "\(shift.axis)")
      #expect(try order(at: shift.threshold - direction * 0.005) == first, "\(shift.axis)")
    }
  }

  @Test(arguments: OfferData.needNames) func anAxisWithoutAThresholdCannotChangeTheOrder(name: String) throws {
    let comparison = try shipped(name)
    let first = Array(comparison.admitted.map(\.offer.id).prefix(Sensitivity.depth))
    let named = Set(comparison.sensitivity.shifts.map(\.axis))
    for axis in Axis.allCases where !named.contains(axis) {
      for points in [0.001, 25, 50, 75, 99.999] {
        let order = try shipped(name, Self.moved(axis, to: points, in: .start)).admitted.map(\.offer.id).prefix(Sensitivity.depth)
        #expect(Array(order) == first, "\(axis) \(points)")
      }
    }
  }

  @Test func aThresholdIsWhereTheLeadIsNil() throws {
    // The first leads by 50 on the cost, the second by 20 on the law: they are level where the law counts two and a half times the cost.
    let weights = try Self.weights([.law: 20, .cost: 80])
    let first =
      Sample.qualified + "\n      prix_publics: {valeur: x, lecture: public, engagement_mois: 1, source: FRESH}"
      + "\n      technologie: {valeur: x, origine_technologie: US, source: FRESH}"
    let second =
      Sample.qualified + "\n      prix_publics: {valeur: x, lecture: devis, engagement_mois: 12, source: FRESH}"
      + "\n      technologie: {valeur: x, origine_technologie: FR, source: FRESH}"
    let comparison = try Sample.comparison([("a", first), ("b", second)], weights: weights)
    let shift = try #require(comparison.sensitivity.shifts.first)
    #expect(comparison.admitted.map(\.offer.id) == ["a", "b"])
    #expect(comparison.assessments[0][.cost].middle - comparison.assessments[1][.cost].middle == 50)
    #expect(comparison.assessments[1][.law].middle - comparison.assessments[0][.law].middle == 20)
    #expect(abs(shift.points - abs(100 * 50 / 70 - 20)) < 1e-5)
    #expect(["cout", "droit"].contains(shift.axis.rawValue))
    // The technology's origin counts on the autonomy too, for the second.
    #expect(Set(comparison.sensitivity.shifts.map(\.axis)) == [.law, .cost, .autonomy])
  }

  @Test func noMoveChangesAnOrderThatEveryAxisAgreesOn() throws {
    let better = Sample.qualified + "\n      double_source: {valeur: oui, source: FRESH}"
    let comparison = try Sample.comparison([("a", better), ("b", Sample.qualified)])
    #expect(comparison.sensitivity.isMeaningful)
    #expect(comparison.sensitivity.shifts.isEmpty)
    let text = ComparisonReport(comparison).text
    #expect(text.contains("Aucun déplacement d'un seul poids ne change l'ordre."))
  }

  @Test func oneOfferHasNoOrder() throws {
    let comparison = try Sample.comparison([("a", Sample.qualified), ("b", Sample.underWay)])
    #expect(!comparison.sensitivity.isMeaningful)
    #expect(comparison.sensitivity.shifts.isEmpty)
  }
}
