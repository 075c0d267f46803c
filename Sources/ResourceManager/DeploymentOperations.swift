internal import Base
internal import NIOHTTP1
internal import Wire

/// Template deployments, on resource groups and on subscriptions.
///
/// Source: Microsoft, "Deployments" and "Deployment Operations", REST reference.
enum DeploymentOperations {
  private static let permission = "Microsoft.Resources/deployments"

  static func all(_ manager: ResourceManager, _ address: CloudAddress) -> [ArmOperation] {
    let subscription = "/subscriptions/{subscription}"
    let group = subscription + "/resourceGroups/{group}"
    return operations("Group", group + "/providers/Microsoft.Resources/deployments", .group, manager, address)
      + operations("Subscription", subscription + "/providers/Microsoft.Resources/deployments", .subscription, manager, address)
      // The CLI asks for these without the namespace.
      + reading("GroupPlain", group + "/deployments", .group, manager)
  }

  private static func operations(
    _ name: String, _ collection: String, _ place: ArmOperation.Place, _ manager: ResourceManager, _ address: CloudAddress
  ) -> [ArmOperation] {
    let item = collection + "/{deployment}"
    return reading(name, collection, place, manager) + [
      ArmOperation("Deployments_List\(name)", .GET, collection, .permission("\(permission)/read"), at: place) { call in
        call.page(try await manager.deployments(group: group(call), call.context), next: nil)
      },
      ArmOperation("Deployments_Get\(name)", .GET, item, .permission("\(permission)/read"), at: place) { call in
        ArmAnswer(200, try await manager.deploymentJSON(call["deployment"], group: group(call), call.context))
      },
      ArmOperation("Deployments_CheckExistence\(name)", .HEAD, item, .permission("\(permission)/read"), at: place) { call in
        ArmAnswer(try await manager.deploymentExists(call["deployment"], group: group(call), call.context) ? 204 : 404)
      },
      ArmOperation("Deployments_CreateOrUpdate\(name)", .PUT, item, .permission("\(permission)/write"), at: place, isLenient: true) { call in
        let (json, operation) = try await manager.putDeployment(call["deployment"], group: group(call), body: call.body, call)
        var answer = ArmAnswer(201, json)
        answer.operation = operation
        answer.headers = OperationStatusOperations.headers(operation, call.context, address, location: manager.locations[0].name)
        return answer
      },
      ArmOperation("Deployments_Validate\(name)", .POST, item + "/validate", .permission("\(permission)/validate/action"), at: place, isLenient: true)
      {
        call in
        ArmAnswer(200, try await manager.validateDeployment(call["deployment"], group: group(call), body: call.body, call))
      },
      ArmOperation("Deployments_WhatIf\(name)", .POST, item + "/whatIf", .permission("\(permission)/whatIf/action"), at: place, isLenient: true) {
        call in
        ArmAnswer(200, try await manager.whatIf(call["deployment"], group: group(call), body: call.body, call))
      },
      ArmOperation("Deployments_Cancel\(name)", .POST, item + "/cancel", .permission("\(permission)/cancel/action"), at: place, isLogged: true) {
        call in
        try await manager.cancelDeployment(call["deployment"], group: group(call), call.context)
        return ArmAnswer(204)
      },
      ArmOperation(
        "Deployments_ExportTemplate\(name)", .POST, item + "/exportTemplate", .permission("\(permission)/exportTemplate/action"), at: place
      ) {
        call in
        ArmAnswer(200, ["template": try await manager.deployment(call["deployment"], group: group(call), call.context).template])
      },
      ArmOperation("Deployments_Delete\(name)", .DELETE, item, .permission("\(permission)/delete"), at: place) { call in
        ArmAnswer(try await manager.deleteDeployment(call["deployment"], group: group(call), call.context) ? 200 : 204)
      },
    ]
  }

  private static func reading(_ name: String, _ collection: String, _ place: ArmOperation.Place, _ manager: ResourceManager) -> [ArmOperation] {
    let steps = collection + "/{deployment}/operations"
    return [
      ArmOperation("DeploymentOperations_List\(name)", .GET, steps, .permission("\(permission)/operations/read"), at: place) { call in
        let deployment = try await manager.deployment(call["deployment"], group: group(call), call.context)
        return call.page(deployment.steps.map { deployment.json($0) }, next: nil)
      },
      ArmOperation("DeploymentOperations_Get\(name)", .GET, steps + "/{operation}", .permission("\(permission)/operations/read"), at: place) { call in
        let deployment = try await manager.deployment(call["deployment"], group: group(call), call.context)
        guard let step = deployment.steps.first(where: { $0.id.description == call["operation"].lowercased() }) else {
          throw CloudError(404, "DeploymentOperationNotFound", "Deployment operation '\(call["operation"])' could not be found.")
        }
        return ArmAnswer(200, deployment.json(step))
      },
    ]
  }

  private static func group(_ call: ArmCall) -> String? {
    call["group"].isEmpty ? nil : call["group"]
  }
}
