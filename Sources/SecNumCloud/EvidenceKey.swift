public import Base
internal import Crypto
public import Keyring
public import Records

#if canImport(FoundationEssentials)
  internal import FoundationEssentials
#endif

/// The platform's key for evidence: it signs observations and dossiers, and nothing else. ECDSA on P-256 over SHA-256; the private part rests sealed in
/// the records.
public struct EvidenceKey: Sendable {
  /// When the key was made.
  public let created: Timestamp
  private let key: P256.Signing.PrivateKey

  private struct Stored: Record, Codable {
    static let kind = "secnumcloud.evidenceKey"
    static let key = RecordKey(tenant: .zero, "evidence")
    var sealed: [UInt8]
    var created: Timestamp
    var key: RecordKey { Self.key }
  }

  private static let context = "secnumcloud.evidence"

  /// The stored key, or one that is made and stored.
  public static func ready(keyring: Keyring, clock: any WallClock, in transaction: RecordTransaction) throws -> EvidenceKey {
    if let stored = try transaction.fetch(Stored.self, Stored.key) {
      let raw = try keyring.open(stored.sealed, context: context, tenant: .zero, in: transaction)
      return EvidenceKey(created: stored.created, key: try P256.Signing.PrivateKey(rawRepresentation: raw))
    }
    let made = EvidenceKey(created: clock.now(), key: P256.Signing.PrivateKey())
    let sealed = try keyring.seal(made.key.rawRepresentation, context: context, tenant: .zero, in: transaction)
    try transaction.save(Stored(sealed: sealed, created: made.created))
    return made
  }

  /// The public part, SubjectPublicKeyInfo in PEM.
  public var publicKeyPEM: String { key.publicKey.pemRepresentation }

  /// What names the key: the SHA-256 of its SubjectPublicKeyInfo in DER, in hexadecimal.
  public var fingerprint: String { SHA256.hash(data: key.publicKey.derRepresentation).hexadecimal }

  /// A signature in DER (ECDSA-Sig-Value), as `openssl dgst -sha256 -verify` takes it.
  public func sign(_ bytes: some Sequence<UInt8>) throws -> [UInt8] {
    Array(try key.signature(for: Data(bytes)).derRepresentation)
  }

  /// Whether a signature by this key is one over these bytes.
  public func isValid(_ signature: [UInt8], over bytes: some Sequence<UInt8>) -> Bool {
    guard let signature = try? P256.Signing.ECDSASignature(derRepresentation: signature) else { return false }
    return key.publicKey.isValidSignature(signature, for: Data(bytes))
  }
}

/// The SHA-256 of bytes, in hexadecimal.
public func sha256Hexadecimal(_ bytes: some Sequence<UInt8>) -> String { SHA256.hash(data: Data(bytes)).hexadecimal }
