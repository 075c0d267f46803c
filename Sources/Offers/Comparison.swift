public import Catalogue
public import Declarations

/// The market's offers against one need, on one day, with one set of weights.
public struct Comparison: Sendable {
  public let need: Need
  public let weights: WeightSet
  /// The day from which facts are as old as they are.
  public let date: CalendarDate
  public let catalogue: OfferCatalogue
  /// Every measure that was taken, with its table.
  public let measures: [Measure]
  /// Eligible offers first, then those with reservations, then the excluded, those with a dated scenario before the others; each group by the
  /// middle of its marks.
  public let assessments: [Assessment]
  public let sensitivity: Sensitivity

  public init(of catalogue: OfferCatalogue, with need: Need, weights: WeightSet, on date: CalendarDate) {
    self.catalogue = catalogue
    self.need = need
    self.weights = weights
    self.date = date
    let measures = Rubric.measures(for: need)
    let assessed = catalogue.offers.map { offer in
      Assessment(Subject(offer: offer, need: need, catalogue: catalogue, date: date), measures: measures, weights: weights)
    }
    assessments = assessed.sorted {
      ($0.group, -$0.total.middle.settled, -$0.total.low.settled, $0.offer.id) < (
        $1.group, -$1.total.middle.settled, -$1.total.low.settled, $1.offer.id
      )
    }
    self.measures = measures
    sensitivity = Sensitivity(assessments, weights: weights)
  }

  /// Those that nothing rules out, in order.
  public var admitted: [Assessment] { assessments.filter { $0.eligibility != .excluded } }
  /// Those that something rules out.
  public var excluded: [Assessment] { assessments.filter { $0.eligibility == .excluded } }

  /// Whether the first of the admitted leads whatever the unknown turns out to be.
  public var isLeadCertain: Bool {
    guard let first = admitted.first else { return false }
    return admitted.dropFirst().allSatisfy { $0.total.high < first.total.low }
  }
}

extension Assessment {
  fileprivate var group: Int {
    switch eligibility {
    case .eligible: 0
    case .conditional: 1
    case .excluded: scenario == nil ? 3 : 2
    }
  }
}
