internal import Base
internal import Records
internal import Templates
internal import Wire

/// Policies: kept, assigned, and enforced on each change of a resource.
extension ResourceManager {
  static let effects: Set = ["deny", "audit", "append", "modify", "disabled"]

  /// Holds a resource that is about to be stored against the policies that bear on it. Throws `RequestDisallowedByPolicy`; gives the resource with the
  /// tags that policies add.
  func enforcePolicies(_ resource: Resource, _ context: ArmContext, in transaction: RecordTransaction) throws -> Resource {
    let assignments = try PolicyAssignment.bearing(on: resource.id, tenant: context.tenant, in: transaction)
    guard !assignments.isEmpty else { return resource }
    var result = resource
    for assignment in assignments where assignment.properties["enforcementMode"]?.string?.lowercased() != "donotenforce" {
      let excluded = (assignment.properties["notScopes"]?.array ?? []).compactMap { $0.string?.lowercased() }
      guard !excluded.contains(where: { resource.id.canonical == $0 || resource.id.canonical.hasPrefix($0 + "/") }) else { continue }
      guard
        let definition = try PolicyDefinition.find(
          assignment.properties["policyDefinitionId"]?.string ?? "", tenant: context.tenant, in: transaction),
        let rule = definition.properties["policyRule"]
      else { continue }
      let parameters = Self.parameters(of: assignment, definition)
      let scope = policyScope(context)
      guard try PolicyRule(resource: result, parameters: parameters, scope: scope).holds(rule["if"] ?? .null) else { continue }
      let then = rule["then"] ?? .null
      let effect = try PolicyExpressions.value(then["effect"] ?? "", parameters: parameters, scope: scope).string?.lowercased() ?? ""
      switch effect {
      case "deny": throw Self.disallowed(resource, assignment, definition)
      case "audit":
        var entry = context.entry(.succeeded, 200, id: random.guid())
        entry.operationName = "Microsoft.Authorization/policies/audit/action"
        entry.errorMessage = "The resource does not comply with the policy assignment '\(assignment.id)'."
        try entry.record(in: transaction)
      case "append", "modify":
        for change in Self.tagChanges(then["details"]) {
          guard let name = try PolicyExpressions.value(change.name, parameters: parameters, scope: scope).string, name.lowercased().hasPrefix("tags")
          else { continue }
          let key = String(name.dropFirst(4).drop { $0 == "." || $0 == "[" || $0 == "'" }.prefix { $0 != "]" && $0 != "'" })
          let value = try PolicyExpressions.value(change.value, parameters: parameters, scope: scope)
          if change.replaces || result.tags[key] == nil { result.tags[key] = value.string ?? value.text }
        }
      default: break
      }
    }
    return result
  }

  /// What `append` and `modify` do to tags.
  private static func tagChanges(_ details: JSON?) -> [(name: JSON, value: JSON, replaces: Bool)] {
    if let items = details?.array { return items.map { ($0["field"] ?? "", $0["value"] ?? "", false) } }
    return (details?["operations"]?.array ?? []).map { operation in
      (operation["field"] ?? "", operation["value"] ?? "", operation["operation"]?.string?.lowercased() == "addorreplace")
    }
  }

  private static func parameters(of assignment: PolicyAssignment, _ definition: PolicyDefinition) -> [String: JSON] {
    var values: [String: JSON] = [:]
    for (name, parameter) in definition.properties["parameters"]?.object?.members ?? [] {
      values[name.lowercased()] = parameter.object?.member(ignoringCase: "defaultValue")
    }
    for (name, given) in assignment.properties["parameters"]?.object?.members ?? [] {
      values[name.lowercased()] = given.object?.member(ignoringCase: "value")
    }
    return values
  }

  private func policyScope(_ context: ArmContext) -> TemplateScope {
    TemplateScope(
      tenant: context.tenant, subscription: context.subscription ?? .zero, subscriptionName: "", group: nil, deploymentName: "", location: nil,
      environment: [:], deployer: [:], now: context.now, newGUID: { .zero })
  }

  private static func disallowed(_ resource: Resource, _ assignment: PolicyAssignment, _ definition: PolicyDefinition) -> CloudError {
    let identifiers: JSON = [
      [
        "policyAssignment": ["name": assignment.properties["displayName"] ?? .string(assignment.name), "id": .string(assignment.id)],
        "policyDefinition": ["name": definition.properties["displayName"] ?? .string(definition.name), "id": .string(definition.id)],
      ]
    ]
    return CloudError(
      403, "RequestDisallowedByPolicy", "Resource '\(resource.id.name)' was disallowed by policy. Policy identifiers: '\(identifiers.text)'.",
      target: resource.id.name)
  }

  // MARK: Definitions

  func policyDefinition(_ name: String, _ context: ArmContext) async throws -> JSON {
    guard let subscription = context.subscription else {
      guard let found = PolicyDefinition.builtIn.first(where: { $0.name == name.lowercased() }) else { throw Self.definitionNotFound(name) }
      return found.json
    }
    return try await records.read { reader in
      _ = try Self.requireSubscription(subscription, context.tenant, in: reader)
      guard let found = try reader.fetch(PolicyDefinition.self, PolicyDefinition.key(context.tenant, subscription, name)) else {
        throw Self.definitionNotFound(name)
      }
      return found.json
    }
  }

  private static func definitionNotFound(_ name: String) -> CloudError {
    CloudError(404, "PolicyDefinitionNotFound", "The policy definition '\(name)' could not be found.")
  }

  func policyDefinitions(_ context: ArmContext) async throws -> [JSON] {
    guard let subscription = context.subscription else { return PolicyDefinition.builtIn.map(\.json) }
    return try await records.read { reader in
      _ = try Self.requireSubscription(subscription, context.tenant, in: reader)
      let own = try reader.list(
        PolicyDefinition.self, under: RecordKey(tenant: context.tenant, subscription.description), limit: PolicyDefinition.maximumListed)
      return (own + PolicyDefinition.builtIn).map(\.json)
    }
  }

  func putPolicyDefinition(_ name: String, body: JSON, _ context: ArmContext) async throws -> JSON {
    try await requireKnown(ResourceID(subscription: context.subscription), context)
    guard let properties = body.member("properties"), let rule = properties.member("policyRule"), let condition = rule.member("if"),
      let effect = rule.member("then", "effect")?.string
    else { throw PolicyRule.invalid("a policy needs a rule with 'if' and 'then.effect'") }
    guard effect.hasPrefix("[") || Self.effects.contains(effect.lowercased()) else {
      throw PolicyRule.invalid("the effect '\(effect)' is not served: \(Self.effects.sorted().joined(separator: ", "))")
    }
    try Self.checkShape(condition)
    return try await change(context) { transaction in
      let subscription = try Self.requireWritableSubscription(context, in: transaction).id
      let definition = PolicyDefinition(tenant: context.tenant, subscription: subscription, name: name, properties: properties)
      try transaction.save(definition)
      return (definition.json, 201)
    }
  }

  /// Throws for what could never be evaluated.
  private static func checkShape(_ condition: JSON) throws {
    guard let object = condition.object else { throw PolicyRule.invalid("a condition must be an object") }
    if let list = (object.member(ignoringCase: "allOf") ?? object.member(ignoringCase: "anyOf"))?.array { return try list.forEach(checkShape) }
    if let inner = object.member(ignoringCase: "not") { return try checkShape(inner) }
    guard object.member(ignoringCase: "field") != nil || object.member(ignoringCase: "value") != nil,
      object.names.contains(where: { PolicyRule.operators.contains($0.lowercased()) })
    else { throw PolicyRule.invalid("a condition needs a field or value, and an operator that is served") }
  }

  func deletePolicyDefinition(_ name: String, _ context: ArmContext) async throws -> Bool {
    try await change(context) { transaction in
      let subscription = try Self.requireWritableSubscription(context, in: transaction).id
      let existed = try transaction.remove(PolicyDefinition.self, PolicyDefinition.key(context.tenant, subscription, name))
      return (existed, existed ? 200 : 204)
    }
  }

  // MARK: Assignments

  func policyAssignment(_ name: String, at scope: ResourceID, _ context: ArmContext) async throws -> JSON {
    try await records.read { reader in
      if let subscription = scope.subscription { _ = try Self.requireSubscription(subscription, context.tenant, in: reader) }
      guard let found = try reader.fetch(PolicyAssignment.self, PolicyAssignment.key(context.tenant, scope, name)) else {
        throw CloudError(404, "PolicyAssignmentNotFound", "The policy assignment '\(name)' is not found.")
      }
      return found.json
    }
  }

  func policyAssignments(at scope: ResourceID, exactly: Bool, _ context: ArmContext) async throws -> [JSON] {
    try await records.read { reader in
      if let subscription = scope.subscription { _ = try Self.requireSubscription(subscription, context.tenant, in: reader) }
      if exactly { return try PolicyAssignment.at(scope, tenant: context.tenant, in: reader).map(\.json) }
      let above = try scope.parent.map { try PolicyAssignment.bearing(on: $0, tenant: context.tenant, in: reader) } ?? []
      return (try PolicyAssignment.below(scope, tenant: context.tenant, in: reader) + above).map(\.json)
    }
  }

  func putPolicyAssignment(_ name: String, at scope: ResourceID, body: JSON, _ context: ArmContext) async throws -> JSON {
    try await requireKnown(scope, context)
    guard let properties = body.member("properties"), let id = properties.member("policyDefinitionId")?.string else {
      throw CloudError.invalidRequestContent("Required property 'policyDefinitionId' not found in JSON.")
    }
    let location = body.member("location")?.string
    return try await change(context) { transaction in
      _ = try Self.requireWritableSubscription(context, in: transaction)
      if let group = scope.resourceGroup { _ = try Self.requireGroup(group, context, in: transaction) }
      guard let definition = try PolicyDefinition.find(id, tenant: context.tenant, in: transaction) else { throw Self.definitionNotFound(id) }
      let assignment = PolicyAssignment(tenant: context.tenant, scope: scope, name: name, location: location, properties: properties)
      let values = Self.parameters(of: assignment, definition)
      for name in definition.properties["parameters"]?.object?.names ?? [] where values[name.lowercased()] == nil {
        throw CloudError(
          400, "MissingPolicyParameter", "The policy assignment is missing the parameter(s) '\(name)' as defined in the policy definition.")
      }
      try transaction.save(assignment)
      return (assignment.json, 201)
    }
  }

  func deletePolicyAssignment(_ name: String, at scope: ResourceID, _ context: ArmContext) async throws -> JSON? {
    try await change(context) { transaction in
      _ = try Self.requireWritableSubscription(context, in: transaction)
      let key = PolicyAssignment.key(context.tenant, scope, name)
      let found = try transaction.fetch(PolicyAssignment.self, key)
      try transaction.remove(PolicyAssignment.self, key)
      return (found?.json, found == nil ? 204 : 200)
    }
  }
}
