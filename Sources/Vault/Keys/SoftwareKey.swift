internal import Base
internal import Crypto
internal import CryptoExtras
internal import SecurityModule

#if canImport(FoundationEssentials)
  internal import FoundationEssentials
#endif

/// A private key that is open in this process.
enum SoftwareKey: Sendable {
  case rsa(_RSA.Signing.PrivateKey, Decryption)
  case p256(P256.Signing.PrivateKey)
  case p384(P384.Signing.PrivateKey)
  case p521(P521.Signing.PrivateKey)

  /// The library's key for decryption is the same immutable value as the one for signatures, which it declares `Sendable`.
  struct Decryption: @unchecked Sendable {
    let key: _RSA.Encryption.PrivateKey
  }

  /// Opens a private key in DER.
  init(_ content: [UInt8], _ kind: ModuleKeyKind) throws {
    switch kind {
    case .rsa:
      self = .rsa(
        try _RSA.Signing.PrivateKey(derRepresentation: content), Decryption(key: try _RSA.Encryption.PrivateKey(derRepresentation: content)))
    case .ec(.p256): self = .p256(try P256.Signing.PrivateKey(derRepresentation: content))
    case .ec(.p384): self = .p384(try P384.Signing.PrivateKey(derRepresentation: content))
    case .ec(.p521): self = .p521(try P521.Signing.PrivateKey(derRepresentation: content))
    case .ec(let curve): throw KeyError.unsupportedCurve(curve.rawValue)
    case .aes, .hmac: throw KeyError.unsupportedType("oct")
    }
  }

  /// Makes a new one. RSA takes up to seconds.
  init(making kind: ModuleKeyKind) throws {
    switch kind {
    case .rsa(let bits):
      self = try SoftwareKey(Array(_RSA.Signing.PrivateKey(keySize: _RSA.Signing.KeySize(bitCount: bits)).derRepresentation), kind)
    case .ec(.p256): self = .p256(P256.Signing.PrivateKey())
    case .ec(.p384): self = .p384(P384.Signing.PrivateKey())
    case .ec(.p521): self = .p521(P521.Signing.PrivateKey())
    case .ec(let curve): throw KeyError.unsupportedCurve(curve.rawValue)
    case .aes, .hmac: throw KeyError.unsupportedType("oct")
    }
  }

  /// Somebody's own. Throws 400 where its parts do not make a key.
  init(_ material: ModuleKeyMaterial) throws {
    do {
      switch material {
      case .rsa(let parts):
        let key = try _RSA.Signing.PrivateKey(
          n: parts.modulus, e: parts.publicExponent, d: parts.privateExponent, p: parts.prime1, q: parts.prime2)
        self = try SoftwareKey(Array(key.derRepresentation), .rsa(bits: key.keySizeInBits))
      case .ec(.p256, let scalar, let x, let y):
        let key = try P256.Signing.PrivateKey(rawRepresentation: scalar)
        guard key.publicKey.rawRepresentation.elementsEqual(x + y) else { throw KeyError.wrongData }
        self = .p256(key)
      case .ec(.p384, let scalar, let x, let y):
        let key = try P384.Signing.PrivateKey(rawRepresentation: scalar)
        guard key.publicKey.rawRepresentation.elementsEqual(x + y) else { throw KeyError.wrongData }
        self = .p384(key)
      case .ec(.p521, let scalar, let x, let y):
        let key = try P521.Signing.PrivateKey(rawRepresentation: scalar)
        guard key.publicKey.rawRepresentation.elementsEqual(x + y) else { throw KeyError.wrongData }
        self = .p521(key)
      case .ec(let curve, _, _, _): throw KeyError.unsupportedCurve(curve.rawValue)
      case .aes: throw KeyError.unsupportedType("oct")
      }
    } catch let error as CloudError {
      throw error
    } catch {
      throw VaultError.badParameter("The key is invalid: its parts do not make a key.")
    }
  }

  /// In DER, PKCS#8.
  var content: [UInt8] {
    switch self {
    case .rsa(let key, _): Array(key.pkcs8DERRepresentation)
    case .p256(let key): Array(key.derRepresentation)
    case .p384(let key): Array(key.derRepresentation)
    case .p521(let key): Array(key.derRepresentation)
    }
  }

  var publicKey: PublicKey {
    get throws {
      switch self {
      case .rsa(let key, _):
        let parts = try key.publicKey.getKeyPrimitives()
        return PublicKey(.rsa(modulus: Array(parts.modulus), exponent: Array(parts.publicExponent)))
      case .p256(let key): return Self.point(.p256, key.publicKey.rawRepresentation)
      case .p384(let key): return Self.point(.p384, key.publicKey.rawRepresentation)
      case .p521(let key): return Self.point(.p521, key.publicKey.rawRepresentation)
      }
    }
  }

  private static func point(_ curve: ModuleCurve, _ bytes: Data) -> PublicKey {
    PublicKey(.ec(curve, x: Array(bytes.prefix(curve.coordinateBytes)), y: Array(bytes.suffix(curve.coordinateBytes))))
  }

  func signature(of digest: [UInt8], _ algorithm: ModuleSignature) throws -> [UInt8] {
    switch (self, algorithm) {
    case (.rsa(let key, _), .pkcs1(let name)): try Self.signature(key, digest, name, .insecurePKCS1v1_5)
    case (.rsa(let key, _), .pss(let name)): try Self.signature(key, digest, name, .PSS)
    case (.p256(let key), .ecdsa): Array(try key.signature(for: CallerDigest.sha256(digest)).rawRepresentation)
    case (.p384(let key), .ecdsa): Array(try key.signature(for: CallerDigest.sha384(digest)).rawRepresentation)
    case (.p521(let key), .ecdsa): Array(try key.signature(for: CallerDigest.sha512(digest)).rawRepresentation)
    default: throw KeyError.wrongData
    }
  }

  private static func signature(
    _ key: _RSA.Signing.PrivateKey, _ digest: [UInt8], _ name: ModuleDigest, _ padding: _RSA.Signing.Padding
  ) throws -> [UInt8] {
    switch name {
    case .sha256: Array(try key.signature(for: CallerDigest.sha256(digest), padding: padding).rawRepresentation)
    case .sha384: Array(try key.signature(for: CallerDigest.sha384(digest), padding: padding).rawRepresentation)
    case .sha512: Array(try key.signature(for: CallerDigest.sha512(digest), padding: padding).rawRepresentation)
    case .sha1: throw KeyError.wrongData
    }
  }

  /// Throws `KeyError.wrongData` for whatever was not encrypted so.
  func decrypted(_ ciphertext: [UInt8], _ padding: ModuleRSAPadding) throws -> [UInt8] {
    guard case .rsa(let key, let decryption) = self, ciphertext.count == key.keySizeInBits / 8 else { throw KeyError.wrongData }
    do {
      return Array(try decryption.key.decrypt(ciphertext, padding: try padding.native))
    } catch {
      throw KeyError.wrongData
    }
  }
}

extension SoftwareKey: CustomStringConvertible, CustomReflectable {
  var description: String { "a private key" }
  var customMirror: Mirror { Mirror(self, children: []) }
}
