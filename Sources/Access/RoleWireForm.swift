public import Base
public import Wire

extension RoleDefinition {
  /// Resource Manager's form, as it is seen at a scope: ids begin with that scope's subscription.
  ///
  /// Source: Microsoft, "Role Definitions - Get", 2022-04-01.
  public func json(at scope: AccessScope) -> JSON {
    [
      "id": .string(Self.path(id, at: scope)),
      "type": "Microsoft.Authorization/roleDefinitions",
      "name": .string(id.description),
      "properties": [
        "roleName": .string(roleName),
        "type": .string(type.rawValue),
        "description": .string(description),
        "assignableScopes": .array(assignableScopes.map { .string($0) }),
        "permissions": .array(permissions.map(\.json)),
        "createdOn": .string(createdOn?.iso8601Fractional) ?? .null,
        "updatedOn": .string(updatedOn?.iso8601Fractional) ?? .null,
        "createdBy": .string(createdBy?.description) ?? .null,
        "updatedBy": .string(updatedBy?.description) ?? .null,
      ],
    ]
  }

  /// `/subscriptions/S/providers/Microsoft.Authorization/roleDefinitions/id`, without the subscription above one.
  public static func path(_ id: GUID, at scope: AccessScope) -> String {
    let prefix = scope.subscription.map { "/subscriptions/\($0)" } ?? ""
    return "\(prefix)/providers/Microsoft.Authorization/roleDefinitions/\(id)"
  }
}

extension RolePermissions {
  fileprivate var json: JSON {
    [
      "actions": .array(actions.map { .string($0) }),
      "notActions": .array(notActions.map { .string($0) }),
      "dataActions": .array(dataActions.map { .string($0) }),
      "notDataActions": .array(notDataActions.map { .string($0) }),
    ]
  }

  fileprivate init(json: JSON) throws {
    guard case .object(let object) = json else { throw RoleErrors.badRequest("A permission must be an object.") }
    for case let condition? in [object.member(ignoringCase: "condition")] where !condition.isNull {
      throw RoleErrors.badRequest("The given role definition condition is invalid: conditions are not supported.")
    }
    self.init(
      actions: try strings("actions", of: object), notActions: try strings("notActions", of: object),
      dataActions: try strings("dataActions", of: object), notDataActions: try strings("notDataActions", of: object))
  }
}

extension RoleAssignment {
  /// Resource Manager's form, as it is seen at a scope: the role's id begins with that scope's subscription.
  ///
  /// Source: Microsoft, "Role Assignments - Get", 2022-04-01.
  public func json(at seen: AccessScope) -> JSON {
    let own = AccessScope(tenant: tenant, path: scope)
    return [
      "id": .string("\(scope == "/" ? "" : scope)/providers/Microsoft.Authorization/roleAssignments/\(id)"),
      "type": "Microsoft.Authorization/roleAssignments",
      "name": .string(id.description),
      "properties": [
        "roleDefinitionId": .string(RoleDefinition.path(roleDefinitionID, at: seen.subscription == nil ? own : seen)),
        "principalId": .string(principalID.description),
        "principalType": .string(principalType.rawValue),
        "scope": .string(scope),
        "condition": .null,
        "conditionVersion": .null,
        "createdOn": .string(createdOn.iso8601Fractional),
        "updatedOn": .string(updatedOn.iso8601Fractional),
        "createdBy": .string(createdBy == .zero ? nil : createdBy.description) ?? .null,
        "updatedBy": .string(updatedBy == .zero ? nil : updatedBy.description) ?? .null,
        "delegatedManagedIdentityResourceId": .null,
        "description": .string(description) ?? .null,
      ],
    ]
  }
}

extension RoleAssignmentRequest {
  /// Reads the body of a PUT, whose properties newer api-versions wrap in `properties` and older ones in `Properties`.
  ///
  /// Throws 400. A condition is refused, for none would be evaluated.
  public init(body: JSON) throws {
    guard let properties = body.object?.member(ignoringCase: "properties")?.object else {
      throw RoleErrors.badRequest("The request was incorrectly formatted: 'properties' is required.")
    }
    func text(_ name: String) throws -> String? {
      switch properties.member(ignoringCase: name) {
      case nil, .null?: nil
      case .string(let text)?: text
      case _?: throw RoleErrors.badRequest("The request was incorrectly formatted: '\(name)' must be a string.")
      }
    }
    guard try (text("condition") ?? "").isEmpty else {
      throw RoleErrors.badRequest("The given role assignment condition is invalid: conditions are not supported.")
    }
    guard let role = try text("roleDefinitionId"), let roleID = role.split(separator: "/").last.flatMap({ GUID(String($0)) }) else {
      throw CloudError(400, "InvalidRoleDefinitionId", "The role definition ID '\(try text("roleDefinitionId") ?? "")' is not valid.")
    }
    guard let principal = try text("principalId"), let principalID = GUID(principal) else {
      throw CloudError(400, "InvalidPrincipalId", "A valid principal ID must be provided for role assignment.")
    }
    let typeName = try text("principalType")
    let type = typeName.flatMap { name in PrincipalType.allCases.first { $0.rawValue.lowercased() == name.lowercased() } }
    if let typeName, type == nil { throw RoleErrors.badRequest("The principal type '\(typeName)' is not supported.") }
    let description = try text("description")
    guard (description ?? "").count <= AccessLimits.maximumDescriptionCharacters else {
      throw RoleErrors.badRequest("The description must not exceed \(AccessLimits.maximumDescriptionCharacters) characters.")
    }
    self.init(roleDefinitionID: roleID, principalID: principalID, principalType: type, description: description)
  }
}

extension RoleDefinitionRequest {
  /// Reads the body of a PUT. Throws 400.
  public init(body: JSON) throws {
    guard let properties = body.object?.member(ignoringCase: "properties")?.object else {
      throw RoleErrors.badRequest("The request was incorrectly formatted: 'properties' is required.")
    }
    guard let roleName = properties.member(ignoringCase: "roleName")?.string else {
      throw RoleErrors.invalidDefinition("The role definition must have a name.")
    }
    if let type = properties.member(ignoringCase: "type")?.string, type.lowercased() != RoleDefinition.RoleType.custom.rawValue.lowercased() {
      throw RoleErrors.invalidDefinition("The role type '\(type)' is not valid: only custom roles can be created or updated.")
    }
    guard case .array(let permissions)? = properties.member(ignoringCase: "permissions"), !permissions.isEmpty else {
      throw RoleErrors.invalidDefinition("The role definition must have permissions.")
    }
    self.init(
      roleName: roleName, description: properties.member(ignoringCase: "description")?.string ?? "",
      permissions: try permissions.map { try RolePermissions(json: $0) }, assignableScopes: try strings("assignableScopes", of: properties))
  }
}

/// The strings of an array member; none when it is absent or null.
private func strings(_ name: String, of object: JSON.Object) throws -> [String] {
  switch object.member(ignoringCase: name) {
  case nil, .null?: return []
  case .array(let elements)?:
    return try elements.map { element in
      guard let text = element.string else { throw RoleErrors.badRequest("The request was incorrectly formatted: '\(name)' must hold strings.") }
      return text
    }
  case _?: throw RoleErrors.badRequest("The request was incorrectly formatted: '\(name)' must be an array.")
  }
}
