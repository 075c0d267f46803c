internal import Base
package import Records

/// A key that signs tokens, with its private half sealed.
package struct SigningKey: Record, Codable {
  package static let kind = "identity.signingKey"
  static let sealContext = "identity.signingKey"

  /// `kid`: the SHA-256 thumbprint of the public key, base64url.
  package var id: String
  /// The public key's modulus and exponent, base64url, as the key set has them.
  var modulus: String
  var exponent: String
  var sealedPrivateKey: [UInt8]
  var created: Timestamp
  /// It is published from `created` on, and signs from here on until a later key does.
  var signsFrom: Timestamp

  /// Whose tokens it signs; nil is the tenants' issuer, which was the only one in earlier days.
  var owner: Owner?

  /// An issuer other than the tenants'.
  package enum Owner: String, Codable, Sendable {
    case operators
  }

  static let all = RecordKey(tenant: .zero)

  package var key: RecordKey { RecordKey(tenant: .zero, id) }
}
