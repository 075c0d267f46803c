import Base
import Crypto
import CryptoExtras
import SecurityModule
import Simulation
import Testing

@Suite struct SignatureTests {
  private let message = Array("to be signed".utf8)

  @Test(arguments: [2048, 3072, 4096])
  func anRSAKeySignsAsSwiftCryptoVerifies(bits: Int) async throws {
    let fixture = try ModuleFixture()
    let id = try await fixture.make(.rsa(bits: bits))
    #expect(try await fixture.module.kind(of: id) == .rsa(bits: bits))
    let key = try #require(try await fixture.rsa(id))
    #expect(key.keySizeInBits == bits)
    func check(_ digest: some Digest, _ name: ModuleDigest) async throws {
      let bytes = Array(digest)
      let pkcs1 = try await fixture.module.sign(bytes, key: id, .pkcs1(name))
      #expect(key.isValidSignature(.init(rawRepresentation: pkcs1), for: digest, padding: .insecurePKCS1v1_5))
      let pss = try await fixture.module.sign(bytes, key: id, .pss(name))
      #expect(key.isValidSignature(.init(rawRepresentation: pss), for: digest, padding: .PSS))
      #expect(!key.isValidSignature(.init(rawRepresentation: pss), for: digest, padding: .insecurePKCS1v1_5))
      for (signature, algorithm) in [(pkcs1, ModuleSignature.pkcs1(name)), (pss, .pss(name))] {
        #expect(try await fixture.module.verify(signature, of: bytes, key: id, algorithm))
        var wrong = signature
        wrong[wrong.count / 2] ^= 1
        #expect(try await !fixture.module.verify(wrong, of: bytes, key: id, algorithm))
        #expect(try await !fixture.module.verify(Array(signature.dropLast()), of: bytes, key: id, algorithm))
        #expect(try await !fixture.module.verify(signature, of: bytes.reversed(), key: id, algorithm))
      }
    }
    try await check(SHA256.hash(data: message), .sha256)
    try await check(SHA384.hash(data: message), .sha384)
    try await check(SHA512.hash(data: message), .sha512)
  }

  @Test func keysOnNISTsCurvesSignAsSwiftCryptoVerifies() async throws {
    let fixture = try ModuleFixture()
    let (digest256, digest384, digest512) = (SHA256.hash(data: message), SHA384.hash(data: message), SHA512.hash(data: message))
    let p256 = try await fixture.make(.ec(.p256))
    let signature256 = try await fixture.module.sign(Array(digest256), key: p256, .ecdsa)
    #expect(signature256.count == 64)
    let key256 = try P256.Signing.PublicKey(x963Representation: try #require(try await fixture.point(p256)))
    #expect(key256.isValidSignature(try .init(rawRepresentation: signature256), for: digest256))
    let p384 = try await fixture.make(.ec(.p384))
    let signature384 = try await fixture.module.sign(Array(digest384), key: p384, .ecdsa)
    #expect(signature384.count == 96)
    let key384 = try P384.Signing.PublicKey(x963Representation: try #require(try await fixture.point(p384)))
    #expect(key384.isValidSignature(try .init(rawRepresentation: signature384), for: digest384))
    let p521 = try await fixture.make(.ec(.p521))
    let signature521 = try await fixture.module.sign(Array(digest512), key: p521, .ecdsa)
    #expect(signature521.count == 132)
    let key521 = try P521.Signing.PublicKey(x963Representation: try #require(try await fixture.point(p521)))
    #expect(key521.isValidSignature(try .init(rawRepresentation: signature521), for: digest512))
    #expect(try await fixture.module.kind(of: p521) == .ec(.p521))
    #expect(try await fixture.module.verify(signature521, of: Array(digest512), key: p521, .ecdsa))
    #expect(try await !fixture.module.verify(signature521, of: Array(digest384), key: p521, .ecdsa))
  }

  @Test func aKeyOnSecp256k1SignsWhatItVerifies() async throws {
    let fixture = try ModuleFixture()
    let (id, other) = (try await fixture.make(.ec(.secp256k1)), try await fixture.make(.ec(.secp256k1)))
    let digest = Array(SHA256.hash(data: message))
    let signature = try await fixture.module.sign(digest, key: id, .ecdsa)
    #expect(signature.count == 64)
    #expect(try await fixture.module.verify(signature, of: digest, key: id, .ecdsa))
    #expect(try await !fixture.module.verify(signature, of: digest, key: other, .ecdsa))
    #expect(try await fixture.module.kind(of: id) == .ec(.secp256k1))
  }

  @Test func whatDoesNotFitTheKeyIsInvalidAndLeavesTheModuleWorking() async throws {
    let fixture = try ModuleFixture()
    let (rsa, curve, cipher) = (try await fixture.make(.rsa(bits: 2048)), try await fixture.make(.ec(.p256)), try await fixture.make(.aes(bits: 256)))
    let digest = Array(SHA256.hash(data: message))
    await #expect(throws: SecurityModuleError.invalidData) { try await fixture.module.sign(digest, key: rsa, .pkcs1(.sha384)) }
    await #expect(throws: SecurityModuleError.invalidData) { try await fixture.module.sign([1, 2, 3], key: curve, .ecdsa) }
    await #expect(throws: SecurityModuleError.invalidData) { try await fixture.module.sign(digest, key: curve, .pkcs1(.sha256)) }
    await #expect(throws: SecurityModuleError.invalidData) { try await fixture.module.sign(digest, key: rsa, .ecdsa) }
    await #expect(throws: SecurityModuleError.noSuchKey) { try await fixture.module.sign(digest, key: cipher, .pss(.sha256)) }
    await #expect(throws: SecurityModuleError.noSuchKey) { try await fixture.module.sign(digest, key: SystemRandom().guid(), .ecdsa) }
    #expect(try await fixture.module.sign(digest, key: curve, .ecdsa).count == 64)
  }

  @Test func aMessageIsAuthenticatedUnderAKeyThatNobodyHas() async throws {
    let fixture = try ModuleFixture()
    let (id, other) = (try await fixture.make(.hmac), try await fixture.make(.hmac))
    let one = try await fixture.module.authenticate(message, key: id)
    #expect(one.count == 32)
    #expect(try await fixture.module.authenticate(message, key: id) == one)
    #expect(try await fixture.module.authenticate(message, key: other) != one)
    #expect(try await fixture.module.authenticate(message + [0], key: id) != one)
    #expect(try await fixture.module.kind(of: id) == .hmac)
  }
}
