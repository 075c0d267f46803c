public import Catalogue
internal import Declarations

/// One offer before one need: what rules it out, its marks, and what to ask its provider.
public struct Assessment: Sendable {
  public enum Eligibility: String, Sendable {
    case eligible
    /// Nothing rules it out, and something is not known.
    case conditional = "sous_reserve"
    case excluded = "non_eligible"

    /// For readers.
    public var name: Phrase {
      switch self {
      case .eligible: Phrase("éligible", "eligible")
      case .conditional: Phrase("éligible sous réserve", "eligible with reservations")
      case .excluded: Phrase("non éligible", "not eligible")
      }
    }
  }

  /// The mark of one axis.
  public struct AxisResult: Sendable {
    public let axis: Axis
    public let interval: Interval
    public let measures: [MeasureResult]
  }

  public let offer: Offer
  public let eligibility: Eligibility
  /// Those that the need asks for, in their order.
  public let criteria: [CriterionResult]
  /// Every axis, in its order.
  public let axes: [AxisResult]
  /// The weighted sum of the axes.
  public let total: Interval
  /// On what dated condition an excluded offer would be eligible; nil where there is none, or nothing is needed.
  public let scenario: Phrase?
  /// What to ask the provider: first what may rule the offer out.
  public let questions: [Phrase]

  init(_ subject: Subject, measures: [Measure], weights: WeightSet) {
    offer = subject.offer
    let criteria = Criterion.all(for: subject.need).compactMap { $0.result(for: subject) }
    let failed = criteria.filter { $0.state == .failed }
    eligibility = !failed.isEmpty ? .excluded : criteria.contains { $0.state == .unknown } ? .conditional : .eligible
    scenario = failed.isEmpty || failed.contains { !$0.isMendedByDecision } ? nil : Self.scenario(subject)
    self.criteria = criteria

    let results = measures.map { $0.result(for: subject) }
    axes = Axis.allCases.map { axis in
      let own = results.filter { $0.axis == axis }
      return AxisResult(axis: axis, interval: .weighted(own.map { ($0.interval, 1 / Double(own.count)) }), measures: own)
    }
    total = .weighted(axes.map { ($0.interval, weights[$0.axis] / WeightSet.total) })

    let counted = axes.filter { weights[$0.axis] > 0 }.flatMap(\.measures)
    var seen: Set<Phrase> = []
    questions = (criteria.compactMap(\.question) + counted.compactMap(\.question)).filter { seen.insert($0).inserted }
  }

  public subscript(axis: Axis) -> Interval { axes.first { $0.axis == axis }?.interval ?? .whole }

  /// The facts that it cites, each once.
  public var evidence: [Evidence] {
    var seen: Set<Evidence> = []
    return (criteria.flatMap(\.evidence) + axes.flatMap(\.measures).flatMap(\.evidence)).filter { seen.insert($0).inserted }
  }

  private static func scenario(_ subject: Subject) -> Phrase? {
    let (day, until) = (subject.need.day, subject.need.coveredUntil)
    guard subject.date <= day else { return nil }
    switch subject.status {
    case .underWay?:
      let last =
        subject.lastMilestone.map { ("dernier jalon rapporté : \($0.text)", "last reported milestone: \($0.text)") } ?? (
          "aucun jalon rapporté", "no milestone reported"
        )
      return Phrase(
        "éligible si J3 (la décision de qualification) est prononcé avant le \(day) ; \(last.0)",
        "eligible if J3 (the decision of qualification) is taken before \(day); \(last.1)")
    case .qualified?:
      guard let expiry = subject.expiry, expiry < until else { return nil }
      // Without a gap: who relies on it must be covered every day.
      let by = max(subject.date, expiry)
      return Phrase(
        "éligible si la qualification est renouvelée au plus tard le \(by), jusqu'au \(until) au moins",
        "eligible if the qualification is renewed on \(by) at the latest, until \(until) at least")
    default: return nil
    }
  }
}
