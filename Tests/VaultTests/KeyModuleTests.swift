import Base
import Crypto
import NIOHTTP1
import SecurityModule
import Simulation
import Testing
import Vault
import Wire

/// Keys that live in a hardware security module: it goes away and comes back, and keeps nothing for nobody.
struct KeyModuleTests {
  private static let digest = Array(SHA256.hash(data: Array("m".utf8)))

  @Test func aModuleThatIsAwayCostsNoKey() async throws {
    let keys = try await KeyFixture(.module)
    #expect(try await keys.make("k", "EC").status == 200)
    let signature = try await keys.sign("k", "ES256", Self.digest)
    keys.token?.takeAway()
    for _ in 0..<3 {
      let reply = try await keys.use("sign", "k", "ES256", Self.digest)
      #expect(reply.status == 503 && reply.headers["Retry-After"].first != nil, "\(reply)")
    }
    #expect(try await keys.make("k2", "EC").status == 503)
    // The public part works without it.
    #expect(try await keys.verify("k", "ES256", Self.digest, signature) == true)
    keys.token?.bringBack()
    try await Task.sleep(for: .milliseconds(ModuleLimits.reopenPauseMilliseconds + 100))
    #expect(try await keys.verify("k", "ES256", Self.digest, try await keys.sign("k", "ES256", Self.digest)) == true)
    #expect(try await keys.send(.GET, "/keys/k2").status == 404)
    #expect(try await keys.make("k2", "EC").status == 200)
  }

  @Test func whatACrashLeftInTheModuleIsDestroyed() async throws {
    let keys = try await KeyFixture(.module)
    guard let token = keys.token else { return }
    let module = try KeyFixture.module(token)
    #expect(try await keys.make("k", "EC").status == 200)
    #expect(try await module.keys(labelled: "cocagne vault").count == 1)
    // The transaction fails after the key was made: a deleted thing took the name meanwhile.
    async let second = keys.make("k", "RSA", [("key_size", 2048)])
    _ = try await keys.send(.DELETE, "/keys/k")
    let status = try await second.status
    keys.cloud.clock.advance(by: .seconds(1000))
    try await keys.cloud.endpoint.tendKeys()
    let expected = status == 200 ? 2 : 1
    #expect(try await module.keys(labelled: "cocagne vault").count == expected)
    #expect(try await keys.cloud.count("vault.moduleKeyRemoval") == 0)
  }

  @Test func aRestoreThatHasToFailPutsNothingIntoTheModule() async throws {
    let keys = try await KeyFixture(.module)
    guard let token = keys.token else { return }
    #expect(try await keys.make("k", "EC").status == 200)
    let backup = try await keys.send(.POST, "/keys/k/backup")
    let restored = try await keys.send(.POST, "/keys/restore", ["value": try #require(backup["value"], "\(backup)")])
    #expect(restored.status == 409, "\(restored)")
    #expect(try await KeyFixture.module(token).keys(labelled: "cocagne vault").count == 1)
    #expect(try await keys.cloud.count("vault.moduleKeyRemoval") == 0)
  }

  @Test func aTenantHasNotEndedWhileTheModuleHasAKeyOfIt() async throws {
    let keys = try await KeyFixture(.module)
    let cloud = keys.cloud
    #expect(try await keys.make("k", "EC").status == 200)
    #expect(try await keys.send(.DELETE, "/keys/k").status == 200)
    #expect(try await keys.send(.DELETE, "/deletedkeys/k").status == 204)
    let purger = VaultPurger(
      VaultServices(vaults: cloud.vaults, address: cloud.address, clock: cloud.clock, random: cloud.random, logger: LogCatcher().logger))
    for _ in 0..<100 where try await purger.round() { break }
    func left() async throws -> Int {
      try await cloud.vaults.clear(cloud.tenant, random: cloud.random).count { $0.hasPrefix("module key ") }
    }
    #expect(try await left() == 1)
    try await cloud.endpoint.tendKeys()
    #expect(try await left() == 0)
  }

  @Test func aKeyIsNotTwoPlacesAtOnce() async throws {
    let keys = try await KeyFixture(.module)
    guard let token = keys.token else { return }
    // A premium vault keeps both sorts.
    let software = try await keys.send(.POST, "/keys/soft/create", ["kty": "EC"])
    let hardware = try await keys.make("hard", "EC")
    #expect(software["key"]?["kty"] == "EC" && hardware["key"]?["kty"] == "EC-HSM")
    #expect(try await KeyFixture.module(token).keys(labelled: "cocagne vault").count == 1)
    token.takeAway()
    #expect(try await keys.sign("soft", "ES256", Self.digest).count == 64)
    token.bringBack()
  }
}
