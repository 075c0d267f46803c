package import Access
package import Base
internal import Crypto
package import CryptoExtras
package import Wire

/// A signed token in its compact form, taken apart but not believed.
///
/// Written over `Wire.JSON` rather than a Codable library: clients write dates as fractions, a member that occurs twice must be refused, and the
/// algorithm is fixed by the verifier, never chosen by the token.
///
/// Source: RFC 7515 (JWS), RFC 7518 (RS256, PS256, ES256, ES384), RFC 7519 (JWT).
package struct JSONWebToken {
  package enum Algorithm: String, Sendable {
    case rs256 = "RS256"
    case ps256 = "PS256"
    case es256 = "ES256"
    case es384 = "ES384"
  }

  package let header: JSON
  package let payload: JSON
  private let signed: [UInt8]
  private let signature: [UInt8]

  private static let limits = JSONLimits(depth: 8, bytes: IdentityLimits.maximumTokenBytes)

  /// Throws `TokenError.malformed` for what is no compact JWS of two JSON objects, or says that one must understand more.
  package init(parsing text: String) throws(TokenError) {
    let parts = text.utf8.count <= IdentityLimits.maximumTokenBytes ? text.split(separator: ".", omittingEmptySubsequences: false) : []
    guard parts.count == 3, let header = Self.object(parts[0]), let payload = Self.object(parts[1]), let signature = Base64URL.decode(parts[2]),
      header["crit"] == nil
    else { throw .malformed }
    self.header = header
    self.payload = payload
    self.signature = signature
    signed = Array(parts[0].utf8) + [UInt8(ascii: ".")] + Array(parts[1].utf8)
  }

  private static func object(_ part: Substring) -> JSON? {
    guard let bytes = Base64URL.decode(part), let json = try? JSON(parsing: bytes, limits: limits), json.object != nil else { return nil }
    return json
  }

  package func isSigned(by key: _RSA.Signing.PublicKey, _ algorithm: Algorithm) -> Bool {
    AssertionKey.rsa(key).isValid(signature, over: signed, algorithm)
  }

  func isSigned(by key: AssertionKey, _ algorithm: Algorithm) -> Bool {
    key.isValid(signature, over: signed, algorithm)
  }

  /// Seconds since the epoch, which clients also write with a fraction.
  package func date(_ claim: String) -> Timestamp? {
    guard let seconds = payload[claim]?.number, seconds.isFinite, abs(seconds) < 1e11 else { return nil }
    return Timestamp(microseconds: Int64(seconds * 1_000_000))
  }

  /// The compact form of a new token, signed with RS256.
  package static func sign(_ payload: JSON, key: _RSA.Signing.PrivateKey, keyID: String) throws -> String {
    let header: JSON = ["typ": "JWT", "alg": "RS256", "kid": .string(keyID)]
    let signed = Base64URL.encode(header.bytes) + "." + Base64URL.encode(payload.bytes)
    let signature = try key.signature(for: SHA256.hash(data: Array(signed.utf8)), padding: .insecurePKCS1v1_5)
    return signed + "." + Base64URL.encode(Array(signature.rawRepresentation))
  }
}
