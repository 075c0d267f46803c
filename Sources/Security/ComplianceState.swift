/// What is known of a thing's compliance, by Azure's four names.
///
/// Source: Microsoft, "Regulatory Compliance Assessments", REST reference, State.
public enum ComplianceState: String, Sendable, CaseIterable {
  case passed = "Passed"
  case failed = "Failed"
  /// It does not apply here.
  case skipped = "Skipped"
  /// Nothing was looked at, or what was seen is too old.
  case unsupported = "Unsupported"

  /// What several states come to: a gap outweighs doubt, doubt outweighs proof. Azure leaves doubt out of account; here, what nobody looked at never
  /// passes. `unsupported` where there is none.
  public static func combined(_ states: some Sequence<ComplianceState>) -> ComplianceState {
    let all = Set(states)
    return [failed, unsupported, passed, skipped].first { all.contains($0) } ?? .unsupported
  }
}

extension Sequence<ComplianceState> {
  /// How many are of a state.
  func count(of state: ComplianceState) -> Int64 { Int64(count { $0 == state }) }
}
