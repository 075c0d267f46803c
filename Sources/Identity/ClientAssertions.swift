package import Base
internal import Crypto
package import Records
internal import Wire

/// Checks clients' signed assertions, each of which is good for a resource once.
package struct ClientAssertions: Sendable {
  private let records: any RecordStore
  private let clock: any WallClock
  private let algorithms: [JSONWebToken.Algorithm]
  private let maximumSeconds: Int64

  /// `maximumSeconds` bounds the time that an assertion may claim to be good for.
  package init(records: any RecordStore, clock: any WallClock, algorithms: [JSONWebToken.Algorithm], maximumSeconds: Int64) {
    self.records = records
    self.clock = clock
    self.algorithms = algorithms
    self.maximumSeconds = maximumSeconds
  }

  /// Checks an assertion: its certificate, signature, audience, times, and that it was not used for this resource before. It is then used; `body` is
  /// carried out in the same transaction.
  ///
  /// Source: RFC 7523; Microsoft Entra, "Certificate credentials". `exp`, `nbf` and `iat` may be fractions, as MSAL writes them.
  package func redeem(
    _ text: String, keys: [KeyCredential], client: GUID, tenant: GUID, resource: String, isAudience: (String) async throws -> Bool,
    _ body: @escaping @Sendable (RecordTransaction) throws -> Void = { _ in }
  ) async throws {
    let now = clock.now()
    let skew = Duration.seconds(IdentityLimits.clockSkewSeconds)
    guard let token = try? JSONWebToken(parsing: text) else { throw OAuthErrors.malformedAssertion }
    guard let algorithm = token.header["alg"]?.string.flatMap({ JSONWebToken.Algorithm(rawValue: $0) }), algorithms.contains(algorithm) else {
      throw OAuthErrors.badAssertion("The algorithm must be \(algorithms.map(\.rawValue).joined(separator: " or ")).")
    }
    guard let key = Self.key(named: token.header, in: keys) else { throw OAuthErrors.badAssertion("The key was not found by its thumbprint.") }
    guard key.start <= now.advanced(by: skew), now < key.end else {
      throw OAuthErrors.badAssertion("The certificate is not within its validity period.")
    }
    guard let publicKey = key.publicKey, token.isSigned(by: publicKey, algorithm) else { throw OAuthErrors.badAssertion("The signature is wrong.") }
    guard token.payload["iss"]?.string?.lowercased() == client.description, token.payload["sub"]?.string?.lowercased() == client.description else {
      throw OAuthErrors.assertionIssuer
    }
    let audience = token.payload["aud"]?.string ?? ""
    guard try await isAudience(audience) else { throw OAuthErrors.assertionAudience(audience) }
    guard let expires = token.date("exp"), expires.advanced(by: skew) > now,
      expires < now.advanced(by: .seconds(maximumSeconds)).advanced(by: skew),
      (token.date("nbf") ?? now) <= now.advanced(by: skew), (token.date("iat") ?? now) <= now.advanced(by: skew)
    else { throw OAuthErrors.assertionTime }
    guard let identifier = token.payload["jti"]?.string, !identifier.isEmpty else { throw OAuthErrors.malformedAssertion }
    try await claim(identifier, of: text, client: client, tenant: tenant, resource: resource, until: expires.advanced(by: skew), body)
  }

  /// `x5t#S256` or `x5t` (base64url, with or without padding; some clients write plain base64) names the certificate.
  private static func key(named header: JSON, in keys: [KeyCredential]) -> KeyCredential? {
    if let thumbprint = header["x5t#S256"]?.string.flatMap(thumbprint) { return keys.first { $0.sha256Thumbprint == thumbprint } }
    if let thumbprint = header["x5t"]?.string.flatMap(thumbprint) { return keys.first { $0.thumbprint == thumbprint } }
    return nil
  }

  private static func thumbprint(_ text: String) -> [UInt8]? {
    let plain = text.replacing("+", with: "-").replacing("/", with: "_")
    return Base64URL.decode(plain.prefix { $0 != "=" })
  }

  /// Marks the assertion as used for a resource. Throws when it was, or when another assertion had the same `jti`.
  private func claim(
    _ jti: String, of text: String, client: GUID, tenant: GUID, resource: String, until expires: Timestamp,
    _ body: @escaping @Sendable (RecordTransaction) throws -> Void
  ) async throws {
    let identifier = Array(SHA256.hash(data: Array(jti.utf8))).hexadecimal
    let assertion = Array(SHA256.hash(data: Array(text.utf8))).hexadecimal
    let resource = TokenResource.comparable(resource)
    try await records.write { transaction in
      let key = AssertionUse.key(tenant: tenant, client: client, identifier: identifier)
      var use =
        try transaction.fetch(AssertionUse.self, key)
        ?? AssertionUse(tenant: tenant, client: client, identifier: identifier, assertion: assertion, resources: [], expires: expires)
      guard use.assertion == assertion, !use.resources.contains(resource), use.resources.count < IdentityLimits.maximumResourcesPerAssertion else {
        throw OAuthErrors.assertionReplayed
      }
      use.resources.append(resource)
      try transaction.save(use)
      try body(transaction)
    }
  }
}

extension IdentityService {
  /// Checks an application's signed assertion.
  func check(assertion text: String, keys: [KeyCredential], client: GUID, tenant: GUID, resource: String) async throws {
    let assertions = ClientAssertions(
      records: records, clock: clock, algorithms: [.rs256, .ps256], maximumSeconds: IdentityLimits.maximumAssertionSeconds)
    try await assertions.redeem(text, keys: keys, client: client, tenant: tenant, resource: resource) {
      try await isTokenEndpoint($0, tenant: tenant)
    }
  }

  /// Whether a URL is the token endpoint of a tenant, by any of its names and in either protocol version, or its issuer.
  private func isTokenEndpoint(_ url: String, tenant: GUID) async throws -> Bool {
    let login = address.url("login") + "/"
    guard url.lowercased().hasPrefix(login) else { return false }
    let path = url.dropFirst(login.count)
    let segment = path.prefix { $0 != "/" }
    guard ["/oauth2/v2.0/token", "/oauth2/token", "/v2.0"].contains(path.dropFirst(segment.count).lowercased()) else { return false }
    switch try? await authority(String(segment)) {
    case nil: return false
    case .any: return true
    case .tenant(let named): return named.id == tenant
    }
  }
}
