internal import Base
internal import Crypto
internal import Records

/// A sign-in that a device without a browser has begun and a person ends in a browser elsewhere.
///
/// Source: RFC 8628.
struct DeviceAuthorization: ExpiringRecord, Codable {
  static let kind = "identity.deviceAuthorization"

  enum State: Codable, Equatable {
    case pending
    case declined
    case approved(SignIn)
  }

  /// SHA-256 of the device code, in hexadecimal.
  var digest: String
  /// Without its hyphen.
  var userCode: String
  var client: GUID
  /// The tenant that the request named; nil when it left that to the user.
  var tenant: GUID?
  var scope: TokenScope
  var state: State
  var expires: Timestamp

  static let all = RecordKey(tenant: .zero)

  static func key(deviceCode: String) -> RecordKey { RecordKey(tenant: .zero, digest(of: deviceCode)) }

  static func digest(of deviceCode: String) -> String { Array(SHA256.hash(data: Array(deviceCode.utf8))).hexadecimal }

  /// Filed under the platform: whose it is shows when somebody approves it.
  var key: RecordKey { RecordKey(tenant: .zero, digest) }

  var indexes: [RecordIndex] { [expiryIndex, RecordIndex(Self.userCodeIndex, userCode)] }

  static let userCodeIndex = "identity.deviceAuthorization.userCode"

  /// Consonants only, so that no code is a word: 20 letters, eight of them (34 bits), of which a guesser may try few.
  static let userCodeAlphabet = Array("BCDFGHJKLMNPQRSTVWXZ".utf8)
  static let userCodeLetters = 8

  /// What a person typed, as codes are kept.
  static func normalized(userCode: String) -> String {
    String(userCode.uppercased().filter { $0.isLetter || $0.isNumber }.prefix(32))
  }
}

/// Who signed in, and when.
struct SignIn: Codable, Equatable, Sendable {
  /// The account in the tenant that tokens are for.
  var tenant: GUID
  var user: GUID
  /// The account whose password was given; the same, but for a guest.
  var home: User.HomeAccount
  var authenticated: Timestamp
}
