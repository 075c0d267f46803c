import Base
import Records
import Security

/// Sixty requirements of a standard, as four controls see them: one passes for an hour, one fails, one was never looked at, one does not apply.
struct KnownCompliance: RegulatoryCompliance {
  static let standard = "Standard-1.0"
  static let validSeconds = 3600

  /// When the controls were looked at.
  let seen: Timestamp

  func report(at now: Timestamp, for tenant: GUID, in reader: any RecordReader) throws -> ComplianceReport {
    let tls: ComplianceState = now < validUntil ? .passed : .unsupported
    return ComplianceReport(
      standards: [
        ComplianceStandard(
          name: Self.standard,
          requirements: [
            requirement(
              "9.1", [item("9.1.a", .failed, [("CTL-TLS-01", tls), ("CTL-IAM-04", .failed)]), item("9.1.b", .skipped)]),
            requirement("10.1", [item("10.1.a", tls, [("CTL-TLS-01", tls)])]),
            requirement("10.2", [item("10.2.a", tls, [("CTL-TLS-01", tls)]), item("10.2.b", .unsupported)]),
          ] + (1...57).map { requirement("11.\($0)", [item("11.\($0).a", .skipped)]) }),
        ComplianceStandard(name: "Empty-1.0", requirements: []),
      ], controls: controls(tls, now))
  }

  private var validUntil: Timestamp { seen.advanced(by: .seconds(Self.validSeconds)) }

  private func requirement(_ name: String, _ items: [ComplianceItem]) -> ComplianceRequirement {
    ComplianceRequirement(name: name, title: "Exigence \(name)", items: items)
  }

  private func item(_ name: String, _ state: ComplianceState, _ observations: [(control: String, state: ComplianceState)] = []) -> ComplianceItem {
    ComplianceItem(
      name: name, description: "Alinéa \(name)", kind: observations.isEmpty ? .manual : .automated, state: state, observations: observations)
  }

  private func controls(_ tls: ComplianceState, _ now: Timestamp) -> [ObservedControl] {
    [
      ObservedControl(
        id: "CTL-TLS-01", displayName: "TLS", description: "Chaque écoute est sondée.", remediation: "Renouveler le certificat.", severity: .high,
        items: ["9.1.a", "10.1.a", "10.2.a"], state: tls, reason: tls == .passed ? nil : "l'observation est périmée.",
        figures: [("écoutes sondées", "4"), ("items", "hidden")], first: seen, since: tls == .passed ? seen : validUntil, observed: seen,
        validUntil: validUntil, evidence: "00ff"),
      ObservedControl(
        id: "CTL-IAM-04", displayName: "Droits incompatibles", description: "La matrice est évaluée.", severity: .medium, items: ["9.1.a"],
        state: .failed, reason: "deux droits incompatibles.", first: seen, since: seen, observed: seen, validUntil: validUntil),
      ObservedControl(
        id: "CTL-RES-01", displayName: "Carte", description: "La carte est faite.", severity: .low, items: ["10.2.b"], state: .unsupported,
        reason: "aucune observation n'en parle encore."),
      ObservedControl(
        id: "CTL-PAA-01", displayName: "PaaS", description: "Le moteur est à jour.", severity: .low, items: ["9.1.b"], state: .skipped,
        reason: "le service est IaaS.", first: seen, since: seen, observed: seen, validUntil: validUntil),
    ]
  }
}
