internal import Base
internal import Crypto
internal import CryptoExtras
internal import SecurityModule

/// The public half of a key pair, which works in this process wherever the private half lives.
struct PublicKey: Sendable, Hashable {
  let parts: ModulePublicKey

  init(_ parts: ModulePublicKey) {
    self.parts = parts
  }

  /// Whether no library here knows its curve, so that only the module can verify with it.
  var needsModule: Bool {
    if case .ec(.secp256k1, _, _) = parts { true } else { false }
  }

  /// Encrypts a message that fits into one block of RSA.
  func encrypt(_ plaintext: [UInt8], _ padding: ModuleRSAPadding) throws -> [UInt8] {
    guard case .rsa(let modulus, let exponent) = parts else { throw KeyError.wrongData }
    let key = try _RSA.Encryption.PublicKey(n: modulus, e: exponent)
    let padding = try padding.native
    // Asked before: the library stops the process for what is too long.
    guard plaintext.count <= key.maximumEncryptSize(with: padding) else { throw KeyError.wrongData }
    return Array(try key.encrypt(plaintext, padding: padding))
  }

  /// Whether a signature over a digest is of the private half.
  func verifies(_ signature: [UInt8], of digest: [UInt8], _ algorithm: ModuleSignature) throws -> Bool {
    switch (parts, algorithm) {
    case (.rsa(let modulus, let exponent), .pkcs1(let name)), (.rsa(let modulus, let exponent), .pss(let name)):
      let key = try _RSA.Signing.PublicKey(n: modulus, e: exponent)
      let signature = _RSA.Signing.RSASignature(rawRepresentation: signature)
      let padding: _RSA.Signing.Padding = if case .pss = algorithm { .PSS } else { .insecurePKCS1v1_5 }
      switch name {
      case .sha256: return key.isValidSignature(signature, for: try CallerDigest.sha256(digest), padding: padding)
      case .sha384: return key.isValidSignature(signature, for: try CallerDigest.sha384(digest), padding: padding)
      case .sha512: return key.isValidSignature(signature, for: try CallerDigest.sha512(digest), padding: padding)
      case .sha1: throw KeyError.wrongData
      }
    case (.ec(let curve, let x, let y), .ecdsa):
      guard signature.count == 2 * curve.coordinateBytes else { return false }
      switch curve {
      case .p256:
        return try P256.Signing.PublicKey(rawRepresentation: x + y)
          .isValidSignature(P256.Signing.ECDSASignature(rawRepresentation: signature), for: CallerDigest.sha256(digest))
      case .p384:
        return try P384.Signing.PublicKey(rawRepresentation: x + y)
          .isValidSignature(P384.Signing.ECDSASignature(rawRepresentation: signature), for: CallerDigest.sha384(digest))
      case .p521:
        return try P521.Signing.PublicKey(rawRepresentation: x + y)
          .isValidSignature(P521.Signing.ECDSASignature(rawRepresentation: signature), for: CallerDigest.sha512(digest))
      case .secp256k1: throw KeyError.unsupportedCurve(curve.rawValue)
      }
    default: throw KeyError.wrongData
    }
  }
}

extension ModuleRSAPadding {
  /// The library's name of it.
  var native: _RSA.Encryption.Padding {
    get throws {
      switch self {
      case .pkcs1: ._WEAK_AND_INSECURE_PKCS_V1_5
      case .oaep(.sha1): .PKCS1_OAEP
      case .oaep(.sha256): .PKCS1_OAEP_SHA256
      case .oaep: throw KeyError.wrongData
      }
    }
  }
}
