import Base
import Keyring
import Ledger
import NIOHTTP1
import Records
import Simulation
import Testing
import Vault
import Wire

/// Backup and restore of secrets.
@Suite struct SecretBackupTests {
  private func backUp(_ fixture: VaultFixture, _ name: String = "s") async throws -> String {
    let answer = try await fixture.send(.POST, "/secrets/\(name)/backup")
    return try #require(answer["value"]?.string, "\(answer)")
  }

  @Test func aBackupComesBackInAnotherVaultWithAllVersions() async throws {
    let fixture = try await VaultFixture()
    try await fixture.makeVault("vault2")
    let first = try await fixture.set("Name", "one", [("tags", ["a": "1"]), ("attributes", ["enabled": false])])
    fixture.clock.advance(by: .seconds(5))
    let second = try await fixture.set("Name", "two", [("contentType", "text/x")])
    let blob = try await backUp(fixture, "Name")
    #expect(blob.utf8.allSatisfy { $0 != UInt8(ascii: "=") && $0 != UInt8(ascii: "+") && $0 != UInt8(ascii: "/") })
    let restored = try await fixture.send(.POST, "/secrets/restore", ["value": .string(blob)], vault: "vault2")
    #expect(restored.status == 200 && restored["value"] == nil, "\(restored)")
    #expect(restored["id"]?.string == "https://vault2.vault.cloud.test/secrets/Name/\(second)")
    let current = try await fixture.send(.GET, "/secrets/name", vault: "vault2")
    #expect(current["value"] == "two" && current["contentType"] == "text/x")
    let original = try await fixture.send(.GET, "/secrets/name")
    #expect(current["attributes"] == original["attributes"])
    #expect(try await fixture.send(.GET, "/secrets/name/\(first)", vault: "vault2").innerCode == "SecretDisabled")
    _ = try await fixture.send(.PATCH, "/secrets/name/\(first)", ["attributes": ["enabled": true]], vault: "vault2")
    let old = try await fixture.send(.GET, "/secrets/name/\(first)", vault: "vault2")
    #expect(old["value"] == "one" && old["tags"] == ["a": "1"])
    // The one that was backed up is not the one that was restored.
    #expect(try await fixture.send(.GET, "/secrets/name/\(first)").innerCode == "SecretDisabled")
    let entries = try await fixture.entries()
    #expect(entries.contains { $0.kind == .secretRead && $0.facts["operation"] == "Backup Secret" })
    #expect(entries.contains { $0.kind == .controlWrite && $0.facts["operation"] == "Restore Secret" })
  }

  @Test func aNameThatIsTakenIsAConflict() async throws {
    let fixture = try await VaultFixture()
    try await fixture.set("s", "one")
    let blob = try await backUp(fixture)
    let taken = try await fixture.send(.POST, "/secrets/restore", ["value": .string(blob)])
    #expect(taken.status == 409 && taken.code == "Conflict", "\(taken)")
    #expect(taken.message?.hasPrefix("There was a conflict restoring the secret 'https://vault1.vault.cloud.test/secrets/s/") == true)
    _ = try await fixture.send(.DELETE, "/secrets/s")
    #expect(try await fixture.send(.POST, "/secrets/restore", ["value": .string(blob)]).innerCode == "ObjectIsDeletedButRecoverable")
    _ = try await fixture.send(.DELETE, "/deletedsecrets/s")
    #expect(try await fixture.send(.POST, "/secrets/restore", ["value": .string(blob)]).status == 200)
    #expect(try await fixture.send(.GET, "/secrets/s")["value"] == "one")
  }

  @Test func whatWasAlteredOrCutIsRefused() async throws {
    let fixture = try await VaultFixture()
    try await fixture.makeVault("vault2")
    try await fixture.set("s", "one")
    let blob = try await backUp(fixture)
    let bytes = try #require(Base64URL.decode(blob))
    var altered: [[UInt8]] = [[], [1], Array(bytes.dropLast()), Array(bytes.prefix(17)), Array(bytes.prefix(40)), bytes + [0]]
    for index in stride(from: 0, to: bytes.count, by: 7) {
      var copy = bytes
      copy[index] ^= 1
      altered.append(copy)
    }
    for bytes in altered {
      let answer = try await fixture.send(.POST, "/secrets/restore", ["value": .string(Base64URL.encode(bytes))], vault: "vault2")
      #expect(answer.status == 400 && answer.code == "BadParameter", "\(answer)")
    }
    for value in ["not base64!", "AAAA====", blob + "="] {
      let answer = try await fixture.send(.POST, "/secrets/restore", ["value": .string(value)], vault: "vault2")
      #expect(answer.message == "Backup blob contains invalid or corrupt version.", "\(answer)")
    }
    #expect(try await fixture.send(.POST, "/secrets/restore", [:], vault: "vault2").code == "BadParameter")
    #expect(try await fixture.send(.GET, "/secrets", vault: "vault2")["value"] == [])
  }

  /// A vault of another tenant, or of another subscription of the same one.
  private func makeForeignVault(_ fixture: VaultFixture, tenant: GUID, subscription: GUID) async throws {
    try await fixture.records.write { transaction in
      let key = try fixture.keyring.makeDataKey(tenant: tenant, in: transaction)
      let id = ResourceID(subscription: subscription, resourceGroup: "rg", "Microsoft.KeyVault", (type: "vaults", name: "foreign"))
      try transaction.save(
        Vault(name: "foreign", tenant: tenant, id: id, dataKey: key, location: "paris", createdTime: fixture.clock.now()))
    }
  }

  @Test func anotherTenantCannotRestoreABackup() async throws {
    let fixture = try await VaultFixture()
    let stranger = GUID(high: 0xBAD, low: 1)
    try await makeForeignVault(fixture, tenant: stranger, subscription: VaultFixture.subscription)
    try await fixture.set("s", "one")
    let blob = try await backUp(fixture)
    fixture.caller.become { $0.tenant = stranger }
    // Neither before nor after it has a key for backups of its own.
    for _ in 0..<2 {
      let refused = try await fixture.send(.POST, "/secrets/restore", ["value": .string(blob)], vault: "foreign")
      #expect(refused.status == 400 && refused.message == "Cannot decrypt backup blob.", "\(refused)")
      try await fixture.set("own", "x", vault: "foreign")
      #expect(try await fixture.send(.POST, "/secrets/own/backup", vault: "foreign").status == 200)
    }
    #expect(try await fixture.send(.GET, "/secrets/s", vault: "foreign").status == 404)
    #expect(try await fixture.send(.GET, "/secrets/s").status == 401)
  }

  @Test func anotherSubscriptionOfTheTenantCannotRestoreABackup() async throws {
    let fixture = try await VaultFixture()
    try await makeForeignVault(fixture, tenant: fixture.tenant, subscription: GUID(high: 1, low: 2))
    try await fixture.set("s", "one")
    let refused = try await fixture.send(.POST, "/secrets/restore", ["value": .string(try await backUp(fixture))], vault: "foreign")
    #expect(refused.status == 400 && refused.message == "Cannot decrypt backup blob.", "\(refused)")
  }

  @Test func aBackupOutlivesItsVaultAndTheRotationOfTheTenantsKey() async throws {
    let fixture = try await VaultFixture()
    try await fixture.set("s", "one")
    let blob = try await backUp(fixture)
    _ = try await fixture.arm(.DELETE, VaultFixture.path("vault1"))
    _ = try await fixture.arm(.POST, "/providers/Microsoft.KeyVault/locations/paris/deletedVaults/vault1/purge", belowGroup: false)
    let tenant = fixture.tenant
    try await fixture.records.write { _ = try fixture.keyring.rotateTenantKey(tenant: tenant, in: $0) }
    try await fixture.makeVault("vault2")
    #expect(try await fixture.send(.POST, "/secrets/restore", ["value": .string(blob)], vault: "vault2").status == 200)
    #expect(try await fixture.send(.GET, "/secrets/s", vault: "vault2")["value"] == "one")
  }

  @Test func fiveHundredLargeVersionsFitAndOneMoreIsRefused() async throws {
    let fixture = try await VaultFixture()
    try await fixture.makeVault("vault2")
    let value = String(repeating: "x", count: 25 * 1024)
    let version = try await fixture.set("s", value)
    try await fixture.addCopies(of: version, ofSecret: "s", count: 499)
    let blob = try await backUp(fixture)
    let restored = try await fixture.send(.POST, "/secrets/restore", ["value": .string(blob)], vault: "vault2")
    #expect(restored.status == 200, "\(restored)")
    #expect(try await fixture.send(.GET, "/secrets/s", vault: "vault2")["value"]?.string == value)
    try await fixture.set("s", "one more")
    let refused = try await fixture.send(.POST, "/secrets/s/backup")
    #expect(refused.status == 400 && refused.code == "BadParameter", "\(refused)")
  }
}
