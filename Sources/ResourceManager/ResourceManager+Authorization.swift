package import Access
package import Base
internal import Records
package import Wire

/// Roles and their assignments, kept by `Access`: here they get their place in the hierarchy, their wire form and their activity log.
extension ResourceManager {
  private static func accessScope(_ scope: ResourceID, _ context: ArmContext) -> AccessScope {
    AccessScope(tenant: context.tenant, path: scope.description)
  }

  /// Throws when a scope's subscription, group or outermost resource is not there. What lies deeper may be a data plane's, as a container is.
  private func requireScope(_ scope: ResourceID, _ context: ArmContext, in reader: any RecordReader) throws {
    guard let subscription = scope.subscription else { return }
    _ = try Self.requireSubscription(subscription, context.tenant, in: reader)
    if let group = scope.resourceGroup { _ = try Self.requireGroup(group, context, in: reader) }
    guard let provided = scope.provided.first, let outermost = provided.segments.first else { return }
    var id = scope
    id.provided = [ResourceID.Provided(namespace: provided.namespace, segments: [outermost])]
    if catalog.type(id.type ?? "") != nil { _ = try Self.requireResource(id, context, in: reader) }
  }

  // MARK: Definitions

  package func roleDefinitions(at scope: ResourceID, _ filter: RoleDefinitionFilter, _ context: ArmContext) async throws -> [JSON] {
    let place = Self.accessScope(scope, context)
    return try await records.read { [access] reader in
      try self.requireScope(scope, context, in: reader)
      return try access.definitions(at: place, filter: filter, in: reader).map { $0.json(at: place) }
    }
  }

  package func roleDefinition(_ id: GUID, at scope: ResourceID, _ context: ArmContext) async throws -> JSON {
    let place = Self.accessScope(scope, context)
    return try await records.read { [access] reader in
      try self.requireScope(scope, context, in: reader)
      guard let definition = try access.definition(id, tenant: context.tenant, in: reader) else {
        throw AuthorizationOperations.roleNotFound(id.description)
      }
      return definition.json(at: place)
    }
  }

  /// Where a custom role can be assigned now; empty for one that is not there, or is built in.
  package func assignableScopes(of id: GUID, _ context: ArmContext) async throws -> [String] {
    try await records.read { try $0.fetch(RoleDefinition.self, RoleDefinition.key(tenant: context.tenant, id))?.assignableScopes ?? [] }
  }

  /// `admitted` are the scopes, lower-cased, at which the caller was found to hold the permission.
  package func defineRole(
    _ request: RoleDefinitionRequest, id: GUID, at scope: ResourceID, admitted: Set<String>, _ context: ArmContext
  ) async throws -> JSON {
    let place = Self.accessScope(scope, context)
    return try await change(context) { [access] transaction in
      try self.requireScope(scope, context, in: transaction)
      try Self.requireAdmitted(id, admitted, context, in: transaction)
      let definition = try access.define(
        request, id: id, at: place, by: context.principal.objectID, now: context.now, in: transaction
      ).definition
      return (definition.json(at: place), 201)
    }
  }

  package func undefineRole(_ id: GUID, at scope: ResourceID, admitted: Set<String>, _ context: ArmContext) async throws -> JSON? {
    let place = Self.accessScope(scope, context)
    return try await change(context) { [access] transaction in
      if let subscription = scope.subscription { _ = try Self.requireSubscription(subscription, context.tenant, in: transaction) }
      try Self.requireAdmitted(id, admitted, context, in: transaction)
      let removed = try access.undefine(id, at: place, in: transaction)
      return (removed?.json(at: place), removed == nil ? 204 : 200)
    }
  }

  /// The role may have changed since its scopes were looked at.
  private static func requireAdmitted(_ id: GUID, _ admitted: Set<String>, _ context: ArmContext, in reader: any RecordReader) throws {
    let scopes = try reader.fetch(RoleDefinition.self, RoleDefinition.key(tenant: context.tenant, id))?.assignableScopes ?? []
    guard scopes.allSatisfy({ admitted.contains($0.lowercased()) }) else {
      throw CloudError(409, "Conflict", "The role definition '\(id)' was changed by another request. Please retry.")
    }
  }

  // MARK: Assignments

  package func roleAssignments(
    at scope: ResourceID, _ filter: RoleAssignmentFilter, assignedTo: Set<GUID>?, _ context: ArmContext
  ) async throws -> [JSON] {
    let place = Self.accessScope(scope, context)
    return try await records.read { [access] reader in
      try self.requireScope(scope, context, in: reader)
      return try access.assignments(at: place, filter: filter, assignedTo: assignedTo, in: reader).map { $0.json(at: place) }
    }
  }

  package func roleAssignment(_ id: GUID, at scope: ResourceID, _ context: ArmContext) async throws -> JSON {
    let place = Self.accessScope(scope, context)
    return try await records.read { [access] reader in
      guard let assignment = try access.assignment(id, at: place, in: reader) else {
        throw AuthorizationOperations.assignmentNotFound(id.description)
      }
      return assignment.json(at: place)
    }
  }

  package func assignRole(
    _ request: RoleAssignmentRequest, id: GUID, at scope: ResourceID, resolvedType: PrincipalType?, _ context: ArmContext
  ) async throws -> (JSON, isNew: Bool) {
    let place = Self.accessScope(scope, context)
    return try await change(context) { [access] transaction in
      try self.requireScope(scope, context, in: transaction)
      if let group = scope.resourceGroup { _ = try Self.requireWritableGroup(group, context, in: transaction) }
      try Self.requireWritable(scope, context, in: transaction)
      let (assignment, isNew) = try access.assign(
        request, id: id, at: place, resolvedType: resolvedType, by: context.principal.objectID, now: context.now, in: transaction)
      return ((assignment.json(at: place), isNew), isNew ? 201 : 200)
    }
  }

  package func unassignRole(_ id: GUID, at scope: ResourceID, _ context: ArmContext) async throws -> JSON? {
    let place = Self.accessScope(scope, context)
    return try await change(context) { [access] transaction in
      if let subscription = scope.subscription { _ = try Self.requireSubscription(subscription, context.tenant, in: transaction) }
      let removed = try access.unassign(id, at: place, in: transaction)
      return (removed?.json(at: place), removed == nil ? 204 : 200)
    }
  }

  /// Removes the assignments at what is being deleted, so that nobody holds anything at a later thing of the same name.
  func removeAssignments(at id: ResourceID, tenant: GUID, in transaction: RecordTransaction) throws {
    try access.unassignAll(under: AccessScope(tenant: tenant, path: id.description), in: transaction)
  }

  // MARK: Permissions

  /// What the caller may do at a scope: one entry for each role that it holds there.
  package func permissions(at scope: ResourceID, _ context: ArmContext) async throws -> [JSON] {
    let place = Self.accessScope(scope, context)
    let holders = Set([context.principal.objectID] + context.principal.groups)
    var filter = RoleAssignmentFilter()
    filter.excludesBelow = true
    return try await records.read { [access, filter] reader in
      try self.requireScope(scope, context, in: reader)
      let roles = try access.assignments(at: place, filter: filter, assignedTo: holders, in: reader).map(\.roleDefinitionID)
      var seen: Set<GUID> = []
      return try roles.filter { seen.insert($0).inserted }.flatMap { id -> [JSON] in
        guard let definition = try access.definition(id, tenant: context.tenant, in: reader) else { return [] }
        return definition.json(at: place)["properties"]?["permissions"]?.array ?? []
      }
    }
  }
}
