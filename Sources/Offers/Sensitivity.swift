internal import Catalogue

/// How far a single weight must move to change the order of the first offers, the others rescaled in proportion.
public struct Sensitivity: Sendable {
  /// The order of so many of the first offers is looked at.
  public static let depth = 3

  /// The least move of one axis's weight that changes the order.
  public struct Shift: Sendable {
    public let axis: Axis
    /// The weight as it is.
    public let weight: Double
    /// The weight beyond which the order changes.
    public let threshold: Double
    /// The offers that change places, the first one first.
    public let pair: (first: String, second: String)

    /// Points to move.
    public var points: Double { abs(threshold - weight) }
  }

  /// For each axis whose weight can change the order within 0 to 100, the least move; the least of them first.
  public let shifts: [Shift]
  /// Whether there was an order to change: two offers of the same eligibility at least.
  public let isMeaningful: Bool

  /// By the middles of the marks, among offers of the same eligibility.
  init(_ assessments: [Assessment], weights: WeightSet) {
    let admitted = assessments.filter { $0.eligibility != .excluded }
    let top = admitted.prefix(Self.depth)
    // Any of those behind may take the last place.
    let challengers = top.last.map { last in admitted.dropFirst(top.count).map { (last, $0) } } ?? []
    let pairs = (Array(zip(top, top.dropFirst())) + challengers).filter { $0.0.eligibility == $0.1.eligibility }
    isMeaningful = !pairs.isEmpty
    shifts = Axis.allCases.compactMap { axis -> Shift? in
      let candidates = pairs.compactMap { first, second -> Shift? in
        guard let threshold = Self.threshold(of: axis, first, second, weights) else { return nil }
        return Shift(axis: axis, weight: weights[axis], threshold: threshold, pair: (first.offer.name, second.offer.name))
      }
      return candidates.min { $0.points < $1.points }
    }.sorted { ($0.points, $0.axis.rawValue) < ($1.points, $1.axis.rawValue) }
  }

  /// Where the lead of the first over the second, as a function of one axis's weight, is nil. It is linear: `w·a + (100 − w)·r`, `a` being the
  /// lead on the axis and `r` that on the others at their proportion.
  private static func threshold(of axis: Axis, _ first: Assessment, _ second: Assessment, _ weights: WeightSet) -> Double? {
    let weight = weights[axis]
    let rest = WeightSet.total - weight
    // With all of the weight on one axis, the others have no proportion to keep.
    guard rest > 0 else { return nil }
    func lead(_ axis: Axis) -> Double { (first[axis].middle - second[axis].middle).settled }
    let own = lead(axis)
    let others = (Axis.allCases.filter { $0 != axis }.reduce(0) { $0 + weights[$1] * lead($1) } / rest).settled
    guard others != own else { return nil }
    let threshold = (WeightSet.total * others / (others - own)).settled
    return threshold > 0 && threshold < WeightSet.total ? threshold : nil
  }
}
