internal import Base
internal import Crypto
internal import Wire

extension IdentityService {
  /// What Azure's command line has consent for in Graph; for every other resource there is one permission.
  private static let graphPermissions = "AuditLog.Read.All Directory.AccessAsUser.All email Group.ReadWrite.All openid profile User.ReadWrite.All"

  func issueApplicationToken(to principal: ServicePrincipal, for resource: TokenResource) throws -> String {
    try sign(
      common(tenant: principal.tenant, audience: resource.audience) + [
        ("appid", .string(principal.appID.description)), ("azp", .string(principal.appID.description)), ("appidacr", "1"), ("azpacr", "1"),
        ("idtyp", "app"), ("oid", .string(principal.id.description)), ("sub", .string(principal.id.description)),
        ("app_displayname", .string(principal.displayName)),
      ])
  }

  func issueUserToken(to user: User, client: GUID, for resource: TokenResource) throws -> String {
    let permissions = resource.appID == FirstPartyApplication.graph ? Self.graphPermissions : "user_impersonation"
    return try sign(
      common(tenant: user.tenant, audience: resource.audience) + [
        ("appid", .string(client.description)), ("azp", .string(client.description)), ("appidacr", "0"), ("azpacr", "0"), ("idtyp", "user"),
        ("scp", .string(permissions)), ("amr", ["pwd"]),
      ] + Self.person(user, client: client))
  }

  func issueIDToken(to user: User, client: GUID, tenant: Tenant, nonce: String?) throws -> String {
    var claims = common(tenant: tenant.id, audience: client.description) + Self.person(user, client: client)
    if let mail = user.mail { claims.append(("email", .string(mail))) }
    if let nonce { claims.append(("nonce", .string(nonce))) }
    return try sign(claims)
  }

  private func common(tenant: GUID, audience: String) -> [(name: String, value: JSON)] {
    let now = clock.now().seconds
    return [
      ("aud", .string(audience)), ("iss", .string(issuer(of: tenant))), ("iat", .integer(now)), ("nbf", .integer(now)),
      ("exp", .integer(now + IdentityLimits.accessTokenSeconds)), ("tid", .string(tenant.description)),
      ("uti", .string(Base64URL.encode(random.bytes(16)))), ("ver", "2.0"),
    ]
  }

  private static func person(_ user: User, client: GUID) -> [(name: String, value: JSON)] {
    var claims: [(name: String, value: JSON)] = [
      ("oid", .string(user.id.description)), ("sub", .string(subject(user, client: client))), ("name", .string(user.displayName)),
      ("preferred_username", .string(user.userPrincipalName)), ("unique_name", .string(user.userPrincipalName)),
      ("upn", .string(user.userPrincipalName)),
    ]
    if let name = user.givenName { claims.append(("given_name", .string(name))) }
    if let name = user.surname { claims.append(("family_name", .string(name))) }
    return claims
  }

  /// A name for the user that differs from client to client, so that two of them cannot tell that they serve the same person.
  private static func subject(_ user: User, client: GUID) -> String {
    Base64URL.encode(SHA256.hash(data: user.tenant.bytes + user.id.bytes + client.bytes))
  }

  private func sign(_ claims: [(name: String, value: JSON)]) throws -> String {
    guard let key = signingKeys.current(at: clock.now()) else { throw CloudError.serverBusy("No signing key is ready.") }
    return try JSONWebToken.sign(.object(JSON.Object(claims)), key: key.privateKey, keyID: key.record.id)
  }
}
