internal import Base
internal import Records
internal import ResourceManager
internal import Wire

/// Regulatory compliance standards, their controls and their assessments.
///
/// Source: Microsoft, "Regulatory Compliance Standards", "… Controls" and "… Assessments", REST reference, 2019-01-01-preview.
struct StandardOperations {
  let compliance: any RegulatoryCompliance
  let address: CloudAddress

  private static let apiVersions = ["2019-01-01-preview"]
  private static let standards = "regulatoryComplianceStandards"
  private static let controls = "\(standards)/regulatoryComplianceControls"
  private static let assessments = "\(controls)/regulatoryComplianceAssessments"

  static var permissions: [ProviderOperation] {
    [
      SecurityProvider.operation("\(standards)/read", "Regulatory compliance standard", "Get regulatory compliance standards"),
      SecurityProvider.operation("\(controls)/read", "Regulatory compliance control", "Get the controls of a regulatory compliance standard"),
      SecurityProvider.operation(
        "\(assessments)/read", "Regulatory compliance assessment", "Get the assessments of a regulatory compliance control"),
    ]
  }

  var actions: [ProviderAction] {
    let standard = "\(Self.standards)/{standard}"
    let control = "\(standard)/regulatoryComplianceControls/{control}"
    let assessment = "\(control)/regulatoryComplianceAssessments/{assessment}"
    return [
      action(Self.standards, Self.standards) { call in
        try SecurityList(call.context, properties: ["state", "passedControls", "failedControls", "skippedControls", "unsupportedControls"])
          .page(call.report.standards.map(call.json))
      },
      action(standard, Self.standards) { call in call.json(try call.standard) },
      action("\(standard)/regulatoryComplianceControls", Self.controls) { call in
        let standard = try call.standard
        return try SecurityList(
          call.context, properties: ["description", "state", "passedAssessments", "failedAssessments", "skippedAssessments"]
        ).page(standard.requirements.map { call.json($0, in: standard) })
      },
      action(control, Self.controls) { call in call.json(try call.requirement, in: try call.standard) },
      action("\(control)/regulatoryComplianceAssessments", Self.assessments) { call in
        let (standard, requirement) = (try call.standard, try call.requirement)
        return try SecurityList(
          call.context,
          properties: [
            "description", "assessmentType", "assessmentDetailsLink", "state", "passedResources", "failedResources", "skippedResources",
            "unsupportedResources",
          ]
        ).page(requirement.items.map { call.json($0, in: requirement, of: standard) })
      },
      action(assessment, Self.assessments) { call in call.json(try call.item, in: try call.requirement, of: try call.standard) },
    ]
  }

  private func action(_ path: String, _ type: String, run: @escaping @Sendable (StandardCall) throws -> JSON) -> ProviderAction {
    ProviderAction(method: .get, path: path, permission: "Microsoft.Security/\(type)/read", apiVersions: Self.apiVersions) {
      [compliance, address] parameters, _, context, reader in
      try run(
        StandardCall(
          context: context, parameters: parameters, report: try compliance.report(at: context.now, for: context.tenant, in: reader),
          base: address.url("management")))
    }
  }
}

/// One request for something of a standard.
private struct StandardCall {
  let context: OperationContext
  let parameters: [String: String]
  let report: ComplianceReport
  /// The URL that paths are put behind.
  let base: String

  private static let type = "Microsoft.Security/regulatoryComplianceStandards"
  private static let controlType = "\(type)/regulatoryComplianceControls"
  private static let assessmentType = "\(controlType)/regulatoryComplianceAssessments"

  // MARK: What the path names

  var standard: ComplianceStandard {
    get throws {
      let name = parameters["standard"] ?? ""
      guard let found = report.standards.first(where: { $0.name.lowercased() == name.lowercased() }) else {
        throw CloudError.resourceNotFound(Self.type, name)
      }
      return found
    }
  }

  var requirement: ComplianceRequirement {
    get throws {
      let (standard, name) = (try standard, parameters["control"] ?? "")
      guard let found = standard.requirements.first(where: { $0.name.lowercased() == name.lowercased() }) else {
        throw CloudError.resourceNotFound(Self.controlType, standard.name, name)
      }
      return found
    }
  }

  var item: ComplianceItem {
    get throws {
      let (requirement, name) = (try requirement, parameters["assessment"] ?? "")
      guard let found = requirement.items.first(where: { $0.name.lowercased() == name.lowercased() }) else {
        throw CloudError.resourceNotFound(Self.assessmentType, try standard.name, requirement.name, name)
      }
      return found
    }
  }

  // MARK: Wire forms

  func json(_ standard: ComplianceStandard) -> JSON {
    let states = standard.requirements.map(\.state)
    return [
      "id": .string(id(standard)), "name": .string(standard.name), "type": .string(Self.type),
      "properties": [
        "state": .string(ComplianceState.combined(states).rawValue),
        "passedControls": .integer(states.count(of: .passed)),
        "failedControls": .integer(states.count(of: .failed)),
        "skippedControls": .integer(states.count(of: .skipped)),
        "unsupportedControls": .integer(states.count(of: .unsupported)),
      ],
    ]
  }

  func json(_ requirement: ComplianceRequirement, in standard: ComplianceStandard) -> JSON {
    let states = requirement.items.map(\.state)
    return [
      "id": .string(id(requirement, in: standard)), "name": .string(requirement.name), "type": .string(Self.controlType),
      "properties": [
        "description": .string(requirement.title),
        "state": .string(requirement.state.rawValue),
        "passedAssessments": .integer(states.count(of: .passed)),
        "failedAssessments": .integer(states.count(of: .failed)),
        "skippedAssessments": .integer(states.count(of: .skipped)),
      ],
    ]
  }

  /// What Azure counts as resources is here what was looked at; where only a person can say, that one statement.
  func json(_ item: ComplianceItem, in requirement: ComplianceRequirement, of standard: ComplianceStandard) -> JSON {
    let states = item.observations.isEmpty ? [item.state] : item.observations.map(\.state)
    let link = item.decisive.map { base + AssessmentOperations.id(of: $0, on: "/subscriptions/\(context.subscription)") }
    return [
      "id": .string("\(id(requirement, in: standard))/regulatoryComplianceAssessments/\(item.name)"), "name": .string(item.name),
      "type": .string(Self.assessmentType),
      "properties": .object([
        "description": .string(item.description),
        "assessmentType": .string(item.kind.rawValue),
        "assessmentDetailsLink": JSON.string(link),
        "state": .string(item.state.rawValue),
        "passedResources": .integer(states.count(of: .passed)),
        "failedResources": .integer(states.count(of: .failed)),
        "skippedResources": .integer(states.count(of: .skipped)),
        "unsupportedResources": .integer(states.count(of: .unsupported)),
      ]),
    ]
  }

  private func id(_ standard: ComplianceStandard) -> String {
    "/subscriptions/\(context.subscription)/providers/\(Self.type)/\(standard.name)"
  }

  private func id(_ requirement: ComplianceRequirement, in standard: ComplianceStandard) -> String {
    "\(id(standard))/regulatoryComplianceControls/\(requirement.name)"
  }
}
