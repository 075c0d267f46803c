/// What an observation comes to.
///
/// `compliant` is only said of what was collected and is fresh; where nothing was found, nothing is said.
public enum Verdict: String, Sendable, Codable, CaseIterable {
  case compliant = "conforme"
  case nonCompliant = "non conforme"
  case notAssessed = "non évalué"
  /// The item does not concern this service; the reason is given.
  case notApplicable = "sans objet"

  public var english: String {
    switch self {
    case .compliant: "compliant"
    case .nonCompliant: "not compliant"
    case .notAssessed: "not assessed"
    case .notApplicable: "not applicable"
    }
  }

  /// What several verdicts on one thing come to: a gap outweighs doubt, doubt outweighs proof. Nil where there is none.
  public static func combined(_ verdicts: some Sequence<Verdict>) -> Verdict? {
    let all = Set(verdicts)
    for verdict in [nonCompliant, notAssessed, compliant, notApplicable] where all.contains(verdict) { return verdict }
    return nil
  }
}
