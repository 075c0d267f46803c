internal import Access
internal import Base
internal import Edge
internal import Identity
internal import NIOHTTP1
internal import Records
internal import Wire

/// The directory's roles and who holds them.
///
/// Source: Microsoft Graph REST API v1.0, "unifiedRoleDefinition" and "unifiedRoleAssignment" resource types.
struct DirectoryRoleRoutes: Sendable {
  private let services: DirectoryServices

  init(_ services: DirectoryServices) {
    self.services = services
  }

  private static let assignment = GraphSchema(
    type: "unifiedRoleAssignment", resource: "RoleAssignment", collection: "roleManagement/directory/roleAssignments",
    properties: [
      GraphProperty("id", .text, .computed), GraphProperty("principalId"), GraphProperty("directoryScopeId"), GraphProperty("roleDefinitionId"),
    ])

  private static let definition = GraphSchema(
    type: "unifiedRoleDefinition", resource: "RoleDefinition", collection: "roleManagement/directory/roleDefinitions",
    properties: [
      GraphProperty("id", .text, .computed), GraphProperty("description", .text, .computed), GraphProperty("displayName", .text, .computed),
      GraphProperty("isBuiltIn", .boolean, .computed, absent: true), GraphProperty("isEnabled", .boolean, .computed, absent: true),
      GraphProperty("resourceScopes", .texts, .computed, absent: ["/"]), GraphProperty("templateId", .text, .computed),
      GraphProperty("version", .text, .computed, absent: "1"), GraphProperty("rolePermissions", .objects, .computed),
    ])

  var routes: [Route] {
    let assignments = "/roleManagement/directory/roleAssignments"
    let definitions = "/roleManagement/directory/roleDefinitions"
    return [
      services.route(.GET, definitions, "roleDefinitions/standard/read") { call in
        let query = try call.query(Self.definition)
        let found = try DirectoryRole.all.map(Self.whole).filter { whole in try query.filter.map { try Self.definition.matches($0, whole) } ?? true }
        return call.list(GraphPage(objects: found), Self.definition, query: query)
      },
      services.route(.GET, definitions + "/{id}", "roleDefinitions/standard/read") { call in
        let (query, id) = (try call.query(Self.definition), try call.id())
        guard let role = DirectoryRole.all.first(where: { $0.id == id }) else { throw GraphError.notFound(id.description) }
        return call.entity(Self.whole(role), Self.definition, query: query)
      },
      services.route(.GET, assignments, "roleAssignments/standard/read", list),
      services.route(.POST, assignments, "roleAssignments/allProperties/allTasks", create),
      services.route(.GET, assignments + "/{id}", "roleAssignments/standard/read") { call in
        let (query, id, scope) = (try call.query(Self.assignment), try call.id(), scope(call))
        let found = try await services.records.read { try services.access.assignment(id, at: scope, in: $0) }
        guard let found else { throw GraphError.notFound(id.description) }
        return call.entity(Self.whole(found), Self.assignment, query: query)
      },
      services.route(.DELETE, assignments + "/{id}", "roleAssignments/allProperties/allTasks", delete),
    ]
  }

  private func scope(_ call: DirectoryCall) -> AccessScope {
    AccessScope(tenant: call.tenant, path: AccessScope.directory)
  }

  private static func whole(_ role: RoleDefinition) -> JSON.Object {
    let permissions: [JSON] = role.permissions.map { ["allowedResourceActions": .array($0.actions.map { .string($0) }), "condition": .null] }
    let own = JSON.Object.with([
      "id": .string(role.id.description), "description": .string(role.description), "displayName": .string(role.roleName),
      "templateId": .string(role.id.description), "rolePermissions": .array(permissions),
    ])
    return definition.complete(own, kept: JSON.Object())
  }

  private static func whole(_ assignment: RoleAssignment) -> JSON.Object {
    let own = JSON.Object.with([
      "id": .string(assignment.id.description), "principalId": .string(assignment.principalID.description), "directoryScopeId": "/",
      "roleDefinitionId": .string(assignment.roleDefinitionID.description),
    ])
    return Self.assignment.complete(own, kept: JSON.Object())
  }

  @Sendable private func list(_ call: DirectoryCall) async throws -> EdgeResponse {
    let (query, scope) = (try call.query(Self.assignment), scope(call))
    let page = try await services.records.read { reader in
      let all = try services.access.assignments(at: scope, in: reader)
      return try GraphListing<RoleAssignment>(
        schema: Self.assignment, query: query,
        fetch: { after, limit in Array(all.drop { item in after.map { item.id <= $0 } ?? false }.prefix(limit)) }, id: \.id,
        render: { Self.whole($0) }
      ).page()
    }
    return call.list(page, Self.assignment, query: query)
  }

  @Sendable private func create(_ call: DirectoryCall) async throws -> EdgeResponse {
    let properties = try Self.assignment.properties(of: try await call.body())
    func id(_ name: String) throws -> GUID {
      guard let text = properties[name]?.string else { throw GraphError.required(name, of: Self.assignment.resource) }
      guard let id = GUID(text) else { throw GraphError.invalidValue(name, of: Self.assignment.resource) }
      return id
    }
    guard properties["directoryScopeId"]?.string ?? "/" == "/" else {
      throw GraphError.invalidValue("directoryScopeId", of: Self.assignment.resource)
    }
    let (principal, role, scope) = (try id("principalId"), try id("roleDefinitionId"), scope(call))
    guard DirectoryRole.all.contains(where: { $0.id == role }) else { throw GraphError.notFound(role.description) }
    guard let type = try await services.identity.principalType(tenant: call.tenant, objectID: principal) else {
      throw GraphError.notFound(principal.description)
    }
    let (assignmentID, caller, now) = (services.random.guid(), call.principal.objectID, services.clock.now())
    let assignment = try await services.create(call) { transaction in
      do {
        let assignment = try services.access.assign(
          RoleAssignmentRequest(roleDefinitionID: role, principalID: principal), id: assignmentID, at: scope, resolvedType: type, by: caller,
          now: now, in: transaction
        ).assignment
        return (assignment, Self.subject(assignment))
      } catch let error as CloudError where error.code == "RoleAssignmentExists" {
        throw GraphError.badRequest("A conflicting object with one or more of the specified property values is present in the directory.")
      }
    }
    return call.entity(Self.whole(assignment), Self.assignment, created: true)
  }

  /// The last Global Administrator stays: nobody could appoint another.
  @Sendable private func delete(_ call: DirectoryCall) async throws -> EdgeResponse {
    let (id, scope) = (try call.id(), scope(call))
    try await services.change(call) { transaction in
      guard let removed = try services.access.unassign(id, at: scope, in: transaction) else { throw GraphError.notFound(id.description) }
      guard removed.roleDefinitionID == DirectoryRole.globalAdministrator else { return Self.subject(removed) }
      let others = try services.access.assignments(at: scope, in: transaction)
      guard others.contains(where: { $0.roleDefinitionID == DirectoryRole.globalAdministrator }) else {
        throw GraphError.badRequest("Removing the last Global Administrator is not allowed.")
      }
      return Self.subject(removed)
    }
    return .noContent
  }

  private static func subject(_ assignment: RoleAssignment) -> DirectorySubject {
    DirectorySubject(
      path: "/roleManagement/directory/roleAssignments/\(assignment.id)", facts: ["role": assignment.roleDefinitionID.description],
      personal: ["object": assignment.principalID.description])
  }
}
