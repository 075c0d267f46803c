internal import Crypto

#if canImport(FoundationEssentials)
  internal import FoundationEssentials
#endif

/// The public part of an evidence key, as who checks has it.
struct EvidenceVerifier {
  private let key: P256.Signing.PublicKey

  /// Nil for what is no SubjectPublicKeyInfo of P-256 in PEM.
  init?(pem: String) {
    guard let key = try? P256.Signing.PublicKey(pemRepresentation: pem) else { return nil }
    self.key = key
  }

  /// As `EvidenceKey.fingerprint`.
  var fingerprint: String { sha256Hexadecimal(key.derRepresentation) }

  /// Whether a signature in DER is this key's over the bytes.
  func isValid(_ signature: [UInt8], over bytes: [UInt8]) -> Bool {
    guard let signature = try? P256.Signing.ECDSASignature(derRepresentation: signature) else { return false }
    return key.isValidSignature(signature, for: bytes)
  }
}
