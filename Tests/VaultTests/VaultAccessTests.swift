import Access
import Base
import NIOHTTP1
import Records
import Simulation
import Testing
import Vault
import Wire

/// Who may come to a vault, who they are, and what they may do there: by roles, or by access policies, and never by both.
@Suite struct VaultAccessTests {
  private static let definitions = "/providers/Microsoft.Authorization/roleDefinitions"

  @Test func aRequestWithoutATokenIsToldWhereToGetOne() async throws {
    let fixture = try await VaultFixture()
    _ = fixture.caller.takeAsked()
    let answer = try await fixture.send(.GET, "/secrets/s", token: nil)
    #expect(answer.status == 401 && answer.code == "Unauthorized")
    #expect(answer.message == "AKV10000: Request is missing a Bearer or PoP token.")
    let challenge = #"Bearer authorization="https://login.cloud.test/\#(fixture.tenant)", resource="https://vault.cloud.test""#
    #expect(answer.headers.first(name: "WWW-Authenticate") == challenge)
    #expect(fixture.caller.takeAsked().isEmpty)
  }

  @Test(arguments: [
    (TokenError.expired, "AKV10001: Token is expired."), (.wrongAudience, "AKV10022: Invalid audience."),
    (.badSignature, "AKV10046: Unable to verify the token."),
  ])
  func aBadTokenIsRefusedWithAzuresWords(error: TokenError, message: String) async throws {
    let fixture = try await VaultFixture()
    fixture.caller.refuseTokens(error)
    let answer = try await fixture.send(.GET, "/secrets/s")
    #expect(answer.status == 401 && answer.message == message && answer.headers.contains(name: "WWW-Authenticate"))
  }

  @Test func everyOperationAsksForItsPermissionAndStopsWithoutIt() async throws {
    let fixture = try await VaultFixture()
    try await fixture.makeVault("policies", [("enableRbacAuthorization", false), ("accessPolicies", [])])
    fixture.caller.permit { _, _ in false }
    #expect(fixture.endpoint.operations.count >= 24)
    for operation in fixture.endpoint.operations {
      let path = Self.path(operation.pattern)
      let message: Comment = "\(operation.name): \(operation.method) \(path)"
      let anonymous = try await fixture.send(operation.method, path, [:], token: nil)
      #expect(anonymous.status == 401, message)
      _ = fixture.caller.takeAsked()
      let refused = try await fixture.send(operation.method, path, [:])
      #expect(refused.status == 403 && refused.code == "Forbidden" && refused.innerCode == "ForbiddenByRbac", message)
      let asked = fixture.caller.takeAsked()
      #expect(asked.count == 1 && asked[0].hasPrefix(operation.permission.action.name + " "), message)
      let byPolicy = try await fixture.send(operation.method, path, [:], vault: "policies")
      #expect(byPolicy.status == 403 && byPolicy.innerCode == "AccessDenied", message)
      #expect(fixture.caller.takeAsked().isEmpty, message)
    }
    let other = GUID(high: 7, low: 7)
    fixture.caller.become { $0.tenant = other }
    fixture.caller.permit { _, _ in true }
    for operation in fixture.endpoint.operations {
      let path = Self.path(operation.pattern)
      let stranger = try await fixture.send(operation.method, path, [:])
      #expect(stranger.status == 401 && stranger.message == "AKV10032: Invalid issuer.", "\(operation.name): \(operation.method) \(path)")
    }
    #expect(fixture.caller.takeAsked().isEmpty)
  }

  /// A path that matches a pattern.
  static func path(_ pattern: String) -> String {
    pattern.split(separator: "/").map { segment in
      switch segment {
      case "{collection}": "keys"
      case "{role}", "{assignment}": GUID(high: 1, low: 2).description
      case "{version}": "0123456789abcdef0123456789abcdef"
      default: segment.hasPrefix("{") ? "thing" : String(segment)
      }
    }.reduce("") { $0 + "/" + $1 }
  }

  @Test func aRoleOnOneSecretReachesThatSecretAlone() async throws {
    let fixture = try await VaultFixture()
    fixture.caller.permit { _, scope in scope.path.hasSuffix("/vaults/vault1/keys/mine") }
    #expect(try await fixture.send(.GET, "/keys/mine\(Self.definitions)").status == 200)
    #expect(try await fixture.send(.GET, "/keys/other\(Self.definitions)").innerCode == "ForbiddenByRbac")
    #expect(try await fixture.send(.GET, Self.definitions).innerCode == "ForbiddenByRbac")
  }

  @Test func theRolesOfAzureDecideOnVaults() async throws {
    let fixture = try await VaultFixture()
    fixture.caller.decide(by: fixture.access)
    let (path, tenant, id) = (Self.definitions, fixture.tenant, fixture.random.guid())
    #expect(try await fixture.send(.GET, path).status == 403)
    let principal = fixture.caller.principal
    let scope = AccessScope(
      tenant: tenant, path: "/subscriptions/\(VaultFixture.subscription)/resourceGroups/rg\(VaultFixture.path("vault1"))")
    let now = fixture.clock.now()
    let access = fixture.access
    try await fixture.records.write {
      _ = try access.assign(
        RoleAssignmentRequest(roleDefinitionID: BuiltInRole.keyVaultAdministrator, principalID: principal.objectID), id: id, at: scope,
        resolvedType: .user, by: .zero, now: now, in: $0)
    }
    #expect(try await fixture.send(.GET, path).status == 200)
    let assign = try await fixture.send(
      .PUT, "/providers/Microsoft.Authorization/roleAssignments/\(fixture.random.guid())",
      [
        "properties": [
          "principalId": .string(principal.objectID.description), "roleDefinitionId": .string(BuiltInRole.keyVaultReader.description),
        ]
      ])
    #expect(assign.status == 403, "who administers what is in a vault does not give roles on it")
  }

  @Test func aRoleOfAVaultGrantsOnlyWhatIsItsOwn() async throws {
    let fixture = try await VaultFixture()
    let (access, tenant) = (fixture.access, fixture.tenant)
    let scope = AccessScope(tenant: tenant, path: "/subscriptions/\(VaultFixture.subscription)/resourceGroups/rg\(VaultFixture.path("vault1"))")
    let table: [(GUID, allowed: [String], denied: [String])] = [
      (
        BuiltInRole.keyVaultSecretsUser, ["secrets/getSecret/action", "secrets/readMetadata/action"],
        ["secrets/setSecret/action", "secrets/delete", "keys/read", "certificates/read"]
      ),
      (
        BuiltInRole.keyVaultSecretsOfficer, ["secrets/getSecret/action", "secrets/purge/action", "secrets/delete"],
        ["keys/read", "certificates/read"]
      ),
      (
        BuiltInRole.keyVaultReader, ["keys/read", "secrets/readMetadata/action", "certificates/read", "keyrotationpolicies/read"],
        ["secrets/getSecret/action", "keys/sign/action", "keys/delete"]
      ),
      (
        BuiltInRole.keyVaultCryptoUser, ["keys/sign/action", "keys/unwrap/action", "keys/read"],
        ["keys/create/action", "keys/release/action", "keys/delete"]
      ),
      (BuiltInRole.keyVaultCryptoOfficer, ["keys/create/action", "keyrotationpolicies/write", "keys/purge/action"], ["secrets/getSecret/action"]),
      (
        BuiltInRole.keyVaultCryptoServiceEncryptionUser, ["keys/read", "keys/wrap/action", "keys/unwrap/action"],
        ["keys/decrypt/action", "keys/sign/action"]
      ),
      (
        BuiltInRole.keyVaultCertificatesOfficer, ["certificates/create/action", "certificatecontacts/write"],
        ["secrets/getSecret/action", "keys/read"]
      ),
      (BuiltInRole.keyVaultCertificateUser, ["certificates/read", "secrets/getSecret/action", "keys/read"], ["certificates/create/action"]),
      (BuiltInRole.keyVaultAdministrator, ["secrets/getSecret/action", "keys/sign/action", "certificates/purge/action"], []),
      (BuiltInRole.keyVaultContributor, [], ["secrets/getSecret/action", "keys/read", "certificates/read"]),
      (BuiltInRole.owner, [], ["secrets/getSecret/action", "keys/read", "certificates/read"]),
    ]
    for (index, row) in table.enumerated() {
      let principal = Principal(kind: .user, tenant: tenant, objectID: GUID(high: 0xAB, low: UInt64(index + 1)))
      let (id, now) = (fixture.random.guid(), fixture.clock.now())
      try await fixture.records.write {
        _ = try access.assign(
          RoleAssignmentRequest(roleDefinitionID: row.0, principalID: principal.objectID), id: id, at: scope, resolvedType: .user, by: .zero,
          now: now,
          in: $0)
      }
      for name in row.allowed + row.denied {
        let decision = try await access.decide(principal, Action(data: "Microsoft.KeyVault/vaults/\(name)"), on: scope)
        #expect((decision == .allowed) == row.allowed.contains(name), "\(row.0) \(name)")
      }
    }
  }

  // MARK: Access policies

  @Test func anAccessPolicySpeaksForItsPrincipalGroupsAndApplication() async throws {
    let group = GUID(high: 0x67, low: 1)
    let caller = Principal(
      kind: .user, tenant: GUID(high: 1, low: 1), objectID: GUID(high: 2, low: 2), groups: [group], applicationID: GUID(high: 3, low: 3))
    let tenant = caller.tenant
    #expect(AccessPolicy(tenant: tenant, objectID: caller.objectID).speaks(for: caller))
    #expect(AccessPolicy(tenant: tenant, objectID: group).speaks(for: caller))
    #expect(!AccessPolicy(tenant: tenant, objectID: GUID(high: 9, low: 9)).speaks(for: caller))
    #expect(!AccessPolicy(tenant: GUID(high: 8, low: 8), objectID: caller.objectID).speaks(for: caller))
    #expect(AccessPolicy(tenant: tenant, objectID: caller.objectID, applicationID: GUID(high: 3, low: 3)).speaks(for: caller))
    #expect(!AccessPolicy(tenant: tenant, objectID: caller.objectID, applicationID: GUID(high: 4, low: 4)).speaks(for: caller))
  }

  @Test func policiesAreAddedReplacedAndRemoved() async throws {
    let fixture = try await VaultFixture()
    try await fixture.makeVault("policies", [("enableRbacAuthorization", false), ("accessPolicies", [])])
    let path = VaultFixture.path("policies") + "/accessPolicies/"
    func policy(_ object: Int, _ permissions: JSON) -> JSON {
      [
        "tenantId": .string(fixture.tenant.description), "objectId": .string(GUID(high: 0, low: UInt64(object)).description),
        "permissions": permissions,
      ]
    }
    func change(_ kind: String, _ policies: JSON...) async throws -> [String] {
      let answer = try await fixture.arm(.PUT, path + kind, ["properties": ["accessPolicies": .array(policies)]])
      #expect([200, 201].contains(answer.status), "\(answer)")
      return answer["properties"]?["accessPolicies"]?.array?.map { policy in
        let permissions = policy["permissions"]
        func names(_ name: String) -> String { permissions?[name]?.array?.compactMap(\.string).joined(separator: ",") ?? "" }
        return "\(policy["objectId"]?.string?.suffix(1) ?? "") keys:\(names("keys")) secrets:\(names("secrets"))"
      } ?? []
    }
    #expect(try await change("add", policy(1, ["secrets": ["get"]])) == ["1 keys: secrets:get"])
    #expect(try await change("Add", policy(1, ["secrets": ["Get", "list"], "keys": ["sign"]])) == ["1 keys:sign secrets:get,list"])
    #expect(
      try await change("replace", policy(1, ["keys": ["all"]]), policy(2, ["secrets": ["set"]])) == ["1 keys:all secrets:", "2 keys: secrets:set"])
    #expect(try await change("remove", policy(2, ["secrets": ["SET"]])) == ["1 keys:all secrets:"])
    #expect(try await change("remove", policy(5, ["keys": ["all"]])) == ["1 keys:all secrets:"])
    let shown = try await fixture.arm(.GET, VaultFixture.path("policies"))
    #expect(shown["properties"]?["accessPolicies"]?.array?.count == 1)
    let unknown = try await fixture.arm(.PUT, path + "merge", ["properties": ["accessPolicies": []]])
    #expect(unknown.status == 400 && unknown.message == "An invalid value was provided for 'operationKind'.")
    let bad = try await fixture.arm(.PUT, path + "add", ["properties": ["accessPolicies": [policy(1, ["keys": ["fly"]])]]])
    #expect(bad.status == 400 && bad.message == "An invalid value was provided for 'accessPolicies[*].permissions.keys'.")
    let elsewhere = try await fixture.arm(.PUT, VaultFixture.path("never") + "/accessPolicies/add", ["properties": ["accessPolicies": []]])
    #expect(elsewhere.status == 404, "\(elsewhere)")
  }

  // MARK: Network rules

  @Test func whoComesFromElsewhereIsRefusedBeforeAnybodyAsksWhoTheyAre() async throws {
    let fixture = try await VaultFixture()
    try await fixture.makeVault(
      "walled", [("networkAcls", ["defaultAction": "Deny", "bypass": "None", "ipRules": [["value": "203.0.113.0/24"], ["value": "198.51.100.7"]]])])
    let shown = try await fixture.arm(.GET, VaultFixture.path("walled"))
    #expect(shown["properties"]?["networkAcls"]?["ipRules"] == [["value": "203.0.113.0/24"], ["value": "198.51.100.7/32"]])
    let table = [
      ("203.0.113.9", 200), ("203.0.114.9", 403), ("198.51.100.7", 200), ("198.51.100.8", 403), ("::ffff:203.0.113.9", 200), ("2001:db8::1", 403),
      ("127.0.0.1", 403),
    ]
    for (address, status) in table {
      let answer = try await fixture.send(.GET, Self.definitions, vault: "walled", from: address)
      #expect(answer.status == status, "\(address): \(answer)")
      if status == 403 { #expect(answer.innerCode == "ForbiddenByFirewall") }
    }
    let anonymous = try await fixture.send(.GET, Self.definitions, vault: "walled", token: nil, from: "192.0.2.1")
    #expect(anonymous.status == 403, "an address that may not come gets no challenge")
    _ = try await fixture.arm(.PATCH, VaultFixture.path("walled"), ["properties": ["publicNetworkAccess": "disabled"]])
    let closed = try await fixture.send(.GET, Self.definitions, vault: "walled", from: "203.0.113.9")
    #expect(closed.status == 403 && closed.innerCode == "ForbiddenByConnection", "\(closed)")
    _ = try await fixture.arm(
      .PATCH, VaultFixture.path("walled"), ["properties": ["publicNetworkAccess": "Enabled", "networkAcls": ["defaultAction": "Allow"]]])
    #expect(try await fixture.send(.GET, Self.definitions, vault: "walled", from: "192.0.2.1").status == 200)
  }

  @Test func rulesForSubnetsAreRefusedAsTheyCouldNotBeKept() async throws {
    let fixture = try await VaultFixture()
    let answer = try await fixture.putVault("walled", [("networkAcls", ["virtualNetworkRules": [["id": "/subscriptions/x"]]])])
    #expect(answer.status == 400 && answer.code == "SubnetsHaveNoServiceEndpointsConfigured", "\(answer)")
  }

  // MARK: Bad requests

  @Test func badRequestsGetAnErrorAndNothingElse() async throws {
    let fixture = try await VaultFixture()
    #expect(try await fixture.send(.GET, Self.definitions, apiVersion: nil).code == "BadParameter")
    #expect(try await fixture.send(.GET, Self.definitions, apiVersion: "latest\u{1F600}").code == "BadParameter")
    #expect(try await fixture.send(.GET, "/nothing/there").status == 404)
    #expect(try await fixture.send(.POST, Self.definitions, [:]).status == 405)
    #expect(try await fixture.send(.GET, "/keys/%zz\(Self.definitions)").code == "BadParameter")
    #expect(try await fixture.send(.GET, "/keys/a_b\(Self.definitions)").code == "BadParameter")
    #expect(try await fixture.send(.GET, "/people\(Self.definitions)").code == "BadParameter")
    let unknown = try await fixture.send(.GET, Self.definitions, vault: "never")
    #expect(unknown.status == 404 && unknown.code == "VaultNotFound")
  }
}
