import Access
import Base
import Keyring
import Ledger
import NIOHTTP1
import Records
import Simulation
import Testing
import Vault
import Wire

/// Keys of vaults that protect other services' data keys.
@Suite struct VaultCustomerKeyTests {
  private static let vault = "custom1"
  private static let content = [UInt8](0..<32)

  private let cloud: VaultFixture
  private let key = CustomerKey(vault: "https://\(Self.vault).vault.cloud.test", name: "k")

  init() async throws {
    cloud = try await VaultFixture()
    try await cloud.makeVault(Self.vault, [("enablePurgeProtection", true)])
    #expect(try await send(.POST, "/keys/k/create", ["kty": "RSA"]).status == 200)
  }

  private var customer: any CustomerKeys { cloud.endpoint.customerKeys }
  private var use: CustomerKeyUse {
    CustomerKeyUse(
      reason: .diskData, tenant: cloud.tenant, subject: "/a/disk", identity: cloud.caller.principal.objectID, caller: GUID(high: 8, low: 8),
      request: GUID(high: 9, low: 9))
  }

  @discardableResult
  private func send(_ method: HTTPMethod, _ path: String, _ body: JSON? = nil) async throws -> VaultReply {
    try await cloud.send(method, path, body, apiVersion: "2025-07-01", vault: Self.vault)
  }

  private func uses() async throws -> [LedgerEntry] {
    try await cloud.records.read { try LedgerEntry.waiting(limit: 1000, in: $0) }.filter { $0.kind == .keyUse }
  }

  /// Why the key cannot be used, by any of the three ways that need it.
  private func refusals(_ key: CustomerKey, _ use: CustomerKeyUse, _ wrapping: CustomerWrapping) async -> [CustomerKeyError?] {
    func refusal(_ body: () async throws -> Void) async -> CustomerKeyError? {
      do { try await body() } catch { return error as? CustomerKeyError }
      return nil
    }
    return [
      await refusal { _ = try await customer.wrap(Self.content, with: key, use) },
      await refusal { _ = try await customer.unwrap(wrapping, with: key, use) }, await refusal { _ = try await customer.check(key, use) },
    ]
  }

  @Test func eachWrapAndUnwrapIsInTheLedgerAndChecksAreNot() async throws {
    let wrapping = try await customer.wrap(Self.content, with: key, use)
    #expect(wrapping.wrapped != Self.content && wrapping.wrapped.count == 256)
    #expect(try await customer.unwrap(wrapping, with: key, use) == Self.content)
    #expect(try await customer.check(key, use) == wrapping.version)
    let uses = try await uses()
    #expect(Set(uses.map { $0.facts["use"] }) == ["wrapKey", "unwrapKey"] && uses.count == 2)
    for entry in uses {
      #expect(entry.subject == key.at(wrapping.version).url && entry.request == use.request && entry.outcome == .succeeded)
      #expect(entry.facts["reason"] == "diskData" && entry.facts["resource"] == "/a/disk")
      #expect(entry.personal["principal"] == use.identity.description && entry.personal["onBehalfOf"] == use.caller?.description)
    }
  }

  @Test func aNewVersionWrapsAndTheOldOneOpensWhatItWrapped() async throws {
    let old = try await customer.wrap(Self.content, with: key, use)
    #expect(try await send(.POST, "/keys/k/rotate").status == 200)
    let new = try await customer.wrap(Self.content, with: key, use)
    #expect(new.version != old.version)
    #expect(try await customer.check(key.at(old.version), use) == new.version)
    #expect(try await customer.unwrap(old, with: key, use) == Self.content)
    #expect(try await customer.unwrap(new, with: key, use) == Self.content)
    let mixed = CustomerWrapping(version: old.version, wrapped: new.wrapped)
    await #expect(throws: CustomerKeyError.corrupt) { try await customer.unwrap(mixed, with: key, use) }
  }

  @Test func aKeyThatIsDisabledExpiredOrDeletedIsRefusedAndComesBack() async throws {
    let wrapping = try await customer.wrap(Self.content, with: key, use)
    let now = cloud.clock.now().seconds
    let steps: [(JSON, CustomerKeyError)] = [
      (["enabled": false], .keyDisabled), (["enabled": true, "exp": .integer(now - 1)], .keyNotValid),
      (["enabled": true, "exp": .integer(now + 900), "nbf": .integer(now + 600)], .keyNotValid),
    ]
    for (attributes, error) in steps {
      #expect(try await send(.PATCH, "/keys/k/\(wrapping.version)", ["attributes": attributes]).status == 200)
      #expect(await refusals(key, use, wrapping) == [error, error, error])
    }
    cloud.clock.advance(by: .seconds(700))
    #expect(await refusals(key, use, wrapping) == [nil, nil, nil])
    #expect(try await send(.DELETE, "/keys/k").status == 200)
    #expect(await refusals(key, use, wrapping) == [.keyNotFound, .keyNotFound, .keyNotFound])
    #expect(try await send(.POST, "/deletedkeys/k/recover").status == 200)
    #expect(await refusals(key, use, wrapping) == [nil, nil, nil])
  }

  @Test func anIdentityNeedsEachOfTheThreeRights() async throws {
    let wrapping = try await customer.wrap(Self.content, with: key, use)
    let refused = CustomerKeyError.accessDenied
    for (missing, expected) in [
      ("keys/read", [refused, refused, refused]), ("keys/unwrap/action", [refused, refused, refused]), ("keys/wrap/action", [refused, nil, nil]),
    ] {
      cloud.caller.permit { action, _ in !action.name.hasSuffix(missing) }
      #expect(await refusals(key, use, wrapping) == expected, "without \(missing)")
    }
    cloud.caller.permit { _, _ in true }
    #expect(await refusals(key, use, wrapping) == [nil, nil, nil])
  }

  @Test func accessPoliciesDecideWhereTheVaultGoesByThem() async throws {
    func policies(_ permissions: [JSON]) -> [(String, JSON)] {
      let policy: JSON = [
        "tenantId": .string(cloud.tenant.description), "objectId": .string(use.identity.description), "permissions": ["keys": .array(permissions)],
      ]
      return [("enablePurgeProtection", true), ("enableRbacAuthorization", false), ("accessPolicies", [policy])]
    }
    let wrapping = try await customer.wrap(Self.content, with: key, use)
    try await cloud.makeVault(Self.vault, policies(["get", "unwrapKey"]))
    #expect(await refusals(key, use, wrapping) == [.accessDenied, nil, nil])
    try await cloud.makeVault(Self.vault, policies(["get", "wrapKey", "unwrapKey"]))
    #expect(await refusals(key, use, wrapping) == [nil, nil, nil])
  }

  @Test func aVaultThatLetsNoServiceInLetsNoneIn() async throws {
    let wrapping = try await customer.wrap(Self.content, with: key, use)
    let closed: [(String, JSON)] = [
      ("enablePurgeProtection", true), ("networkAcls", ["defaultAction": "Deny", "bypass": "None"]),
    ]
    try await cloud.makeVault(Self.vault, closed)
    #expect(await refusals(key, use, wrapping) == [.accessDenied, .accessDenied, .accessDenied])
    let trusting: [(String, JSON)] = [
      ("enablePurgeProtection", true), ("networkAcls", ["defaultAction": "Deny", "bypass": "AzureServices"]),
    ]
    try await cloud.makeVault(Self.vault, trusting)
    #expect(await refusals(key, use, wrapping) == [nil, nil, nil])
  }

  @Test func aKeyOfAnotherTenantOrCloudIsRefused() async throws {
    let wrapping = try await customer.wrap(Self.content, with: key, use)
    var foreign = use
    foreign.tenant = GUID(high: 0xBAD, low: 1)
    #expect(await refusals(key, foreign, wrapping) == [.accessDenied, .accessDenied, .accessDenied])
    for address in [
      "https://none1.vault.cloud.test", "https://\(Self.vault).vault.other.test", "https://\(Self.vault)", "", "https://a.b.vault.cloud.test",
    ] {
      let elsewhere = CustomerKey(vault: address, name: "k")
      #expect(await refusals(elsewhere, use, wrapping) == [.vaultNotFound, .vaultNotFound, .vaultNotFound], "\(address)")
    }
    #expect(try await uses().count == 1)
  }

  @Test func whatIsNoKeyForDataKeysIsRefused() async throws {
    #expect(try await send(.POST, "/keys/curve/create", ["kty": "EC"]).status == 200)
    #expect(try await send(.POST, "/keys/signs/create", ["kty": "RSA", "key_ops": ["sign", "verify"]]).status == 200)
    for name in ["curve", "signs"] {
      do {
        _ = try await customer.wrap(Self.content, with: CustomerKey(vault: key.vault, name: name), use)
        Issue.record("\(name) wraps a data key")
      } catch {
        guard case .unsuitable = error else { throw error }
      }
    }
    try await cloud.makeVault("careless1")
    #expect(try await cloud.send(.POST, "/keys/k/create", ["kty": "RSA"], apiVersion: "2025-07-01", vault: "careless1").status == 200)
    let unprotected = CustomerKey(vault: "https://careless1.vault.cloud.test", name: "k")
    await #expect(throws: CustomerKeyError.unprotectedVault) { try await customer.wrap(Self.content, with: unprotected, use) }
  }
}
