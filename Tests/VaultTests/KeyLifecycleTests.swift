import Base
import Crypto
import NIOHTTP1
import Records
import Simulation
import Testing
import Vault
import Wire

/// Keys come, change, go, and come back.
struct KeyLifecycleTests {
  private static let digest = Array(SHA256.hash(data: Array("m".utf8)))

  @Test func aKeyIsShownWithoutWhatIsSecret() async throws {
    let keys = try await KeyFixture()
    let taken = try await keys.take("Rsa-1", PublishedKeys.signing, [("tags", ["a": "b"])])
    #expect(taken["key"]?.object?.names == ["kid", "kty", "key_ops", "n", "e"])
    #expect(taken["key"]?["n"] == PublishedKeys.signing["n"])
    #expect(taken["key"]?["key_ops"] == ["encrypt", "decrypt", "sign", "verify", "wrapKey", "unwrapKey"])
    #expect(taken["tags"] == ["a": "b"])
    let attributes = taken["attributes"]
    #expect(attributes?["enabled"] == true && attributes?["exportable"] == false && attributes?["recoveryLevel"]?.string == "Recoverable+Purgeable")
    let shown = try await keys.send(.GET, "/keys/rsa-1/")
    #expect(shown.json == taken.json)
    #expect(try await keys.send(.GET, "/keys/rsa-1/\(taken.keyVersion)").json == taken.json)
    #expect(taken["key"]?["kid"]?.string == "https://keys1.vault.cloud.test/keys/Rsa-1/\(taken.keyVersion)")
  }

  @Test func aKeyOfTheModuleIsNowhereInTheRecords() async throws {
    let keys = try await KeyFixture(.module)
    #expect(try await keys.make("k", "EC").status == 200)
    let versions = try await keys.send(.GET, "/keys/k/versions")
    #expect(versions["value"]?.array?.count == 1)
    #expect(try await keys.cloud.count("vault.moduleKeyRemoval") == 0)
  }

  @Test func versionsAreListedAndTheNewestAnswers() async throws {
    let keys = try await KeyFixture()
    let first = try await keys.make("k", "EC")
    let second = try await keys.make("k", "EC", [("crv", "P-384")])
    #expect(try await keys.send(.GET, "/keys/k")["key"]?["crv"] == "P-384")
    #expect(try await keys.send(.GET, "/keys/k/\(first.keyVersion)")["key"]?["crv"] == "P-256")
    let listed = try await keys.send(.GET, "/keys/k/versions")["value"]?.array?.compactMap { $0["kid"]?.string } ?? []
    #expect(Set(listed) == Set([first, second].compactMap { $0["key"]?["kid"]?.string }))
    #expect(try await keys.send(.GET, "/keys")["value"]?.array?.map { $0["kid"]?.string } == ["https://keys1.vault.cloud.test/keys/k"])
    let signature = try await keys.send(
      .POST, "/keys/k/\(first.keyVersion)/sign", ["alg": "ES256", "value": .string(Base64URL.encode(Self.digest))])
    #expect(signature["kid"] == first["key"]?["kid"], "\(signature)")
  }

  @Test(arguments: KeyPlace.allCases)
  func aDeletedKeyDoesNothingUntilItIsRecovered(_ place: KeyPlace) async throws {
    let keys = try await KeyFixture(place)
    #expect(try await keys.take("k", PublishedKeys.curve256).status == 200)
    let deleted = try await keys.send(.DELETE, "/keys/k")
    #expect(deleted["recoveryId"]?.string == "https://keys1.vault.cloud.test/deletedkeys/k", "\(deleted)")
    #expect(deleted["key"]?["kty"]?.string == keys.type("EC"))
    #expect(try await keys.use("sign", "k", "ES256", Self.digest).code == "KeyNotFound")
    #expect(try await keys.make("k", "EC").innerCode == "ObjectIsDeletedButRecoverable")
    #expect(try await keys.send(.GET, "/deletedkeys")["value"]?.array?.count == 1)
    #expect(try await keys.send(.GET, "/deletedkeys/k")["deletedDate"]?.integer == keys.cloud.clock.now().seconds)
    #expect(try await keys.send(.POST, "/deletedkeys/k/recover").status == 200)
    #expect(try await keys.verify("k", "ES256", Self.digest, try await keys.sign("k", "ES256", Self.digest)) == true)
    #expect(try await keys.send(.DELETE, "/keys/k").status == 200)
    #expect(try await keys.send(.DELETE, "/deletedkeys/k").status == 204)
    #expect(try await keys.send(.GET, "/deletedkeys/k").status == 404)
    #expect(try await keys.make("k", "EC").status == 200)
  }

  @Test(arguments: KeyPlace.allCases)
  func aBackupBringsAKeyBackWithAllItsVersions(_ place: KeyPlace) async throws {
    let keys = try await KeyFixture(place)
    let first = try await keys.take("k", PublishedKeys.curve256)
    let second = try await keys.take("k", PublishedKeys.curve521)
    let backup = try await keys.send(.POST, "/keys/k/backup")
    guard let blob = backup["value"] else {
      Issue.record("\(backup)")
      return
    }
    #expect(try await keys.send(.POST, "/keys/restore", ["value": blob]).status == 409)
    #expect(try await keys.send(.DELETE, "/keys/k").status == 200)
    #expect(try await keys.send(.DELETE, "/deletedkeys/k").status == 204)
    let restored = try await keys.send(.POST, "/keys/restore", ["value": blob])
    #expect(restored.status == 200 && restored.keyVersion == second.keyVersion, "\(restored)")
    let digest = Array(SHA256.hash(data: Array(PublishedKeys.curve256Text.utf8)))
    let verified = try await keys.send(
      .POST, "/keys/k/\(first.keyVersion)/verify",
      [
        "alg": "ES256", "digest": .string(Base64URL.encode(digest)), "value": .string(Base64URL.encode(PublishedKeys.curve256Signature)),
      ])
    #expect(verified["value"] == true, "\(verified)")
    let signature = try await keys.send(
      .POST, "/keys/k/\(first.keyVersion)/sign", ["alg": "ES256", "value": .string(Base64URL.encode(digest))])
    #expect(signature.value.count == 64, "\(signature)")
    #expect(try await keys.send(.POST, "/keys/restore", ["value": "AAAA"]).code == "BadParameter")
    #expect(try await keys.send(.POST, "/keys/restore", [:]).code == "BadParameter")
  }

  @Test func aKeyOutlivesAnEndOfTheProcess() async throws {
    let keys = try await KeyFixture()
    #expect(try await keys.take("k", PublishedKeys.curve256).status == 200)
    let signature = try await keys.sign("k", "ES256", Self.digest)
    let again = try await keys.cloud.reopened()
    let reply = try await again.send(
      .POST, "/keys/k/verify",
      ["alg": "ES256", "digest": .string(Base64URL.encode(Self.digest)), "value": .string(Base64URL.encode(signature))], vault: KeyFixture.vault)
    #expect(reply["value"] == true, "\(reply)")
  }

  @Test func oneTenantDoesNotTakeAllThreadsThatMakeKeys() async throws {
    let keys = try await KeyFixture()
    let statuses = try await withThrowingTaskGroup(of: Int.self) { group in
      for number in 0..<60 {
        group.addTask {
          let reply = try await keys.make("k\(number)", "RSA", [("key_size", 2048)])
          #expect(reply.status == 200 || reply.headers["Retry-After"].first != nil, "\(reply)")
          return reply.status
        }
      }
      return try await group.reduce(into: [Int: Int]()) { $0[$1, default: 0] += 1 }
    }
    #expect(Set(statuses.keys) == [200, 503] && statuses[200, default: 0] >= 16, "\(statuses)")
  }

  @Test func everyUseAndEveryChangeIsInTheLedger() async throws {
    let keys = try await KeyFixture()
    func entries() async throws -> Int { try await keys.cloud.count("ledger.draft") }
    let before = try await entries()
    #expect(try await keys.take("k", PublishedKeys.signing).status == 200)
    let each = try await entries() - before
    #expect(each > 0)
    let uses = [
      try await keys.use("sign", "k", "RS256", Self.digest).status, try await keys.use("encrypt", "k", "RSA-OAEP", [1]).status,
      try await keys.use("decrypt", "k", "RSA-OAEP", [1]).status, try await keys.send(.PATCH, "/keys/k", ["tags": ["a": "b"]]).status,
      try await keys.send(.DELETE, "/keys/k").status,
    ]
    #expect(uses == [200, 200, 400, 200, 200])
    #expect(try await entries() == before + 6 * each)
    #expect(try await keys.send(.GET, "/deletedkeys/k").status == 200)
    #expect(try await entries() == before + 6 * each)
  }
}
