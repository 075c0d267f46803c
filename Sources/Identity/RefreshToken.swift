internal import Base
internal import Crypto
internal import Records
internal import Wire

/// That a user signed in to a client: what its refresh token stands for. It is good for every resource, and in every tenant where the user has an
/// account (Entra's family behaviour), until it expires, the password changes, or the account is disabled.
struct RefreshToken: ExpiringRecord, Codable {
  static let kind = "identity.refreshToken"

  /// The home account.
  var tenant: GUID
  var user: GUID
  /// SHA-256 of the secret part, in hexadecimal. It needs no salt: the secret is 256 random bits.
  var digest: String
  var client: GUID
  /// What it was asked for first: what it gives to a client that does not say.
  var scope: TokenScope
  /// When the user gave the password.
  var authenticated: Timestamp
  var created: Timestamp
  var expires: Timestamp

  static func key(tenant: GUID, user: GUID, digest: String) -> RecordKey { RecordKey(tenant: tenant, user.description, digest) }

  var key: RecordKey { Self.key(tenant: tenant, user: user, digest: digest) }

  var indexes: [RecordIndex] { [expiryIndex] }
}

/// The text that a client holds: where the record is, and the secret that opens it.
struct RefreshTokenText {
  private static let version: UInt8 = 1
  private static let secretBytes = 32

  let tenant: GUID
  let user: GUID
  let secret: [UInt8]

  init(tenant: GUID, user: GUID, random: any RandomSource) {
    self.tenant = tenant
    self.user = user
    secret = random.bytes(Self.secretBytes)
  }

  /// Nil for what this cloud never gave.
  init?(_ text: String) {
    guard text.utf8.count < 256, let bytes = Base64URL.decode(text), bytes.count == 33 + Self.secretBytes, bytes[0] == Self.version else {
      return nil
    }
    tenant = Self.guid(bytes[1..<17])
    user = Self.guid(bytes[17..<33])
    secret = Array(bytes[33...])
  }

  var text: String { Base64URL.encode([Self.version] + tenant.bytes + user.bytes + secret) }

  var digest: String { Array(SHA256.hash(data: secret)).hexadecimal }

  private static func guid(_ bytes: ArraySlice<UInt8>) -> GUID {
    GUID(
      high: bytes.prefix(8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }, low: bytes.suffix(8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) })
  }
}
