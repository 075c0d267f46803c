import Access
import Base
import Directory
import Edge
import Extents
import Identity
import Keyring
import Logging
import NIOCore
import NIOHTTP1
import Records
import ResourceManager
import Simulation
import Storage
import Synchronization
import Vault
import Wire

/// Every endpoint of the cloud over real records, with an authorizer that a test commands and watches.
final class House: Sendable {
  static let account = "acct"
  static let vault = "safe"

  let address = CloudAddress(domain: "house.test", port: 443)
  let tenant: GUID
  let subscription: GUID
  let authorizer = CommandedAuthorizer()
  let management: ResourceManagerEndpoint
  let login: IdentityEndpoint
  let graph: DirectoryEndpoint
  let storage: StorageEndpoint
  let vault: VaultEndpoint
  let vaults: Vaults
  let random = SeededRandom(seed: 11)
  private let directory: ScratchDirectory

  init() async throws {
    let logger = Logger(label: "house") { _ in SwiftLogNoOpLogHandler() }
    let clock = ManualClock()
    let (tenant, subscription) = (random.guid(), random.guid())
    self.tenant = tenant
    self.subscription = subscription
    directory = ScratchDirectory()
    let records = try SQLiteRecordStore(path: directory.path + "/records.sqlite")
    let keyring = Keyring(rootKey: try RootKey(creatingAt: directory.path + "/root.key", random: random), random: random)
    let extents = try await ExtentStore(
      disk: try PosixDisk(path: directory.path + "/segments"), records: records, keyring: keyring, random: random, logger: logger)
    let access = AccessControl(records: records)
    let issuer = try await IdentityService(records: records, keyring: keyring, address: address, clock: clock, random: random, logger: logger)
    let caller = Principal(kind: .user, tenant: tenant, objectID: random.guid(), name: "caller")
    let people = OneCaller(caller: caller)
    let accounts = StorageAccounts(records: records, keyring: keyring)
    vaults = Vaults(records: records, keyring: keyring)
    let location = Location(
      name: "paris", displayName: "Paris", geography: "France", geographyGroup: "Europe", physicalLocation: "Paris", latitude: "0", longitude: "0",
      zones: ["1"])
    let manager = ResourceManager(
      records: records, access: access,
      providers: [
        StorageProvider(accounts: accounts, random: random, address: address, locations: ["paris"]),
        VaultProvider(vaults: vaults, random: random, address: address, hasSecurityModule: true),
      ], locations: [location],
      tenantProfile: { TenantProfile(id: $0, displayName: "t", domains: ["house.test"], countryCode: "FR") }, clock: clock, random: random,
      logger: logger)
    management = ResourceManagerEndpoint(
      manager: manager, verifier: people, authorizer: authorizer, principals: people, address: address, logger: logger)
    login = IdentityEndpoint(service: issuer, authorizer: authorizer, logger: logger)
    graph = DirectoryEndpoint(
      records: records, access: access, identity: issuer, verifier: people, authorizer: authorizer, address: address, clock: clock, random: random,
      logger: logger)
    storage = StorageEndpoint(
      accounts: accounts, extents: extents, verifier: people, principals: people, authorizer: authorizer, address: address, clock: clock,
      random: random,
      logger: logger)
    vault = VaultEndpoint(
      vaults: vaults, verifier: people, authorizer: authorizer, principals: people, access: access, address: address, clock: clock, random: random,
      logger: logger)
    try await records.write { try $0.save(Subscription(id: subscription, tenant: tenant, displayName: "s", createdTime: clock.now())) }
    try await furnish()
  }

  /// A group with a storage account and a container, and a vault, so that there is something to be refused.
  private func furnish() async throws {
    let group = "/subscriptions/\(subscription)/resourceGroups/g"
    let account = group + "/providers/Microsoft.Storage/storageAccounts/\(Self.account)"
    let bodies = [
      (group, #"{"location":"paris"}"#), (account, #"{"location":"paris","kind":"StorageV2","sku":{"name":"Standard_LRS"}}"#),
      (
        group + "/providers/Microsoft.KeyVault/vaults/\(Self.vault)",
        #"{"location":"paris","properties":{"tenantId":"\#(tenant)","sku":{"family":"A","name":"premium"}}}"#
      ),
    ]
    for (path, body) in bodies {
      let answer = await management.respond(to: request(.PUT, path, query: "api-version=2026-02-01", host: "management.house.test", body: body))
      guard (200...201).contains(answer.status.code) else { throw Unfurnished(status: answer.status, body: answer.body) }
    }
    let container = await storage.respond(to: storageRequest(.PUT, "/box", query: "restype=container"))
    guard container.status == .created else { throw Unfurnished(status: container.status, body: container.body) }
  }

  struct Unfurnished: Error {
    var status: HTTPResponseStatus
    var body: EdgeResponse.Body
  }

  func request(
    _ method: HTTPMethod, _ path: String, query: String = "", host: String, headers: HTTPHeaders = [:], body: String = "{}"
  ) -> EdgeRequest {
    var headers = headers
    headers.add(name: "Authorization", value: "Bearer token")
    headers.add(name: "Content-Type", value: "application/json")
    return EdgeRequest(
      method: method, path: path, query: Query(parsing: query) ?? Query(), headers: headers, authority: host, host: host,
      identifiers: RequestIdentifiers(request: random.guid()), body: Text(body))
  }

  func storageRequest(
    _ method: HTTPMethod, _ path: String, query: String = "", headers: HTTPHeaders = [:], service: StorageService = .blob,
    isSecondary: Bool = false
  ) -> EdgeRequest {
    var headers = headers
    headers.add(name: "x-ms-version", value: "2023-11-03")
    return request(
      method, path, query: query, host: "\(Self.account)\(isSecondary ? "-secondary" : "").\(service.rawValue).core.house.test", headers: headers,
      body: "")
  }
}

/// Allows everything until it is told to refuse; remembers what it was asked.
final class CommandedAuthorizer: Authorizer {
  private let state = Mutex((refuses: false, asked: [String]()))

  func decide(_ principal: Principal, _ action: Action, on scope: AccessScope) async throws -> Decision {
    state.withLock { state in
      state.asked.append(action.name)
      return state.refuses ? .denied : .allowed
    }
  }

  func refuseFromNowOn() {
    state.withLock { $0.refuses = true }
  }

  /// The actions that were asked for since the last call.
  func takeAsked() -> [String] {
    state.withLock { state in
      defer { state.asked = [] }
      return state.asked
    }
  }
}

/// Knows one caller, by any token.
private struct OneCaller: TokenVerifier, PrincipalResolver {
  let caller: Principal

  func principal(bearer token: String, audiences: [String]) async throws -> Principal { caller }
  func principal(tenant: GUID, objectID: GUID) async throws -> Principal? { caller }
  func principalType(tenant: GUID, objectID: GUID) async throws -> PrincipalType? { .user }
}

/// A body that is there at once.
private final class Text: EdgeBody {
  let length: Int?
  private let rest: Mutex<ByteBuffer?>

  init(_ text: String) {
    length = text.utf8.count
    rest = Mutex(text.isEmpty ? nil : ByteBuffer(string: text))
  }

  func next() async throws -> ByteBuffer? {
    rest.withLock { rest in
      defer { rest = nil }
      return rest
    }
  }
}
