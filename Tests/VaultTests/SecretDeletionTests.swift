import Base
import Ledger
import NIOHTTP1
import Simulation
import Testing
import Vault
import Wire

/// Deletion of secrets, their recovery, and their end.
@Suite struct SecretDeletionTests {
  private func purger(_ fixture: VaultFixture) -> VaultPurger {
    VaultPurger(
      VaultServices(
        vaults: fixture.vaults, address: fixture.address, clock: fixture.clock, random: fixture.random, logger: LogCatcher().logger))
  }

  private func purgeAll(_ fixture: VaultFixture) async throws {
    for _ in 0..<100 where try await purger(fixture).round() { return }
    Issue.record("purging does not come to an end")
  }

  @Test func aDeletedSecretIsOutOfReachAndTellsWhenItEnds() async throws {
    let fixture = try await VaultFixture()
    let version = try await fixture.set("Name", "one", [("contentType", "text/x"), ("tags", ["a": "1"])])
    let now = fixture.clock.now().seconds
    let deleted = try await fixture.send(.DELETE, "/secrets/name")
    #expect(deleted.status == 200, "\(deleted)")
    #expect(deleted["id"]?.string == "https://vault1.vault.cloud.test/secrets/Name/\(version)")
    #expect(deleted["recoveryId"] == "https://vault1.vault.cloud.test/deletedsecrets/Name")
    #expect(deleted["deletedDate"]?.integer == now && deleted["scheduledPurgeDate"]?.integer == now + 90 * 86_400)
    #expect(deleted["value"] == nil && deleted["contentType"] == "text/x" && deleted["tags"] == ["a": "1"])
    #expect(try await fixture.send(.GET, "/deletedsecrets/name").json == deleted.json)
    #expect(try await fixture.send(.GET, "/secrets")["value"] == [])
    #expect(try await fixture.send(.GET, "/secrets/Name/versions")["value"] == [])
    let listed = try await fixture.send(.GET, "/deletedsecrets")
    #expect(listed["value"]?.array?.first?["recoveryId"] == deleted["recoveryId"])
    #expect(listed["value"]?.array?.first?["id"] == "https://vault1.vault.cloud.test/secrets/Name")
    let paths = [(HTTPMethod.GET, "/secrets/Name"), (.GET, "/secrets/Name/\(version)"), (.PATCH, "/secrets/Name"), (.DELETE, "/secrets/Name")]
    for (method, path) in paths {
      let answer = try await fixture.send(method, path, [:])
      #expect(answer.status == 404 && answer.code == "SecretNotFound", "\(method) \(answer)")
    }
  }

  @Test func itsNameIsTakenUntilItIsRecoveredOrPurged() async throws {
    let fixture = try await VaultFixture()
    let first = try await fixture.set("s", "one")
    try await fixture.set("s", "two")
    _ = try await fixture.send(.DELETE, "/secrets/s")
    let taken = try await fixture.send(.PUT, "/secrets/s", ["value": "three"])
    #expect(taken.status == 409 && taken.code == "Conflict" && taken.innerCode == "ObjectIsDeletedButRecoverable", "\(taken)")
    let recovered = try await fixture.send(.POST, "/deletedsecrets/s/recover")
    #expect(recovered.status == 200 && recovered["value"] == nil && recovered["recoveryId"] == nil, "\(recovered)")
    #expect(try await fixture.send(.GET, "/secrets/s")["value"] == "two")
    #expect(try await fixture.send(.GET, "/secrets/s/\(first)")["value"] == "one")
    _ = try await fixture.send(.DELETE, "/secrets/s")
    #expect(try await fixture.send(.DELETE, "/deletedsecrets/s").status == 204)
    #expect(try await fixture.send(.DELETE, "/deletedsecrets/s").status == 404)
    try await fixture.set("s", "anew")
    #expect(try await fixture.send(.GET, "/secrets/s/\(first)").status == 404)
    #expect(try await fixture.send(.GET, "/secrets/s/versions")["value"]?.array?.count == 1)
    try await purgeAll(fixture)
    #expect(try await fixture.count("vault.version") == 1)
    #expect(try await fixture.count("vault.purge") == 0)
    let operations = try await fixture.entries().map { $0.facts["operation"] ?? "" }
    for operation in ["Delete Secret", "Recover Deleted Secret", "Purge Deleted Secret"] { #expect(operations.contains(operation)) }
  }

  @Test func purgeProtectionKeepsADeletedSecretUntilItsTime() async throws {
    let fixture = try await VaultFixture()
    try await fixture.makeVault("safe", [("enablePurgeProtection", true), ("softDeleteRetentionInDays", 7)])
    try await fixture.set("s", "one", vault: "safe")
    let attributes = try await fixture.send(.GET, "/secrets/s", vault: "safe")["attributes"]
    #expect(attributes?["recoveryLevel"] == "CustomizedRecoverable" && attributes?["recoverableDays"] == 7)
    _ = try await fixture.send(.DELETE, "/secrets/s", vault: "safe")
    let refused = try await fixture.send(.DELETE, "/deletedsecrets/s", vault: "safe")
    #expect(refused.status == 403 && refused.code == "Forbidden", "\(refused)")
    fixture.clock.advance(by: .seconds(7 * 86_400 - 1))
    try await purgeAll(fixture)
    #expect(try await fixture.send(.GET, "/deletedsecrets/s", vault: "safe").status == 200)
    fixture.clock.advance(by: .seconds(1))
    try await purgeAll(fixture)
    #expect(try await fixture.send(.GET, "/deletedsecrets/s", vault: "safe").status == 404)
    #expect(try await fixture.count("vault.object") == 0)
    #expect(try await fixture.count("vault.version") == 0)
    try await fixture.set("s", "anew", vault: "safe")
  }

  @Test func purgingGoesOnAfterItWasCutShort() async throws {
    let fixture = try await VaultFixture()
    for number in 0..<5 { try await fixture.set("s", "value \(number)") }
    try await fixture.set("other", "stays")
    _ = try await fixture.send(.DELETE, "/secrets/s")
    _ = try await fixture.send(.DELETE, "/deletedsecrets/s")
    let watched = WatchedRecords(fixture.records)
    let cut = VaultPurger(
      VaultServices(
        vaults: Vaults(records: watched, keyring: fixture.keyring), address: fixture.address, clock: fixture.clock, random: fixture.random,
        logger: LogCatcher().logger))
    watched.failWrites(.atCommit)
    await #expect(throws: WatchedRecords.Failure.self) { _ = try await cut.round() }
    #expect(try await fixture.count("vault.version") == 6)
    watched.failWrites(nil)
    #expect(try await cut.round())
    #expect(try await fixture.count("vault.version") == 1)
    #expect(try await fixture.send(.GET, "/secrets/other")["value"] == "stays")
  }

  @Test func whatAPurgedVaultHadGoesAndItsSuccessorSeesNothingOfIt() async throws {
    let fixture = try await VaultFixture()
    for number in 0..<3 { try await fixture.set("s\(number)", "value") }
    _ = try await fixture.send(.DELETE, "/secrets/s1")
    _ = try await fixture.arm(.DELETE, VaultFixture.path("vault1"))
    #expect(try await fixture.send(.GET, "/secrets/s0").status == 404)
    fixture.clock.advance(by: .seconds(90 * 86_400))
    try await purgeAll(fixture)
    for kind in ["vault.object", "vault.version", "vault.purge", "vault.vault"] { #expect(try await fixture.count(kind) == 0, "\(kind)") }
    try await fixture.makeVault("vault1")
    #expect(try await fixture.send(.GET, "/secrets")["value"] == [])
    #expect(try await fixture.send(.GET, "/secrets/s0").code == "SecretNotFound")
  }

  @Test func aRecoveredVaultHasItsSecretsBack() async throws {
    let fixture = try await VaultFixture()
    try await fixture.set("s", "one")
    _ = try await fixture.send(.GET, "/secrets/s")
    _ = try await fixture.arm(.DELETE, VaultFixture.path("vault1"))
    #expect(try await fixture.send(.GET, "/secrets/s").status == 404)
    #expect(try await fixture.putVault("vault1", [("createMode", "recover")]).status == 200)
    #expect(try await fixture.send(.GET, "/secrets/s")["value"] == "one")
  }
}
