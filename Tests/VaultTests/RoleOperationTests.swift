import Access
import Base
import NIOHTTP1
import Testing
import Vault
import Wire

/// Roles at a vault's own host, as `azure-keyvault-administration` asks for them.
@Suite struct RoleOperationTests {
  private static let definitions = "/providers/Microsoft.Authorization/roleDefinitions"
  private static let assignments = "/providers/Microsoft.Authorization/roleAssignments"

  @Test func rolesThatGrantSomethingInVaultsAreListedWithAzuresNames() async throws {
    let fixture = try await VaultFixture()
    let list = try await fixture.send(.GET, "/\(Self.definitions)")
    let names = list["value"]?.array?.compactMap { $0["properties"]?["roleName"]?.string } ?? []
    #expect(names.contains("Key Vault Administrator") && names.contains("Key Vault Secrets User"), "\(names)")
    #expect(!names.contains("Owner") && !names.contains("Key Vault Contributor"))
    let one = try await fixture.send(.GET, "/keys\(Self.definitions)/\(BuiltInRole.keyVaultCryptoUser)")
    #expect(one["properties"]?["type"] == "AKVBuiltInRole")
    #expect(one["properties"]?["assignableScopes"] == ["/"])
    #expect(one["name"]?.string == BuiltInRole.keyVaultCryptoUser.description)
    #expect(try await fixture.send(.GET, "\(Self.definitions)/\(BuiltInRole.owner)").status == 404)
  }

  @Test func aRoleGivenHereIsARoleOfResourceManagerAtTheSameScope() async throws {
    let fixture = try await VaultFixture()
    let (id, principal) = (fixture.random.guid(), GUID(high: 5, low: 5))
    let body: JSON = [
      "properties": [
        "principalId": .string(principal.description), "roleDefinitionId": .string("\(Self.definitions)/\(BuiltInRole.keyVaultCryptoUser)"),
      ]
    ]
    let made = try await fixture.send(.PUT, "/keys/mine\(Self.assignments)/\(id)", body)
    #expect(made.status == 201, "\(made)")
    #expect(made["properties"]?["scope"] == "/keys/mine")
    let seen = try await fixture.arm(
      .GET, VaultFixture.path("vault1") + "/keys/mine\(Self.assignments)/\(id)", apiVersion: "2022-04-01")
    #expect(seen["properties"]?["principalId"]?.string == principal.description, "\(seen)")
    let all = try await fixture.send(.GET, Self.assignments)
    #expect(all["value"]?.array?.compactMap { $0["properties"]?["scope"]?.string } == ["/keys/mine"])
    #expect(try await fixture.send(.GET, "/secrets\(Self.assignments)")["value"] == [])
    #expect(try await fixture.send(.GET, "\(Self.assignments)/\(id)").status == 404, "it is no assignment at the vault itself")
    #expect(try await fixture.send(.DELETE, "/keys/mine\(Self.assignments)/\(id)").status == 200)
    #expect(try await fixture.send(.DELETE, "/keys/mine\(Self.assignments)/\(id)").status == 404)
  }

  @Test func aRoleThatGrantsNothingInVaultsCannotBeGivenHere() async throws {
    let fixture = try await VaultFixture()
    let answer = try await fixture.send(
      .PUT, "\(Self.assignments)/\(fixture.random.guid())",
      ["properties": ["principalId": .string(GUID(high: 5, low: 5).description), "roleDefinitionId": .string(BuiltInRole.owner.description)]])
    #expect(answer.status == 404 && answer.code == "RoleDefinitionNotFound", "\(answer)")
    let nameless = try await fixture.send(.PUT, "\(Self.assignments)/name", ["properties": [:]])
    #expect(nameless.status == 400 && nameless.code == "BadParameter")
  }

  @Test func ownRolesGrantDataActionsOfThisVault() async throws {
    let fixture = try await VaultFixture()
    let id = fixture.random.guid()
    func body(_ permissions: JSON) -> JSON {
      ["properties": ["roleName": "Signers", "description": "They sign", "permissions": [permissions], "assignableScopes": ["/"]]]
    }
    let path = "\(Self.definitions)/\(id)"
    let made = try await fixture.send(.PUT, path, body(["dataActions": ["Microsoft.KeyVault/vaults/keys/sign/action"]]))
    #expect(made.status == 201, "\(made)")
    #expect(made["properties"]?["assignableScopes"] == ["/"])
    #expect(made["properties"]?["type"] == "CustomRole")
    let listed = try await fixture.send(.GET, Self.definitions)
    #expect(listed["value"]?.array?.contains { $0["properties"]?["roleName"] == "Signers" } == true)
    for bad: JSON in [
      ["actions": ["*"]], ["dataActions": ["Microsoft.KeyVault/managedHsm/keys/read/action"]], ["dataActions": ["Microsoft.Storage/*"]], [:],
    ] {
      #expect(try await fixture.send(.PUT, path, body(bad)).status == 400, "\(bad)")
    }
    var elsewhere = body(["dataActions": ["Microsoft.KeyVault/vaults/keys/read"]])
    if case .object(var object) = elsewhere, case .object(var properties)? = object["properties"] {
      properties["assignableScopes"] = ["/subscriptions/\(VaultFixture.subscription)"]
      object["properties"] = .object(properties)
      elsewhere = .object(object)
    }
    #expect(try await fixture.send(.PUT, "\(Self.definitions)/\(fixture.random.guid())", elsewhere).status == 400)
    #expect(try await fixture.send(.DELETE, path).status == 200)
    #expect(try await fixture.send(.DELETE, path).status == 404)
    #expect(try await fixture.send(.DELETE, "\(Self.definitions)/\(BuiltInRole.keyVaultReader)").status == 403)
  }

  @Test func aRoleOfAWholeSubscriptionIsNotChangedThroughOneVault() async throws {
    let fixture = try await VaultFixture()
    let id = fixture.random.guid()
    let made = try await fixture.arm(
      .PUT, "\(Self.definitions)/\(id)",
      [
        "properties": [
          "roleName": "Readers of keys", "permissions": [["dataActions": ["Microsoft.KeyVault/vaults/keys/read"]]],
          "assignableScopes": [.string("/subscriptions/\(VaultFixture.subscription)")],
        ]
      ], belowGroup: false, apiVersion: "2022-04-01")
    #expect(made.status == 201, "\(made)")
    #expect(try await fixture.send(.GET, "\(Self.definitions)/\(id)").status == 200)
    let widened = try await fixture.send(
      .PUT, "\(Self.definitions)/\(id)",
      ["properties": ["roleName": "Mine", "permissions": [["dataActions": ["Microsoft.KeyVault/vaults/*"]]], "assignableScopes": ["/"]]])
    #expect(widened.status == 403 && widened.code == "Forbidden", "\(widened)")
    #expect(try await fixture.send(.DELETE, "\(Self.definitions)/\(id)").status == 403)
  }

  @Test func rolesAreWrittenWithinTheScopeOfTheRequestAlone() async throws {
    let fixture = try await VaultFixture()
    func body(_ scopes: JSON) -> JSON {
      [
        "properties": [
          "roleName": "Readers", "permissions": [["dataActions": ["Microsoft.KeyVault/vaults/secrets/getSecret/action"]]], "assignableScopes": scopes,
        ]
      ]
    }
    let (wide, id) = ("\(Self.definitions)/\(fixture.random.guid())", fixture.random.guid())
    let narrow = "/keys/foo\(Self.definitions)/\(id)"
    for scopes: JSON in [["/"], ["/keys"], ["/secrets"], ["/keys/foobar"], ["/keys/foo", "/"]] {
      let refused = try await fixture.send(.PUT, narrow, body(scopes))
      #expect(refused.status == 403 && refused.code == "Forbidden", "\(scopes) \(refused)")
    }
    #expect(try await fixture.send(.PUT, wide, body(["/"])).status == 201)
    let taken = try await fixture.send(.PUT, "/keys/foo\(wide)", body(["/keys/foo"]))
    #expect(taken.status == 403, "a role of the whole vault is not changed from a part of it: \(taken)")
    #expect(try await fixture.send(.DELETE, "/keys/foo\(wide)").status == 403)
    #expect(try await fixture.send(.GET, "/keys/foo\(wide)").status == 200)
    #expect(try await fixture.send(.DELETE, wide).status == 200)
    #expect(try await fixture.send(.PUT, narrow, body(["/keys/foo"])).status == 201)
    #expect(try await fixture.send(.GET, narrow).status == 200)
    #expect(try await fixture.send(.GET, "/keys/bar\(Self.definitions)/\(id)").status == 404)
    #expect(try await fixture.send(.DELETE, narrow).status == 200)
  }
}
