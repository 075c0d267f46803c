internal import Access
internal import Base
internal import Wire

/// Decides on requests to vaults: by roles where the vault goes by them, else by its access policies. One of both, never the other besides.
struct VaultAccess: Sendable {
  let authorizer: any Authorizer

  /// Throws 403 `Forbidden`, with the inner code that tells which model refused.
  func require(_ permission: VaultPermission, of principal: Principal, in vault: Vault, collection: VaultCollection?, name: String?) async throws {
    guard vault.usesRoles else {
      if let policy = permission.policy, allows(policy, principal, vault) { return }
      throw refusal(
        "AccessDenied", permission, principal, vault, "The user, group or application does not have the permission in the vault's access policies.")
    }
    var path = vault.id.description
    if let collection, let name { path += "/\(collection.rawValue)/\(name)" }
    let decision = try await authorizer.decide(principal, permission.action, on: AccessScope(tenant: vault.tenant, path: path))
    guard decision == .allowed else {
      throw refusal("ForbiddenByRbac", permission, principal, vault, "Assignment: (not found)")
    }
  }

  private func allows(_ policy: (collection: VaultCollection, name: String), _ principal: Principal, _ vault: Vault) -> Bool {
    vault.accessPolicies.contains { candidate in
      candidate.speaks(for: principal)
        && candidate.permissions(on: policy.collection).contains { name in
          name.equalsIgnoringASCIICase(policy.name) || name.equalsIgnoringASCIICase("all")
        }
    }
  }

  /// Source: Microsoft, "Common error codes for Azure Key Vault".
  private func refusal(
    _ code: String, _ permission: VaultPermission, _ principal: Principal, _ vault: Vault, _ why: String
  ) -> CloudError {
    VaultError.forbidden(
      code,
      "Caller is not authorized to perform action on resource.\r\nIf role assignments, deny assignments or role definitions were changed recently, please "
        + "observe propagation time.\r\nCaller: appid=\(principal.applicationID?.description ?? "");oid=\(principal.objectID);iss=\(principal.claims["iss"] ?? "")\r\n"
        + "Action: '\(permission.action.name)'\r\nResource: '\(vault.id)'\r\n\(why)\r\nVault: \(vault.name);location=\(vault.location)\r\n")
  }
}
