import Base
import Crypto
import CryptoExtras
import Testing
import Wire

#if canImport(FoundationEssentials)
  import FoundationEssentials
#endif

/// Every algorithm, against the library's own: what the vault made, the library verifies or opens, and the other way round.
struct KeyAlgorithmTests {
  private static let message = Array("the message".utf8)

  @Test(arguments: KeyPlace.allCases)
  func everySignatureOfRSAIsVerifiedByItsPublicPart(_ place: KeyPlace) async throws {
    let keys = try await KeyFixture(place)
    let made = try await keys.make("rsa", "RSA", [("key_size", 2048)])
    #expect(made.status == 200, "\(made)")
    let key = try _RSA.Signing.PublicKey(n: made.keyBytes("n"), e: made.keyBytes("e"))
    for (name, padding) in [("RS", _RSA.Signing.Padding.insecurePKCS1v1_5), ("PS", .PSS)] {
      for bits in [256, 384, 512] {
        let digest = Self.digest(bits)
        let signature = try await keys.sign("rsa", "\(name)\(bits)", digest)
        #expect(Self.isValid(signature, bits, key, padding), "\(name)\(bits)")
        #expect(try await keys.verify("rsa", "\(name)\(bits)", digest, signature) == true)
        #expect(try await keys.verify("rsa", "\(name)\(bits)", digest, Self.altered(signature)) == false)
        #expect(try await keys.verify("rsa", "\(name)\(bits)", Self.altered(digest), signature) == false)
      }
    }
  }

  @Test(arguments: KeyPlace.allCases)
  func everySignatureOfACurveIsVerifiedByItsPublicPart(_ place: KeyPlace) async throws {
    let keys = try await KeyFixture(place)
    for (curve, bits) in [("P-256", 256), ("P-384", 384), ("P-521", 512)] {
      let name = curve.replacing("-", with: "")
      let made = try await keys.make(name, "EC", [("crv", .string(curve))])
      #expect(made.status == 200, "\(made)")
      #expect(made["key"]?["crv"]?.string == curve)
      let digest = Self.digest(bits)
      let signature = try await keys.sign(name, "ES\(bits)", digest)
      #expect(try Self.isValid(signature, curve, point: made.keyBytes("x") + made.keyBytes("y")), "\(curve)")
      #expect(try await keys.verify(name, "ES\(bits)", digest, signature) == true)
      #expect(try await keys.verify(name, "ES\(bits)", digest, Self.altered(signature)) == false)
      #expect(try await keys.verify(name, "ES\(bits)", digest, Array(signature.dropLast())) == false)
    }
  }

  /// No library of this process knows the curve: the module signs and verifies.
  @Test func theCurveOfTheModuleAloneSignsAndVerifies() async throws {
    let keys = try await KeyFixture(.module)
    let made = try await keys.make("k1", "EC", [("crv", "P-256K")])
    guard made.status == 200 else {
      #expect(made.status == 400 && made.code == "BadParameter", "\(made)")
      return
    }
    let digest = Self.digest(256)
    let signature = try await keys.sign("k1", "ES256K", digest)
    #expect(signature.count == 64)
    #expect(try await keys.verify("k1", "ES256K", digest, signature) == true)
    #expect(try await keys.verify("k1", "ES256K", Self.altered(digest), signature) == false)
  }

  @Test(arguments: KeyPlace.allCases)
  func whatTheLibraryEncryptsForAKeyTheVaultDecrypts(_ place: KeyPlace) async throws {
    let keys = try await KeyFixture(place)
    let made = try await keys.take("rsa", PublishedKeys.signing)
    let key = try _RSA.Encryption.PublicKey(n: made.keyBytes("n"), e: made.keyBytes("e"))
    let paddings: [(String, _RSA.Encryption.Padding)] = [
      ("RSA1_5", ._WEAK_AND_INSECURE_PKCS_V1_5), ("RSA-OAEP", .PKCS1_OAEP), ("RSA-OAEP-256", .PKCS1_OAEP_SHA256),
    ]
    for (name, padding) in paddings {
      let ciphertext = Array(try key.encrypt(Self.message, padding: padding))
      #expect(try await keys.use("decrypt", "rsa", name, ciphertext).value == Self.message, "\(name)")
      #expect(try await keys.use("unwrapkey", "rsa", name, ciphertext).value == Self.message, "\(name)")
      for (there, back) in [("encrypt", "decrypt"), ("wrapkey", "unwrapkey")] {
        let own = try await keys.use(there, "rsa", name, Self.message)
        #expect(own.status == 200 && own.value.count == 256, "\(own)")
        #expect(try await keys.use(back, "rsa", name, own.value).value == Self.message, "\(name)")
      }
      let longest = [UInt8](repeating: 1, count: key.maximumEncryptSize(with: padding))
      #expect(try await keys.use("encrypt", "rsa", name, longest).status == 200)
      #expect(try await keys.use("encrypt", "rsa", name, longest + [1]).code == "BadParameter")
    }
  }

  @Test(arguments: [128, 192, 256])
  func aModulesCipherIsTheLibrarysOwn(_ bits: Int) async throws {
    let keys = try await KeyFixture(.module)
    let bytes = (0..<(bits / 8)).map { UInt8($0) }
    let key = SymmetricKey(data: bytes)
    #expect(try await keys.take("aes", PublishedKeys.symmetric(bytes)).status == 200)

    let authenticated = Array("beside it".utf8)
    let sealed = try await keys.use("encrypt", "aes", "A\(bits)GCM", Self.message, [("aad", .string(Base64URL.encode(authenticated)))])
    let box = try AES.GCM.SealedBox(nonce: AES.GCM.Nonce(data: sealed.bytes("iv")), ciphertext: sealed.value, tag: sealed.bytes("tag"))
    #expect(Array(try AES.GCM.open(box, using: key, authenticating: authenticated)) == Self.message)
    let again = try await keys.use("encrypt", "aes", "A\(bits)GCM", Self.message)
    #expect(again.bytes("iv") != sealed.bytes("iv"))

    let vector = [UInt8](repeating: 7, count: 16)
    let members: [(String, JSON)] = [("iv", .string(Base64URL.encode(vector)))]
    let padded = try await keys.use("encrypt", "aes", "A\(bits)CBCPAD", Self.message, members)
    #expect(Array(try AES._CBC.decrypt(padded.value, using: key, iv: AES._CBC.IV(ivBytes: vector))) == Self.message)
    #expect(try await keys.use("decrypt", "aes", "A\(bits)CBCPAD", padded.value, members).value == Self.message)
    #expect(try await keys.use("encrypt", "aes", "A\(bits)CBC", Self.message, members).code == "BadParameter")

    let content = [UInt8](repeating: 9, count: 40)
    let wrapped = try await keys.use("wrapkey", "aes", "A\(bits)KW", content)
    #expect(try AES.KeyWrap.unwrap(wrapped.value, using: key).withUnsafeBytes { Array($0) } == content)
  }

  @Test func aModulesKeyAuthenticatesMessages() async throws {
    let keys = try await KeyFixture(.module)
    let made = try await keys.make("mac", "oct", [("key_ops", ["sign", "verify"])])
    #expect(made["key"]?["kty"]?.string == "oct-HSM", "\(made)")
    let code = try await keys.sign("mac", "HS256", Self.message)
    #expect(code.count == 32)
    #expect(try await keys.verify("mac", "HS256", Self.message, code) == true)
    #expect(try await keys.verify("mac", "HS256", Self.message, Self.altered(code)) == false)
    #expect(try await keys.use("encrypt", "mac", "A256GCM", Self.message).status == 403)
  }

  // MARK: The library's own

  private static func altered(_ bytes: [UInt8]) -> [UInt8] {
    var bytes = bytes
    bytes[bytes.count / 2] ^= 1
    return bytes
  }

  private static func digest(_ bits: Int) -> [UInt8] {
    switch bits {
    case 256: Array(SHA256.hash(data: message))
    case 384: Array(SHA384.hash(data: message))
    default: Array(SHA512.hash(data: message))
    }
  }

  private static func isValid(_ signature: [UInt8], _ bits: Int, _ key: _RSA.Signing.PublicKey, _ padding: _RSA.Signing.Padding) -> Bool {
    let signature = _RSA.Signing.RSASignature(rawRepresentation: signature)
    return switch bits {
    case 256: key.isValidSignature(signature, for: SHA256.hash(data: message), padding: padding)
    case 384: key.isValidSignature(signature, for: SHA384.hash(data: message), padding: padding)
    default: key.isValidSignature(signature, for: SHA512.hash(data: message), padding: padding)
    }
  }

  private static func isValid(_ signature: [UInt8], _ curve: String, point: [UInt8]) throws -> Bool {
    switch curve {
    case "P-256":
      try P256.Signing.PublicKey(rawRepresentation: point)
        .isValidSignature(P256.Signing.ECDSASignature(rawRepresentation: signature), for: SHA256.hash(data: message))
    case "P-384":
      try P384.Signing.PublicKey(rawRepresentation: point)
        .isValidSignature(P384.Signing.ECDSASignature(rawRepresentation: signature), for: SHA384.hash(data: message))
    default:
      try P521.Signing.PublicKey(rawRepresentation: point)
        .isValidSignature(P521.Signing.ECDSASignature(rawRepresentation: signature), for: SHA512.hash(data: message))
    }
  }
}
