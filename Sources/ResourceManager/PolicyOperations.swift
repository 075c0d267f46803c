internal import Base
internal import NIOHTTP1
internal import Wire

/// Policy definitions of subscriptions, and assignments at any scope of one.
///
/// Source: Microsoft, "Policy Definitions" and "Policy Assignments", REST reference.
enum PolicyOperations {
  private static let definitions = "/providers/Microsoft.Authorization/policyDefinitions"
  private static let assignments = "{scope}/providers/Microsoft.Authorization/policyAssignments"

  static func all(_ manager: ResourceManager) -> [ArmOperation] {
    definitionOperations(manager) + assignmentOperations(manager)
  }

  private static func definitionOperations(_ manager: ResourceManager) -> [ArmOperation] {
    let permission = "Microsoft.Authorization/policyDefinitions"
    let collection = "/subscriptions/{subscription}" + definitions
    let item = collection + "/{definition}"
    let isForAll = ArmOperation.Admission.authenticated(reason: "says the same to everybody")
    return [
      ArmOperation("PolicyDefinitions_ListBuiltIn", .GET, definitions, isForAll, at: .tenant) { call in
        call.page(try await manager.policyDefinitions(call.context), next: nil)
      },
      ArmOperation("PolicyDefinitions_GetBuiltIn", .GET, definitions + "/{definition}", isForAll, at: .tenant) { call in
        ArmAnswer(200, try await manager.policyDefinition(call["definition"], call.context))
      },
      ArmOperation("PolicyDefinitions_List", .GET, collection, .permission("\(permission)/read"), at: .subscription) { call in
        call.page(try await manager.policyDefinitions(call.context), next: nil)
      },
      ArmOperation("PolicyDefinitions_Get", .GET, item, .permission("\(permission)/read"), at: .subscription) { call in
        ArmAnswer(200, try await manager.policyDefinition(call["definition"], call.context))
      },
      ArmOperation("PolicyDefinitions_CreateOrUpdate", .PUT, item, .permission("\(permission)/write"), at: .subscription) { call in
        // 201 for an update too: clients accept nothing else here.
        ArmAnswer(201, try await manager.putPolicyDefinition(call["definition"], body: call.body, call.context))
      },
      ArmOperation("PolicyDefinitions_Delete", .DELETE, item, .permission("\(permission)/delete"), at: .subscription) { call in
        ArmAnswer(try await manager.deletePolicyDefinition(call["definition"], call.context) ? 200 : 204)
      },
    ]
  }

  private static func assignmentOperations(_ manager: ResourceManager) -> [ArmOperation] {
    let permission = "Microsoft.Authorization/policyAssignments"
    let item = assignments + "/{assignment}"
    return [
      ArmOperation("PolicyAssignments_List", .GET, assignments, .permission("\(permission)/read"), at: .extended) { call in
        let exactly = call.context.query["$filter"]?.lowercased().contains("atexactscope()") ?? false
        return call.page(try await manager.policyAssignments(at: try scope(call), exactly: exactly, call.context), next: nil)
      },
      ArmOperation("PolicyAssignments_Get", .GET, item, .permission("\(permission)/read"), at: .extended) { call in
        ArmAnswer(200, try await manager.policyAssignment(call["assignment"], at: try scope(call), call.context))
      },
      ArmOperation("PolicyAssignments_Create", .PUT, item, .permission("\(permission)/write"), at: .extended) { call in
        ArmAnswer(201, try await manager.putPolicyAssignment(call["assignment"], at: try scope(call), body: call.body, call.context))
      },
      ArmOperation("PolicyAssignments_Delete", .DELETE, item, .permission("\(permission)/delete"), at: .extended) { call in
        let removed = try await manager.deletePolicyAssignment(call["assignment"], at: try scope(call), call.context)
        return ArmAnswer(removed == nil ? 204 : 200, removed)
      },
    ]
  }

  private static func scope(_ call: ArmCall) throws -> ResourceID {
    guard call.scope.subscription != nil else {
      throw CloudError(400, "InvalidScope", "Policies are assigned to subscriptions, resource groups and resources.")
    }
    return call.scope
  }
}
