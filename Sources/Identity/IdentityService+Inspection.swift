package import Base
internal import CryptoExtras
package import Records
internal import Wire

/// What the platform looks at to prove that it holds what it promises of accounts. Nothing here changes anything.
extension IdentityService {
  /// A sign-in that is remembered for a client, without what would let anybody use it.
  package struct Session: Sendable {
    package var tenant: GUID
    package var user: GUID
    package var authenticated: Timestamp
    package var expires: Timestamp
  }

  /// A tenant's remembered sign-ins, at most `limit`, those that have expired and are not yet swept among them.
  package func sessions(tenant: GUID, limit: Int, in reader: any RecordReader) throws -> [Session] {
    try reader.list(RefreshToken.self, under: RecordKey(tenant: tenant), limit: limit).map {
      Session(tenant: $0.tenant, user: $0.user, authenticated: $0.authenticated, expires: $0.expires)
    }
  }

  /// The sign-ins for which a browser carries a code that was not redeemed yet, at most `limit`, over all tenants.
  package func pendingCodes(limit: Int, in reader: any RecordReader) throws -> [Session] {
    let now = clock.now()
    return try reader.list(AuthorizationCode.self, under: RecordKey(tenant: .zero), limit: limit)
      .filter { !$0.isRedeemed && $0.expires > now }
      .map { Session(tenant: $0.signIn.home.tenant, user: $0.signIn.home.user, authenticated: $0.signIn.authenticated, expires: $0.expires) }
  }

  /// Whether a remembered sign-in would still be taken: the very question that a grant asks.
  package func isUsable(_ session: Session, in reader: any RecordReader) throws -> Bool {
    guard session.expires > clock.now() else { return false }
    do {
      _ = try account(
        of: User.HomeAccount(tenant: session.tenant, user: session.user), authenticated: session.authenticated, in: nil, reader: reader)
      return true
    } catch is CloudError {
      return false
    }
  }

  /// Whether a text is the password or secret of a stored hash. Takes as long as a sign-in.
  package func isSecret(_ text: String, of stored: String) async throws -> Bool { try await hasher.matches(text, stored) }

  /// How the user of a token proved who he is: its `amr`. Throws where it is no token.
  package static func methods(of token: String) throws -> [String] {
    try JSONWebToken(parsing: token).payload["amr"]?.array?.compactMap(\.string) ?? []
  }

  /// Tokens that say what a good one says and are none of this issuer's: to be shown to the front door, which must refuse each.
  ///
  /// By name: signed with a stranger's key under this issuer's key id, under an id of its own, as another issuer, and by nobody.
  package static func forgeries(of token: String) throws -> [(name: String, token: String)] {
    let parsed = try JSONWebToken(parsing: token)
    let key = try _RSA.Signing.PrivateKey(keySize: .bits2048)
    let keyID = parsed.header["kid"]?.string ?? ""
    var foreign = parsed.payload.object ?? JSON.Object()
    foreign["iss"] = "https://operator.invalid/v2.0"
    let unsigned: JSON = ["typ": "JWT", "alg": "none"]
    return [
      ("foreignKey", try JSONWebToken.sign(parsed.payload, key: key, keyID: keyID)),
      ("foreignKeyID", try JSONWebToken.sign(parsed.payload, key: key, keyID: "operator")),
      ("foreignIssuer", try JSONWebToken.sign(.object(foreign), key: key, keyID: keyID)),
      ("unsigned", Base64URL.encode(unsigned.bytes) + "." + Base64URL.encode(parsed.payload.bytes) + "."),
    ]
  }
}
