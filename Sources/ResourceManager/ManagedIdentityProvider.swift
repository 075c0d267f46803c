public import Access

/// `Microsoft.ManagedIdentity`: identities that resources can share. Federated credentials of theirs are not served.
public struct ManagedIdentityProvider: ResourceProvider {
  public let namespace = "Microsoft.ManagedIdentity"
  private let identities: any ManagedIdentities

  public init(identities: any ManagedIdentities) {
    self.identities = identities
  }

  public var types: [any ResourceType] { [UserAssignedIdentityType(identities: identities)] }
  public var actions: [ProviderAction] { [] }

  /// Source: Microsoft, "Azure permissions for Identity", Microsoft.ManagedIdentity.
  public var operations: [ProviderOperation] {
    [
      ("register/action", "Register Managed Identity Resource Provider", "Registers the subscription for the managed identity resource provider."),
      ("userAssignedIdentities/read", "Get User Assigned Identity", "Gets an existing user assigned identity."),
      ("userAssignedIdentities/write", "Create/Update User Assigned Identity", "Creates a new user assigned identity or updates its tags."),
      ("userAssignedIdentities/delete", "Delete User Assigned Identity", "Deletes an existing user assigned identity."),
      ("userAssignedIdentities/assign/action", "Assign User Assigned Identity", "Assigns an existing user assigned identity to a resource."),
    ].map { name, operation, description in
      ProviderOperation(name: "\(namespace)/\(name)", resource: "User Assigned Identity", operation: operation, description: description)
    }
  }
}
