internal import Base
internal import Records
internal import ResourceManager
internal import Wire

/// Assessments, one for each control that the platform looks at, and what is said of them whatever was seen: their metadata.
///
/// They are the platform's own, and so stand on the subscription: what lies in it has none.
/// Source: Microsoft, "Assessments" and "Assessments Metadata", REST reference, 2021-06-01.
struct AssessmentOperations {
  let compliance: any RegulatoryCompliance

  private static let apiVersions = ["2021-06-01", "2020-01-01", "2019-01-01-preview"]
  private static let type = "Microsoft.Security/assessments"
  private static let metadataType = "Microsoft.Security/assessmentMetadata"

  static var permissions: [ProviderOperation] {
    [
      SecurityProvider.operation("assessments/read", "Security assessment", "Get security assessments on your subscription"),
      SecurityProvider.operation(
        "assessmentMetadata/read", "Security assessment metadata", "Get available security assessment metadata on your subscription"),
    ]
  }

  /// The id of a control's assessment on a scope.
  static func id(of control: String, on scope: String) -> String {
    "\(scope)/providers/\(type)/\(AssessmentName.of(control: control))"
  }

  var actions: [ProviderAction] {
    [
      action("assessments", Self.type, .scope) { report, parameters, context in
        let controls = Self.isSubscription(parameters) ? report.controls : []
        return try SecurityList(context, properties: ["resourceDetails", "displayName", "status", "additionalData"])
          .page(controls.map { Self.json($0, context) })
      },
      action("assessments/{assessment}", Self.type, .scope) { report, parameters, context in
        let name = parameters["assessment"] ?? ""
        guard Self.isSubscription(parameters), let control = Self.control(name, in: report) else {
          throw CloudError.resourceNotFound(Self.type, name)
        }
        return Self.json(control, context, expanding: (context.query["$expand"] ?? "").lowercased())
      },
    ] + metadata(at: .tenant) + metadata(at: .subscription)
  }

  private func metadata(at level: ProviderAction.Level) -> [ProviderAction] {
    [
      action("assessmentMetadata", Self.metadataType, level) { report, _, context in
        try SecurityList(context, properties: ["displayName", "description", "remediationDescription", "severity", "assessmentType"])
          .page(report.controls.map(Self.metadataJSON))
      },
      action("assessmentMetadata/{assessment}", Self.metadataType, level) { report, parameters, _ in
        let name = parameters["assessment"] ?? ""
        guard let control = Self.control(name, in: report) else { throw CloudError.resourceNotFound(Self.metadataType, name) }
        return Self.metadataJSON(control)
      },
    ]
  }

  private func action(
    _ path: String, _ type: String, _ level: ProviderAction.Level,
    run: @escaping @Sendable (ComplianceReport, [String: String], OperationContext) throws -> JSON
  ) -> ProviderAction {
    ProviderAction(method: .get, path: path, permission: "\(type)/read", apiVersions: Self.apiVersions, level: level) {
      [compliance] parameters, _, context, reader in
      try run(try compliance.report(at: context.now, for: context.tenant, in: reader), parameters, context)
    }
  }

  private static func isSubscription(_ parameters: [String: String]) -> Bool {
    guard let scope = ResourceID(parameters["scope"] ?? "") else { return false }
    return scope.resourceGroup == nil && scope.provided.isEmpty
  }

  private static func control(_ name: String, in report: ComplianceReport) -> ObservedControl? {
    guard let wanted = GUID(name) else { return nil }
    return report.controls.first { AssessmentName.of(control: $0.id) == wanted }
  }

  // MARK: Wire forms

  private static func json(_ control: ObservedControl, _ context: OperationContext, expanding expansion: String = "") -> JSON {
    let scope = "/subscriptions/\(context.subscription)"
    let expandsMetadata = expansion.split(whereSeparator: { ", ".contains($0) }).contains("metadata")
    return [
      "type": .string(type), "id": .string(id(of: control.id, on: scope)), "name": .string(AssessmentName.of(control: control.id).description),
      "properties": .object([
        "resourceDetails": ["source": "Azure", "id": .string(scope)],
        "displayName": .string(control.displayName),
        "status": status(of: control),
        "additionalData": additionalData(of: control),
        "metadata": expandsMetadata ? metadataProperties(control) : nil,
      ]),
    ]
  }

  /// Azure knows no code for what nobody looked at but the one for what does not apply; the cause tells them apart.
  private static func status(of control: ObservedControl) -> JSON {
    let (code, cause): (String, String?) =
      switch control.state {
      case .passed: ("Healthy", nil)
      case .failed: ("Unhealthy", nil)
      case .skipped: ("NotApplicable", "OutOfScope")
      case .unsupported: ("NotApplicable", "NotEvaluated")
      }
    return .object([
      "code": .string(code), "cause": JSON.string(cause), "description": JSON.string(control.reason),
      "firstEvaluationDate": JSON.string(control.first?.iso8601Fractional), "statusChangeDate": JSON.string(control.since?.iso8601Fractional),
    ])
  }

  /// Names with texts: the model of Azure's clients has no other values.
  private static func additionalData(of control: ObservedControl) -> JSON {
    var data = JSON.Object(control.figures.map { (name: $0.name, value: .string($0.value)) })
    data["control"] = .string(control.id)
    data["items"] = .string(control.items.joined(separator: ","))
    data["observedAt"] = JSON.string(control.observed?.iso8601)
    data["validUntil"] = JSON.string(control.validUntil?.iso8601)
    data["evidence"] = JSON.string(control.evidence)
    return .object(data)
  }

  private static func metadataJSON(_ control: ObservedControl) -> JSON {
    let name = AssessmentName.of(control: control.id).description
    return [
      "id": .string("/providers/\(metadataType)/\(name)"), "name": .string(name), "type": .string(metadataType),
      "properties": metadataProperties(control),
    ]
  }

  private static func metadataProperties(_ control: ObservedControl) -> JSON {
    .object([
      "displayName": .string(control.displayName), "description": .string(control.description),
      "remediationDescription": JSON.string(control.remediation), "severity": .string(control.severity.rawValue), "assessmentType": "BuiltIn",
    ])
  }
}
