internal import Base
internal import Records

/// The application that asks for a token.
struct Client: Sendable {
  var appID: GUID
  /// Nil for one of the platform's own.
  var application: Application?
  /// The tenant that registered it.
  var homeTenant: Tenant?

  var isFirstParty: Bool { application == nil }

  /// Whether it may sign users in without a credential of its own.
  var isPublic: Bool {
    guard let application else { return FirstPartyApplication.application(appID)?.isPublicClient ?? false }
    return application.isFallbackPublicClient
  }

  /// Whether a browser may be sent to this URI with a code for it.
  func permitsRedirect(to uri: String) -> Bool {
    guard let application else { return isPublic && RedirectURI.isLoopback(uri) }
    let registered = application.publicClientRedirectURIs + application.singlePageRedirectURIs + application.webRedirectURIs
    return RedirectURI.isAcceptable(uri) && registered.contains { RedirectURI.permits($0, uri) }
  }

  /// Whether a code that goes to this URI is redeemed with a proof key instead of a credential.
  func isPublic(redirectURI: String) -> Bool {
    guard let application else { return isPublic }
    return isPublic || (application.publicClientRedirectURIs + application.singlePageRedirectURIs).contains { RedirectURI.permits($0, redirectURI) }
  }
}

/// How a client proves who it is.
enum ClientProof: Equatable, Sendable {
  case none
  case secret(String)
  case assertion(String)

  static let assertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

  /// Throws AADSTS90023 when there are two proofs, AADSTS900144 when half of one is missing.
  init(_ request: TokenRequest) throws {
    switch (request.clientSecret, request.form["client_assertion"]) {
    case (nil, nil): self = .none
    case (let secret?, nil): self = .secret(secret)
    case (nil, let assertion?):
      guard try request.form.required("client_assertion_type") == Self.assertionType else { throw OAuthErrors.malformedAssertion }
      self = .assertion(assertion)
    case (_?, _?): throw OAuthErrors.twoCredentials
    }
  }
}

extension IdentityService {
  /// The client of an id, which must be one of the platform's or an application of a tenant. Throws AADSTS700016.
  func knownClient(_ id: String, authority: Authority) async throws -> Client {
    let unknown = OAuthErrors.noApplication(id, authority.tenant?.displayName ?? authority.segment)
    guard let appID = GUID(id) else { throw unknown }
    if FirstPartyApplication.application(appID) != nil { return Client(appID: appID, application: nil, homeTenant: nil) }
    return try await records.read { reader in
      guard let application = try self.application(appID: appID, in: reader), let home = try self.tenant(application.tenant, in: reader) else {
        throw unknown
      }
      if let tenant = authority.tenant, tenant.id != home.id, application.signInAudience != "AzureADMultipleOrgs" { throw unknown }
      return Client(appID: appID, application: application, homeTenant: home)
    }
  }

  /// The client of a grant that signs a user in: a public one without, any other with its credential.
  func authenticatedUserClient(_ request: TokenRequest, allowingProofKey: Bool = false) async throws -> Client {
    let client = try await knownClient(try request.clientID(), authority: request.authority)
    let proof = try ClientProof(request)
    if client.isFirstParty {
      guard client.isPublic else { throw OAuthErrors.noApplication(client.appID.description, request.authority.segment) }
      guard proof == .none else { throw OAuthErrors.clientIsPublic }
      return client
    }
    if proof == .none {
      let redirect = request.form["redirect_uri"] ?? ""
      let hasProofKey = allowingProofKey && request.form["code_verifier"] != nil && client.isPublic(redirectURI: redirect)
      guard client.isPublic || hasProofKey else { throw OAuthErrors.credentialMissing }
      return client
    }
    guard let tenant = request.authority.tenant ?? client.homeTenant else { throw OAuthErrors.credentialMissing }
    let principal = try await records.read { try self.servicePrincipal(appID: client.appID, tenant: tenant.id, in: $0) }
    guard let principal else { throw OAuthErrors.noServicePrincipal(client.appID, tenant.id) }
    let resource = try request.scope(address: address)?.resource ?? ""
    try await authenticate(client, principal: principal, tenant: tenant.id, proof: proof, resource: resource, from: request.remoteAddress)
    return client
  }

  /// Checks a client's proof against the credentials of its application and of its service principal in the tenant.
  ///
  /// Throws AADSTS7000215, 7000222, 700027 and its kin, or 50196 with 429 after too many failures.
  func authenticate(
    _ client: Client, principal: ServicePrincipal, tenant: GUID, proof: ClientProof, resource: String, from remoteAddress: String
  ) async throws {
    switch proof {
    case .none: throw OAuthErrors.credentialMissing
    case .secret(let secret):
      // By address too, so that a stranger who fails on purpose does not lock the real client out.
      let attempt = GUID(digestOf: "\(tenant) \(client.appID) \(remoteAddress)")
      if let seconds = applicationAttempts.lockedSeconds(attempt) { throw OAuthErrors.clientThrottled(seconds) }
      do {
        try await check(secret, against: (client.application?.passwordCredentials ?? []) + principal.passwordCredentials, client: client.appID)
      } catch let error as CloudError where error.aadstsNumber == 7_000_215 {
        applicationAttempts.failed(attempt, secret: secret)
        throw error
      }
      applicationAttempts.succeeded(attempt)
    case .assertion(let text):
      let keys = (client.application?.keyCredentials ?? []) + principal.keyCredentials
      try await check(assertion: text, keys: keys, client: client.appID, tenant: tenant, resource: resource)
    }
  }

  private func check(_ secret: String, against credentials: [PasswordCredential], client: GUID) async throws {
    guard secret.utf8.count <= 1024 else { throw OAuthErrors.badSecret(client) }
    let now = clock.now()
    // The hint picks the likely one of several secrets, so that a sign-in costs one hash, found or not.
    let candidates = credentials.filter { secret.hasPrefix($0.hint) }
    var isExpired = false
    for credential in candidates where try await hasher.matches(secret, credential.hash) {
      if credential.start <= now.advanced(by: .seconds(IdentityLimits.clockSkewSeconds)) && now < credential.end { return }
      isExpired = true
    }
    throw isExpired ? OAuthErrors.expiredSecret(client) : OAuthErrors.badSecret(client)
  }
}
