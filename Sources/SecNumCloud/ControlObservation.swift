/// How one control is observed: a file of `Observations/`, named like the control.
///
/// An observation looks at the running platform and says what it saw; it changes nothing but what it made itself to look with. What it throws becomes
/// `non évalué` with the reason, as does one that takes longer than `ObservationLimits.maximumDuration`.
public protocol ControlObservation: Sendable {
  /// For example `CTL-IAM-03`: one of the catalogue's.
  var control: String { get }
  /// The test that makes it fail for real, as `docs/secnumcloud.md` shows it.
  var test: String { get }

  /// Items of the control that no finding speaks for become `non évalué`.
  func observe(_ platform: ObservedPlatform) async throws -> [Finding]
}
