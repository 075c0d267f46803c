import Access
import Base
import Edge
import ExternalKeys
import Keyring
import Logging
import NIOCore
import NIOHTTP1
import Records
import ResourceManager
import SecurityModule
import Simulation
import Synchronization
import Testing
import Vault
import Wire

/// Vaults without sockets, with the Resource Manager that makes them: real records and keys, a clock that the test moves, and a caller whom the test
/// chooses.
final class VaultFixture: Sendable {
  static let vault = "vault1"
  static let subscription = GUID(high: 1, low: 1)

  let tenant: GUID
  let clock = ManualClock()
  let random: SeededRandom
  let directory: ScratchDirectory
  let records: SQLiteRecordStore
  let keyring: Keyring
  let access: AccessControl
  let vaults: Vaults
  let caller: VaultCaller
  let management: ResourceManagerEndpoint
  let endpoint: VaultEndpoint
  let address = CloudAddress(domain: "cloud.test", port: 443)

  /// `directory` is another fixture's, whose vaults are to be opened again.
  init(
    seed: UInt64 = 1, hasSecurityModule: Bool = false, module: SecurityModule? = nil, authority: (any CertificateIssuer)? = nil,
    externalKeys: (@Sendable (ExternalKeyConnection, ExternalKeyCertificate) -> any ExternalKeyManager)? = nil, directory: ScratchDirectory? = nil
  ) async throws {
    random = SeededRandom(seed: seed)
    tenant = GUID(high: 0xACE, low: 1)
    self.directory = directory ?? ScratchDirectory()
    records = try SQLiteRecordStore(path: self.directory("records"))
    let path = self.directory("root.key")
    let rootKey = directory == nil ? try RootKey(creatingAt: path, random: random) : try RootKey(readingFrom: path)
    keyring = Keyring(rootKey: rootKey, random: random)
    let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    access = AccessControl(records: records)
    vaults = Vaults(records: records, keyring: keyring)
    let caller = VaultCaller(tenant: tenant)
    self.caller = caller
    let location = Location(
      name: "paris", displayName: "Paris", geography: "France", geographyGroup: "Europe", physicalLocation: "Paris", latitude: "0", longitude: "0",
      zones: ["1"])
    let manager = ResourceManager(
      records: records, access: access,
      providers: [VaultProvider(vaults: vaults, random: random, address: address, hasSecurityModule: hasSecurityModule || module != nil)],
      locations: [location],
      tenantProfile: { TenantProfile(id: $0, displayName: "t", domains: ["cloud.test"], countryCode: "FR") }, clock: clock, random: random,
      logger: logger)
    management = ResourceManagerEndpoint(
      manager: manager, verifier: caller, authorizer: caller, principals: caller, address: address, logger: logger)
    endpoint = VaultEndpoint(
      vaults: vaults, verifier: caller, authorizer: caller, principals: caller, access: access, address: address, module: module,
      authority: authority, externalKeys: externalKeys, externalKeyHosts: try #require(ExternalKeyHosts(["keys.example.org"])), clock: clock,
      random: random, logger: logger)
    guard directory == nil else { return }
    let (tenant, created) = (tenant, clock.now())
    try await records.write { try $0.save(Subscription(id: Self.subscription, tenant: tenant, displayName: "s", createdTime: created)) }
    #expect(try await arm(.PUT, "", ["location": "paris"]).status == 201)
    try await makeVault(Self.vault)
  }

  // MARK: Resource Manager

  /// A vault that goes by roles, unless `properties` say otherwise.
  func makeVault(_ name: String, _ properties: [(String, JSON)] = []) async throws {
    let answer = try await putVault(name, properties)
    #expect(answer.status == 200, "\(answer)")
  }

  @discardableResult
  func putVault(_ name: String, _ properties: [(String, JSON)] = [], tags: JSON? = nil) async throws -> VaultReply {
    var all: JSON.Object = JSON.Object([("tenantId", .string(tenant.description)), ("sku", ["family": "A", "name": "standard"])])
    for (name, value) in properties { all[name] = value }
    return try await arm(
      .PUT, Self.path(name), .object(["location": "paris", "properties": .object(all), "tags": tags]))
  }

  static func path(_ vault: String) -> String { "/providers/Microsoft.KeyVault/vaults/\(vault)" }

  /// A request to Resource Manager, for a path below the group `rg`, or below the subscription.
  func arm(
    _ method: HTTPMethod, _ path: String, _ body: JSON? = nil, query: [(name: String, value: String)] = [], belowGroup: Bool = true,
    apiVersion: String = "2026-02-01"
  ) async throws -> VaultReply {
    let group = belowGroup ? "/resourceGroups/rg" : ""
    return try await VaultReply(
      await management.respond(
        to: request(
          method, "/subscriptions/\(Self.subscription)\(group)\(path)", [("api-version", apiVersion)] + query, body, host: "management.cloud.test")))
  }

  // MARK: The vault

  /// A request to a vault by the caller. `token` nil: without one.
  @discardableResult
  func send(
    _ method: HTTPMethod, _ path: String, _ body: JSON? = nil, query: [(name: String, value: String)] = [], apiVersion: String? = "7.4",
    vault: String = VaultFixture.vault, token: String? = "token", from address: String = "127.0.0.1", to other: VaultEndpoint? = nil
  ) async throws -> VaultReply {
    try await VaultReply(
      await (other ?? endpoint).respond(
        to: request(
          method, path, (apiVersion.map { [("api-version", $0)] } ?? []) + query, body, host: "\(vault).vault.cloud.test", token: token,
          from: address)))
  }

  private func request(
    _ method: HTTPMethod, _ path: String, _ query: [(name: String, value: String)], _ body: JSON?, host: String, token: String? = "token",
    from address: String = "127.0.0.1"
  ) -> EdgeRequest {
    var headers: HTTPHeaders = ["Content-Type": "application/json"]
    if let token { headers.add(name: "Authorization", value: "Bearer \(token)") }
    return EdgeRequest(
      method: method, path: path, query: Query(items: query), headers: headers, authority: host, host: host, remoteAddress: address,
      identifiers: RequestIdentifiers(request: random.guid()), body: VaultBody(body?.bytes ?? []))
  }

  /// The entries of the record store whose key holds this text: a kind's records and index entries, in all tenants.
  func count(_ text: String) async throws -> Int {
    try await records.read { reader in
      let all = try reader.entries(in: KeyBytes([])..<KeyBytes(Array(repeating: 0xFF, count: 64)), limit: 1_000_000, reversed: false)
      let wanted = Array(text.utf8)
      return all.count { entry in entry.key.indices.contains { entry.key[$0...].starts(with: wanted) } }
    }
  }
}

/// Whoever the test says, allowed to do what the test says: everything, until then.
final class VaultCaller: TokenVerifier, PrincipalResolver, Authorizer {
  private struct State {
    var principal: Principal
    var permits: @Sendable (Action, AccessScope) -> Bool = { _, _ in true }
    var deciding: (any Authorizer)?
    var asked: [String] = []
    var tokenError: TokenError?
  }

  private let state: Mutex<State>

  init(tenant: GUID) {
    state = Mutex(
      State(
        principal: Principal(
          kind: .user, tenant: tenant, objectID: GUID(high: 2, low: 2), applicationID: GUID(high: 3, low: 3), name: "tester@cloud.test")))
  }

  var principal: Principal { state.withLock { $0.principal } }

  /// Changes who is calling.
  func become(_ change: @Sendable (inout Principal) -> Void) { state.withLock { change(&$0.principal) } }

  /// Decides by the test's own rule from now on.
  func permit(_ rule: @escaping @Sendable (Action, AccessScope) -> Bool) { state.withLock { $0.permits = rule } }

  /// Lets another one decide, such as the roles of the store.
  func decide(by authorizer: any Authorizer) { state.withLock { $0.deciding = authorizer } }

  /// Refuses every token.
  func refuseTokens(_ error: TokenError?) { state.withLock { $0.tokenError = error } }

  /// `action path` for each decision since the last call.
  func takeAsked() -> [String] {
    state.withLock { state in
      defer { state.asked = [] }
      return state.asked
    }
  }

  func principal(bearer token: String, audiences: [String]) async throws -> Principal {
    if let error = state.withLock({ $0.tokenError }) { throw error }
    return principal
  }

  func principal(tenant: GUID, objectID: GUID) async throws -> Principal? { principal }
  func principalType(tenant: GUID, objectID: GUID) async throws -> PrincipalType? { .user }

  func decide(_ principal: Principal, _ action: Action, on scope: AccessScope) async throws -> Decision {
    let (permits, deciding) = state.withLock { state in
      state.asked.append("\(action.name) \(scope.path)")
      return (state.permits, state.deciding)
    }
    if let deciding { return try await deciding.decide(principal, action, on: scope) }
    return permits(action, scope) ? .allowed : .denied
  }
}

/// An answer with its document.
struct VaultReply: CustomStringConvertible {
  var status: Int
  var headers: HTTPHeaders
  /// `.null` where the answer has no body.
  var json: JSON
  private var text: String

  init(_ response: EdgeResponse) async throws {
    status = Int(response.status.code)
    headers = response.headers
    guard case .bytes(let bytes) = response.body else { throw CloudError(500, "Unexpected", "an answer that is not there at once") }
    text = String(buffer: bytes)
    json = text.isEmpty ? .null : try JSON(parsing: text, limits: JSONLimits(bytes: 32 << 20))
  }

  subscript(name: String) -> JSON? { json[name] }
  /// Azure's code of an error.
  var code: String? { json["error"]?["code"]?.string }
  /// `innererror.code` of a vault's error.
  var innerCode: String? { json["error"]?["innererror"]?["code"]?.string }
  var message: String? { json["error"]?["message"]?.string }
  var description: String { "\(status) \(text.prefix(600))" }
}

/// A body that is there at once.
private final class VaultBody: EdgeBody {
  let length: Int?
  private let rest: Mutex<ByteBuffer?>

  init(_ bytes: [UInt8]) {
    length = bytes.count
    rest = Mutex(bytes.isEmpty ? nil : ByteBuffer(bytes: bytes))
  }

  func next() async throws -> ByteBuffer? {
    rest.withLock { rest in
      defer { rest = nil }
      return rest
    }
  }
}
