import Base
import Crypto
import Testing
import Wire

/// What others published comes out of the vault, whichever place the keys are in.
struct KeyVectorTests {
  @Test(arguments: KeyPlace.allCases)
  func aSignatureOfPKCS1IsTheOneOfTheStandard(_ place: KeyPlace) async throws {
    let keys = try await KeyFixture(place)
    let taken = try await keys.take("rsa", PublishedKeys.signing)
    #expect(taken.status == 200, "\(taken)")
    let digest = Array(SHA256.hash(data: Array(PublishedKeys.signedText.utf8)))
    #expect(try await keys.sign("rsa", "RS256", digest) == PublishedKeys.signature)
    #expect(try await keys.verify("rsa", "RS256", digest, PublishedKeys.signature) == true)
  }

  @Test(arguments: KeyPlace.allCases)
  func signaturesOfCurvesAreVerified(_ place: KeyPlace) async throws {
    let keys = try await KeyFixture(place)
    #expect(try await keys.take("p256", PublishedKeys.curve256).status == 200)
    #expect(try await keys.take("p521", PublishedKeys.curve521).status == 200)
    let digest256 = Array(SHA256.hash(data: Array(PublishedKeys.curve256Text.utf8)))
    let digest512 = Array(SHA512.hash(data: Array(PublishedKeys.curve521Text.utf8)))
    #expect(try await keys.verify("p256", "ES256", digest256, PublishedKeys.curve256Signature) == true)
    #expect(try await keys.verify("p521", "ES512", digest512, PublishedKeys.curve521Signature) == true)
    #expect(try await keys.verify("p256", "ES256", Array(digest512.prefix(32)), PublishedKeys.curve256Signature) == false)
  }

  @Test(arguments: KeyPlace.allCases)
  func ciphertextsOfTheStandardAreDecrypted(_ place: KeyPlace) async throws {
    let keys = try await KeyFixture(place)
    #expect(try await keys.take("oaep", PublishedKeys.oaep).status == 200)
    #expect(try await keys.take("pkcs1", PublishedKeys.pkcs1).status == 200)
    #expect(try await keys.use("decrypt", "oaep", "RSA-OAEP", PublishedKeys.oaepCiphertext).value == PublishedKeys.oaepKey)
    #expect(try await keys.use("unwrapkey", "oaep", "RSA-OAEP", PublishedKeys.oaepCiphertext).value == PublishedKeys.oaepKey)
    #expect(try await keys.use("decrypt", "pkcs1", "RSA1_5", PublishedKeys.pkcs1Ciphertext).value == PublishedKeys.pkcs1Key)
  }

  /// Source: RFC 3394, 4.1, 4.2 and 4.3; RFC 7516, A.3.
  @Test(arguments: [
    ("A128KW", "000102030405060708090a0b0c0d0e0f", "1fa68b0a8112b447aef34bd8fb5a7b829d3e862371d2cfe5"),
    ("A192KW", "000102030405060708090a0b0c0d0e0f1011121314151617", "96778b25ae6ca435f92b5b97c050aed2468ab8a17ad84e5d"),
    ("A256KW", "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f", "64e8c3f9ce0f5ba263e9777905818a2a93c8191e7d6e8ae7"),
  ])
  func keysAreWrappedAsTheStandardDoes(_ algorithm: String, _ key: String, _ wrapped: String) async throws {
    let keys = try await KeyFixture(.module)
    #expect(try await keys.take("aes", PublishedKeys.symmetric(hexadecimal(key))).status == 200)
    let content = hexadecimal("00112233445566778899aabbccddeeff")
    #expect(try await keys.use("wrapkey", "aes", algorithm, content).value == hexadecimal(wrapped))
    #expect(try await keys.use("unwrapkey", "aes", algorithm, hexadecimal(wrapped)).value == content)
  }

  /// Source: NIST SP 800-38A, F.2.
  @Test(arguments: [
    ("A128CBC", "2b7e151628aed2a6abf7158809cf4f3c", "7649abac8119b246cee98e9b12e9197d"),
    ("A192CBC", "8e73b0f7da0e6452c810f32b809079e562f8ead2522c6b7b", "4f021db243bc633d7178183a9fa071e8"),
    ("A256CBC", "603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4", "f58c4c04d6e5f1ba779eabfb5f7bfbd6"),
  ])
  func blocksAreChainedAsTheStandardDoes(_ algorithm: String, _ key: String, _ ciphertext: String) async throws {
    let keys = try await KeyFixture(.module)
    #expect(try await keys.take("aes", PublishedKeys.symmetric(hexadecimal(key))).status == 200)
    let plaintext = hexadecimal("6bc1bee22e409f96e93d7e117393172a")
    let vector: [(String, JSON)] = [("iv", .string(Base64URL.encode((0..<16).map { UInt8($0) })))]
    #expect(try await keys.use("encrypt", "aes", algorithm, plaintext, vector).value == hexadecimal(ciphertext))
    #expect(try await keys.use("decrypt", "aes", algorithm, hexadecimal(ciphertext), vector).value == plaintext)
  }

  /// Source: McGrew and Viega, "The Galois/Counter Mode of Operation", test case 4.
  @Test func anAuthenticatedCiphertextOfTheStandardIsDecrypted() async throws {
    let keys = try await KeyFixture(.module)
    #expect(try await keys.take("aes", PublishedKeys.symmetric(hexadecimal("feffe9928665731c6d6a8f9467308308"))).status == 200)
    let ciphertext = hexadecimal(
      "42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e21d514b25466931c7d8f6a5aac84aa051ba30b396a0aac973d58e091")
    let members: [(String, JSON)] = [
      ("iv", .string(Base64URL.encode(hexadecimal("cafebabefacedbaddecaf888")))),
      ("aad", .string(Base64URL.encode(hexadecimal("feedfacedeadbeeffeedfacedeadbeefabaddad2")))),
      ("tag", .string(Base64URL.encode(hexadecimal("5bc94fbc3221a5db94fae95ae7121a47")))),
    ]
    let plaintext = try await keys.use("decrypt", "aes", "A128GCM", ciphertext, members).value
    #expect(
      plaintext
        == hexadecimal("d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39"))
  }
}
