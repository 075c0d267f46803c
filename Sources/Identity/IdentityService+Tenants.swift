public import Base
public import Records

extension IdentityService {
  /// Makes a tenant with the service principals of the platform's own applications.
  ///
  /// The first of `domains` is the default one. Throws a 400 `CloudError` where one is malformed or belongs to a tenant already.
  @discardableResult
  public func createTenant(
    id: GUID? = nil, displayName: String, domains: [String], country: String, in transaction: RecordTransaction
  ) throws -> Tenant {
    let domains = domains.map { $0.lowercased() }
    guard (1...IdentityLimits.maximumDomainsPerTenant).contains(domains.count), domains.allSatisfy(DirectoryNames.isDomain),
      Set(domains).count == domains.count
    else { throw DirectoryErrors.invalid("verifiedDomains", "Organization") }
    try checkDisplayName(displayName, of: "Organization")
    for domain in domains where try tenant(domain: domain, in: transaction) != nil { throw DirectoryErrors.conflict("verifiedDomains") }
    let now = clock.now()
    let tenant = Tenant(id: id ?? random.guid(), displayName: displayName, domains: domains, country: country, created: now)
    guard try transaction.insert(tenant) else { throw DirectoryErrors.conflict("id") }
    for application in FirstPartyApplication.all {
      try transaction.save(
        ServicePrincipal(
          id: random.guid(), tenant: tenant.id, appID: application.appID, displayName: application.displayName,
          servicePrincipalNames: [application.appID.description] + TokenResource.names(of: application.appID, address: address),
          appOwnerOrganizationID: FirstPartyApplication.ownerTenant, created: now))
    }
    return tenant
  }

  public func tenant(_ id: GUID, in reader: any RecordReader) throws -> Tenant? {
    try reader.fetch(Tenant.self, Tenant.key(id))
  }

  public func isTenant(_ id: GUID, in reader: any RecordReader) throws -> Bool {
    try reader.exists(Tenant.self, Tenant.key(id))
  }

  /// The tenant that a domain, in any case, belongs to.
  public func tenant(domain: String, in reader: any RecordReader) throws -> Tenant? {
    try reader.list(Tenant.self, index: Tenant.domainIndex, [domain.lowercased()], tenant: .zero, limit: 1).first
  }

  /// The cloud's tenants in the order of their ids, beginning after `after`.
  public func tenants(after: GUID? = nil, limit: Int, in reader: any RecordReader) throws -> [Tenant] {
    try reader.list(Tenant.self, under: RecordKey(tenant: .zero), after: after.map { Tenant.key($0) }, limit: limit)
  }

  /// The tenants in which a user has an account: the home tenant first, then those where it is a guest.
  public func tenants(ofUser id: GUID, tenant: GUID, in reader: any RecordReader) throws -> [Tenant] {
    guard let user = try user(id, tenant: tenant, in: reader) else { return [] }
    let home = user.home ?? User.HomeAccount(tenant: tenant, user: id)
    let guests = try guests(of: home, in: reader).map(\.tenant)
    return try ([home.tenant] + guests).compactMap { try self.tenant($0, in: reader) }
  }

  func checkDisplayName(_ name: String, of resource: String) throws {
    guard (1...IdentityLimits.maximumDisplayNameCharacters).contains(name.count), DirectoryNames.isPrintable(name) else {
      throw DirectoryErrors.invalid("displayName", resource)
    }
  }
}
