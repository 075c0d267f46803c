import Access
import Base
import Edge
import Keyring
import Ledger
import Logging
import NIOCore
import NIOHTTP1
import Records
import ResourceManager
import Simulation
import Wire

#if canImport(FoundationEssentials)
  import FoundationEssentials
#endif

/// Resource Manager over a record store in a directory of its own, with one made-up provider, two tenants, and a spy where the decision is taken.
struct Cloud {
  let records: SQLiteRecordStore
  let access: AccessControl
  let manager: ResourceManager
  let notes: LedgerNotes
  let endpoint: ResourceManagerEndpoint
  let authorizer: SpyAuthorizer
  let clock = ManualClock()
  let random: SeededRandom
  let tenant: GUID
  let foreignTenant: GUID
  let subscription: GUID
  let foreignSubscription: GUID
  /// The object id of the token `owner`.
  let owner: GUID
  /// Nil where records rest as they are.
  let customerKeys: CustomerKeyring?
  let directory: String

  static let address = CloudAddress(domain: "test.localhost", port: 8443)
  static let paris = Location(
    name: "paris", displayName: "Paris", geography: "France", geographyGroup: "Europe", physicalLocation: "Paris", latitude: "48.86",
    longitude: "2.35", zones: ["1", "2", "3"])

  /// With `keys`, records rest sealed, and tenants may have keys of their own.
  init(seed: UInt64 = 7, authorizer: SpyAuthorizer? = nil, keys: TwinCustomerKeys? = nil) async throws {
    let random = SeededRandom(seed: seed)
    self.random = random
    directory = FileManager.default.temporaryDirectory.path + "/arm-\(SystemRandom().guid())"
    try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
    records = try SQLiteRecordStore(path: directory + "/records")
    access = AccessControl(records: records)
    (tenant, foreignTenant, subscription, foreignSubscription, owner) = (
      random.guid(), random.guid(), random.guid(), random.guid(), random.guid()
    )
    self.authorizer = authorizer ?? SpyAuthorizer()
    notes = LedgerNotes(records: records, clock: clock, random: random, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    customerKeys = try keys.map { [records, clock, directory] keys in
      let keyring = Keyring(rootKey: try RootKey(creatingAt: directory + "/root.key", random: random), random: random, clock: clock)
      records.use(keyring.recordSealer)
      return CustomerKeyring(
        keyring: keyring, records: records, keys: keys, clock: clock, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    }
    manager = Self.manager(records, access, clock, random, notes, customerKeys)
    endpoint = ResourceManagerEndpoint(
      manager: manager, verifier: StubVerifier(tenant: tenant, foreignTenant: foreignTenant, owner: owner), authorizer: self.authorizer,
      principals: StubPrincipals(), address: Self.address, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    let (tenant, foreignTenant, subscription, foreignSubscription, now) = (tenant, foreignTenant, subscription, foreignSubscription, clock.now())
    try await records.write { transaction in
      try ResourceManager.createSubscription(id: subscription, tenant: tenant, displayName: "Ours", now: now, in: transaction)
      try ResourceManager.createSubscription(id: foreignSubscription, tenant: foreignTenant, displayName: "Theirs", now: now, in: transaction)
    }
  }

  static func manager(
    _ records: any RecordStore, _ access: AccessControl, _ clock: ManualClock, _ random: SeededRandom, _ notes: LedgerNotes? = nil,
    _ customerKeys: CustomerKeyring? = nil
  ) -> ResourceManager {
    ResourceManager(
      records: records, access: access, providers: [TestProvider()], locations: [paris], customerKeys: customerKeys, identities: StubIdentities(),
      tenantProfile: { TenantProfile(id: $0, displayName: "Tenant", domains: ["test.example"], countryCode: "FR") }, notes: notes, clock: clock,
      random: random, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
  }

  func close() async throws {
    try await records.close()
    try FileManager.default.removeItem(atPath: directory)
  }

  var subscriptionPath: String { "/subscriptions/\(subscription)" }
  func group(_ name: String) -> String { "\(subscriptionPath)/resourceGroups/\(name)" }
  func thing(_ name: String, in group: String = "rg") -> String { "\(self.group(group))/providers/Microsoft.Test/things/\(name)" }

  struct Answer {
    var status: Int
    var json: JSON
    var headers: HTTPHeaders
    var code: String? { json["error"]?["code"]?.string }
    var names: [String] { json["value"]?.array?.compactMap { $0["name"]?.string } ?? [] }
  }

  /// Sends a request; `api-version` is added unless the query has it or `version` is nil. The path is escaped already.
  func send(
    _ method: HTTPMethod, _ path: String, query: [(name: String, value: String)] = [], body: JSON? = nil, raw: String? = nil,
    token: String? = "owner",
    version: String? = "2024-11-01", headers extra: [(String, String)] = []
  ) async -> Answer {
    var headers = HTTPHeaders(extra)
    if let token { headers.add(name: "Authorization", value: "Bearer \(token)") }
    let text = raw ?? body?.text
    if text != nil, !headers.contains(name: "content-type") { headers.add(name: "Content-Type", value: "application/json") }
    var items = query
    if let version { items.append(("api-version", version)) }
    let request = EdgeRequest(
      method: method, path: path, query: Query(items: items), headers: headers, host: "management.test.localhost", remoteAddress: "192.0.2.1",
      identifiers: RequestIdentifiers(request: random.guid(), client: "client-id"),
      body: text.map { TextBody($0) } ?? EmptyBody() as any EdgeBody)
    let response = await endpoint.respond(to: request)
    var json = JSON.null
    if case .bytes(let buffer) = response.body, buffer.readableBytes > 0 { json = (try? JSON(parsing: buffer.readableBytesView)) ?? "not JSON" }
    return Answer(status: Int(response.status.code), json: json, headers: response.headers)
  }

  /// Follows an absolute URL that an answer gave.
  func follow(_ url: String) async throws -> Answer {
    let prefix = Self.address.url("management")
    guard url.hasPrefix(prefix) else { throw CloudError(0, "NotAbsolute", url) }
    let halves = url.dropFirst(prefix.count).split(separator: "?", maxSplits: 1).map(String.init)
    let query = Query(parsing: halves.count == 2 ? halves[1] : "")
    return await send(.GET, halves[0], query: query?.items ?? [], version: nil)
  }

  func makeGroup(_ name: String = "rg", tags: JSON = [:]) async {
    _ = await send(.PUT, group(name), body: ["location": "Paris", "tags": tags])
  }

  func makeThing(_ name: String, in group: String = "rg", tags: JSON = [:]) async {
    _ = await send(.PUT, thing(name, in: group), body: ["location": "paris", "tags": tags, "properties": ["size": 1]])
  }

  func log(tenant: GUID? = nil, subscription: GUID? = nil) async throws -> [ActivityLogEntry] {
    let (tenant, subscription) = (tenant ?? self.tenant, subscription ?? self.subscription)
    let end = clock.now().advanced(by: .seconds(86400))
    return try await records.read {
      try ActivityLog.entries(tenant: tenant, subscription: subscription, until: end, limit: 1000, in: $0)
    }
  }
}

/// A body that comes in two pieces.
actor TextBody: EdgeBody {
  nonisolated let length: Int?
  private var pieces: [ByteBuffer]

  init(_ text: String) {
    let bytes = Array(text.utf8)
    length = bytes.count
    pieces = [ByteBuffer(bytes: bytes[..<(bytes.count / 2)]), ByteBuffer(bytes: bytes[(bytes.count / 2)...])]
  }

  func next() -> ByteBuffer? {
    pieces.isEmpty ? nil : pieces.removeFirst()
  }
}
