internal import Base
internal import Crypto
internal import Records

/// A code that a browser carries to a client after its user signed in; the client redeems it once.
///
/// Source: RFC 6749 section 4.1, RFC 7636 (PKCE).
struct AuthorizationCode: ExpiringRecord, Codable {
  static let kind = "identity.authorizationCode"

  /// SHA-256 of the code, in hexadecimal.
  var digest: String
  var client: GUID
  var redirectURI: String
  /// S256 of the verifier, base64url.
  var challenge: String?
  var nonce: String?
  var scope: TokenScope
  var signIn: SignIn
  /// Kept for as long as the code could have been used, so that its second use is known as such.
  var isRedeemed: Bool
  /// The refresh token that it gave, which a second use revokes.
  var refreshTokenDigest: String?
  var expires: Timestamp

  static func key(code: String) -> RecordKey { RecordKey(tenant: .zero, digest(of: code)) }

  static func digest(of code: String) -> String { Array(SHA256.hash(data: Array(code.utf8))).hexadecimal }

  var key: RecordKey { RecordKey(tenant: .zero, digest) }

  var indexes: [RecordIndex] { [expiryIndex] }
}
