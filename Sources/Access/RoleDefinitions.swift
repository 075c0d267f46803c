public import Base
public import Records

/// What a PUT of a custom role asks for.
public struct RoleDefinitionRequest: Sendable, Equatable {
  public var roleName: String
  public var description: String
  public var permissions: [RolePermissions]
  public var assignableScopes: [String]

  public init(roleName: String, description: String, permissions: [RolePermissions], assignableScopes: [String]) {
    self.roleName = roleName
    self.description = description
    self.permissions = permissions
    self.assignableScopes = assignableScopes
  }
}

extension AccessControl {
  /// The role of an id: a built-in one, or a custom one of the tenant.
  public func definition(_ id: GUID, tenant: GUID, in reader: any RecordReader) throws -> RoleDefinition? {
    try BuiltInRole.definition(id) ?? reader.fetch(RoleDefinition.self, RoleDefinition.key(tenant: tenant, id))
  }

  /// The roles that can be assigned at a scope, in the order of their names; for `/directory`, the directory's.
  public func definitions(
    at scope: AccessScope, filter: RoleDefinitionFilter = RoleDefinitionFilter(), in reader: any RecordReader
  ) throws -> [RoleDefinition] {
    let path = ScopePath(scope.path)
    guard !path.isDirectory else { return DirectoryRole.all.filter(filter.admits) }
    let custom = try reader.list(RoleDefinition.self, under: RecordKey(tenant: scope.tenant), limit: AccessLimits.maximumCustomRolesPerTenant)
    let assignable = custom.filter { role in
      role.assignableScopes.contains { ScopePath($0).covers(path) || filter.includesBelow && path.covers(ScopePath($0)) }
    }
    return (BuiltInRole.all + assignable).filter(filter.admits).sorted { ($0.roleName, $0.id) < ($1.roleName, $1.id) }
  }

  /// Creates or replaces a custom role. Throws Azure's errors as `CloudError`.
  public func define(
    _ request: RoleDefinitionRequest, id: GUID, at scope: AccessScope, by caller: GUID, now: Timestamp, in transaction: RecordTransaction
  ) throws -> (definition: RoleDefinition, isNew: Bool) {
    guard BuiltInRole.definition(id) == nil else { throw RoleErrors.builtInIsReadOnly(id) }
    try check(request)
    let lowered = request.roleName.lowercased()
    let namesakes = try transaction.list(RoleDefinition.self, index: RoleDefinition.nameIndex, [lowered], tenant: scope.tenant, limit: 2)
    guard namesakes.allSatisfy({ $0.id == id || $0.roleName.lowercased() != lowered }),
      !BuiltInRole.all.contains(where: { $0.roleName.lowercased() == lowered })
    else { throw RoleErrors.sameNameExists }
    let existing = try transaction.fetch(RoleDefinition.self, RoleDefinition.key(tenant: scope.tenant, id))
    if existing == nil {
      let count = try transaction.list(
        RoleDefinition.self, under: RecordKey(tenant: scope.tenant), limit: AccessLimits.maximumCustomRolesPerTenant
      ).count
      guard count < AccessLimits.maximumCustomRolesPerTenant else { throw RoleErrors.definitionLimitExceeded }
    }
    let definition = RoleDefinition(
      tenant: scope.tenant, id: id, roleName: request.roleName, description: request.description, type: .custom, permissions: request.permissions,
      assignableScopes: request.assignableScopes.map(Self.trimmed), createdOn: existing?.createdOn ?? now, updatedOn: now,
      createdBy: existing?.createdBy ?? caller, updatedBy: caller)
    try transaction.save(definition)
    forget(scope.tenant, after: transaction)
    return (definition, existing == nil)
  }

  /// Removes a custom role; nil when there is none of this id. Throws `RoleDefinitionHasAssignments` while it is assigned.
  public func undefine(_ id: GUID, at scope: AccessScope, in transaction: RecordTransaction) throws -> RoleDefinition? {
    guard BuiltInRole.definition(id) == nil else { throw RoleErrors.builtInIsReadOnly(id) }
    guard let definition = try transaction.fetch(RoleDefinition.self, RoleDefinition.key(tenant: scope.tenant, id)) else { return nil }
    let uses = try transaction.list(RoleAssignment.self, index: RoleAssignment.roleIndex, [id.description], tenant: scope.tenant, limit: 1)
    guard uses.isEmpty else { throw RoleErrors.hasAssignments }
    try transaction.remove(RoleDefinition.self, definition.key)
    forget(scope.tenant, after: transaction)
    return definition
  }

  private func check(_ request: RoleDefinitionRequest) throws {
    guard !request.roleName.isEmpty, request.roleName.count <= AccessLimits.maximumRoleNameCharacters else {
      throw RoleErrors.invalidDefinition("The role name must be between 1 and \(AccessLimits.maximumRoleNameCharacters) characters.")
    }
    guard request.description.count <= AccessLimits.maximumDescriptionCharacters else {
      throw RoleErrors.invalidDefinition("The role description must not exceed \(AccessLimits.maximumDescriptionCharacters) characters.")
    }
    guard !request.assignableScopes.isEmpty, request.assignableScopes.count <= AccessLimits.maximumAssignableScopes else {
      throw RoleErrors.missingAssignableScopes
    }
    for scope in request.assignableScopes {
      let path = ScopePath(scope)
      guard path.subscription != nil, !scope.contains("*") else { throw RoleErrors.invalidAssignableScope(scope) }
    }
    guard request.permissions.contains(where: { !$0.actions.isEmpty || !$0.dataActions.isEmpty }) else {
      throw RoleErrors.invalidDefinition("A custom role must have at least one action or data action.")
    }
    for permissions in request.permissions {
      for name in permissions.actions + permissions.notActions + permissions.dataActions + permissions.notDataActions {
        guard Self.isActionName(name) else { throw RoleErrors.invalidAction(name) }
      }
      // A data action that is granted by `*` would reach every service's data, those to come included.
      guard !permissions.dataActions.contains("*") else { throw RoleErrors.invalidAction("*") }
    }
  }

  /// `*`, `*/read`, or `Namespace/type…` with wildcards; the directory's actions belong to directory roles only.
  private static func isActionName(_ name: String) -> Bool {
    guard !name.isEmpty, name.utf8.count <= 512, !name.lowercased().hasPrefix("microsoft.directory/") else { return false }
    guard name.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "?") }) else { return false }
    return name == "*" || name.utf8.contains(UInt8(ascii: "/"))
  }
}
