internal import Base
internal import Records
internal import Templates
internal import Wire

/// Deployments as requests see them: validated, recorded, shown.
extension ResourceManager {
  /// A deployment's request, read and expanded.
  struct DeploymentPlan: Sendable {
    var id: ResourceID
    var location: String?
    var mode: Deployment.Mode
    var template: DeploymentTemplate
    var values: [String: JSON]
    var expanded: ExpandedTemplate
    var source: JSON
  }

  // MARK: Reading

  func deployment(_ name: String, group: String?, _ context: ArmContext) async throws -> Deployment {
    let id = Deployment.id(name, subscription: context.subscription ?? .zero, group: group)
    return try await records.read { reader in
      _ = try Self.requireSubscription(context.subscription ?? .zero, context.tenant, in: reader)
      if let found = try reader.fetch(Deployment.self, Deployment.key(context.tenant, id)) {
        try found.requireOpen()
        return found
      }
      if let group { _ = try Self.requireGroup(group, context, in: reader) }
      throw CloudError(404, "DeploymentNotFound", "Deployment '\(name)' could not be found.")
    }
  }

  func deploymentExists(_ name: String, group: String?, _ context: ArmContext) async throws -> Bool {
    let id = Deployment.id(name, subscription: context.subscription ?? .zero, group: group)
    return try await records.read { reader in
      _ = try Self.requireSubscription(context.subscription ?? .zero, context.tenant, in: reader)
      return try reader.fetch(Deployment.self, Deployment.key(context.tenant, id)) != nil
    }
  }

  func deploymentJSON(_ name: String, group: String?, _ context: ArmContext) async throws -> JSON {
    let found = try await deployment(name, group: group, context)
    return found.json(template: try DeploymentTemplate(parsing: found.template))
  }

  /// The newest first.
  func deployments(group: String?, _ context: ArmContext) async throws -> [JSON] {
    let parent = ResourceID(subscription: context.subscription, resourceGroup: group)
    return try await records.read { reader in
      _ = try Self.requireSubscription(context.subscription ?? .zero, context.tenant, in: reader)
      if let group { _ = try Self.requireGroup(group, context, in: reader) }
      let found = try reader.list(
        Deployment.self, under: RecordKey(tenant: context.tenant, parent.canonical), limit: ResourceManagerLimits.maximumDeployments)
      for deployment in found { try deployment.requireOpen() }
      return try found.sorted { $0.timestamp > $1.timestamp }.map { $0.json(template: try DeploymentTemplate(parsing: $0.template)) }
    }
  }

  func deleteDeployment(_ name: String, group: String?, _ context: ArmContext) async throws -> Bool {
    let id = Deployment.id(name, subscription: context.subscription ?? .zero, group: group)
    return try await change(context) { transaction in
      _ = try Self.requireWritableSubscription(context, in: transaction)
      guard let found = try transaction.fetch(Deployment.self, Deployment.key(context.tenant, id)) else { return (false, 204) }
      guard found.state.isFinal else { throw Self.active(found) }
      try transaction.remove(Deployment.self, found.key)
      return (true, 200)
    }
  }

  func cancelDeployment(_ name: String, group: String?, _ context: ArmContext) async throws {
    let id = Deployment.id(name, subscription: context.subscription ?? .zero, group: group)
    try await change(context) { transaction in
      _ = try Self.requireWritableSubscription(context, in: transaction)
      guard var found = try transaction.fetch(Deployment.self, Deployment.key(context.tenant, id)) else {
        throw CloudError(404, "DeploymentNotFound", "Deployment '\(name)' could not be found.")
      }
      try found.requireOpen()
      guard !found.state.isFinal else {
        throw CloudError(409, "DeploymentCannotBeCancelled", "Deployment '\(name)' cannot be cancelled because it is not running.")
      }
      found.isCancelRequested = true
      try transaction.save(found)
      return ((), 204)
    }
  }

  private static func active(_ deployment: Deployment) -> CloudError {
    CloudError(
      409, "DeploymentActive",
      "Unable to edit or replace deployment '\(deployment.id.name)': previous deployment from '\(deployment.startTime.iso8601)' is still active. "
        + "Please see https://aka.ms/arm-deploy for usage details.")
  }

  // MARK: Planning

  func plan(
    _ name: String, group: String?, body: JSON, _ context: ArmContext, now: Timestamp? = nil, values fixed: [String: JSON]? = nil
  ) async throws -> DeploymentPlan {
    try await requireKnown(ResourceID(subscription: context.subscription), context)
    guard let properties = body.member("properties") else {
      throw CloudError.invalidRequestContent("Required property 'properties' not found in JSON.")
    }
    guard (1...64).contains(name.count),
      name.unicodeScalars.allSatisfy({ $0.isASCII && ($0.properties.isAlphabetic || "0123456789-_.()".unicodeScalars.contains($0)) })
    else {
      throw CloudError(
        400, "InvalidDeploymentName", "The deployment name '\(name)' is invalid: up to 64 letters, digits, '-', '_', '.', '(' and ')'.")
    }
    if properties.member("templateLink") != nil || properties.member("parametersLink") != nil {
      throw CloudError(501, "NotImplemented", "Templates and parameters behind a link are not served by this cloud: submit them in the request.")
    }
    guard let source = properties.member("template") else {
      throw CloudError.invalidRequestContent("Required property 'template' not found in JSON.")
    }
    let modeText = properties.member("mode")?.string ?? "Incremental"
    guard let mode = [Deployment.Mode.incremental, .complete].first(where: { $0.rawValue.lowercased() == modeText.lowercased() }) else {
      throw CloudError(400, "InvalidDeploymentMode", "The deployment mode '\(modeText)' is not one of Incremental, Complete.")
    }
    guard mode == .incremental || group != nil else {
      throw CloudError(400, "InvalidDeploymentMode", "The deployment mode 'Complete' is not supported for deployments on subscriptions.")
    }
    let location = body.member("location")?.string
    if group == nil {
      guard let location else { throw CloudError(400, "LocationRequired", "The location property is required for this deployment.") }
      _ = try checkedLocation(location, type: "Microsoft.Resources/deployments")
    }
    let template = try DeploymentTemplate(parsing: source)
    let scope = try await scope(name, group: group, location: location, context, now: now)
    let values =
      try fixed ?? template.parameterValues(given: properties.member("parameters")?.object ?? JSON.Object(), scope: scope)
    let expanded = try template.expand(parameters: values, scope: scope)
    for resource in expanded.resources where resource.isDeployed {
      let type = resource.type.lowercased()
      guard catalog.provider(resource.id.provided.last?.namespace ?? "") != nil || type.hasPrefix("microsoft.authorization/") else {
        throw CloudError.invalidNamespace(resource.id.provided.last?.namespace ?? "")
      }
    }
    return DeploymentPlan(
      id: Deployment.id(name, subscription: context.subscription ?? .zero, group: group), location: location, mode: mode, template: template,
      values: values, expanded: expanded, source: source)
  }

  private func scope(
    _ name: String, group: String?, location: String?, _ context: ArmContext, now: Timestamp?
  ) async throws -> TemplateScope {
    let (subscription, found) = try await records.read { reader in
      (
        try Self.requireSubscription(context.subscription ?? .zero, context.tenant, in: reader),
        try group.map { try Self.requireGroup($0, context, in: reader) }
      )
    }
    let random = random
    return TemplateScope(
      tenant: context.tenant, subscription: subscription.id, subscriptionName: subscription.displayName,
      group: found.map { TemplateScope.ResourceGroup(name: $0.name, location: $0.location, tags: $0.tags) }, deploymentName: name, location: location,
      environment: environment,
      deployer: ["objectId": .string(context.principal.objectID.description), "tenantId": .string(context.tenant.description)],
      now: now ?? context.now, newGUID: { random.guid() })
  }

  /// Who submits a deployment must be allowed each of its resources.
  private func requirePermissions(_ plan: DeploymentPlan, _ call: ArmCall) async throws {
    for resource in plan.expanded.resources where resource.isDeployed && !resource.isExisting {
      let permission = "\(catalog.spelled(resource.id).type ?? resource.type)/write"
      guard try await call.mayAlso(permission, resource.id.description) else {
        throw CloudError(
          403, "InvalidTemplateDeployment",
          "Deployment failed with multiple errors: 'Authorization failed for template resource '\(resource.id.name)' of type '\(resource.type)'. The "
            + "client '\(call.context.caller)' with object id '\(call.context.principal.objectID)' does not have permission to perform action "
            + "'\(permission)' at scope '\(resource.id)'.'")
      }
    }
  }

  // MARK: Requests

  func validateDeployment(_ name: String, group: String?, body: JSON, _ call: ArmCall) async throws -> JSON {
    let plan = try await plan(name, group: group, body: body, call.context)
    try await requirePermissions(plan, call)
    return [
      "id": .string(plan.id.description), "name": .string(name), "type": "Microsoft.Resources/deployments",
      "properties": [
        "mode": .string(plan.mode.rawValue), "provisioningState": "Succeeded", "timestamp": .string(call.context.now.iso8601Fractional),
        "duration": "PT0S", "correlationId": .string(call.context.correlationID.description), "parameters": plan.template.shown(plan.values),
        "providers": [], "dependencies": [],
        "validatedResources": .array(plan.expanded.resources.filter(\.isDeployed).map { ["id": .string($0.id.description)] }),
      ],
    ]
  }

  /// Records a deployment and begins it.
  func putDeployment(_ name: String, group: String?, body: JSON, _ call: ArmCall) async throws -> (JSON, LongRunningOperation) {
    let context = call.context
    let plan = try await plan(name, group: group, body: body, context)
    try await requirePermissions(plan, call)
    let secure = plan.template.secureParameters
    let open = JSON.Object(plan.values.filter { !secure.contains($0.key) }.sorted { $0.key < $1.key }.map { ($0.key, $0.value) })
    let hidden = JSON.Object(plan.values.filter { secure.contains($0.key) }.sorted { $0.key < $1.key }.map { ($0.key, $0.value) })
    let (operationID, location, mode, id, source) = (random.guid(), plan.location, plan.mode, plan.id, plan.source)
    let (deployment, operation) = try await change(context) { [self] transaction in
      _ = try Self.requireWritableSubscription(context, in: transaction)
      if let group { _ = try Self.requireWritableGroup(group, context, in: transaction) }
      if let old = try transaction.fetch(Deployment.self, Deployment.key(context.tenant, id)), !old.state.isFinal { throw Self.active(old) }
      var deployment = Deployment(
        tenant: context.tenant, id: id, location: location, mode: mode, template: source, parameters: .object(open), secrets: nil, state: .accepted,
        timestamp: context.now, startTime: context.now, correlationID: context.correlationID, steps: [], outputs: nil, outputResources: [],
        failure: nil, isCancelRequested: false)
      if !hidden.isEmpty { deployment.secrets = try secrets.seal(JSON.object(hidden).bytes, tenant: context.tenant, in: transaction) }
      try transaction.save(deployment)
      let operation = try begin(.deploy, id, id: operationID, context, in: transaction)
      return ((deployment, operation), 201)
    }
    return (deployment.json(template: plan.template), operation)
  }

  // MARK: What if

  func whatIf(_ name: String, group: String?, body: JSON, _ call: ArmCall) async throws -> JSON {
    let context = call.context
    let plan = try await plan(name, group: group, body: body, context)
    let wholes = body.member("properties", "whatIfSettings", "resultFormat")?.string?.lowercased() != "resourceidonly"
    let changes = try await records.write { [catalog] transaction -> [JSON] in
      var changes: [JSON] = []
      var named: Set<ResourceID> = []
      for resource in plan.expanded.resources where resource.isDeployed && !resource.isExisting {
        named.insert(resource.id)
        let before = try catalog.resource(resource.id, tenant: context.tenant, in: transaction).map { try Self.whole($0, catalog, in: transaction) }
        do {
          let runtime = DeploymentRuntime(catalog: catalog, context: context, transaction: transaction)
          var after = JSON.Object([
            ("apiVersion", .string(resource.apiVersion)), ("id", .string(resource.id.description)), ("name", .string(resource.id.name)),
            ("type", .string(resource.type)),
          ])
          for (name, value) in try plan.expanded.body(of: resource, runtime: runtime).object?.members ?? [] where !value.isNull {
            after[name] = value
          }
          changes.append(TemplateWhatIf.change(resource.id, before: before, after: .object(after)))
        } catch let error as CloudError {
          changes.append([
            "resourceId": .string(resource.id.description), "changeType": "Unsupported", "unsupportedReason": .string(error.message),
          ])
        }
      }
      guard let group else { return changes }
      let place = Resource.key(tenant: context.tenant, ResourceID(subscription: context.subscription, resourceGroup: group))
      for other in try transaction.list(Resource.self, under: place, limit: ResourceManagerLimits.maximumPageItems) where !named.contains(other.id) {
        let before = try Self.whole(other, catalog, in: transaction)
        changes.append(
          plan.mode == .complete ? TemplateWhatIf.change(other.id, before: before, after: nil) : TemplateWhatIf.ignored(other.id, before))
      }
      return changes
    }
    let shown =
      wholes
      ? changes
      : changes.map { change in
        .object(
          JSON.Object(
            (change.object?.members ?? []).filter { ["resourceId", "changeType", "unsupportedReason"].contains($0.name) }.map { ($0.name, $0.value) })
        )
      }
    return ["status": "Succeeded", "properties": ["correlationId": .string(context.correlationID.description), "changes": .array(shown)]]
  }

  static func whole(_ resource: Resource, _ catalog: ResourceCatalog, in reader: any RecordReader) throws -> JSON {
    try resource.requireOpen()
    guard let type = catalog.type(resource.id.type ?? "") else { return .object(JSON.Object()) }
    return RenderedResource(resource: resource, properties: try type.render(resource, in: reader)).json(type.descriptor)
  }
}

/// What a deployment may know of the cloud around it, at one moment.
struct DeploymentRuntime: TemplateRuntime {
  let catalog: ResourceCatalog
  let context: ArmContext
  let transaction: RecordTransaction

  func reference(_ id: ResourceID, apiVersion: String?, full: Bool) throws -> JSON {
    if id.type?.lowercased() == "microsoft.resources/deployments" {
      guard let deployment = try transaction.fetch(Deployment.self, Deployment.key(context.tenant, id)) else { throw CloudError.resourceNotFound(id) }
      try deployment.requireOpen()
      let json = deployment.json(template: try DeploymentTemplate(parsing: deployment.template))
      return full ? json : json["properties"] ?? [:]
    }
    let whole = try ResourceManager.whole(try found(id), catalog, in: transaction)
    guard full else { return whole["properties"] ?? [:] }
    var object = whole.object ?? JSON.Object()
    object["apiVersion"] = apiVersion.map { .string($0) }
    object["subscriptionId"] = .string(id.subscription?.description ?? "")
    object["resourceGroupName"] = .string(id.resourceGroup ?? "")
    object["resourceId"] = .string(String(id.description.drop { $0 != "p" }))
    object["scope"] = ""
    return .object(object)
  }

  func list(_ function: String, _ id: ResourceID, apiVersion: String, body: JSON) throws -> JSON {
    let resource = try found(id)
    guard
      let action = catalog.type(id.type ?? "")?.actions.first(where: {
        $0.name.lowercased() == function.lowercased() && !$0.isLongRunning && !$0.isWrite
      })
    else { throw CloudError.resourceNotFound(id) }
    return try action.run(resource, body, context.operation(context.subscription ?? .zero), transaction)
  }

  private func found(_ id: ResourceID) throws -> Resource {
    guard id.subscription == context.subscription, let resource = try catalog.resource(id, tenant: context.tenant, in: transaction) else {
      throw CloudError.resourceNotFound(id)
    }
    try resource.requireOpen()
    return resource
  }
}
