internal import Base
internal import Crypto
internal import CryptoExtras
internal import Wire

#if canImport(FoundationEssentials)
  internal import FoundationEssentials
#endif

/// A salted hash of a password or secret: `pbkdf2-sha256$<rounds>$<salt>$<hash>`, the last two in base64, so that the parameters can grow and
/// earlier hashes stay good.
///
/// What the rounds buy is time against someone who holds the hash and guesses. Users choose passwords that can be guessed, so each guess is made
/// expensive. Applications' secrets are 223 random bits: no count of rounds adds anything to a search that takes longer than the universe has, and a
/// service that signs in often would pay for it each time. They have few rounds, which keep one sign-in at a few milliseconds of one core.
package struct SecretHash: Equatable, Sendable {
  private static let scheme = "pbkdf2-sha256"
  private static let hashBytes = 32

  package let rounds: Int
  package let salt: [UInt8]
  package let hash: [UInt8]

  /// Hashes; takes milliseconds to a second of a core.
  init(of secret: String, rounds: Int, salt: [UInt8]) throws {
    self.rounds = rounds
    self.salt = salt
    hash = try Self.derive(secret, rounds: rounds, salt: salt)
  }

  /// Nil when the text is no hash.
  package init?(_ text: String) {
    let fields = text.split(separator: "$", omittingEmptySubsequences: false)
    guard fields.count == 4, fields[0] == Self.scheme, let rounds = Int(fields[1]), rounds > 0, let salt = Base64.decode(String(fields[2])),
      let hash = Base64.decode(String(fields[3])), hash.count == Self.hashBytes
    else { return nil }
    self.rounds = rounds
    self.salt = salt
    self.hash = hash
  }

  var text: String { "\(Self.scheme)$\(rounds)$\(Base64.encode(salt))$\(Base64.encode(hash))" }

  /// Whether it is the hash of this secret. Takes as long as making it did, whatever the answer.
  func matches(_ secret: String) throws -> Bool {
    constantTimeEqual(hash, try Self.derive(secret, rounds: rounds, salt: salt))
  }

  private static func derive(_ secret: String, rounds: Int, salt: [UInt8]) throws -> [UInt8] {
    let key = try KDF.Insecure.PBKDF2.deriveKey(
      from: Array(secret.utf8), salt: salt, using: .sha256, outputByteCount: hashBytes, unsafeUncheckedRounds: rounds)
    return key.withUnsafeBytes { Array($0) }
  }
}
