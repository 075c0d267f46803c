public import Access
public import Base
internal import Crypto
internal import Records
internal import Wire

extension IdentityService: TokenVerifier {
  public func principal(bearer token: String, audiences: [String]) async throws -> Principal {
    let now = clock.now()
    let digest = SHA256.hash(data: Array(token.utf8))
    let claims: TokenClaims
    if let known = tokens[digest] {
      claims = known
    } else {
      claims = try verify(token, at: now)
      tokens.insert(claims, digest, now: now)
    }
    let skew = Duration.seconds(IdentityLimits.clockSkewSeconds)
    guard claims.expires.advanced(by: skew) > now else {
      tokens.remove(digest)
      throw TokenError.expired
    }
    guard claims.notBefore <= now.advanced(by: skew) else { throw TokenError.notYetValid }
    let wanted = TokenResource.comparable(claims.audience)
    guard audiences.contains(where: { TokenResource.comparable($0) == wanted }) else { throw TokenError.wrongAudience }
    guard let principal = try await principal(of: claims) else { throw TokenError.unknownPrincipal }
    return principal
  }

  /// Whether the token was made and signed by this cloud for the tenant that it names.
  private func verify(_ token: String, at now: Timestamp) throws(TokenError) -> TokenClaims {
    let parsed = try JSONWebToken(parsing: token)
    guard parsed.header["alg"]?.string == JSONWebToken.Algorithm.rs256.rawValue else { throw .wrongAlgorithm }
    guard let keyID = parsed.header["kid"]?.string, let key = signingKeys.publicKey(keyID, at: now) else { throw .unknownKey }
    guard parsed.isSigned(by: key, .rs256) else { throw .badSignature }
    guard let claims = TokenClaims(parsed) else { throw .malformed }
    guard claims.issuer == issuer(of: claims.tenant) else { throw .wrongIssuer }
    return claims
  }

  /// The principal as it is now: whoever was deleted, disabled or put into a group since the token was signed is so from this request on.
  private func principal(of claims: TokenClaims) async throws -> Principal? {
    try await records.read { reader in
      guard try reader.exists(Tenant.self, Tenant.key(claims.tenant)) else { return nil }
      let kind: Principal.Kind
      let name: String
      if claims.isUser {
        guard let user = try self.user(claims.objectID, tenant: claims.tenant, in: reader), user.accountEnabled,
          try self.isHomeEnabled(of: user, in: reader)
        else { return nil }
        (kind, name) = (.user, user.userPrincipalName)
      } else {
        guard let principal = try self.servicePrincipal(claims.objectID, tenant: claims.tenant, in: reader), principal.accountEnabled,
          principal.appID == claims.applicationID
        else { return nil }
        (kind, name) = (.servicePrincipal, principal.displayName)
      }
      return Principal(
        kind: kind, tenant: claims.tenant, objectID: claims.objectID,
        groups: try self.groups(of: claims.objectID, tenant: claims.tenant, in: reader), applicationID: claims.applicationID, name: name,
        claims: claims.all)
    }
  }

  /// A guest is who its home account is: disabled there, disabled here.
  private func isHomeEnabled(of user: User, in reader: any RecordReader) throws -> Bool {
    guard let home = user.home else { return true }
    return try self.user(home.user, tenant: home.tenant, in: reader)?.accountEnabled ?? false
  }

  /// The `iss` of every token of a tenant, of either protocol version: the v2 form, which the openid-configuration of both names.
  func issuer(of tenant: GUID) -> String { "\(address.url("login"))/\(tenant)/v2.0" }
}

extension IdentityService: PrincipalResolver {
  public func principal(tenant: GUID, objectID: GUID) async throws -> Principal? {
    try await records.read { reader in
      let found: (kind: Principal.Kind, name: String, application: GUID?)
      if let user = try self.user(objectID, tenant: tenant, in: reader) {
        guard user.accountEnabled, try self.isHomeEnabled(of: user, in: reader) else { return nil }
        found = (.user, user.userPrincipalName, nil)
      } else if let principal = try self.servicePrincipal(objectID, tenant: tenant, in: reader) {
        guard principal.accountEnabled else { return nil }
        found = (.servicePrincipal, principal.displayName, principal.appID)
      } else if let group = try self.group(objectID, tenant: tenant, in: reader) {
        // A group speaks for nobody by itself; as a holder of roles it is like a service principal.
        found = (.servicePrincipal, group.displayName, nil)
      } else {
        return nil
      }
      return Principal(
        kind: found.kind, tenant: tenant, objectID: objectID, groups: try self.groups(of: objectID, tenant: tenant, in: reader),
        applicationID: found.application, name: found.name)
    }
  }

  public func principalType(tenant: GUID, objectID: GUID) async throws -> PrincipalType? {
    try await records.read { try self.principalType(objectID, tenant: tenant, in: $0) }
  }
}
