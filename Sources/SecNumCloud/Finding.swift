public import Catalogue
public import Wire

/// What one look of a control came to, for some of its items.
public struct Finding: Sendable {
  /// Of the control's items.
  public var items: [ItemID]
  public var verdict: Verdict
  /// What was looked at, so that a stranger could look again.
  public var subject: Text
  /// Why it is not compliant, not assessed or not applicable; nil where it is compliant.
  public var reason: Text?
  /// What was counted and measured.
  public var figures: [Figure]
  /// What was seen, as data for the auditor. Never a secret, never a tenant's data.
  public var evidence: JSON

  public init(_ items: [ItemID], _ verdict: Verdict, subject: Text, reason: Text? = nil, figures: [Figure] = [], evidence: JSON = [:]) {
    precondition((reason == nil) == (verdict == .compliant), "a reason is given for all but compliance, and for nothing else")
    self.items = items
    self.verdict = verdict
    self.subject = subject
    self.reason = reason
    self.figures = figures
    self.evidence = evidence
  }

  /// Compliant where `gaps` is empty, otherwise not, for the first of them. `looked` says how many things were looked at: where there was none,
  /// nothing is assessed.
  public init(
    _ items: [ItemID], subject: Text, looked: Int, gaps: [Text], nothing: Text, figures: [Figure] = [], evidence: JSON = [:]
  ) {
    let verdict: Verdict = looked == 0 ? .notAssessed : gaps.isEmpty ? .compliant : .nonCompliant
    var reason = looked == 0 ? nothing : gaps.first
    if looked > 0, gaps.count > 1, let first = gaps.first {
      reason = Text("\(first.french) (et \(gaps.count - 1) autres)", "\(first.english) (and \(gaps.count - 1) more)")
    }
    self.init(items, verdict, subject: subject, reason: reason, figures: figures, evidence: evidence)
  }

  /// A number with its name and unit.
  public struct Figure: Hashable, Sendable, Codable {
    public var name: Text
    public var value: Double
    /// For example `s`, `octets`, `jours`, or empty for a count.
    public var unit: String

    public init(_ name: Text, _ value: Double, unit: String = "") {
      self.name = name
      self.value = value
      self.unit = unit
    }

    public init(_ french: String, _ english: String, _ value: Int, unit: String = "") {
      self.init(Text(french, english), Double(value), unit: unit)
    }
  }
}
