public import Base
internal import Catalogue
public import Records
public import Security
internal import Synchronization

/// The platform's compliance as Microsoft.Security shows it.
public final class PlatformCompliance: RegulatoryCompliance {
  public static let standardName = "SecNumCloud-3.2"

  private let observatory: Observatory
  private let slots: PieceSlots
  private let model: String
  /// What the registers say, which lies in extents and is read when it changes.
  private let inheritance = Mutex<[Compliance.Inheritance]>([])

  /// For one kind of service: `IaaS`, `CaaS`, `PaaS` or `SaaS`.
  public init(observatory: Observatory, model: String) throws {
    self.observatory = observatory
    self.model = model
    slots = try SecNumCloudData.pieceSlots(observatory.platform.requirements)
  }

  /// Reads the registers that verdicts rest on: at the start, and after one was filed.
  public func refresh() async throws {
    let read = try await observatory.platform.inheritance()
    inheritance.withLock { $0 = read }
  }

  public func report(at now: Timestamp, for tenant: GUID, in reader: any RecordReader) throws -> ComplianceReport {
    let platform = observatory.platform
    let compliance = try platform.compliance(model: model, slots: slots, inheritance: inheritance.withLock { $0 }, in: reader)
    let states = Dictionary(compliance.items.map { ($0.item.id, $0) }) { first, _ in first }
    let requirements = platform.requirements.requirements.map { requirement in
      ComplianceRequirement(
        name: requirement.id, title: requirement.title, items: requirement.items.compactMap { states[$0.id] }.map { Self.item($0, at: now) })
    }
    return ComplianceReport(
      standards: [ComplianceStandard(name: Self.standardName, requirements: requirements)],
      controls: platform.requirements.controls.map {
        Self.control($0, compliance.observations[$0.id] ?? [], at: now, isProvider: tenant == platform.site.tenant)
      })
  }

  private static func item(_ state: Compliance.ItemState, at now: Timestamp) -> ComplianceItem {
    ComplianceItem(
      name: state.item.id.description, description: state.item.summary, kind: state.basis == .observed ? .automated : .manual,
      state: Self.state(state.verdict, isBinding: state.item.level == .requirement),
      observations: state.observations.map { ($0.control, Self.state($0.verdict(at: now), isBinding: true)) })
  }

  /// What is only recommended is not checked for a qualification: where it is not met, it does not count.
  private static func state(_ verdict: Verdict, isBinding: Bool) -> ComplianceState {
    switch verdict {
    case .compliant: .passed
    case .nonCompliant: isBinding ? .failed : .skipped
    case .notAssessed: isBinding ? .unsupported : .skipped
    case .notApplicable: .skipped
    }
  }

  /// A customer sees that there is a gap. Where it is, with ports, files and versions, is for the provider until it is mended; the dossier says it to
  /// whom the provider gives it.
  private static func control(
    _ control: Requirements.Control, _ observations: [Observation], at now: Timestamp, isProvider: Bool
  ) -> ObservedControl {
    let verdict = Verdict.combined(observations.map { $0.verdict(at: now) }) ?? .notAssessed
    let decisive = observations.first { $0.verdict(at: now) == verdict }
    let reason =
      decisive.map {
        $0.validUntil <= now ? "l'observation est périmée" : isProvider ? $0.reason?.french ?? "" : "le motif est au dossier du prestataire"
      } ?? "jamais observé"
    return ObservedControl(
      id: control.id, displayName: control.verification, description: "\(control.mechanism). Preuve : \(control.proof).", severity: .high,
      items: control.items.map(\.description), state: state(verdict, isBinding: true), reason: verdict == .compliant ? nil : reason,
      figures: !isProvider
        ? [] : observations.flatMap(\.figures).map { ($0.name.french, Self.number($0.value) + ($0.unit.isEmpty ? "" : " \($0.unit)")) },
      first: observations.flatMap(\.since.values).min(), since: decisive?.since.values.max(), observed: observations.map(\.time).max(),
      validUntil: observations.map(\.validUntil).min(), evidence: decisive?.digest)
  }

  private static func number(_ value: Double) -> String {
    Int64(exactly: value).map(String.init) ?? String(value)
  }
}
