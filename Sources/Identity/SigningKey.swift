internal import Base
internal import Records

/// A key that signs tokens, with its private half sealed.
struct SigningKey: Record, Codable {
  static let kind = "identity.signingKey"
  static let sealContext = "identity.signingKey"

  /// `kid`: the SHA-256 thumbprint of the public key, base64url.
  var id: String
  /// The public key's modulus and exponent, base64url, as the key set has them.
  var modulus: String
  var exponent: String
  var sealedPrivateKey: [UInt8]
  var created: Timestamp
  /// It is published from `created` on, and signs from here on until a later key does.
  var signsFrom: Timestamp

  static let all = RecordKey(tenant: .zero)

  static func key(_ id: String) -> RecordKey { RecordKey(tenant: .zero, id) }

  var key: RecordKey { Self.key(id) }
}
