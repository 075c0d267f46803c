import Access
import Base
import NIOHTTP1
import Records
import ResourceManager
import Testing
import Vault
import Wire

/// `Microsoft.KeyVault/vaults` as Resource Manager serves it.
@Suite struct VaultResourceTests {
  @Test func aNewVaultHasAzuresDefaultsAndItsAddress() async throws {
    let fixture = try await VaultFixture()
    let vault = try await fixture.arm(.GET, VaultFixture.path("VAULT1"))
    #expect(vault.status == 200)
    #expect(vault["id"]?.string?.hasSuffix("/providers/Microsoft.KeyVault/vaults/vault1") == true)
    #expect(vault["type"] == "Microsoft.KeyVault/vaults")
    let properties = try #require(vault["properties"])
    #expect(properties["vaultUri"] == "https://vault1.vault.cloud.test/")
    #expect(properties["enableRbacAuthorization"] == true)
    #expect(properties["enableSoftDelete"] == true)
    #expect(properties["softDeleteRetentionInDays"] == 90)
    #expect(properties["publicNetworkAccess"] == "Enabled")
    #expect(properties["sku"] == ["family": "A", "name": "standard"])
    #expect(properties["accessPolicies"] == [])
    #expect(properties["enablePurgeProtection"] == nil)
    #expect(properties["provisioningState"] == "Succeeded")
  }

  @Test func anEarlierVersionOfTheInterfaceMakesVaultsThatGoByAccessPolicies() async throws {
    let fixture = try await VaultFixture()
    let body: JSON = [
      "location": "paris",
      "properties": ["tenantId": .string(fixture.tenant.description), "sku": ["family": "A", "name": "standard"], "accessPolicies": []],
    ]
    let made = try await fixture.arm(.PUT, VaultFixture.path("older"), body, apiVersion: "2023-07-01")
    #expect(made["properties"]?["enableRbacAuthorization"] == false, "\(made)")
    let without = try await fixture.arm(
      .PUT, VaultFixture.path("older2"),
      ["location": "paris", "properties": ["tenantId": .string(fixture.tenant.description), "sku": ["family": "A", "name": "standard"]]],
      apiVersion: "2023-07-01")
    #expect(without.status == 400 && without.message == "The parameter accessPolicies is not specified.")
  }

  private static let refused: [(property: String, value: JSON, message: String)] = [
    ("tenantId", "00000000-0000-0000-0000-000000000009", "An invalid value was provided for 'tenantId'."),
    ("sku", ["family": "B", "name": "standard"], "An invalid value was provided for 'sku.family'."),
    ("sku", ["family": "A", "name": "gold"], "An invalid value was provided for 'sku.name'."),
    ("softDeleteRetentionInDays", 6, "An invalid value was provided for 'softDeleteRetentionInDays'."),
    ("softDeleteRetentionInDays", 91, "An invalid value was provided for 'softDeleteRetentionInDays'."),
    ("softDeleteRetentionInDays", "90", "An invalid value was provided for 'softDeleteRetentionInDays'."),
    ("enableRbacAuthorization", "yes", "An invalid value was provided for 'enableRbacAuthorization'."),
    ("publicNetworkAccess", "Sometimes", "An invalid value was provided for 'publicNetworkAccess'."),
    ("createMode", "again", "An invalid value was provided for 'createMode'."),
    ("somethingElse", true, "An invalid value was provided for 'somethingElse'."),
    ("networkAcls", ["defaultAction": "Maybe"], "An invalid value was provided for 'networkAcls.defaultAction'."),
    ("networkAcls", ["bypass": "Everything"], "An invalid value was provided for 'networkAcls.bypass'."),
    ("networkAcls", ["ipRules": [["value": "203.0.113.300"]]], "An invalid value was provided for 'networkAcls.ipRules[*].value'."),
    ("networkAcls", ["ipRules": [["value": "2001:db8::/32"]]], "An invalid value was provided for 'networkAcls.ipRules[*].value'."),
    ("accessPolicies", [["tenantId": "x"]], "An invalid value was provided for 'accessPolicies[*].tenantId'."),
  ]

  @Test(arguments: refused)
  func whatAVaultCannotBeIsRefused(property: String, value: JSON, message: String) async throws {
    let fixture = try await VaultFixture()
    let answer = try await fixture.putVault("other", [(property, value)])
    #expect(answer.status == 400 && answer.code == "BadRequest" && answer.message == message, "\(answer)")
    #expect(try await fixture.arm(.GET, VaultFixture.path("other")).status == 404)
  }

  @Test(arguments: ["ab", "1abc", "a--b", "abc-", "a_bc", "abcdefghijklmnopqrstuvwxy", "vault\u{e9}"])
  func namesThatNoHostCanHaveAreRefused(name: String) async throws {
    let fixture = try await VaultFixture()
    let answer = try await fixture.putVault(percentEncoded(name))
    #expect(answer.status == 400 && answer.code == "VaultNameNotValid", "\(answer)")
    let asked = try await fixture.arm(
      .POST, "/providers/Microsoft.KeyVault/checkNameAvailability", ["name": .string(name), "type": "Microsoft.KeyVault/vaults"], belowGroup: false)
    #expect(asked["nameAvailable"] == false && asked["reason"] == "AccountNameInvalid", "\(asked)")
  }

  @Test func softDeleteCannotBeTurnedOffAndItsTermNotBeChanged() async throws {
    let fixture = try await VaultFixture()
    let path = VaultFixture.path(VaultFixture.vault)
    let off = try await fixture.arm(.PATCH, path, ["properties": ["enableSoftDelete": false]])
    #expect(off.status == 400 && off.message?.hasPrefix("The property \"enableSoftDelete\" can be set to false only") == true, "\(off)")
    let term = try await fixture.arm(.PATCH, path, ["properties": ["softDeleteRetentionInDays": 30]])
    #expect(term.message == "The property \"softDeleteRetentionInDays\" has been set already and it can't be modified.", "\(term)")
    #expect(try await fixture.arm(.PATCH, path, ["properties": ["softDeleteRetentionInDays": 90]]).status == 200)
  }

  @Test func purgeProtectionGoesOneWay() async throws {
    let fixture = try await VaultFixture()
    let path = VaultFixture.path(VaultFixture.vault)
    let refused = try await fixture.arm(.PATCH, path, ["properties": ["enablePurgeProtection": false]])
    #expect(refused.status == 400 && refused.code == "BadRequest")
    let on = try await fixture.arm(.PATCH, path, ["properties": ["enablePurgeProtection": true]])
    #expect(on["properties"]?["enablePurgeProtection"] == true)
    #expect(try await fixture.arm(.PATCH, path, ["properties": ["enablePurgeProtection": false]]).status == 400)
    #expect(try await fixture.arm(.DELETE, path).status == 200)
    let purge = try await fixture.arm(
      .POST, "/providers/Microsoft.KeyVault/locations/paris/deletedVaults/vault1/purge", belowGroup: false)
    #expect(purge.status == 405 && purge.code == "MethodNotAllowed")
    #expect(purge.message == "Operation 'DeletedVaultPurge' is not allowed.")
  }

  @Test func aPremiumVaultNeedsASecurityModule() async throws {
    let premium: JSON = ["family": "A", "name": "premium"]
    let without = try await VaultFixture()
    let refused = try await without.putVault("hard", [("sku", premium)])
    #expect(refused.status == 409 && refused.code == "SkuNotAvailable", "\(refused)")
    let later = try await without.arm(.PATCH, VaultFixture.path(VaultFixture.vault), ["properties": ["sku": premium]])
    #expect(later.code == "SkuNotAvailable", "\(later)")
    let with = try await VaultFixture(hasSecurityModule: true)
    #expect(try await with.putVault("hard", [("sku", premium)])["properties"]?["sku"] == premium)
    #expect(try await with.vaults.vault(named: "hard")?.isPremium == true)
  }

  @Test func aNameBelongsToOneVaultInTheWholeCloud() async throws {
    let fixture = try await VaultFixture()
    let elsewhere = "/resourceGroups/other"
    #expect(try await fixture.arm(.PUT, elsewhere, ["location": "paris"], belowGroup: false).status == 201)
    let body: JSON = [
      "location": "paris", "properties": ["tenantId": .string(fixture.tenant.description), "sku": ["family": "A", "name": "standard"]],
    ]
    let taken = try await fixture.arm(.PUT, elsewhere + VaultFixture.path("Vault1"), body, belowGroup: false)
    #expect(taken.status == 409 && taken.code == "VaultAlreadyExists", "\(taken)")
    let asked = try await fixture.arm(
      .POST, "/providers/Microsoft.KeyVault/checkNameAvailability", ["name": "VAULT1", "type": "Microsoft.KeyVault/vaults"], belowGroup: false)
    #expect(asked["nameAvailable"] == false && asked["reason"] == "AlreadyExists", "\(asked)")
    let free = try await fixture.arm(
      .POST, "/providers/Microsoft.KeyVault/checkNameAvailability", ["name": "vault2", "type": "Microsoft.KeyVault/vaults"], belowGroup: false)
    #expect(free.json == ["nameAvailable": true])
  }

  @Test func putTwiceIsAnUpdateThatLeavesWhatItDoesNotName() async throws {
    let fixture = try await VaultFixture()
    _ = try await fixture.arm(.PATCH, VaultFixture.path(VaultFixture.vault), ["properties": ["enabledForDeployment": true]])
    let again = try await fixture.putVault(VaultFixture.vault, [("enabledForTemplateDeployment", true)])
    #expect(again.status == 200)
    #expect(again["properties"]?["enabledForDeployment"] == true)
    #expect(again["properties"]?["enabledForTemplateDeployment"] == true)
  }

  @Test func theListOfResourcesNamesVaultsByTheirType() async throws {
    let fixture = try await VaultFixture()
    try await fixture.makeVault("vault2")
    let listed = try await fixture.arm(
      .GET, "/resources", query: [("$filter", "resourceType eq 'Microsoft.KeyVault/vaults'")], belowGroup: false)
    #expect(listed["value"]?.array?.compactMap { $0["name"]?.string } == ["vault1", "vault2"], "\(listed)")
    let typed = try await fixture.arm(.GET, "/providers/Microsoft.KeyVault/vaults", belowGroup: false)
    #expect(typed["value"]?.array?.count == 2)
  }

  @Test(arguments: [true, false])
  func onlyWhoMayAssignRolesChangesWhetherRolesDecide(_ usesRoles: Bool) async throws {
    let fixture = try await VaultFixture()
    let properties: [(String, JSON)] = [("enableRbacAuthorization", .boolean(usesRoles)), ("accessPolicies", [])]
    try await fixture.makeVault("other", properties)
    let path = VaultFixture.path("other")
    fixture.caller.permit { action, _ in action.name.lowercased() != "microsoft.authorization/roleassignments/write" }
    for name in ["enableRbacAuthorization", "ENABLERBACAUTHORIZATION"] {
      let patched = try await fixture.arm(.PATCH, path, ["properties": .object(JSON.Object([(name, .boolean(!usesRoles))]))])
      #expect(patched.status == 403 && patched.code == "AuthorizationFailed", "\(patched)")
      #expect(patched.message?.contains("Microsoft.Authorization/roleAssignments/write") == true, "\(patched)")
      #expect(try await fixture.putVault("other", [(name, .boolean(!usesRoles)), ("accessPolicies", [])]).status == 403)
    }
    #expect(try await fixture.vaults.vault(named: "other")?.usesRoles == usesRoles)
    // What does not change it needs no more than before, and what does not name it does not change it.
    #expect(try await fixture.putVault("other", properties).status == 200)
    #expect(try await fixture.putVault("other", [("accessPolicies", [])]).status == 200)
    #expect(try await fixture.arm(.PATCH, path, ["properties": ["enabledForDeployment": true]]).status == 200)
    #expect(try await fixture.vaults.vault(named: "other")?.usesRoles == usesRoles)
    fixture.caller.permit { _, _ in true }
    #expect(try await fixture.arm(.PATCH, path, ["properties": ["enableRbacAuthorization": .boolean(!usesRoles)]]).status == 200)
    #expect(try await fixture.vaults.vault(named: "other")?.usesRoles == !usesRoles)
  }

  @Test func managedModulesAreNotOfferedAndThereAreNone() async throws {
    let fixture = try await VaultFixture()
    #expect(try await fixture.arm(.GET, "/providers/Microsoft.KeyVault/managedHSMs", belowGroup: false)["value"] == [])
    #expect(try await fixture.arm(.GET, "/providers/Microsoft.KeyVault/deletedManagedHSMs", belowGroup: false)["value"] == [])
    let made = try await fixture.arm(
      .PUT, "/providers/Microsoft.KeyVault/managedHSMs/hsm1",
      ["location": "paris", "sku": ["family": "B", "name": "Standard_B1"], "properties": [:]])
    #expect(made.status == 400 && made.code == "LocationNotAvailableForResourceType", "\(made)")
    let purge = try await fixture.arm(
      .POST, "/providers/Microsoft.KeyVault/locations/paris/deletedManagedHSMs/hsm1/purge", belowGroup: false)
    #expect(purge.status == 404 && purge.code == "DeletedManagedHsmNotFound")
  }
}
