internal import Access
internal import Base
internal import Ledger
internal import NIOHTTP1
internal import Records
internal import Wire

/// Roles and who holds them, at a vault's own host: those of Resource Manager at the vault's scope and below, in the form of Managed HSM's API.
///
/// Source: Microsoft, "Role Definitions" and "Role Assignments", Key Vault REST reference.
struct RoleOperations: Sendable {
  let services: VaultServices
  let access: AccessControl
  let principals: any PrincipalResolver

  /// `/`, `/keys` and its like, `/keys/name` and its like.
  private static let scopes = ["", "/{collection}", "/{collection}/{name}"]

  var operations: [VaultOperation] {
    Self.scopes.flatMap { scope in
      let definitions = "\(scope)/providers/Microsoft.Authorization/roleDefinitions"
      let assignments = "\(scope)/providers/Microsoft.Authorization/roleAssignments"
      return [
        VaultOperation("List Role Definitions", .GET, definitions, Self.permission("roleDefinitions/read"), run: listDefinitions),
        VaultOperation("Get Role Definition", .GET, "\(definitions)/{role}", Self.permission("roleDefinitions/read"), run: definition),
        VaultOperation("Set Role Definition", .PUT, "\(definitions)/{role}", Self.permission("roleDefinitions/write"), run: define),
        VaultOperation("Delete Role Definition", .DELETE, "\(definitions)/{role}", Self.permission("roleDefinitions/delete"), run: undefine),
        VaultOperation("List Role Assignments", .GET, assignments, Self.permission("roleAssignments/read"), run: listAssignments),
        VaultOperation("Get Role Assignment", .GET, "\(assignments)/{assignment}", Self.permission("roleAssignments/read"), run: assignment),
        VaultOperation("Create Role Assignment", .PUT, "\(assignments)/{assignment}", Self.permission("roleAssignments/write"), run: assign),
        VaultOperation("Delete Role Assignment", .DELETE, "\(assignments)/{assignment}", Self.permission("roleAssignments/delete"), run: unassign),
      ]
    }
  }

  private static func permission(_ name: String) -> VaultPermission {
    VaultPermission(Action("Microsoft.Authorization/\(name)"), policy: nil)
  }

  // MARK: Definitions

  private func listDefinitions(_ call: VaultCall) async throws -> VaultAnswer {
    let place = try RoleScope(call)
    let filter = try RoleDefinitionFilter(parsing: call.query["$filter"])
    let found = try await services.records.read { [access] in try access.definitions(at: place.access, filter: filter, in: $0) }
    return VaultAnswer(200, ["value": .array(found.filter { place.offers($0) }.map { place.json($0) })])
  }

  private func definition(_ call: VaultCall) async throws -> VaultAnswer {
    let (place, id) = (try RoleScope(call), try Self.id(call, "role", Self.definitionNotFound))
    let found = try await services.records.read { [access] in try access.definition(id, tenant: place.access.tenant, in: $0) }
    guard let found, place.offers(found), place.reaches(found) else { throw Self.definitionNotFound }
    return VaultAnswer(200, place.json(found))
  }

  private func define(_ call: VaultCall) async throws -> VaultAnswer {
    let (place, id) = (try RoleScope(call), try Self.id(call, "role", Self.invalidName))
    let request = try place.request(call.body, id: id)
    let entry = call.entry(.controlWrite, subject: "\(call.vaultURL)\(RoleScope.definitionPath(id))", random: services.random)
    let definition = try await services.records.write { [access] transaction in
      try place.requireOwn(try access.definition(id, tenant: place.access.tenant, in: transaction))
      let definition = try access.define(
        request, id: id, at: place.access, by: call.principal.objectID, now: call.now, in: transaction
      ).definition
      try entry.append(in: transaction)
      return definition
    }
    return VaultAnswer(201, place.json(definition))
  }

  private func undefine(_ call: VaultCall) async throws -> VaultAnswer {
    let (place, id) = (try RoleScope(call), try Self.id(call, "role", Self.definitionNotFound))
    let entry = call.entry(.controlWrite, subject: "\(call.vaultURL)\(RoleScope.definitionPath(id))", random: services.random)
    let removed = try await services.records.write { [access] transaction in
      try place.requireOwn(try access.definition(id, tenant: place.access.tenant, in: transaction))
      guard let removed = try access.undefine(id, at: place.access, in: transaction) else { throw Self.definitionNotFound }
      try entry.append(in: transaction)
      return removed
    }
    return VaultAnswer(200, place.json(removed))
  }

  // MARK: Assignments

  private func listAssignments(_ call: VaultCall) async throws -> VaultAnswer {
    let place = try RoleScope(call)
    let filter = try RoleAssignmentFilter(parsing: call.query["$filter"])
    var reaching: Set<GUID>?
    if let assignee = filter.assignedTo {
      reaching = Set([assignee] + (try await principals.principal(tenant: place.access.tenant, objectID: assignee)?.groups ?? []))
    }
    let found = try await services.records.read { [access, reaching] in
      try access.assignments(at: place.access, filter: filter, assignedTo: reaching, in: $0)
    }
    return VaultAnswer(200, ["value": .array(found.compactMap { place.json($0) })])
  }

  private func assignment(_ call: VaultCall) async throws -> VaultAnswer {
    let (place, id) = (try RoleScope(call), try Self.id(call, "assignment", Self.assignmentNotFound))
    let found = try await services.records.read { [access] in try access.assignment(id, at: place.access, in: $0) }
    guard let json = found.flatMap({ place.json($0) }) else { throw Self.assignmentNotFound }
    return VaultAnswer(200, json)
  }

  private func assign(_ call: VaultCall) async throws -> VaultAnswer {
    let (place, id) = (try RoleScope(call), try Self.id(call, "assignment", Self.invalidName))
    let request = try RoleAssignmentRequest(body: call.body)
    let type = try await principals.principalType(tenant: place.access.tenant, objectID: request.principalID)
    let entry = call.entry(.controlWrite, subject: "\(call.vaultURL)\(RoleScope.assignmentPath(id))", random: services.random)
    let made = try await services.records.write { [access] transaction in
      guard let role = try access.definition(request.roleDefinitionID, tenant: place.access.tenant, in: transaction), place.offers(role) else {
        throw Self.definitionNotFound
      }
      let made = try access.assign(
        request, id: id, at: place.access, resolvedType: type, by: call.principal.objectID, now: call.now, in: transaction
      ).assignment
      try entry.append(in: transaction)
      return made
    }
    return VaultAnswer(201, place.json(made))
  }

  private func unassign(_ call: VaultCall) async throws -> VaultAnswer {
    let (place, id) = (try RoleScope(call), try Self.id(call, "assignment", Self.assignmentNotFound))
    let entry = call.entry(.controlWrite, subject: "\(call.vaultURL)\(RoleScope.assignmentPath(id))", random: services.random)
    let removed = try await services.records.write { [access] transaction in
      guard let removed = try access.unassign(id, at: place.access, in: transaction) else { throw Self.assignmentNotFound }
      try entry.append(in: transaction)
      return removed
    }
    return VaultAnswer(200, place.json(removed))
  }

  // MARK: Errors

  private static func id(_ call: VaultCall, _ name: String, _ refusal: CloudError) throws -> GUID {
    guard let id = GUID(call.parameters[name] ?? "") else { throw refusal }
    return id
  }

  private static let invalidName = VaultError.badParameter("The name of a role definition or role assignment must be a GUID.")
  private static let definitionNotFound = CloudError(404, "RoleDefinitionNotFound", "Requested role definition not found.")
  private static let assignmentNotFound = CloudError(404, "RoleAssignmentNotFound", "Requested role assignment not found.")
}
