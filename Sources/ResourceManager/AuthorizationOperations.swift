internal import Access
internal import Base
internal import NIOHTTP1
internal import Wire

/// Microsoft.Authorization at any scope: role definitions, role assignments, and the caller's own permissions.
///
/// Source: Microsoft, "Role Definitions", "Role Assignments" and "Permissions", REST reference.
enum AuthorizationOperations {
  private static let prefix = "{scope}/providers/Microsoft.Authorization"
  private static let roles = "Microsoft.Authorization/roleDefinitions"
  private static let assignments = "Microsoft.Authorization/roleAssignments"

  static func all(_ manager: ResourceManager, _ principals: any PrincipalResolver) -> [ArmOperation] {
    definitions(manager) + assignments(manager, principals) + [
      ArmOperation("Permissions_List", .GET, "\(prefix)/permissions", .visible("Microsoft.Authorization/permissions/read"), at: .extended) { call in
        call.page(try await manager.permissions(at: call.scope, call.context), next: nil)
      }
    ]
  }

  private static func definitions(_ manager: ResourceManager) -> [ArmOperation] {
    [
      ArmOperation("RoleDefinitions_List", .GET, "\(prefix)/roleDefinitions", .permission("\(roles)/read"), at: .extended) { call in
        let filter = try RoleDefinitionFilter(parsing: call.context.query["$filter"])
        return call.page(try await manager.roleDefinitions(at: call.scope, filter, call.context), next: nil)
      },
      ArmOperation("RoleDefinitions_Get", .GET, "\(prefix)/roleDefinitions/{role}", .permission("\(roles)/read"), at: .extended) { call in
        guard let id = GUID(call["role"]) else { throw roleNotFound(call["role"]) }
        return ArmAnswer(200, try await manager.roleDefinition(id, at: call.scope, call.context))
      },
      ArmOperation("RoleDefinitions_CreateOrUpdate", .PUT, "\(prefix)/roleDefinitions/{role}", .permission("\(roles)/write"), at: .extended) { call in
        let id = try guid(call["role"], code: "InvalidRoleDefinitionId", what: "role definition")
        let request = try RoleDefinitionRequest(body: call.body)
        let reached = try await admitted(call, manager, id, also: request.assignableScopes, "\(roles)/write")
        // 201 for an update too: clients accept nothing else here.
        return ArmAnswer(201, try await manager.defineRole(request, id: id, at: call.scope, admitted: reached, call.context))
      },
      ArmOperation("RoleDefinitions_Delete", .DELETE, "\(prefix)/roleDefinitions/{role}", .permission("\(roles)/delete"), at: .extended) { call in
        guard let id = GUID(call["role"]) else { return ArmAnswer(204) }
        let reached = try await admitted(call, manager, id, also: [], "\(roles)/delete")
        guard let removed = try await manager.undefineRole(id, at: call.scope, admitted: reached, call.context) else { return ArmAnswer(204) }
        return ArmAnswer(200, removed)
      },
    ]
  }

  /// A role takes effect wherever it can be assigned: who changes it must hold the permission at each of these scopes, not only at the path's.
  private static func admitted(
    _ call: ArmCall, _ manager: ResourceManager, _ id: GUID, also wanted: [String], _ permission: String
  ) async throws -> Set<String> {
    var reached: Set<String> = []
    for scope in try await manager.assignableScopes(of: id, call.context) + wanted where reached.insert(scope.lowercased()).inserted {
      guard try await call.mayAlso(permission, scope) else {
        let refusal = CloudError.authorizationFailed(
          client: call.context.caller, objectID: call.context.principal.objectID, action: permission, scope: scope)
        await manager.recordFailure(call.context, refusal)
        throw refusal
      }
    }
    return reached
  }

  private static func assignments(_ manager: ResourceManager, _ principals: any PrincipalResolver) -> [ArmOperation] {
    let item = "\(prefix)/roleAssignments/{assignment}"
    return [
      ArmOperation("RoleAssignments_List", .GET, "\(prefix)/roleAssignments", .permission("\(assignments)/read"), at: .extended) { call in
        let filter = try RoleAssignmentFilter(parsing: call.context.query["$filter"])
        var reaching: Set<GUID>?
        if let assignee = filter.assignedTo {
          reaching = Set([assignee] + (try await principals.principal(tenant: call.context.tenant, objectID: assignee)?.groups ?? []))
        }
        return call.page(try await manager.roleAssignments(at: call.scope, filter, assignedTo: reaching, call.context), next: nil)
      },
      ArmOperation("RoleAssignments_Get", .GET, item, .permission("\(assignments)/read"), at: .extended) { call in
        guard let id = GUID(call["assignment"]) else { throw assignmentNotFound(call["assignment"]) }
        return ArmAnswer(200, try await manager.roleAssignment(id, at: call.scope, call.context))
      },
      ArmOperation("RoleAssignments_Create", .PUT, item, .permission("\(assignments)/write"), at: .extended) { call in
        let id = try guid(call["assignment"], code: "InvalidRoleAssignmentId", what: "role assignment")
        let request = try RoleAssignmentRequest(body: call.body)
        let type = try await principals.principalType(tenant: call.context.tenant, objectID: request.principalID)
        let (assignment, isNew) = try await manager.assignRole(request, id: id, at: call.scope, resolvedType: type, call.context)
        return ArmAnswer(isNew ? 201 : 200, assignment)
      },
      ArmOperation("RoleAssignments_Delete", .DELETE, item, .permission("\(assignments)/delete"), at: .extended) { call in
        guard let id = GUID(call["assignment"]), let removed = try await manager.unassignRole(id, at: call.scope, call.context) else {
          return ArmAnswer(204)
        }
        return ArmAnswer(200, removed)
      },
    ]
  }

  private static func guid(_ text: String, code: String, what: String) throws -> GUID {
    guard let id = GUID(text) else { throw CloudError(400, code, "The \(what) ID '\(text)' is not valid. The \(what) ID must be a GUID.") }
    return id
  }

  static func roleNotFound(_ id: String) -> CloudError {
    CloudError(404, "RoleDefinitionDoesNotExist", "The specified role definition with ID '\(id)' does not exist.")
  }

  static func assignmentNotFound(_ id: String) -> CloudError {
    CloudError(404, "RoleAssignmentNotFound", "The role assignment '\(id)' is not found.")
  }
}
