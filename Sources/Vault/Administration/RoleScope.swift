internal import Access
internal import Base
internal import Wire

/// A scope of a vault's own role API (`/`, `/keys`, `/keys/name`), which is one of Resource Manager's: the vault's id, and what stands below it.
struct RoleScope: Sendable {
  let access: AccessScope
  private let vault: ResourceID

  /// The scope that a request's path begins with. Throws 400 for a collection that vaults do not have.
  init(_ call: VaultCall) throws {
    vault = call.vault.id
    var path = vault.description
    if let collection = call.parameters["collection"] {
      guard let known = VaultCollection(rawValue: collection.lowercased()) else {
        throw VaultError.badParameter("The scope '/\(collection.prefix(128))' is not valid.")
      }
      path += "/\(known.rawValue)"
      if let name = call.parameters["name"] { path += "/\(name)" }
    }
    access = AccessScope(tenant: call.vault.tenant, path: path)
  }

  static func definitionPath(_ id: GUID) -> String { "/providers/Microsoft.Authorization/roleDefinitions/\(id)" }
  static func assignmentPath(_ id: GUID) -> String { "/providers/Microsoft.Authorization/roleAssignments/\(id)" }

  /// A scope of Resource Manager as the vault names it; nil for one that is not the vault's.
  private func local(_ scope: String) -> String? {
    let prefix = vault.canonical
    guard scope.lowercased().hasPrefix(prefix) else { return nil }
    let rest = String(scope.dropFirst(prefix.count))
    if rest.isEmpty { return "/" }
    return rest.hasPrefix("/") ? rest : nil
  }

  private static let actions = "microsoft.keyvault/vaults/"

  /// Whether a role is shown here: one that grants something on what is in vaults.
  func offers(_ role: RoleDefinition) -> Bool {
    role.permissions.contains { $0.dataActions.contains { $0.lowercased().hasPrefix(Self.actions) } }
  }

  /// Whether a role can be assigned here.
  func reaches(_ role: RoleDefinition) -> Bool {
    role.type == .builtIn || role.assignableScopes.contains { AccessScope(tenant: access.tenant, path: $0).covers(path: access.path) }
  }

  /// Throws where a role is not made for this scope alone. One that reaches outside of the vault is Resource Manager's to change, one that reaches
  /// further in the vault is changed there: who may write roles here may not do it elsewhere.
  func requireOwn(_ role: RoleDefinition?) throws {
    guard let role, role.type == .custom else { return }
    guard role.assignableScopes.allSatisfy({ local($0) != nil }) else {
      throw CloudError(
        403, "Forbidden", "The role definition '\(role.id)' can be assigned outside of this vault, and is changed through Azure Resource Manager.")
    }
    try requireCovered(role.assignableScopes)
  }

  /// Throws 403 for a scope that is not this one and does not lie below it.
  private func requireCovered(_ scopes: [String]) throws {
    for scope in scopes where !access.covers(path: scope) {
      throw CloudError(
        403, "Forbidden",
        "The assignable scope '\((local(scope) ?? scope).prefix(256))' lies outside of the request's scope '\(local(access.path) ?? access.path)'.")
    }
  }

  /// What a PUT of a role definition asks for. Throws 400; for data actions of Managed HSM too, which mean nothing here.
  func request(_ body: JSON, id: GUID) throws -> RoleDefinitionRequest {
    var object = body.object ?? JSON.Object()
    var properties = body.member("properties")?.object ?? JSON.Object()
    if properties.member(ignoringCase: "roleName")?.string?.isEmpty ?? true { properties = properties.setting("roleName", .string(id.description)) }
    object = object.setting("properties", .object(properties))
    var request = try RoleDefinitionRequest(body: .object(object))
    for permission in request.permissions {
      guard permission.actions.isEmpty, permission.notActions.isEmpty else {
        throw VaultError.badParameter("A role of a vault grants data actions only.")
      }
      for action in permission.dataActions + permission.notDataActions where !action.lowercased().hasPrefix(Self.actions) {
        throw VaultError.badParameter("'\(action.prefix(256))' does not match any of the data actions of a vault.")
      }
    }
    if request.assignableScopes.isEmpty { request.assignableScopes = [access.path] }
    request.assignableScopes = try request.assignableScopes.map { scope in
      if local(scope) != nil { return scope }
      let words = scope.split(separator: "/").map(String.init)
      guard scope.hasPrefix("/"), words.count <= 2, words.first.map({ VaultCollection(rawValue: $0.lowercased()) != nil }) ?? true else {
        throw VaultError.badParameter("The assignable scope '\(scope.prefix(256))' is not valid.")
      }
      if words.count == 2 { try VaultName.check(words[1]) }
      return ([vault.description] + words).joined(separator: "/")
    }
    try requireCovered(request.assignableScopes)
    return request
  }

  func json(_ role: RoleDefinition) -> JSON {
    func names(_ list: [String]) -> JSON { .array(list.map { .string($0) }) }
    let scopes = role.type == .builtIn ? ["/"] : role.assignableScopes.map { local($0) ?? $0 }
    return [
      "id": .string(Self.definitionPath(role.id)), "name": .string(role.id.description), "type": "Microsoft.Authorization/roleDefinitions",
      "properties": [
        "roleName": .string(role.roleName), "description": .string(role.description),
        "type": .string(role.type == .builtIn ? "AKVBuiltInRole" : "CustomRole"), "assignableScopes": names(scopes),
        "permissions": .array(
          role.permissions.map { permission in
            [
              "actions": names(permission.actions), "notActions": names(permission.notActions), "dataActions": names(permission.dataActions),
              "notDataActions": names(permission.notDataActions),
            ]
          }),
      ],
    ]
  }

  /// Nil for an assignment above the vault, which this API cannot name.
  func json(_ assignment: RoleAssignment) -> JSON? {
    guard let scope = local(assignment.scope) else { return nil }
    return [
      "id": .string(Self.assignmentPath(assignment.id)), "name": .string(assignment.id.description),
      "type": "Microsoft.Authorization/roleAssignments",
      "properties": [
        "principalId": .string(assignment.principalID.description), "roleDefinitionId": .string(Self.definitionPath(assignment.roleDefinitionID)),
        "scope": .string(scope),
      ],
    ]
  }
}

extension JSON.Object {
  /// The same with a member, whose name may stand there in another case.
  fileprivate func setting(_ name: String, _ value: JSON) -> JSON.Object {
    var result = self
    result[names.first { $0.equalsIgnoringASCIICase(name) } ?? name] = value
    return result
  }
}
