import Base
import Crypto
import NIOHTTP1
import Simulation
import Testing
import Vault
import Wire

/// What is refused, in Key Vault's codes.
struct KeyRefusalTests {
  private static let digest = Array(SHA256.hash(data: Array("m".utf8)))

  // MARK: Making

  private static let impossible: [(body: JSON, inner: String?)] = [
    ([:], nil), (["kty": "oct"], "KeyTypeNotSupported"), (["kty": "DSA"], "KeyTypeNotSupported"), (["kty": 7], nil),
    (["kty": "RSA", "key_size": 1024], nil), (["kty": "RSA", "key_size": 2049], nil), (["kty": "RSA", "key_size": "2048"], nil),
    (["kty": "RSA", "public_exponent": 3], nil), (["kty": "EC", "crv": "P-256K"], "KeyCurveNotSupported"),
    (["kty": "EC", "crv": "P-999"], "KeyCurveNotSupported"), (["kty": "EC", "key_ops": ["encrypt"]], nil),
    (["kty": "EC", "key_ops": ["dance"]], nil), (["kty": "EC", "key_ops": "sign"], nil),
    (["kty": "EC", "attributes": ["nbf": 200, "exp": 100]], nil),
    (["kty": "EC", "attributes": ["exportable": true]], nil), (["kty": "EC", "release_policy": ["data": "AA"]], nil), (["kty": "RSA-HSM"], nil),
    (["kty": "oct-HSM"], nil),
  ]

  @Test(arguments: impossible)
  func aKeyThatCannotBeIsNotMade(_ body: JSON, _ inner: String?) async throws {
    let keys = try await KeyFixture()
    let reply = try await keys.send(.POST, "/keys/k/create", body)
    #expect(reply.status == 400 && reply.code == "BadParameter" && reply.innerCode == inner, "\(body) \(reply)")
    #expect(try await keys.send(.GET, "/keys/k").code == "KeyNotFound")
  }

  @Test func hardwareIsForPremiumVaults() async throws {
    let keys = try await KeyFixture()
    let reply = try await keys.send(.POST, "/keys/k/create", ["kty": "RSA-HSM"])
    #expect(reply.message == "Hardware key operation not allowed on standard vault", "\(reply)")
  }

  @Test(arguments: ["n", "d", "p", "qi"])
  func aKeyThatLacksAPartIsNotTaken(_ part: String) async throws {
    let keys = try await KeyFixture()
    guard case .object(var object) = PublishedKeys.signing else { return }
    object[part] = nil
    #expect(try await keys.take("k", .object(object)).code == "BadParameter")
    object[part] = "AQAB"
    let reply = try await keys.take("k", .object(object))
    #expect(part == "qi" || reply.code == "BadParameter", "\(reply)")
  }

  @Test func aPointThatIsNotTheKeysIsNotTaken() async throws {
    let keys = try await KeyFixture()
    guard case .object(var object) = PublishedKeys.curve256 else { return }
    object["x"] = object["y"]
    #expect(try await keys.take("k", .object(object)).code == "BadParameter")
    #expect(try await keys.take("k", PublishedKeys.symmetric([UInt8](repeating: 1, count: 16))).code == "BadParameter")
  }

  // MARK: Using

  @Test(arguments: KeyPlace.allCases)
  func everyWrongCiphertextGetsTheSameAnswer(_ place: KeyPlace) async throws {
    let keys = try await KeyFixture(place)
    #expect(try await keys.take("rsa", PublishedKeys.signing).status == 200)
    let good = try await keys.use("encrypt", "rsa", "RSA-OAEP", [1, 2, 3]).value
    var altered = good
    altered[100] ^= 1
    let wrong = [altered, Array(good.dropLast()), good + [0], [UInt8](repeating: 0xFF, count: 256), [UInt8](repeating: 0, count: 256), [7]]
    var messages: Set<String> = []
    for ciphertext in wrong {
      for algorithm in ["RSA-OAEP", "RSA-OAEP-256", "RSA1_5"] {
        let reply = try await keys.use("decrypt", "rsa", algorithm, ciphertext)
        #expect(reply.status == 400 && reply.code == "BadParameter", "\(algorithm) \(reply)")
        messages.insert(reply.message ?? "")
      }
    }
    #expect(messages == ["The parameter is incorrect."])
    #expect(try await keys.use("decrypt", "rsa", "RSA-OAEP", good).value == [1, 2, 3])
  }

  @Test func everyWrongMessageToTheModuleGetsTheSameAnswer() async throws {
    let keys = try await KeyFixture(.module)
    #expect(try await keys.make("aes", "oct", [("key_size", 256)]).status == 200)
    let sealed = try await keys.use("encrypt", "aes", "A256GCM", [1, 2, 3])
    let members = { (tag: [UInt8], vector: [UInt8]) -> [(String, JSON)] in
      [("tag", .string(Base64URL.encode(tag))), ("iv", .string(Base64URL.encode(vector)))]
    }
    let (tag, vector) = (sealed.bytes("tag"), sealed.bytes("iv"))
    #expect(try await keys.use("decrypt", "aes", "A256GCM", sealed.value, members(tag, vector)).value == [1, 2, 3])
    var messages: Set<String> = []
    for (value, tag) in [(sealed.value + [0], tag), ([], tag), (sealed.value, Array(tag.reversed())), (sealed.value, Array(tag.dropLast()))] {
      let reply = try await keys.use("decrypt", "aes", "A256GCM", value, members(tag, vector))
      #expect(reply.status == 400, "\(reply)")
      messages.insert(reply.message ?? "")
    }
    var wrapped = try await keys.use("wrapkey", "aes", "A256KW", [UInt8](repeating: 1, count: 32)).value
    wrapped[3] ^= 1
    messages.insert(try await keys.use("unwrapkey", "aes", "A256KW", wrapped).message ?? "")
    messages.insert(try await keys.use("unwrapkey", "aes", "A256KW", [1, 2, 3]).message ?? "")
    #expect(messages == ["The parameter is incorrect."])
    #expect(try await keys.use("encrypt", "aes", "A128GCM", [1]).code == "BadParameter")
    #expect(try await keys.use("encrypt", "aes", "A256GCM", [1], [("iv", .string(Base64URL.encode(vector)))]).code == "BadParameter")
    #expect(try await keys.use("encrypt", "aes", "A256CBC", [UInt8](repeating: 1, count: 16)).code == "BadParameter")
  }

  @Test func anAlgorithmMustFitTheKey() async throws {
    let keys = try await KeyFixture()
    #expect(try await keys.take("rsa", PublishedKeys.signing).status == 200)
    #expect(try await keys.take("ec", PublishedKeys.curve256).status == 200)
    for (name, algorithm) in [("rsa", "ES256"), ("ec", "RS256"), ("ec", "ES384"), ("ec", "ES256K"), ("rsa", "HS256")] {
      let length = algorithm.hasSuffix("384") ? 48 : 32
      let reply = try await keys.use("sign", name, algorithm, [UInt8](repeating: 1, count: length))
      #expect(reply.status == 400 && reply.message?.hasPrefix("Key and signing algorithm are incompatible.") == true, "\(algorithm) \(reply)")
    }
    #expect(try await keys.use("sign", "rsa", "MD5", Self.digest).code == "BadParameter")
    #expect(try await keys.use("encrypt", "rsa", "A128GCM", [1]).code == "BadParameter")
    #expect(try await keys.use("encrypt", "rsa", "A128KW", [1]).code == "BadParameter")
    #expect(try await keys.send(.POST, "/keys/rsa/sign", ["value": "AAAA"]).code == "BadParameter")
    #expect(try await keys.send(.POST, "/keys/rsa/sign", ["alg": "RS256"]).code == "BadParameter")
    #expect(try await keys.send(.POST, "/keys/rsa/sign", ["alg": "RS256", "value": "!!!"]).code == "BadParameter")
  }

  @Test(arguments: [("RS256", 31), ("RS256", 48), ("RS384", 32), ("PS512", 32), ("RS256", 5000)])
  func aDigestMustFitTheAlgorithm(_ algorithm: String, _ count: Int) async throws {
    let keys = try await KeyFixture()
    #expect(try await keys.take("rsa", PublishedKeys.signing).status == 200)
    let reply = try await keys.use("sign", "rsa", algorithm, [UInt8](repeating: 1, count: count))
    #expect(reply.status == 400 && reply.code == "BadParameter", "\(reply)")
    guard count < 1000 else { return }
    let wanted = algorithm.hasSuffix("256") ? 32 : algorithm.hasSuffix("384") ? 48 : 64
    #expect(reply.message == "Invalid length of 'value': \(count) bytes. \(algorithm) requires \(wanted) bytes, encoded with base64url.")
  }

  @Test func whatIsNotAmongItsOperationsAKeyDoesNotDo() async throws {
    let keys = try await KeyFixture()
    #expect(try await keys.take("rsa", PublishedKeys.signing, [("key_ops", ["sign"])]).status == 200)
    #expect(try await keys.use("sign", "rsa", "RS256", Self.digest).status == 200)
    for operation in ["encrypt", "decrypt", "wrapkey", "unwrapkey"] {
      let reply = try await keys.use(operation, "rsa", "RSA-OAEP", [UInt8](repeating: 0, count: 200))
      #expect(reply.status == 403 && reply.code == "Forbidden" && reply.innerCode == "KeyOperationForbidden", "\(reply)")
    }
    #expect(try await keys.verify("rsa", "RS256", Self.digest, PublishedKeys.signature) == nil)
    #expect(try await keys.send(.PATCH, "/keys/rsa", ["key_ops": ["decrypt"]])["key"]?["key_ops"] == ["decrypt"])
    #expect(try await keys.use("sign", "rsa", "RS256", Self.digest).innerCode == "KeyOperationForbidden")
  }

  @Test func aDisabledKeyDoesNothing() async throws {
    let keys = try await KeyFixture()
    #expect(try await keys.take("rsa", PublishedKeys.signing).status == 200)
    #expect(try await keys.use("sign", "rsa", "RS256", Self.digest).status == 200)
    #expect(try await keys.send(.PATCH, "/keys/rsa", ["attributes": ["enabled": false]]).status == 200)
    for operation in ["sign", "encrypt", "decrypt", "wrapkey", "unwrapkey"] {
      let reply = try await keys.use(operation, "rsa", operation == "sign" ? "RS256" : "RSA-OAEP", Self.digest)
      #expect(reply.status == 403 && reply.innerCode == "KeyDisabled", "\(operation) \(reply)")
    }
    #expect(try await keys.send(.PATCH, "/keys/rsa", ["attributes": ["enabled": true]]).status == 200)
    #expect(try await keys.use("sign", "rsa", "RS256", Self.digest).status == 200)
  }

  /// What was encrypted while a key was good stays readable.
  @Test func aKeyOutsideOfItsTimeOnlyUndoes() async throws {
    let keys = try await KeyFixture()
    let now = keys.cloud.clock.now().seconds
    #expect(try await keys.take("rsa", PublishedKeys.signing, [("attributes", ["nbf": .integer(now), "exp": .integer(now + 100)])]).status == 200)
    let (ciphertext, signature) = (
      try await keys.use("encrypt", "rsa", "RSA-OAEP", [1]).value, try await keys.sign("rsa", "RS256", Self.digest)
    )
    func expectRefusals(_ inner: String) async throws {
      for (operation, algorithm) in [("sign", "RS256"), ("encrypt", "RSA-OAEP"), ("wrapkey", "RSA-OAEP")] {
        let reply = try await keys.use(operation, "rsa", algorithm, Self.digest)
        #expect(reply.status == 403 && reply.innerCode == inner, "\(operation) \(reply)")
      }
      #expect(try await keys.use("decrypt", "rsa", "RSA-OAEP", ciphertext).value == [1])
      #expect(try await keys.use("unwrapkey", "rsa", "RSA-OAEP", ciphertext).value == [1])
      #expect(try await keys.verify("rsa", "RS256", Self.digest, signature) == true)
    }
    keys.cloud.clock.advance(by: .seconds(100))
    try await expectRefusals("KeyExpired")
    #expect(
      try await keys.send(.PATCH, "/keys/rsa", ["attributes": ["nbf": .integer(now + 1000), "exp": .integer(now + 2000)]]).status == 200)
    try await expectRefusals("KeyNotYetValid")
    keys.cloud.clock.advance(by: .seconds(901))
    #expect(try await keys.use("sign", "rsa", "RS256", Self.digest).status == 200)
  }

  @Test func whatIsTooLargeIsRefused() async throws {
    let keys = try await KeyFixture(.module)
    #expect(try await keys.make("aes", "oct").status == 200)
    #expect(try await keys.use("encrypt", "aes", "A256GCM", [UInt8](repeating: 1, count: 128 << 10)).status == 200)
    #expect(try await keys.use("encrypt", "aes", "A256GCM", [UInt8](repeating: 1, count: (128 << 10) + 1)).code == "BadParameter")
    #expect(try await keys.use("wrapkey", "aes", "A256KW", [UInt8](repeating: 1, count: 4096 + 8)).code == "BadParameter")
    #expect(try await keys.use("wrapkey", "aes", "A256KW", [UInt8](repeating: 1, count: 17)).code == "BadParameter")
  }

  @Test func noKeyIsReleased() async throws {
    let keys = try await KeyFixture()
    #expect(try await keys.take("rsa", PublishedKeys.signing).status == 200)
    let reply = try await keys.send(.POST, "/keys/rsa/release", ["target": "x"])
    #expect(reply.status == 400 && reply.code == "BadParameter", "\(reply)")
    #expect(try await keys.send(.POST, "/keys/other/release", ["target": "x"]).status == 404)
  }

  @Test func anotherTenantsCallerIsNobody() async throws {
    let keys = try await KeyFixture()
    #expect(try await keys.take("rsa", PublishedKeys.signing).status == 200)
    keys.cloud.caller.become { $0.tenant = GUID(high: 9, low: 9) }
    #expect(try await keys.use("sign", "rsa", "RS256", Self.digest).status == 401)
  }

  private static let counts: [(body: JSON, count: Int?)] = [
    (["count": 32], 32), (["count": 1], 1), (["count": 0], nil), (["count": 129], nil), (["count": "8"], nil), ([:], nil),
  ]

  @Test(arguments: counts)
  func randomBytesComeInBoundedNumbers(_ body: JSON, _ count: Int?) async throws {
    let keys = try await KeyFixture()
    let reply = try await keys.send(.POST, "/rng", body)
    #expect(reply.status == (count == nil ? 400 : 200), "\(reply)")
    if let count { #expect(reply.value.count == count) }
  }
}
