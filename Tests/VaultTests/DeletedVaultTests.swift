import Base
import Keyring
import NIOHTTP1
import Records
import Simulation
import Testing
import Vault
import Wire

/// Vaults that were deleted: they can be seen, recovered and purged, and hold their names.
@Suite struct DeletedVaultTests {
  private static let deleted = "/providers/Microsoft.KeyVault/locations/paris/deletedVaults"

  @Test func aDeletedVaultIsOutOfReachAndStaysVisibleAsDeleted() async throws {
    let fixture = try await VaultFixture()
    _ = try await fixture.arm(.PATCH, VaultFixture.path("vault1"), ["tags": ["team": "blue"]])
    #expect(try await fixture.send(.GET, "/providers/Microsoft.Authorization/roleDefinitions").status == 200)
    #expect(try await fixture.arm(.DELETE, VaultFixture.path("vault1")).status == 200)
    #expect(try await fixture.arm(.GET, VaultFixture.path("vault1")).status == 404)
    #expect(try await fixture.arm(.DELETE, VaultFixture.path("vault1")).status == 204)
    #expect(try await fixture.send(.GET, "/providers/Microsoft.Authorization/roleDefinitions").status == 404)
    let shown = try await fixture.arm(.GET, "\(Self.deleted)/VAULT1", belowGroup: false)
    #expect(shown.status == 200)
    #expect(shown["type"] == "Microsoft.KeyVault/deletedVaults")
    #expect(shown["properties"]?["tags"] == ["team": "blue"])
    #expect(shown["properties"]?["location"] == "paris")
    #expect(shown["properties"]?["vaultId"]?.string?.hasSuffix("/vaults/vault1") == true)
    let time = fixture.clock.now()
    #expect(shown["properties"]?["deletionDate"]?.string == time.iso8601)
    #expect(shown["properties"]?["scheduledPurgeDate"]?.string == time.advanced(by: .seconds(90 * 86_400)).iso8601)
    let list = try await fixture.arm(.GET, "/providers/Microsoft.KeyVault/deletedVaults", belowGroup: false)
    #expect(list["value"]?.array?.compactMap { $0["name"]?.string } == ["vault1"])
    #expect(try await fixture.arm(.GET, "\(Self.deleted)/vault2", belowGroup: false).code == "DeletedVaultNotFound")
  }

  @Test func itsNameCanOnlyBeRecoveredOrPurged() async throws {
    let fixture = try await VaultFixture()
    _ = try await fixture.arm(.DELETE, VaultFixture.path("vault1"))
    let again = try await fixture.putVault("vault1")
    #expect(again.status == 409 && again.code == "ConflictError", "\(again)")
    #expect(try await fixture.arm(.POST, "\(Self.deleted)/vault1/purge", belowGroup: false).status == 200)
    #expect(try await fixture.arm(.GET, "\(Self.deleted)/vault1", belowGroup: false).status == 404)
    #expect(try await fixture.arm(.POST, "\(Self.deleted)/vault1/purge", belowGroup: false).code == "DeletedVaultNotFound")
    try await fixture.makeVault("vault1")
  }

  @Test func recoveryBringsBackSettingsPoliciesAndTags() async throws {
    let fixture = try await VaultFixture()
    let policy: JSON = [
      "tenantId": .string(fixture.tenant.description), "objectId": "00000000-0000-0000-0000-000000000007", "permissions": ["secrets": ["get"]],
    ]
    _ = try await fixture.putVault(
      "vault1", [("enableRbacAuthorization", false), ("accessPolicies", [policy]), ("enabledForDeployment", true)], tags: ["a": "b"])
    let before = try await fixture.arm(.GET, VaultFixture.path("vault1"))
    _ = try await fixture.arm(.DELETE, VaultFixture.path("vault1"))
    let recovered = try await fixture.putVault("vault1", [("createMode", "recover")])
    #expect(recovered.status == 200, "\(recovered)")
    #expect(recovered["properties"] == before["properties"])
    #expect(recovered["tags"] == ["a": "b"])
    #expect(try await fixture.arm(.GET, VaultFixture.path("vault1"))["properties"] == before["properties"])
    #expect(try await fixture.vaults.vault(named: "vault1")?.deletion == nil)
    #expect(try await fixture.arm(.GET, "\(Self.deleted)/vault1", belowGroup: false).status == 404)
  }

  @Test func onlyWhatIsDeletedCanBeRecoveredAndOnlyWhereItWas() async throws {
    let fixture = try await VaultFixture()
    for name in ["vault1", "never"] {
      let answer = try await fixture.putVault(name, [("createMode", "recover")])
      #expect(answer.status == 400 && answer.code == "SoftDeletedVaultDoesNotExist", "\(answer)")
    }
    _ = try await fixture.arm(.DELETE, VaultFixture.path("vault1"))
    #expect(try await fixture.arm(.PUT, "/resourceGroups/other", ["location": "paris"], belowGroup: false).status == 201)
    let elsewhere = try await fixture.arm(
      .PUT, "/resourceGroups/other\(VaultFixture.path("vault1"))",
      [
        "location": "paris",
        "properties": [
          "tenantId": .string(fixture.tenant.description), "sku": ["family": "A", "name": "standard"], "createMode": "recover",
        ],
      ], belowGroup: false)
    #expect(elsewhere.code == "SoftDeletedVaultDoesNotExist", "\(elsewhere)")
  }

  @Test func purgingDestroysTheKeyOverAllThatWasInTheVault() async throws {
    let fixture = try await VaultFixture()
    let vault = try #require(try await fixture.vaults.vault(named: "vault1"))
    _ = try await fixture.records.read { try fixture.keyring.dataKey(vault.dataKey, tenant: vault.tenant, in: $0) }
    _ = try await fixture.arm(.DELETE, VaultFixture.path("vault1"))
    _ = try await fixture.records.read { try fixture.keyring.dataKey(vault.dataKey, tenant: vault.tenant, in: $0) }
    _ = try await fixture.arm(.POST, "\(Self.deleted)/vault1/purge", belowGroup: false)
    await #expect(throws: KeyringError.self) {
      try await fixture.records.read { _ = try fixture.keyring.dataKey(vault.dataKey, tenant: vault.tenant, in: $0) }
    }
    #expect(try await fixture.count("vault.vault") == 0)
    #expect(try await fixture.count("vault.purge") == 1)
  }

  @Test func itIsPurgedByItselfWhenItsTimeHasCome() async throws {
    let fixture = try await VaultFixture()
    try await fixture.makeVault("brief", [("softDeleteRetentionInDays", 7), ("enablePurgeProtection", true)])
    for name in ["vault1", "brief"] { _ = try await fixture.arm(.DELETE, VaultFixture.path(name)) }
    let deletion = fixture.clock.now()
    #expect(try await fixture.vaults.nextExpiry() == deletion.advanced(by: .seconds(7 * 86_400)))
    fixture.clock.advance(by: .seconds(7 * 86_400 - 1))
    _ = try await fixture.vaults.purgeExpired(now: fixture.clock.now(), random: fixture.random)
    #expect(try await fixture.vaults.vault(named: "brief") != nil)
    fixture.clock.advance(by: .seconds(1))
    #expect(try await !fixture.vaults.purgeExpired(now: fixture.clock.now(), random: fixture.random))
    #expect(try await fixture.vaults.vault(named: "brief") == nil)
    #expect(try await fixture.vaults.vault(named: "vault1") != nil)
  }

  @Test func anotherSubscriptionSeesNothingOfIt() async throws {
    let fixture = try await VaultFixture()
    _ = try await fixture.arm(.DELETE, VaultFixture.path("vault1"))
    let other = GUID(high: 7, low: 7)
    fixture.caller.become { $0.tenant = other }
    #expect(try await fixture.arm(.GET, "\(Self.deleted)/vault1", belowGroup: false).status == 404)
    #expect(try await fixture.arm(.POST, "\(Self.deleted)/vault1/purge", belowGroup: false).status == 404)
    let tenant = fixture.tenant
    fixture.caller.become { $0.tenant = tenant }
    #expect(try await fixture.arm(.GET, "\(Self.deleted)/vault1", belowGroup: false).status == 200)
  }

  @Test func deletedVaultsAreListedInPages() async throws {
    let fixture = try await VaultFixture()
    let names = (0..<103).map { "v\(1000 + $0)" }
    for name in names {
      try await fixture.makeVault(name)
      _ = try await fixture.arm(.DELETE, VaultFixture.path(name))
    }
    var found: [String] = []
    var query: [(name: String, value: String)] = []
    while true {
      let page = try await fixture.arm(.GET, "/providers/Microsoft.KeyVault/deletedVaults", query: query, belowGroup: false)
      found += page["value"]?.array?.compactMap { $0["name"]?.string } ?? []
      guard let next = page["nextLink"]?.string else { break }
      let parsed = try #require(Query(parsing: next.drop { $0 != "?" }.dropFirst()))
      query = parsed.items.filter { $0.name != "api-version" }
    }
    #expect(found == names)
  }

  @Test func theEndOfATenantEndsItsVaultsWhateverProtectsThem() async throws {
    let fixture = try await VaultFixture()
    try await fixture.makeVault("kept", [("enablePurgeProtection", true)])
    #expect(try await fixture.vaults.clear(fixture.tenant, random: fixture.random).count == 2, "those that Resource Manager still has")
    for name in ["vault1", "kept"] { _ = try await fixture.arm(.DELETE, VaultFixture.path(name)) }
    let (keyring, vaults, tenant) = (fixture.keyring, fixture.vaults, fixture.tenant)
    try await fixture.records.write { transaction in
      try vaults.forgetVaults(of: tenant, in: transaction)
      _ = try keyring.destroyTenantKeys(tenant, in: transaction)
    }
    let left = try await vaults.clear(tenant, random: fixture.random)
    #expect(left.count == 2 && left.allSatisfy { $0.hasPrefix("vault ") }, "\(left)")
    #expect(try await fixture.count("vault.vault") == 0)
  }
}
