internal import Base
internal import Records
internal import Wire

extension IdentityService {
  /// Answers a token request of any grant: the token document, or a `CloudError` of the token service.
  func token(_ request: TokenRequest) async throws -> JSON {
    switch try request.form.required("grant_type") {
    case "client_credentials": return try await clientCredentialsGrant(request)
    case "password": return try await passwordGrant(request)
    case "refresh_token": return try await refreshGrant(request)
    case "urn:ietf:params:oauth:grant-type:device_code", "device_code": return try await deviceGrant(request)
    case "authorization_code": return try await codeGrant(request)
    case let other: throw OAuthErrors.unsupportedGrant(other)
    }
  }

  private func clientCredentialsGrant(_ request: TokenRequest) async throws -> JSON {
    let client = try await knownClient(try request.clientID(), authority: request.authority)
    guard let tenant = request.authority.tenant ?? client.homeTenant else {
      throw OAuthErrors.noApplication(client.appID.description, request.authority.segment)
    }
    guard let scope = try request.scope(address: address), let name = scope.resource else {
      throw OAuthErrors.missingParameter(request.version == .v1 ? "resource" : "scope")
    }
    guard scope.isDefault else { throw OAuthErrors.scopeNotDefault(scope.text) }
    guard !client.isFirstParty else { throw OAuthErrors.clientIsPublic }
    let proof = try ClientProof(request)
    guard proof != .none else { throw OAuthErrors.credentialRequired }
    let (principal, resource) = try await records.read { reader in
      guard let principal = try self.servicePrincipal(appID: client.appID, tenant: tenant.id, in: reader) else {
        throw client.homeTenant?.id == tenant.id || client.application?.signInAudience == "AzureADMultipleOrgs"
          ? OAuthErrors.noServicePrincipal(client.appID, tenant.id) : OAuthErrors.noApplication(client.appID.description, tenant.displayName)
      }
      return (principal, try TokenResource.find(name, tenant: tenant.id, address: self.address, in: reader))
    }
    try await authenticate(client, principal: principal, tenant: tenant.id, proof: proof, resource: name, from: request.remoteAddress)
    guard principal.accountEnabled else { throw OAuthErrors.disabledApplication(client.appID) }
    guard let resource else { throw OAuthErrors.noResource(name, tenant.displayName) }
    let token = try issueApplicationToken(to: principal, for: resource)
    return TokenAnswer.application(token, resource: name, version: request.version, now: clock.now())
  }

  private func passwordGrant(_ request: TokenRequest) async throws -> JSON {
    let client = try await authenticatedUserClient(request)
    let scope = try userScope(request, or: nil)
    let name = try request.form.required("username")
    let password = try request.form.required("password")
    let signIn = try await signIn(name, password: password, newPassword: nil, tenant: request.authority.tenant)
    return try await userAnswer(request, client: client, scope: scope, signIn: signIn, nonce: nil)
  }

  private func refreshGrant(_ request: TokenRequest) async throws -> JSON {
    let client = try await authenticatedUserClient(request)
    guard let text = RefreshTokenText(try request.form.required("refresh_token")) else { throw OAuthErrors.badRefreshToken }
    let now = clock.now()
    let target = request.authority.tenant
    let (stored, signIn) = try await records.read { reader in
      guard let stored = try reader.fetch(RefreshToken.self, RefreshToken.key(tenant: text.tenant, user: text.user, digest: text.digest)),
        stored.client == client.appID
      else { throw OAuthErrors.badRefreshToken }
      guard stored.expires > now else { throw OAuthErrors.expiredRefreshToken }
      let home = User.HomeAccount(tenant: stored.tenant, user: stored.user)
      let account = try self.account(of: home, authenticated: stored.authenticated, in: target, reader: reader)
      return (stored, SignIn(tenant: account.tenant, user: account.id, home: home, authenticated: stored.authenticated))
    }
    // The same token goes back until it is a day old: a busy client does not leave a record for each of its requests.
    let isYoung = now.seconds - stored.created.seconds < IdentityLimits.refreshTokenRenewalSeconds
    return try await userAnswer(
      request, client: client, scope: try userScope(request, or: stored.scope), signIn: signIn, nonce: nil, refreshToken: isYoung ? text.text : nil)
  }

  private func deviceGrant(_ request: TokenRequest) async throws -> JSON {
    let client = try await authenticatedUserClient(request)
    let (signIn, scope) = try await redeemDeviceCode(try request.form["device_code"] ?? request.form.required("code"), client: client.appID)
    return try await userAnswer(request, client: client, scope: try userScope(request, or: scope), signIn: signIn, nonce: nil)
  }

  private func codeGrant(_ request: TokenRequest) async throws -> JSON {
    let client = try await authenticatedUserClient(request, allowingProofKey: true)
    let code = try request.form.required("code")
    let redeemed = try await redeemAuthorizationCode(
      code, client: client.appID, redirectURI: try request.form.required("redirect_uri"), verifier: request.form["code_verifier"])
    if let tenant = request.authority.tenant, tenant.id != redeemed.signIn.tenant { throw OAuthErrors.badCode }
    let scope = try userScope(request, or: redeemed.scope)
    let answer = try await userAnswer(request, client: client, scope: scope, signIn: redeemed.signIn, nonce: redeemed.nonce)
    if let refresh = answer["refresh_token"]?.string.flatMap({ RefreshTokenText($0) }) {
      try await noteRefreshToken(refresh, of: code)
    }
    return answer
  }

  private func userScope(_ request: TokenRequest, or remembered: TokenScope?) throws -> TokenScope {
    guard let scope = try request.scope(address: address) ?? remembered else {
      throw OAuthErrors.missingParameter(request.version == .v1 ? "resource" : "scope")
    }
    return scope
  }

  // MARK: Users' answers

  /// The account of a home account in the tenant that a token is for (its own when nil), if the sign-in still holds.
  ///
  /// Throws AADSTS50173 when it was revoked, AADSTS50057 for a disabled account, AADSTS50020 where the user has no account.
  func account(of home: User.HomeAccount, authenticated: Timestamp, in tenant: Tenant?, reader: any RecordReader) throws -> User {
    guard let user = try user(home.user, tenant: home.tenant, in: reader) else { throw OAuthErrors.revokedRefreshToken }
    guard user.accountEnabled else { throw OAuthErrors.disabledUser }
    guard authenticated >= user.sessionsValidFrom else { throw OAuthErrors.revokedRefreshToken }
    guard let tenant, tenant.id != home.tenant else { return user }
    guard let guest = try guest(of: home, tenant: tenant.id, in: reader) else {
      throw OAuthErrors.notInTenant(user.userPrincipalName, tenant.displayName)
    }
    guard guest.accountEnabled else { throw OAuthErrors.disabledUser }
    return guest
  }

  /// Issues a user's tokens, and stores a refresh token where one is due and none is given.
  func userAnswer(
    _ request: TokenRequest, client: Client, scope: TokenScope, signIn: SignIn, nonce: String?, refreshToken: String? = nil
  ) async throws -> JSON {
    let now = clock.now()
    let name = scope.resource ?? address.url("graph")
    let wantsRefresh = request.version == .v1 || scope.text.split(separator: " ").contains { $0.lowercased() == "offline_access" }
    let fresh = wantsRefresh && refreshToken == nil ? RefreshTokenText(tenant: signIn.home.tenant, user: signIn.home.user, random: random) : nil
    let (user, resource, tenant) = try await records.write { transaction in
      guard let tenant = try self.tenant(signIn.tenant, in: transaction) else { throw OAuthErrors.noTenant(signIn.tenant.description) }
      // Again here, in the transaction that stores the new token: the password may have been changed since it was checked.
      let user = try self.account(of: signIn.home, authenticated: signIn.authenticated, in: tenant, reader: transaction)
      guard let resource = try TokenResource.find(name, tenant: tenant.id, address: self.address, in: transaction) else {
        throw OAuthErrors.noResource(name, tenant.displayName)
      }
      try self.checkServicePrincipal(of: client, tenant: tenant, in: transaction)
      if let fresh {
        try transaction.save(
          RefreshToken(
            tenant: fresh.tenant, user: fresh.user, digest: fresh.digest, client: client.appID, scope: scope,
            authenticated: signIn.authenticated, created: now, expires: now.advanced(by: .seconds(IdentityLimits.refreshTokenSeconds))))
      }
      return (user, resource, tenant)
    }
    return TokenAnswer.user(
      TokenAnswer.UserTokens(
        accessToken: try issueUserToken(to: user, client: client.appID, for: resource),
        refreshToken: fresh?.text ?? refreshToken,
        idToken: try issueIDToken(to: user, client: client.appID, tenant: tenant, nonce: nonce), home: signIn.home),
      scope: scope, resource: name, version: request.version, now: now)
  }

  /// A tenant's own application signs users in only while it has an enabled service principal there.
  private func checkServicePrincipal(of client: Client, tenant: Tenant, in reader: any RecordReader) throws {
    guard !client.isFirstParty else { return }
    guard let principal = try servicePrincipal(appID: client.appID, tenant: tenant.id, in: reader) else {
      throw OAuthErrors.noServicePrincipal(client.appID, tenant.id)
    }
    guard principal.accountEnabled else { throw OAuthErrors.disabledApplication(client.appID) }
  }
}
