public import Base
public import Records

extension IdentityService {
  /// Makes the service principal of an application in a tenant: its own, or a multi-tenant one of another. Where `id` is zero, a new one is given.
  ///
  /// Throws 400 where there is no such application, 409 where the tenant has it already.
  @discardableResult
  public func createServicePrincipal(appID: GUID, tenant: GUID, id: GUID = .zero, in transaction: RecordTransaction) throws -> ServicePrincipal {
    guard try transaction.exists(Tenant.self, Tenant.key(tenant)) else { throw DirectoryErrors.notFound(tenant) }
    guard try servicePrincipal(appID: appID, tenant: tenant, in: transaction) == nil else { throw DirectoryErrors.appExists }
    guard let application = try application(appID: appID, in: transaction),
      application.tenant == tenant || application.signInAudience == "AzureADMultipleOrgs"
    else { throw DirectoryErrors.noApplication(appID) }
    var principal = ServicePrincipal(
      id: id == .zero ? random.guid() : id, tenant: tenant, appID: appID, displayName: application.displayName,
      servicePrincipalNames: [appID.description] + application.identifierURIs, appOwnerOrganizationID: application.tenant, created: clock.now())
    principal.description = application.description
    guard try transaction.insert(principal) else { throw DirectoryErrors.conflict("id") }
    return principal
  }

  public func updateServicePrincipal(_ principal: ServicePrincipal, in transaction: RecordTransaction) throws {
    guard let old = try servicePrincipal(principal.id, tenant: principal.tenant, in: transaction) else {
      throw DirectoryErrors.notFound(principal.id)
    }
    guard old.appID == principal.appID else { throw DirectoryErrors.invalid("appId", "ServicePrincipal") }
    try checkDisplayName(principal.displayName, of: "ServicePrincipal")
    try Self.checkCredentials(principal.passwordCredentials, principal.keyCredentials)
    guard principal.servicePrincipalNames.count <= 256 else { throw DirectoryErrors.invalid("servicePrincipalNames", "ServicePrincipal") }
    try transaction.save(principal)
  }

  /// Removes a service principal with its memberships; its tokens stop working. False when there is none.
  @discardableResult
  public func deleteServicePrincipal(_ id: GUID, tenant: GUID, in transaction: RecordTransaction) throws -> Bool {
    try removeMemberships(of: id, tenant: tenant, in: transaction)
    return try transaction.remove(ServicePrincipal.self, ServicePrincipal.key(tenant: tenant, id))
  }

  /// A service principal by its object id.
  public func servicePrincipal(_ id: GUID, tenant: GUID, in reader: any RecordReader) throws -> ServicePrincipal? {
    try reader.fetch(ServicePrincipal.self, ServicePrincipal.key(tenant: tenant, id))
  }

  /// A tenant's service principal of a client id.
  public func servicePrincipal(appID: GUID, tenant: GUID, in reader: any RecordReader) throws -> ServicePrincipal? {
    try reader.list(ServicePrincipal.self, index: ServicePrincipal.appIDIndex, [appID.description], tenant: tenant, limit: 1).first
  }

  /// A tenant's service principals in the order of their object ids, beginning after `after`.
  public func servicePrincipals(tenant: GUID, after: GUID? = nil, limit: Int, in reader: any RecordReader) throws -> [ServicePrincipal] {
    try reader.list(
      ServicePrincipal.self, under: RecordKey(tenant: tenant), after: after.map { ServicePrincipal.key(tenant: tenant, $0) }, limit: limit)
  }
}
