import Base
import Crypto
import CryptoExtras
import SecurityModule
import Simulation
import Testing

@Suite struct EncryptionTests {
  private let message = Array("nobody else's business".utf8)

  @Test func whatSwiftCryptoEncryptsForAnRSAKeyTheModuleDecrypts() async throws {
    let fixture = try ModuleFixture()
    let id = try await fixture.make(.rsa(bits: 2048))
    let key = try #require(try await fixture.encryption(id))
    for (padding, name) in [(_RSA.Encryption.Padding.PKCS1_OAEP, ModuleRSAPadding.oaep(.sha1)), (.PKCS1_OAEP_SHA256, .oaep(.sha256))] {
      for length in [0, 1, 32, name == .oaep(.sha1) ? 214 : 190] {
        let plaintext = SystemRandom().bytes(length)
        let ciphertext = Array(try key.encrypt(plaintext, padding: padding))
        #expect(try await fixture.module.decrypt(ciphertext, key: id, name) == plaintext, "\(name) \(length)")
      }
    }
  }

  @Test(arguments: [ModuleRSAPadding.pkcs1, .oaep(.sha1), .oaep(.sha256)])
  func whatTheModuleEncryptsForAnRSAKeyItDecryptsUnaltered(padding: ModuleRSAPadding) async throws {
    let fixture = try ModuleFixture()
    let (id, other) = (try await fixture.make(.rsa(bits: 3072)), try await fixture.make(.rsa(bits: 3072)))
    let ciphertext = try await fixture.module.encrypt(message, key: id, padding)
    #expect(ciphertext.count == 384)
    #expect(try await fixture.module.decrypt(ciphertext, key: id, padding) == message)
    var wrong = ciphertext
    wrong[200] ^= 0x10
    for bytes in [wrong, Array(ciphertext.dropLast()), [], [UInt8](repeating: 0xFF, count: 384), [UInt8](repeating: 0, count: 384)] {
      // OpenSSL answers a wrong PKCS #1 v1.5 padding with random bytes where it can: then they are at least not the message.
      let opened = try? await fixture.module.decrypt(bytes, key: id, padding)
      if padding == .pkcs1 { #expect(opened != message) } else { #expect(opened == nil) }
    }
    if padding != .pkcs1 {
      await #expect(throws: SecurityModuleError.invalidData) { try await fixture.module.decrypt(wrong, key: id, padding) }
      await #expect(throws: SecurityModuleError.invalidData) { try await fixture.module.decrypt(ciphertext, key: other, padding) }
    }
    await #expect(throws: SecurityModuleError.invalidData) { try await fixture.module.encrypt(SystemRandom().bytes(384), key: id, padding) }
    #expect(try await fixture.module.decrypt(ciphertext, key: id, padding) == message)
  }

  /// Each byte of a padded block, altered before RSA, must be seen.
  @Test func anAlteredOAEPBlockIsRefusedWhereverItIsAltered() throws {
    let padding = ModuleRSAPadding.oaep(.sha256)
    let block = try Self.oaep(message, modulusBytes: 128)
    #expect(try padding.open(block, modulusBytes: 128) == message)
    for position in block.indices {
      var wrong = block
      wrong[position] ^= 0x01
      #expect(throws: SecurityModuleError.invalidData) { try padding.open(wrong, modulusBytes: 128) }
    }
    for length in [0, 1, 62] {
      let bytes = SystemRandom().bytes(length)
      #expect(try padding.open(Self.oaep(bytes, modulusBytes: 128), modulusBytes: 128) == bytes)
    }
  }

  @Test(arguments: [128, 192, 256])
  func anAESKeyEncryptsWithAuthentication(bits: Int) async throws {
    let fixture = try ModuleFixture()
    let value = SystemRandom().bytes(bits / 8)
    let id = SystemRandom().guid()
    try await fixture.module.importKey(.aes(value), id: id, label: "vault/key", canBeExported: false)
    #expect(try await fixture.module.kind(of: id) == .aes(bits: bits))
    let (nonce, data) = (SystemRandom().bytes(12), Array("authenticated".utf8))
    for length in [0, 1, 16, 1000] {
      let plaintext = SystemRandom().bytes(length)
      let cipher = ModuleCipher.gcm(initializationVector: nonce, authenticatedData: data)
      let ciphertext = try await fixture.module.encrypt(plaintext, key: id, cipher)
      let box = try AES.GCM.SealedBox(combined: nonce + ciphertext)
      #expect(Array(try AES.GCM.open(box, using: SymmetricKey(data: value), authenticating: data)) == plaintext)
      #expect(try await fixture.module.decrypt(ciphertext, key: id, cipher) == plaintext)
      var wrong = ciphertext
      wrong[0] ^= 1
      await #expect(throws: SecurityModuleError.invalidData) { try await fixture.module.decrypt(wrong, key: id, cipher) }
      await #expect(throws: SecurityModuleError.invalidData) {
        try await fixture.module.decrypt(ciphertext, key: id, .gcm(initializationVector: nonce, authenticatedData: []))
      }
    }
  }

  @Test func anAESKeyEncryptsInCBCWithAndWithoutPadding() async throws {
    let fixture = try ModuleFixture()
    let (value, vector, id) = (SystemRandom().bytes(32), SystemRandom().bytes(16), SystemRandom().guid())
    try await fixture.module.importKey(.aes(value), id: id, label: "vault/key", canBeExported: false)
    let padded = try await fixture.module.encrypt(message, key: id, .cbcPadded(initializationVector: vector))
    #expect(Array(try AES._CBC.decrypt(padded, using: SymmetricKey(data: value), iv: .init(ivBytes: vector))) == message)
    #expect(try await fixture.module.decrypt(padded, key: id, .cbcPadded(initializationVector: vector)) == message)
    let blocks = SystemRandom().bytes(48)
    let plain = try await fixture.module.encrypt(blocks, key: id, .cbc(initializationVector: vector))
    #expect(plain.count == 48)
    #expect(try await fixture.module.decrypt(plain, key: id, .cbc(initializationVector: vector)) == blocks)
    await #expect(throws: SecurityModuleError.invalidData) {
      try await fixture.module.encrypt(message, key: id, .cbc(initializationVector: vector))
    }
    await #expect(throws: SecurityModuleError.invalidData) {
      try await fixture.module.decrypt(Array(padded.dropLast()), key: id, .cbcPadded(initializationVector: vector))
    }
    await #expect(throws: SecurityModuleError.invalidData) { try await fixture.module.encrypt(blocks, key: id, .cbc(initializationVector: [1])) }
  }

  @Test(arguments: [128, 192, 256])
  func anAESKeyWrapsAsSwiftCryptoUnwraps(bits: Int) async throws {
    let fixture = try ModuleFixture()
    let (value, id) = (SystemRandom().bytes(bits / 8), SystemRandom().guid())
    try await fixture.module.importKey(.aes(value), id: id, label: "vault/key", canBeExported: false)
    let inner = SystemRandom().bytes(32)
    let wrapped = try await fixture.module.wrap(inner, by: id, padded: false)
    let unwrapped = try AES.KeyWrap.unwrap(wrapped, using: SymmetricKey(data: value))
    #expect(unwrapped.withUnsafeBytes { Array($0) } == inner)
    #expect(try await fixture.module.unwrap(wrapped, by: id, padded: false) == inner)
    for length in [8, 24, 512] {
      let inner = SystemRandom().bytes(length)
      let wrapped = try await fixture.module.wrap(inner, by: id, padded: true)
      #expect(try await fixture.module.unwrap(wrapped, by: id, padded: true) == inner)
      await #expect(throws: SecurityModuleError.invalidData) { try await fixture.module.unwrap(wrapped, by: id, padded: false) }
    }
    var wrong = wrapped
    wrong[3] ^= 1
    await #expect(throws: SecurityModuleError.invalidData) { try await fixture.module.unwrap(wrong, by: id, padded: false) }
    await #expect(throws: SecurityModuleError.invalidData) { try await fixture.module.unwrap([1, 2, 3], by: id, padded: false) }
    await #expect(throws: SecurityModuleError.invalidData) { try await fixture.module.wrap(SystemRandom().bytes(17), by: id, padded: false) }
    #expect(try await fixture.module.unwrap(wrapped, by: id, padded: false) == inner)
  }

  /// The examples of RFC 5649, section 6. A token that forgets the length of what it wraps says so, instead of wrapping another key.
  @Test(arguments: [
    ("c37b7e6492584340bed12207808941155068f738", "138bdeaa9b8fa7fc61f97742e72248ee5ae6ae5360d1ae6a5f54f373fa543b6a"),
    ("466f7250617369", "afbeb0f07dfbf5419200f2ccb50bb24f"),
  ])
  func wrappingWithPaddingGivesRFC5649sOwnExamplesOrIsRefused(key: String, wrapped: String) async throws {
    let fixture = try ModuleFixture()
    let (id, value) = (SystemRandom().guid(), Self.bytes("5840df6e29b02af1ab493b705bf16ea1ae8338f4dcc176a8"))
    let (key, wrapped) = (Self.bytes(key), Self.bytes(wrapped))
    try await fixture.module.importKey(.aes(value), id: id, label: "k", canBeExported: false)
    #expect(try await fixture.module.unwrap(wrapped, by: id, padded: true) == key)
    do {
      #expect(try await fixture.module.wrap(key, by: id, padded: true) == wrapped)
    } catch SecurityModuleError.unsupported {}
  }

  private static func bytes(_ hexadecimal: String) -> [UInt8] {
    let digits = hexadecimal.utf8.compactMap { hexadecimalValue($0) }
    return stride(from: 0, to: digits.count - 1, by: 2).map { digits[$0] << 4 | digits[$0 + 1] }
  }

  /// EME-OAEP with SHA-256 as RFC 8017 7.1.1 makes it, for blocks that no RSA key is behind.
  private static func oaep(_ message: [UInt8], modulusBytes: Int) throws -> [UInt8] {
    func mask(_ seed: [UInt8], _ count: Int) -> [UInt8] {
      Array((0..<UInt32(8)).flatMap { counter in SHA256.hash(data: seed + withUnsafeBytes(of: counter.bigEndian) { Array($0) }) }.prefix(count))
    }
    let zeros = [UInt8](repeating: 0, count: modulusBytes - message.count - 66)
    let data = Array(SHA256.hash(data: [UInt8]())) + zeros + [1] + message
    let seed = SystemRandom().bytes(32)
    let masked = zip(data, mask(seed, data.count)).map { $0 ^ $1 }
    return [0] + zip(seed, mask(masked, 32)).map { $0 ^ $1 } + masked
  }
}
