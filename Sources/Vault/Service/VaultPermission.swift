package import Access

/// What an operation of the data plane needs: by roles a data action, by access policies a permission on a collection.
///
/// Source: Microsoft, "Azure built-in roles for Key Vault data plane operations" and "Assign a Key Vault access policy".
package struct VaultPermission: Sendable {
  package var action: Action
  /// Nil where no policy can give it (roles of the vault itself).
  package var policy: (collection: VaultCollection, name: String)?

  package init(_ action: Action, policy: (collection: VaultCollection, name: String)?) {
    self.action = action
    self.policy = policy
  }

  /// `Microsoft.KeyVault/vaults/<path>` and the permission of the same meaning.
  static func data(_ path: String, _ collection: VaultCollection, _ name: String) -> VaultPermission {
    VaultPermission(Action(data: "Microsoft.KeyVault/vaults/\(path)"), policy: (collection, name))
  }
}
