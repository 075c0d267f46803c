public import Base
public import Records

extension IdentityService {
  // MARK: Secrets

  /// A new secret with the credential to keep of it: the text is in nobody's hands but the caller's. Append the credential to an application or a
  /// service principal and store that.
  ///
  /// Throws a 400 `CloudError` where `end` is not after `start`.
  public func makeSecret(
    displayName: String?, start: Timestamp? = nil, end: Timestamp? = nil
  ) async throws -> (credential: PasswordCredential, secretText: String) {
    let start = start ?? clock.now()
    let end = end ?? start.advanced(by: .seconds(IdentityLimits.secretLifetimeDays * 86400))
    guard start < end else { throw CloudError(400, "Request_BadRequest", "Password credential end date is invalid.", target: "endDateTime") }
    let text = ApplicationSecret.make(random)
    let hash = try await hasher.hash(text, kind: .secret)
    let credential = PasswordCredential(
      keyID: random.guid(), displayName: displayName, hint: String(text.prefix(3)), hash: hash, start: start, end: end)
    return (credential, text)
  }

  /// Adds a new secret to an application and gives its text, which cannot be had again. Throws 404 where there is no such application.
  public func addPassword(
    toApplication id: GUID, tenant: GUID, displayName: String?, start: Timestamp? = nil, end: Timestamp? = nil
  ) async throws -> (credential: PasswordCredential, secretText: String) {
    let (credential, text) = try await makeSecret(displayName: displayName, start: start, end: end)
    try await records.write { transaction in
      guard var application = try self.application(id, tenant: tenant, in: transaction) else { throw DirectoryErrors.notFound(id) }
      application.passwordCredentials.append(credential)
      try self.updateApplication(application, in: transaction)
    }
    return (credential, text)
  }

  /// The same for a service principal's own secrets.
  public func addPassword(
    toServicePrincipal id: GUID, tenant: GUID, displayName: String?, start: Timestamp? = nil, end: Timestamp? = nil
  ) async throws -> (credential: PasswordCredential, secretText: String) {
    let (credential, text) = try await makeSecret(displayName: displayName, start: start, end: end)
    try await records.write { transaction in
      guard var principal = try self.servicePrincipal(id, tenant: tenant, in: transaction) else { throw DirectoryErrors.notFound(id) }
      principal.passwordCredentials.append(credential)
      try self.updateServicePrincipal(principal, in: transaction)
    }
    return (credential, text)
  }

  /// Adds a certificate (DER) with which an application may sign in. Throws 404, or 400 for what is no RSA certificate.
  @discardableResult
  public func addKey(
    certificateDER: [UInt8], toApplication id: GUID, tenant: GUID, displayName: String?, in transaction: RecordTransaction
  ) throws -> KeyCredential {
    guard var application = try application(id, tenant: tenant, in: transaction) else { throw DirectoryErrors.notFound(id) }
    let credential = try KeyCredential(keyID: random.guid(), displayName: displayName, certificateDER: certificateDER)
    application.keyCredentials.append(credential)
    try updateApplication(application, in: transaction)
    return credential
  }

  // MARK: Applications

  /// Registers an application. Where `id` or `appID` is zero, a new one is given.
  @discardableResult
  public func createApplication(_ application: Application, in transaction: RecordTransaction) throws -> Application {
    var application = application
    if application.id == .zero { application.id = random.guid() }
    if application.appID == .zero { application.appID = random.guid() }
    application.created = clock.now()
    guard FirstPartyApplication.application(application.appID) == nil,
      try self.application(appID: application.appID, in: transaction) == nil
    else { throw DirectoryErrors.conflict("appId") }
    try check(application, in: transaction)
    guard try transaction.insert(application) else { throw DirectoryErrors.conflict("id") }
    return application
  }

  /// Stores a changed application; its service principal in the same tenant takes over the names.
  public func updateApplication(_ application: Application, in transaction: RecordTransaction) throws {
    guard let old = try self.application(application.id, tenant: application.tenant, in: transaction) else {
      throw DirectoryErrors.notFound(application.id)
    }
    guard old.appID == application.appID else { throw DirectoryErrors.invalid("appId", "Application") }
    try check(application, in: transaction)
    try transaction.save(application)
    guard var principal = try servicePrincipal(appID: application.appID, tenant: application.tenant, in: transaction) else { return }
    let names = [application.appID.description] + application.identifierURIs
    guard principal.displayName != application.displayName || principal.servicePrincipalNames != names else { return }
    principal.displayName = application.displayName
    principal.servicePrincipalNames = names
    try transaction.save(principal)
  }

  /// Removes an application and its service principal in the same tenant; false when there is none.
  @discardableResult
  public func deleteApplication(_ id: GUID, tenant: GUID, in transaction: RecordTransaction) throws -> Bool {
    guard let application = try application(id, tenant: tenant, in: transaction) else { return false }
    if let principal = try servicePrincipal(appID: application.appID, tenant: tenant, in: transaction) {
      try deleteServicePrincipal(principal.id, tenant: tenant, in: transaction)
    }
    return try transaction.remove(Application.self, application.key)
  }

  /// An application by its object id.
  public func application(_ id: GUID, tenant: GUID, in reader: any RecordReader) throws -> Application? {
    try reader.fetch(Application.self, Application.key(tenant: tenant, id))
  }

  /// An application by its client id, over all tenants.
  public func application(appID: GUID, in reader: any RecordReader) throws -> Application? {
    try reader.list(Application.self, index: Application.appIDIndex, [appID.description], tenant: .zero, limit: 1).first
  }

  /// A tenant's applications in the order of their object ids, beginning after `after`.
  public func applications(tenant: GUID, after: GUID? = nil, limit: Int, in reader: any RecordReader) throws -> [Application] {
    try reader.list(Application.self, under: RecordKey(tenant: tenant), after: after.map { Application.key(tenant: tenant, $0) }, limit: limit)
  }

  private func check(_ application: Application, in reader: any RecordReader) throws {
    try checkDisplayName(application.displayName, of: "Application")
    guard ["AzureADMyOrg", "AzureADMultipleOrgs"].contains(application.signInAudience) else {
      throw DirectoryErrors.invalid("signInAudience", "Application")
    }
    guard try reader.exists(Tenant.self, Tenant.key(application.tenant)) else { throw DirectoryErrors.notFound(application.tenant) }
    try Self.checkCredentials(application.passwordCredentials, application.keyCredentials)
    let redirects = application.webRedirectURIs + application.publicClientRedirectURIs + application.singlePageRedirectURIs
    guard redirects.count <= 256, redirects.allSatisfy(RedirectURI.isAcceptable) else { throw DirectoryErrors.invalid("redirectUris", "Application") }
    guard application.identifierURIs.count <= 256 else { throw DirectoryErrors.invalid("identifierUris", "Application") }
    for identifier in application.identifierURIs {
      // A name that the platform answers to would let one application collect tokens that are meant for another's service.
      guard TokenResource.isIdentifier(identifier), TokenResource.firstParty(identifier, address: address) == nil else {
        throw DirectoryErrors.invalid("identifierUris", "Application")
      }
      let holders = try reader.list(
        Application.self, index: Application.identifierIndex, [TokenResource.comparable(identifier)], tenant: application.tenant, limit: 2)
      guard holders.allSatisfy({ $0.id == application.id }) else { throw DirectoryErrors.conflict("identifierUris") }
    }
  }

  static func checkCredentials(_ passwords: [PasswordCredential], _ keys: [KeyCredential]) throws {
    guard passwords.count <= IdentityLimits.maximumCredentials else { throw DirectoryErrors.quota("passwordCredentials") }
    guard keys.count <= IdentityLimits.maximumCredentials else { throw DirectoryErrors.quota("keyCredentials") }
  }
}
