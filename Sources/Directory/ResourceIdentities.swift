public import Access
public import Base
public import Identity
public import Records

/// The identities of resources, as principals of their tenant's directory.
public struct ResourceIdentities: ManagedIdentities {
  private let identity: IdentityService
  private let access: AccessControl

  public init(identity: IdentityService, access: AccessControl) {
    self.identity = identity
    self.access = access
  }

  public func makeManagedIdentity(
    displayName: String, resourceID: String, tenant: GUID, in transaction: RecordTransaction
  ) throws -> ManagedIdentity {
    let principal = try identity.createManagedIdentity(displayName: displayName, resourceID: resourceID, tenant: tenant, in: transaction)
    return ManagedIdentity(principal: principal.id, application: principal.appID)
  }

  public func removeManagedIdentity(_ principal: GUID, tenant: GUID, in transaction: RecordTransaction) throws {
    try DirectoryTraces.remove(of: principal, tenant: tenant, access, in: transaction)
    try identity.deleteServicePrincipal(principal, tenant: tenant, in: transaction)
  }
}
