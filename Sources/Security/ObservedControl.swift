public import Base

/// One thing that the platform looks at again and again: what Azure calls an assessment, with its metadata.
public struct ObservedControl: Sendable {
  /// The importance of a gap.
  public enum Severity: String, Sendable {
    case low = "Low"
    case medium = "Medium"
    case high = "High"
  }

  /// For example `CTL-IAM-04`. Never changes: the assessment's name is made of it.
  public var id: String
  public var displayName: String
  /// What is looked at, and what is proof.
  public var description: String
  /// What to do about a gap.
  public var remediation: String?
  public var severity: Severity
  /// The items that it speaks for.
  public var items: [String]
  public var state: ComplianceState
  /// Why it has not passed, for a person.
  public var reason: String?
  /// What was counted and measured.
  public var figures: [(name: String, value: String)]
  /// When it was first looked at; nil: never.
  public var first: Timestamp?
  /// Since when it is in this state.
  public var since: Timestamp?
  /// When it was last looked at, and until when that says something.
  public var observed: Timestamp?
  public var validUntil: Timestamp?
  /// What names the signed statement that it rests on, for example its digest.
  public var evidence: String?

  public init(
    id: String, displayName: String, description: String, remediation: String? = nil, severity: Severity, items: [String], state: ComplianceState,
    reason: String? = nil, figures: [(name: String, value: String)] = [], first: Timestamp? = nil, since: Timestamp? = nil,
    observed: Timestamp? = nil, validUntil: Timestamp? = nil, evidence: String? = nil
  ) {
    self.id = id
    self.displayName = displayName
    self.description = description
    self.remediation = remediation
    self.severity = severity
    self.items = items
    self.state = state
    self.reason = reason
    self.figures = figures
    self.first = first
    self.since = since
    self.observed = observed
    self.validUntil = validUntil
    self.evidence = evidence
  }
}
