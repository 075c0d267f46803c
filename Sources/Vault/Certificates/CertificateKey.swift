internal import Base
internal import Crypto
internal import CryptoExtras
internal import SecurityModule
internal import SwiftASN1
internal import X509

#if canImport(FoundationEssentials)
  internal import FoundationEssentials
#endif

/// The key pair of a certificate, as the X.509 library signs with it: wherever the private half lives, the vault's engines sign.
struct CertificateKey: CustomPrivateKey {
  let publicKey: Certificate.PublicKey
  let kind: ModuleKeyKind
  private let stored: StoredKey
  private let engine: any KeyEngine

  init(_ key: PublicKey, kind: ModuleKeyKind, stored: StoredKey, engine: any KeyEngine) throws {
    publicKey = try key.x509
    self.kind = kind
    self.stored = stored
    self.engine = engine
  }

  static func == (left: CertificateKey, right: CertificateKey) -> Bool { left.publicKey == right.publicKey }

  func hash(into hasher: inout Hasher) { hasher.combine(publicKey) }

  var defaultSignatureAlgorithm: Certificate.SignatureAlgorithm {
    switch kind {
    case .ec(.p384): .ecdsaWithSHA384
    case .ec(.p521): .ecdsaWithSHA512
    case .ec: .ecdsaWithSHA256
    case .rsa, .aes, .hmac: .sha256WithRSAEncryption
    }
  }

  var supportedSignatureAlgorithms: [Certificate.SignatureAlgorithm] { [defaultSignatureAlgorithm] }

  func signSynchronously(bytes: some DataProtocol, signatureAlgorithm: Certificate.SignatureAlgorithm) throws -> Certificate.Signature {
    throw KeyError.wrongData
  }

  func signAsynchronously(
    bytes: some DataProtocol & Sendable, signatureAlgorithm: Certificate.SignatureAlgorithm
  ) async throws -> Certificate.Signature {
    let (digest, signature): ([UInt8], ModuleSignature) =
      switch kind {
      case .ec(.p384): (Array(SHA384.hash(data: bytes)), .ecdsa)
      case .ec(.p521): (Array(SHA512.hash(data: bytes)), .ecdsa)
      case .ec: (Array(SHA256.hash(data: bytes)), .ecdsa)
      case .rsa, .aes, .hmac: (Array(SHA256.hash(data: bytes)), .pkcs1(.sha256))
      }
    let raw = try await engine.sign(digest, signature, stored)
    return try Certificate.Signature(signatureAlgorithm: signatureAlgorithm, signatureBytes: ASN1BitString(bytes: try encoded(raw)[...]))
  }

  /// X.509 has signatures of curves in DER.
  private func encoded(_ raw: [UInt8]) throws -> [UInt8] {
    switch kind {
    case .ec(.p256): Array(try P256.Signing.ECDSASignature(rawRepresentation: raw).derRepresentation)
    case .ec(.p384): Array(try P384.Signing.ECDSASignature(rawRepresentation: raw).derRepresentation)
    case .ec(.p521): Array(try P521.Signing.ECDSASignature(rawRepresentation: raw).derRepresentation)
    default: raw
    }
  }

  static var defaultPEMDiscriminator: String { "PRIVATE KEY" }

  /// The private half is not given out by this way.
  func serialize(into coder: inout DER.Serializer) throws { throw KeyError.wrongData }

  func serializeAsPEM(discriminator: String) throws -> PEMDocument { throw KeyError.wrongData }
}

extension CertificateKey: CustomStringConvertible, CustomReflectable {
  var description: String { "a certificate's key" }
  var customMirror: Mirror { Mirror(self, children: []) }
}

extension PublicKey {
  /// As the X.509 library has it. Throws 400 for a curve that it does not know.
  var x509: Certificate.PublicKey {
    get throws {
      switch parts {
      case .rsa(let modulus, let exponent): Certificate.PublicKey(try _RSA.Signing.PublicKey(n: modulus, e: exponent))
      case .ec(.p256, let x, let y): Certificate.PublicKey(try P256.Signing.PublicKey(rawRepresentation: x + y))
      case .ec(.p384, let x, let y): Certificate.PublicKey(try P384.Signing.PublicKey(rawRepresentation: x + y))
      case .ec(.p521, let x, let y): Certificate.PublicKey(try P521.Signing.PublicKey(rawRepresentation: x + y))
      case .ec(let curve, _, _): throw KeyError.unsupportedCurve(curve.rawValue)
      }
    }
  }
}

extension SoftwareKey {
  /// A private key in DER, in any of its forms (RFC 8017, RFC 5915, RFC 5958), of the kinds that certificates have here. Throws 400.
  init(any bytes: [UInt8]) throws {
    if let key = try? _RSA.Signing.PrivateKey(derRepresentation: bytes) {
      guard [2048, 3072, 4096].contains(key.keySizeInBits) else {
        throw CertificateError.invalidContent("RSA keys have 2048, 3072 or 4096 bits.")
      }
      self = try SoftwareKey(Array(key.derRepresentation), .rsa(bits: key.keySizeInBits))
    } else if let key = try? P256.Signing.PrivateKey(derRepresentation: bytes) {
      self = .p256(key)
    } else if let key = try? P384.Signing.PrivateKey(derRepresentation: bytes) {
      self = .p384(key)
    } else if let key = try? P521.Signing.PrivateKey(derRepresentation: bytes) {
      self = .p521(key)
    } else {
      throw CertificateError.invalidContent("The private key is not one of RSA, P-256, P-384 or P-521.")
    }
  }

  var kind: ModuleKeyKind {
    switch self {
    case .rsa(let key, _): .rsa(bits: key.keySizeInBits)
    case .p256: .ec(.p256)
    case .p384: .ec(.p384)
    case .p521: .ec(.p521)
    }
  }
}
