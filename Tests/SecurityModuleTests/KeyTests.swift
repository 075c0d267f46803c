import Base
import Crypto
import CryptoExtras
import SecurityModule
import Simulation
import Testing

@Suite struct KeyTests {
  @Test func noPrivateValueCanBeRead() async throws {
    let fixture = try ModuleFixture()
    let material = try ModuleFixture.material(_RSA.Signing.PrivateKey(keySize: .bits2048))
    let curve = P256.Signing.PrivateKey()
    let point = Array(curve.publicKey.rawRepresentation)
    for canBeExported in [false, true] {
      let (rsa, ec, aes) = (SystemRandom().guid(), SystemRandom().guid(), SystemRandom().guid())
      try await fixture.module.importKey(.rsa(material), id: rsa, label: "k", canBeExported: canBeExported)
      try await fixture.module.importKey(
        .ec(.p256, scalar: Array(curve.rawRepresentation), x: Array(point[..<32]), y: Array(point[32...])), id: ec, label: "k",
        canBeExported: canBeExported)
      try await fixture.module.importKey(.aes(SystemRandom().bytes(32)), id: aes, label: "k", canBeExported: canBeExported)
      let made = [
        (try await fixture.make(.rsa(bits: 2048), canBeExported: canBeExported), RawAttribute.privateExponent),
        (try await fixture.make(.ec(.p384), canBeExported: canBeExported), .value), (try await fixture.make(.aes(bits: 256)), .value),
        (try await fixture.make(.hmac), .value), (rsa, .privateExponent), (rsa, .prime), (ec, .value), (aes, .value),
      ]
      for (id, attribute) in made { #expect(try await fixture.module.answer(to: attribute, of: id) == RawAttribute.sensitive) }
    }
  }

  @Test func anImportedKeySignsForItsOwnPublicKey() async throws {
    let fixture = try ModuleFixture()
    let digest = SHA256.hash(data: Array("message".utf8))
    let rsa = try _RSA.Signing.PrivateKey(keySize: .bits2048)
    let id = SystemRandom().guid()
    try await fixture.module.importKey(.rsa(try ModuleFixture.material(rsa)), id: id, label: "k", canBeExported: false)
    let signature = try await fixture.module.sign(Array(digest), key: id, .pkcs1(.sha256))
    #expect(rsa.publicKey.isValidSignature(.init(rawRepresentation: signature), for: digest, padding: .insecurePKCS1v1_5))
    let curve = P521.Signing.PrivateKey()
    let (point, other) = (Array(curve.publicKey.rawRepresentation), SystemRandom().guid())
    try await fixture.module.importKey(
      .ec(.p521, scalar: Array(curve.rawRepresentation), x: Array(point[..<66]), y: Array(point[66...])), id: other, label: "k", canBeExported: false)
    let short = try await fixture.module.sign(Array(digest), key: other, .ecdsa)
    #expect(curve.publicKey.isValidSignature(try .init(rawRepresentation: short), for: digest))
    #expect(try await fixture.module.publicKey(other) == .ec(.p521, x: Array(point[..<66]), y: Array(point[66...])))
    await #expect(throws: SecurityModuleError.invalidData) {
      try await fixture.module.importKey(.ec(.p521, scalar: [1], x: [], y: []), id: SystemRandom().guid(), label: "k", canBeExported: false)
    }
    await #expect(throws: SecurityModuleError.invalidData) {
      try await fixture.module.importKey(.aes([1, 2, 3]), id: SystemRandom().guid(), label: "k", canBeExported: false)
    }
  }

  @Test func aDestroyedKeyIsGoneForGood() async throws {
    let fixture = try ModuleFixture()
    for kind in [ModuleKeyKind.rsa(bits: 2048), .ec(.p256), .aes(bits: 192), .hmac] {
      let id = try await fixture.make(kind)
      #expect(try await fixture.module.exists(id))
      await #expect(throws: SecurityModuleError.keyExists) {
        try await fixture.module.generate(kind, id: id, label: "vault/key", canBeExported: false)
      }
      #expect(try await fixture.module.keys(labelled: "vault/key") == [id])
      try await fixture.module.destroy(id)
      #expect(try await !fixture.module.exists(id))
      #expect(try await fixture.module.keys(labelled: "vault/key").isEmpty)
      await #expect(throws: SecurityModuleError.noSuchKey) { try await fixture.module.publicKey(id) }
      await #expect(throws: SecurityModuleError.noSuchKey) { try await fixture.module.destroy(id) }
      let again = try ModuleFixture.module(fixture.token)
      #expect(try await !again.exists(id))
    }
  }

  @Test func sizesOutsideOfTheProfileAreRefused() async throws {
    let fixture = try ModuleFixture()
    for kind in [ModuleKeyKind.rsa(bits: 1024), .rsa(bits: 2047), .aes(bits: 64), .aes(bits: 512)] {
      await #expect(throws: SecurityModuleError.self) {
        try await fixture.module.generate(kind, id: SystemRandom().guid(), label: "k", canBeExported: false)
      }
    }
  }

  @Test(arguments: [ModuleKeyKind.rsa(bits: 2048), .rsa(bits: 3072), .ec(.p256), .ec(.p521), .ec(.secp256k1), .aes(bits: 128), .aes(bits: 256)])
  func anExportedKeyComesBackAsItWas(kind: ModuleKeyKind) async throws {
    let fixture = try ModuleFixture()
    let (id, back) = (try await fixture.make(kind, canBeExported: true), SystemRandom().guid())
    let exported = try await fixture.module.export(id)
    let nonce = SystemRandom().bytes(12)
    let digest = Array(SHA256.hash(data: Array("message".utf8)))
    var ciphertext: [UInt8] = []
    if case .aes = kind {
      ciphertext = try await fixture.module.encrypt([1, 2, 3], key: id, .gcm(initializationVector: nonce, authenticatedData: []))
    }
    await #expect(throws: SecurityModuleError.keyExists) { try await fixture.module.importExported(exported, id: id, label: "back") }
    let publicKey = try? await fixture.module.publicKey(id)
    try await fixture.module.destroy(id)
    #expect(try await fixture.module.importExported(exported, id: back, label: "back") == kind)
    switch kind {
    case .aes:
      #expect(try await fixture.module.decrypt(ciphertext, key: back, .gcm(initializationVector: nonce, authenticatedData: [])) == [1, 2, 3])
    default:
      #expect(try await fixture.module.publicKey(back) == publicKey)
      let algorithm: ModuleSignature = if case .rsa = kind { .pss(.sha256) } else { .ecdsa }
      let signature = try await fixture.module.sign(digest, key: back, algorithm)
      #expect(try await fixture.module.verify(signature, of: digest, key: back, algorithm))
      let attribute: RawAttribute = if case .rsa = kind { .privateExponent } else { .value }
      #expect(try await fixture.module.answer(to: attribute, of: back) == RawAttribute.sensitive)
    }
    var wrong = exported
    wrong[wrong.count - 1] ^= 1
    await #expect(throws: SecurityModuleError.invalidData) {
      try await fixture.module.importExported(wrong, id: SystemRandom().guid(), label: "wrong")
    }
    #expect(try await fixture.module.keys(labelled: "wrong").isEmpty)
  }

  @Test func aKeyWithoutThatRightIsNotExported() async throws {
    let fixture = try ModuleFixture()
    for kind in [ModuleKeyKind.rsa(bits: 2048), .ec(.p256), .aes(bits: 256)] {
      let id = try await fixture.make(kind)
      await #expect(throws: SecurityModuleError.self) { try await fixture.module.export(id) }
    }
  }

  @Test func anotherModuleDoesNotTakeAnExportedKey() async throws {
    let (fixture, other) = (try ModuleFixture(), try ModuleFixture())
    let exported = try await fixture.module.export(fixture.make(.ec(.p256), canBeExported: true))
    await #expect(throws: SecurityModuleError.invalidData) {
      try await other.module.importExported(exported, id: SystemRandom().guid(), label: "k")
    }
    for bytes in [[], [1], Array(exported.dropLast()), exported + [0]] {
      await #expect(throws: SecurityModuleError.invalidData) {
        try await fixture.module.importExported(bytes, id: SystemRandom().guid(), label: "k")
      }
    }
  }

  @Test func theModulesOwnBackupKeyIsNotGivenOut() async throws {
    let fixture = try ModuleFixture()
    _ = try await fixture.module.export(fixture.make(.ec(.p256), canBeExported: true))
    let keys = try await fixture.module.keys(labelled: "cocagne backup key")
    #expect(keys.count == 1)
    for key in keys {
      await #expect(throws: SecurityModuleError.self) { try await fixture.module.export(key) }
      #expect(try await fixture.module.answer(to: .value, of: key) == RawAttribute.sensitive)
    }
  }
}
