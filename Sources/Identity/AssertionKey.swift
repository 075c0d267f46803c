internal import Crypto
internal import CryptoExtras
internal import X509

/// The public key of a certificate that a client signs its assertions with.
enum AssertionKey {
  case rsa(_RSA.Signing.PublicKey)
  case p256(P256.Signing.PublicKey)
  case p384(P384.Signing.PublicKey)

  /// Nil for a key of any other kind.
  init?(_ key: Certificate.PublicKey) {
    if let rsa = _RSA.Signing.PublicKey(key) {
      self = .rsa(rsa)
    } else if let p256 = P256.Signing.PublicKey(key) {
      self = .p256(p256)
    } else if let p384 = P384.Signing.PublicKey(key) {
      self = .p384(p384)
    } else {
      return nil
    }
  }

  /// Whether it made a signature by an algorithm, which must be one for keys of its kind.
  func isValid(_ signature: [UInt8], over signed: [UInt8], _ algorithm: JSONWebToken.Algorithm) -> Bool {
    switch (self, algorithm) {
    case (.rsa(let key), .rs256), (.rsa(let key), .ps256):
      key.isValidSignature(
        _RSA.Signing.RSASignature(rawRepresentation: signature), for: SHA256.hash(data: signed),
        padding: algorithm == .rs256 ? .insecurePKCS1v1_5 : .PSS)
    case (.p256(let key), .es256):
      (try? P256.Signing.ECDSASignature(rawRepresentation: signature)).map { key.isValidSignature($0, for: SHA256.hash(data: signed)) } ?? false
    case (.p384(let key), .es384):
      (try? P384.Signing.ECDSASignature(rawRepresentation: signature)).map { key.isValidSignature($0, for: SHA384.hash(data: signed)) } ?? false
    default: false
    }
  }
}
