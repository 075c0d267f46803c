public import Base
public import Records

/// What the platform knows of its own compliance, for Microsoft.Security to show.
public protocol RegulatoryCompliance: Sendable {
  /// What is known at a moment, read in one snapshot, as a tenant's readers may be shown it: it holds nothing of another tenant's, and what would help
  /// whom it should not is for the provider's own tenant alone.
  ///
  /// The standards, what they ask for and the controls are the same at every moment; only what is known of them changes.
  func report(at now: Timestamp, for tenant: GUID, in reader: any RecordReader) throws -> ComplianceReport
}

/// Standards, and the controls that say whether they are met.
public struct ComplianceReport: Sendable {
  public var standards: [ComplianceStandard]
  public var controls: [ObservedControl]

  public init(standards: [ComplianceStandard], controls: [ObservedControl]) {
    self.standards = standards
    self.controls = controls
  }
}

/// A text that asks for something, for example a referential of requirements.
public struct ComplianceStandard: Sendable {
  /// For example `SecNumCloud-3.2`.
  public var name: String
  /// In the standard's order.
  public var requirements: [ComplianceRequirement]

  public init(name: String, requirements: [ComplianceRequirement]) {
    self.name = name
    self.requirements = requirements
  }
}

/// What Azure calls a regulatory compliance control.
public struct ComplianceRequirement: Sendable {
  /// For example `9.3`.
  public var name: String
  public var title: String
  public var items: [ComplianceItem]

  public var state: ComplianceState { .combined(items.map(\.state)) }

  public init(name: String, title: String, items: [ComplianceItem]) {
    self.name = name
    self.title = title
    self.items = items
  }
}

/// One demand of a requirement: what Azure calls a regulatory compliance assessment.
public struct ComplianceItem: Sendable {
  public enum Kind: String, Sendable {
    /// The platform looks by itself.
    case automated = "Automated"
    /// A person attests it.
    case manual = "Manual"
  }

  /// For example `9.3.f`.
  public var name: String
  public var description: String
  public var kind: Kind
  public var state: ComplianceState
  /// What each control that speaks for it says of it, by the control's id; empty where only a person can.
  public var observations: [(control: String, state: ComplianceState)]

  public init(
    name: String, description: String, kind: Kind, state: ComplianceState, observations: [(control: String, state: ComplianceState)] = []
  ) {
    self.name = name
    self.description = description
    self.kind = kind
    self.state = state
    self.observations = observations
  }

  /// The control that decides its state.
  var decisive: String? { (observations.first { $0.state == state } ?? observations.first)?.control }
}
