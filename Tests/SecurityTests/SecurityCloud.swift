import Access
import Base
import Edge
import Logging
import NIOCore
import NIOHTTP1
import Records
import ResourceManager
import Security
import Simulation
import Synchronization
import Wire

#if canImport(FoundationEssentials)
  import FoundationEssentials
#endif

/// Microsoft.Security behind the endpoint, over a twin of what the platform knows, with the real function that decides.
struct SecurityCloud {
  let records: SQLiteRecordStore
  let endpoint: ResourceManagerEndpoint
  let authorizer: WatchedAuthorizer
  let clock = ManualClock()
  let random = SeededRandom(seed: 5)
  let tenant: GUID
  let subscription: GUID
  private let directory: String

  static let address = CloudAddress(domain: "test.localhost", port: 8443)

  init() async throws {
    directory = FileManager.default.temporaryDirectory.path + "/security-\(SystemRandom().guid())"
    try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
    records = try SQLiteRecordStore(path: directory + "/records")
    (tenant, subscription) = (random.guid(), random.guid())
    let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    let paris = Location(
      name: "paris", displayName: "Paris", geography: "France", geographyGroup: "Europe", physicalLocation: "Paris", latitude: "48.86",
      longitude: "2.35", zones: ["1"])
    let access = AccessControl(records: records)
    authorizer = WatchedAuthorizer(access)
    let manager = ResourceManager(
      records: records, access: access,
      providers: [
        SecurityProvider(compliance: KnownCompliance(seen: clock.now()), address: Self.address, locations: ["paris"])
      ], locations: [paris], tenantProfile: { _ in nil }, clock: clock, random: random, logger: logger)
    let callers = Callers(tenant: tenant)
    endpoint = ResourceManagerEndpoint(
      manager: manager, verifier: callers, authorizer: authorizer, principals: callers, address: Self.address, logger: logger)
    let (tenant, subscription, now, random) = (tenant, subscription, clock.now(), random)
    try await records.write { transaction in
      try ResourceManager.createSubscription(id: subscription, tenant: tenant, displayName: "S", now: now, in: transaction)
      for (caller, role, scope) in Callers.roles(subscription) {
        try transaction.save(
          RoleAssignment(
            tenant: tenant, id: random.guid(), scope: scope, roleDefinitionID: role, principalID: caller.objectID, principalType: .user,
            createdOn: now, createdBy: .zero))
      }
    }
    _ = await send(.PUT, "\(subscriptionPath)/resourceGroups/rg", body: ["location": "paris"])
  }

  func close() async throws {
    try await records.close()
    try FileManager.default.removeItem(atPath: directory)
  }

  var subscriptionPath: String { "/subscriptions/\(subscription)" }
  var provider: String { "\(subscriptionPath)/providers/Microsoft.Security" }
  var standard: String { "\(provider)/regulatoryComplianceStandards/\(KnownCompliance.standard)" }

  struct Answer {
    var status: Int
    var json: JSON
    var code: String? { json["error"]?["code"]?.string }
    var message: String { json["error"]?["message"]?.string ?? "" }
    var items: [JSON] { json["value"]?.array ?? [] }
    var names: [String] { items.compactMap { $0["name"]?.string } }
    var properties: JSON { json["properties"] ?? .null }
  }

  func send(
    _ method: HTTPMethod, _ path: String, _ query: [(name: String, value: String)] = [], body: JSON? = nil, as caller: Callers.Caller? = .owner
  ) async -> Answer {
    var headers = HTTPHeaders()
    if let caller { headers.add(name: "Authorization", value: "Bearer \(caller.rawValue)") }
    if body != nil { headers.add(name: "Content-Type", value: "application/json") }
    let items = query.contains { $0.name == "api-version" } ? query : query + [("api-version", "2021-06-01")]
    let request = EdgeRequest(
      method: method, path: path, query: Query(items: items), headers: headers, identifiers: RequestIdentifiers(request: random.guid()),
      body: body.map { OneBody($0.text) } ?? EmptyBody() as any EdgeBody)
    let response = await endpoint.respond(to: request)
    var json = JSON.null
    if case .bytes(let buffer) = response.body, buffer.readableBytes > 0 { json = (try? JSON(parsing: buffer.readableBytesView)) ?? "not JSON" }
    return Answer(status: Int(response.status.code), json: json)
  }

  func get(_ path: String, _ query: [(name: String, value: String)] = [], as caller: Callers.Caller? = .owner) async -> Answer {
    await send(.GET, path, query, as: caller)
  }

  /// Follows an absolute URL that an answer gave.
  func follow(_ url: String) async -> Answer {
    let prefix = Self.address.url("management")
    guard url.hasPrefix(prefix) else { return Answer(status: 0, json: .string(url)) }
    let halves = url.dropFirst(prefix.count).split(separator: "?", maxSplits: 1).map(String.init)
    return await get(halves[0], halves.count == 2 ? Query(parsing: halves[1])?.items ?? [] : [])
  }

  /// The items of all pages of a list, and how many pages there were.
  func all(_ path: String, _ query: [(name: String, value: String)] = []) async -> (items: [JSON], pages: Int) {
    var answer = await get(path, query)
    var (items, pages) = (answer.items, 1)
    while let next = answer.json["nextLink"]?.string, pages < 10 {
      answer = await follow(next)
      items += answer.items
      pages += 1
    }
    return (items, pages)
  }
}

actor OneBody: EdgeBody {
  nonisolated let length: Int?
  private var buffer: ByteBuffer?

  init(_ text: String) {
    buffer = ByteBuffer(string: text)
    length = buffer?.readableBytes
  }

  func next() -> ByteBuffer? {
    defer { buffer = nil }
    return buffer
  }
}

/// The real decision, and what it was asked.
final class WatchedAuthorizer: Authorizer {
  struct Question: Equatable, Sendable {
    var action: String
    var path: String
  }

  private let access: AccessControl
  private let state = Mutex<[Question]>([])

  init(_ access: AccessControl) { self.access = access }

  /// What was asked since the last call.
  func takeAsked() -> [Question] {
    state.withLock { asked in
      defer { asked = [] }
      return asked
    }
  }

  func decide(_ principal: Principal, _ action: Action, on scope: AccessScope) async throws -> Decision {
    state.withLock { $0.append(Question(action: action.name, path: scope.path)) }
    return try await access.decide(principal, action, on: scope)
  }
}

/// Tokens are the callers' names.
struct Callers: TokenVerifier, PrincipalResolver {
  enum Caller: String, CaseIterable {
    case owner, reader, securityReader, securityAdmin, groupReader, rootReader, stranger

    var objectID: GUID { GUID(high: 1, low: UInt64(Self.allCases.firstIndex(of: self) ?? 0)) }
  }

  let tenant: GUID

  static func roles(_ subscription: GUID) -> [(Caller, role: GUID, scope: String)] {
    let path = "/subscriptions/\(subscription)"
    return [
      (.owner, BuiltInRole.owner, path), (.reader, BuiltInRole.reader, path), (.securityReader, BuiltInRole.securityReader, path),
      (.securityAdmin, BuiltInRole.securityAdmin, path), (.groupReader, BuiltInRole.reader, path + "/resourceGroups/rg"),
      (.rootReader, BuiltInRole.reader, "/"),
    ]
  }

  func principal(bearer token: String, audiences: [String]) async throws -> Principal {
    guard let caller = Caller(rawValue: token) else { throw TokenError.malformed }
    return Principal(kind: .user, tenant: tenant, objectID: caller.objectID, name: token)
  }

  func principal(tenant: GUID, objectID: GUID) async throws -> Principal? { nil }
  func principalType(tenant: GUID, objectID: GUID) async throws -> PrincipalType? { .user }
}
