internal import Base
internal import Wire

extension TemplateFunctions {
  // MARK: Scopes and values of the deployment

  static let scopes: [String: Function] = [
    "parameters": Function(1) { arguments, evaluator in try evaluator.parameter(try text(arguments[0], "parameters")) },
    "variables": Function(1) { arguments, evaluator in try evaluator.variable(try text(arguments[0], "variables")) },
    "lambdavariables": Function(1) { arguments, evaluator in
      let name = try text(arguments[0], "lambdaVariables")
      guard let value = evaluator.lambdaVariables[name.lowercased()] else {
        throw TemplateFailure.evaluation("The lambda variable '\(name)' is not found.")
      }
      return value
    },
    "environment": Function(0) { _, evaluator in evaluator.scope.environment },
    "deployer": Function(0) { _, evaluator in evaluator.scope.deployer },
    "deployment": Function(0) { _, evaluator in
      var deployment = JSON.Object([("name", .string(evaluator.scope.deploymentName))])
      if let location = evaluator.scope.location { deployment["location"] = .string(location) }
      deployment["properties"] = [
        "template": evaluator.template.source, "parameters": .object(JSON.Object()), "mode": "Incremental", "provisioningState": "Accepted",
      ]
      return .object(deployment)
    },
    "subscription": Function(0) { _, evaluator in
      let id = evaluator.scope.subscription.description
      return [
        "id": .string("/subscriptions/\(id)"), "subscriptionId": .string(id), "tenantId": .string(evaluator.scope.tenant.description),
        "displayName": .string(evaluator.scope.subscriptionName),
      ]
    },
    "tenant": Function(0) { _, evaluator in ["tenantId": .string(evaluator.scope.tenant.description), "id": "/"] },
    "resourcegroup": Function(0) { _, evaluator in
      guard let group = evaluator.scope.group else {
        throw TemplateFailure.invalid(
          "The template function 'resourceGroup' is not expected at this location: the deployment is not on a resource group.")
      }
      return [
        "id": .string(evaluator.scope.groupID.description), "name": .string(group.name), "type": "Microsoft.Resources/resourceGroups",
        "location": .string(group.location), "tags": .object(JSON.Object(group.tags.sorted { $0.key < $1.key }.map { ($0.key, .string($0.value)) })),
        "properties": ["provisioningState": "Succeeded"],
      ]
    },
  ]

  // MARK: Resources

  static let resources: [String: Function] = [
    "resourceid": Function(2...many) { arguments, evaluator in
      var words = try arguments.map { try text($0, "resourceId") }
      guard let type = words.firstIndex(where: { $0.contains("/") }) else { throw typeMissing("resourceId") }
      var (subscription, group) = (evaluator.scope.subscription.description, evaluator.scope.group?.name)
      if type == 2 { (subscription, group) = (words[0], words[1]) }
      if type == 1 {
        // One word before the type is a group or, where it looks like one, a subscription.
        if GUID(words[0]) != nil { subscription = words[0] } else { group = words[0] }
      }
      words.removeFirst(type)
      let place = group.map { "/subscriptions/\(subscription)/resourceGroups/\($0)" } ?? "/subscriptions/\(subscription)"
      return .string(place + (try path(words, "resourceId")))
    },
    "subscriptionresourceid": Function(2...many) { arguments, evaluator in
      var words = try arguments.map { try text($0, "subscriptionResourceId") }
      var subscription = evaluator.scope.subscription.description
      if let first = words.first, !first.contains("/") {
        subscription = first
        words.removeFirst()
      }
      return .string("/subscriptions/\(subscription)" + (try path(words, "subscriptionResourceId")))
    },
    "tenantresourceid": Function(2...many) { arguments, _ in
      .string(try path(try arguments.map { try text($0, "tenantResourceId") }, "tenantResourceId"))
    },
    "extensionresourceid": Function(3...many) { arguments, _ in
      let words = try arguments.map { try text($0, "extensionResourceId") }
      return .string((words[0] == "/" ? "" : words[0]) + (try path(Array(words.dropFirst()), "extensionResourceId")))
    },
    "reference": Function(1...3) { arguments, evaluator in
      guard let runtime = evaluator.runtime else {
        throw TemplateFailure.invalid("The template function 'reference' is not expected at this location.")
      }
      let name = try text(arguments[0], "reference")
      let id = try evaluator.template.resolve(name, evaluator)
      let version = arguments.count > 1 ? try text(arguments[1], "reference") : nil
      let isFull = arguments.count > 2 ? try text(arguments[2], "reference").lowercased() == "full" : false
      return try runtime.reference(id, apiVersion: version, full: isFull)
    },
    "providers": Function(1...2) { arguments, _ in
      throw TemplateFailure.evaluation("The template function 'providers' is deprecated, and not served.")
    },
    "pickzones": Function(3...5) { arguments, _ in
      let count = arguments.count > 3 ? max(0, min(3, Int(try integer(arguments[3], "pickZones")))) : 1
      return .array((0..<count).map { .string(String($0 + 1)) })
    },
  ]

  private static func typeMissing(_ name: String) -> CloudError {
    TemplateFailure.evaluation("The template function '\(name)' expects a fully qualified resource type, for example 'Microsoft.Compute/disks'.")
  }

  /// `/providers/Namespace/type/name/…` of a type and its names.
  private static func path(_ words: [String], _ name: String) throws -> String {
    let types = (words.first ?? "").split(separator: "/").map(String.init)
    let names = words.dropFirst().flatMap { $0.split(separator: "/").map(String.init) }
    guard types.count >= 2 else { throw typeMissing(name) }
    guard names.count == types.count - 1 else {
      throw TemplateFailure.evaluation(
        "The template function '\(name)' expects as many resource names as the type '\(words[0])' has segments: \(types.count - 1).")
    }
    return "/providers/\(types[0])/" + zip(types.dropFirst(), names).map { "\($0)/\($1)" }.joined(separator: "/")
  }
}
