public import Access
public import Base
public import Records

extension IdentityService: ManagedIdentities {
  public func makeManagedIdentity(
    displayName: String, resourceID: String, tenant: GUID, in transaction: RecordTransaction
  ) throws -> ManagedIdentity {
    let principal = try createManagedIdentity(displayName: displayName, resourceID: resourceID, tenant: tenant, in: transaction)
    return ManagedIdentity(principal: principal.id, application: principal.appID)
  }

  public func removeManagedIdentity(_ principal: GUID, tenant: GUID, in transaction: RecordTransaction) throws {
    try deleteServicePrincipal(principal, tenant: tenant, in: transaction)
  }
}
