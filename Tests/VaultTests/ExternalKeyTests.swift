import Base
import ExternalKeys
import Keyring
import Ledger
import Logging
import NIOHTTP1
import Records
import Simulation
import Testing
import Vault
import Wire

/// Keys that live with the customer, outside of the platform.
struct ExternalKeyTests {
  private static let value = [UInt8](repeating: 5, count: 32)

  @Test func aKeyIsWhatTheCustomersSideSaysAndNothingOfItIsHere() async throws {
    let keys = try await ExternalFixture()
    for (name, type) in [("aes", "oct-HSM"), ("rsa", "RSA-HSM")] {
      let made = try await keys.make(name, name)
      #expect(made.status == 200 && made["key"]?["kty"]?.string == type, "\(made)")
      #expect(made["key"]?["key_ops"] == ["wrapKey", "unwrapKey"] && made["attributes"]?["external_key"]?["id"]?.string == name)
    }
    let calls = keys.manager.takeCalls()
    #expect(calls.map(\.operation) == ["metadata", "metadata"] && calls.allSatisfy { $0.context.reason == nil })
    #expect(try await keys.send(.GET, "/keys").json["value"]?.array?.count == 2)
    let tenant = keys.cloud.tenant
    let versions = try await keys.cloud.records.read { try $0.list(VaultObjectVersion.self, under: RecordKey(tenant: tenant), limit: 10) }
    #expect(versions.count == 2 && versions.allSatisfy { $0.sealed == nil && $0.moduleKey == nil })
  }

  @Test(arguments: [("aes", "A256KW", ExternalKeyAlgorithm.a256KW), ("rsa", "RSA-OAEP-256", .rsaOAEP256), ("rsa", "RSA-OAEP", .rsaOAEP)])
  func eachUseSaysWhoWhatForAndUnderWhichRequest(_ key: String, _ name: String, _ algorithm: ExternalKeyAlgorithm) async throws {
    let keys = try await ExternalFixture()
    let made = try await keys.make("k", key)
    _ = keys.manager.takeCalls()
    let wrapped = try await keys.use("wrapkey", "k", Self.value, name)
    let text = try #require(wrapped["value"]?.string.flatMap { Base64URL.decode($0) })
    let opened = try await keys.use("unwrapkey", "k", text, name)
    #expect(opened["value"]?.string == Base64URL.encode(Self.value), "\(opened)")
    let calls = keys.manager.takeCalls()
    #expect(calls.map(\.operation) == ["wrap", "unwrap"] && calls.allSatisfy { $0.key == key && $0.algorithm == algorithm })
    let uses = try await keys.uses()
    #expect(uses.map(\.outcome) == [.succeeded, .succeeded])
    #expect(uses.allSatisfy { $0.facts["external"] == key && $0.facts["reason"] == "vaultOperation" })
    // The clock stands still, so that the entries have no order.
    #expect(Set(uses.map(\.request)) == Set(calls.map(\.context.request)) && Set(uses.map(\.request)).count == 2)
    for call in calls {
      #expect(call.context.reason == "vaultOperation" && call.context.subject == made["key"]?["kid"]?.string)
      #expect(call.context.caller == keys.cloud.caller.principal.objectID && call.context.tenant == keys.cloud.tenant)
    }
  }

  private struct Said: Sendable {
    var error: ExternalKeyError
    var status: Int
    var code: String
    var innerCode: String?
    var outcome: LedgerEntry.Outcome
  }

  private static let said = [
    Said(error: .refused(code: "ReasonNotAllowed", message: "No."), status: 403, code: "Forbidden", innerCode: "ReasonNotAllowed", outcome: .refused),
    Said(error: .keyNotFound(code: "KeyNotFound", message: ""), status: 404, code: "KeyNotFound", innerCode: "KeyNotFound", outcome: .failed),
    Said(error: .invalid(code: "InvalidRequest", message: ""), status: 400, code: "BadParameter", innerCode: "InvalidRequest", outcome: .failed),
    Said(error: .throttled(retryAfterSeconds: 9), status: 429, code: "Throttled", innerCode: nil, outcome: .failed),
    Said(error: .unavailable(reason: "a: secret"), status: 503, code: "ServiceUnavailable", innerCode: nil, outcome: .failed),
  ]

  @Test(arguments: said)
  private func whatTheCustomersSideSaysIsAnsweredAndEntered(_ said: Said) async throws {
    let keys = try await ExternalFixture()
    try await keys.make("k", "aes")
    keys.manager.fail(said.error)
    for verb in ["wrapkey", "unwrapkey"] {
      let reply = try await keys.use(verb, "k", Self.value)
      #expect(reply.status == said.status && reply.code == said.code && reply.innerCode == said.innerCode, "\(reply)")
      if said.status == 503 { #expect(reply.headers.first(name: "Retry-After") == "5") }
      if said.status == 429 { #expect(reply.headers.first(name: "Retry-After") == "9") }
      #expect(!reply.description.contains("secret"))
    }
    let uses = try await keys.uses()
    #expect(uses.map(\.outcome) == [said.outcome, said.outcome] && uses.allSatisfy { $0.facts["code"] == said.innerCode ?? said.code })
    keys.manager.fail(nil)
    #expect(try await keys.use("wrapkey", "k", Self.value).status == 200)
  }

  @Test func withoutAConnectionNoExternalKeyIsUsed() async throws {
    let keys = try await ExternalFixture()
    try await keys.make("k", "aes")
    #expect(try await keys.send(.DELETE, "/ekm").status == 200)
    _ = keys.manager.takeCalls()
    #expect(try await keys.use("wrapkey", "k", Self.value).code == "EkmConnectionNotFound")
    #expect(try await keys.make("other", "aes").code == "EkmConnectionNotFound")
    #expect(try await keys.send(.GET, "/ekm").code == "EkmConnectionNotFound")
    #expect(try await keys.send(.DELETE, "/ekm").code == "EkmConnectionNotFound")
    #expect(keys.manager.takeCalls().isEmpty)
    #expect(try await keys.connect().status == 200)
    #expect(try await keys.use("wrapkey", "k", Self.value).status == 200)
    #expect(try await keys.connect().status == 409)
  }

  @Test func aKeyNeverChangesHandsUnseen() async throws {
    let keys = try await ExternalFixture()
    let first = try await keys.make("k", "aes")
    #expect(try await keys.send(.POST, "/keys/k/create", ["kty": "RSA"]).status == 400)
    #expect(try await keys.send(.POST, "/keys/k/rotate").innerCode == "KeyOperationForbidden")
    #expect(try await keys.send(.PATCH, "/keys/k", ["attributes": ["external_key": ["id": "rsa"]]]).status == 400)
    #expect(try await keys.send(.PATCH, "/keys/k", ["attributes": ["enabled": true, "external_key": ["id": "aes"]]]).status == 200)
    #expect(try await keys.send(.PATCH, "/keys/k", ["key_ops": ["encrypt"]]).status == 400)
    #expect(try await keys.send(.POST, "/keys/own/create", ["kty": "EC"]).status == 200)
    #expect(try await keys.make("own", "aes").status == 400)
    #expect(try await keys.send(.GET, "/keys/k")["key"]?["kid"] == first["key"]?["kid"])
    let second = try await keys.make("k", "rsa")
    #expect(second.status == 200 && second["attributes"]?["external_key"]?["id"] == "rsa")
  }

  @Test func aRotationPolicyDoesNotRotateWhatTheCustomerHolds() async throws {
    let keys = try await ExternalFixture()
    try await keys.make("k", "aes")
    let policy: JSON = ["lifetimeActions": [["trigger": ["timeAfterCreate": "P10D"], "action": ["type": "Rotate"]]]]
    #expect(try await keys.send(.PUT, "/keys/k/rotationpolicy", policy).status == 200)
    keys.cloud.clock.advance(by: .seconds(40 * 86_400))
    _ = try await keys.cloud.endpoint.tendKeys()
    #expect(try await keys.send(.GET, "/keys/k/versions").json["value"]?.array?.count == 1)
    #expect(try await keys.cloud.count("vault.keyRotation") == 0)
  }

  @Test(arguments: [
    #"{"kty": "RSA"}"#, #"{"key_size": 256}"#, #"{"key_ops": ["sign"]}"#, #"{"crv": "P-256"}"#, #"{"attributes": {"external_key": {"id": "a b"}}}"#,
    #"{"attributes": {"external_key": {}}}"#, #"{"attributes": {"external_key": "aes"}}"#,
    #"{"attributes": {"external_key": {"id": "aes"}, "exportable": true}}"#,
  ])
  func whatAnExternalKeyCannotBeIsRefused(_ members: String) async throws {
    let keys = try await ExternalFixture()
    var body = JSON.Object([("attributes", ["external_key": ["id": "aes"]])])
    for (name, value) in try #require(try JSON(parsing: members).object).members { body[name] = value }
    let reply = try await keys.send(.POST, "/keys/k/create", .object(body))
    #expect(reply.status == 400 && reply.code == "BadParameter", "\(reply)")
    #expect(keys.manager.takeCalls().isEmpty)
  }

  @Test(arguments: [
    #"{"host": "https://a"}"#, #"{"host": 1}"#, #"{"host": null}"#, #"{"path_prefix": "x"}"#, #"{"server_ca_certificates": []}"#,
    #"{"server_ca_certificates": ["AAAA"]}"#, #"{"server_ca_certificates": "x"}"#, #"{"server_ca_certificates": null}"#,
    #"{"server_subject_common_name": "a b"}"#,
  ])
  func aConnectionThatCannotBeIsRefused(_ text: String) async throws {
    let keys = try await ExternalFixture()
    let members = try #require(try JSON(parsing: text).object).members.map { ($0.name, $0.value) }
    #expect(try await keys.send(.DELETE, "/ekm").status == 200)
    #expect(try await keys.connect(members).status == 400)
    #expect(try await keys.send(.GET, "/ekm").status == 404)
  }

  @Test func aSlowManagerHoldsUpItsOwnTenantAlone() async throws {
    let keys = try await ExternalFixture()
    try await keys.make("k", "aes")
    keys.manager.hang()
    let share = ExternalKeyLimits.maximumCalls / 4
    try await withThrowingTaskGroup(of: Int.self) { group in
      for _ in 0..<share { group.addTask { try await keys.use("wrapkey", "k", Self.value).status } }
      while keys.manager.hangingCount < share { await Task.yield() }
      #expect(try await keys.use("wrapkey", "k", Self.value).code == "ServerBusy")
      #expect(try await keys.send(.POST, "/keys/own/create", ["kty": "EC"]).status == 200)
      keys.manager.goOn()
      for try await status in group { #expect(status == 200) }
    }
    #expect(try await keys.use("wrapkey", "k", Self.value).status == 200)
  }

  @Test func theVaultIsKnownByOneAuthorityForAsLongAsItIsThere() async throws {
    let keys = try await ExternalFixture()
    let shown = try await keys.send(.GET, "/ekm/certificate")
    #expect(shown["subject_common_name"] == "external1.vaultclient.cloud.test" && shown["ca_certificates"]?.array?.count == 1)
    try await keys.make("k", "aes")
    try await keys.cloud.makeVault("other")
    let other = try await keys.cloud.send(.GET, "/ekm/certificate", apiVersion: "2026-01-01-preview", vault: "other")
    #expect(other["ca_certificates"] != shown["ca_certificates"])
    try await keys.cloud.records.close()
    let reopened = try await ExternalFixture(directory: keys.cloud.directory)
    #expect(try await reopened.send(.GET, "/ekm/certificate").json == shown.json)
    #expect(try await reopened.send(.GET, "/ekm")["host"] == "keys.example.org:8460")
    #expect(try await reopened.use("wrapkey", "k", Self.value).status == 200)
  }

  @Test func aPurgedVaultLeavesNeitherConnectionNorAuthority() async throws {
    let cloud = try await VaultFixture(externalKeys: { _, _ in ExternalManagerTwin() })
    let authority = Base64.encode(try ExternalKeyAuthority(name: "customer", now: cloud.clock.now()).certificate)
    let body: JSON = ["host": "keys.example.org", "server_ca_certificates": [.string(authority)]]
    #expect(try await cloud.send(.POST, "/ekm/create", body).status == 200)
    #expect(try await cloud.send(.GET, "/ekm/certificate").status == 200)
    let kinds = ["vault.externalConnection", "vault.clientAuthority"]
    for kind in kinds { #expect(try await cloud.count(kind) == 1) }
    #expect(try await cloud.arm(.DELETE, VaultFixture.path(VaultFixture.vault)).status == 200)
    let purge = "/providers/Microsoft.KeyVault/locations/paris/deletedVaults/\(VaultFixture.vault)/purge"
    #expect([200, 202].contains(try await cloud.arm(.POST, purge, belowGroup: false).status))
    let services = VaultServices(
      vaults: cloud.vaults, address: cloud.address, clock: cloud.clock, random: cloud.random,
      logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    while try await !VaultPurger(services).round() {}
    for kind in kinds { #expect(try await cloud.count(kind) == 0) }
  }

  @Test func aDataKeyOfAnotherServiceGoesOutWithItsOwnReason() async throws {
    let keys = try await ExternalFixture()
    try await keys.make("k", "rsa")
    _ = keys.manager.takeCalls()
    let customer = keys.cloud.endpoint.customerKeys
    let key = CustomerKey(vault: "https://\(ExternalFixture.vault).vault.cloud.test", name: "k")
    let (identity, caller, request) = (keys.cloud.caller.principal.objectID, GUID(high: 8, low: 8), GUID(high: 9, low: 9))
    let use = CustomerKeyUse(
      reason: .storageData, tenant: keys.cloud.tenant, subject: "/subscriptions/1/a", identity: identity, caller: caller, request: request)
    let wrapping = try await customer.wrap(Self.value, with: key, use)
    #expect(try await customer.unwrap(wrapping, with: key, use) == Self.value)
    _ = try await customer.check(key, use)
    let calls = keys.manager.takeCalls()
    #expect(calls.map(\.operation) == ["wrap", "unwrap", "metadata"])
    for call in calls {
      #expect(call.context.reason == "storageData" && call.context.subject == "/subscriptions/1/a" && call.context.caller == caller)
      #expect(call.context.identity == identity && call.context.request == request && call.context.tenant == keys.cloud.tenant)
    }
    keys.manager.refuse(["storageData"])
    await #expect(throws: CustomerKeyError.refused("ReasonNotAllowed")) { try await customer.unwrap(wrapping, with: key, use) }
    await #expect(throws: CustomerKeyError.refused("ReasonNotAllowed")) { try await customer.check(key, use) }
    var other = use
    other.reason = .diskData
    #expect(try await customer.unwrap(wrapping, with: key, other) == Self.value)
    keys.manager.fail(.unavailable(reason: "away"))
    await #expect(throws: CustomerKeyError.unavailable(retryAfterSeconds: 5)) { try await customer.unwrap(wrapping, with: key, use) }
    let uses = try await keys.uses()
    #expect(uses.filter { $0.outcome == .refused }.count == 1 && uses.allSatisfy { $0.facts["external"] == "rsa" })
  }
}
