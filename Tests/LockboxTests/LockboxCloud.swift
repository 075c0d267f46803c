import Access
import Base
import Crypto
import Edge
import Keyring
import Ledger
import Lockbox
import Logging
import NIOCore
import NIOHTTP1
import Operators
import Records
import ResourceManager
import Simulation
import SwiftASN1
import Synchronization
import Testing
import Wire
import X509

#if canImport(FoundationEssentials)
  import FoundationEssentials
#endif

/// Both sides of the lockbox over one store: the tenant's behind Resource Manager's endpoint, with the real function that decides, and the operators' behind
/// their routes.
struct LockboxCloud {
  let records: SQLiteRecordStore
  let endpoint: ResourceManagerEndpoint
  let lockbox: Lockbox
  let register: OperatorRegister
  let notes: LedgerNotes
  let eyes = SeenByEyes()
  let clock = ManualClock()
  let random: SeededRandom
  let tenant: GUID
  let subscription: GUID
  let foreignTenant: GUID
  private let directory: String
  private let routes: [OperatorRoute]

  static let address = CloudAddress(domain: "test.localhost", port: 8443)

  init(seed: UInt64 = 11) async throws {
    random = SeededRandom(seed: seed)
    directory = FileManager.default.temporaryDirectory.path + "/lockbox-\(SystemRandom().guid())"
    try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
    records = try SQLiteRecordStore(path: directory + "/records")
    (tenant, subscription, foreignTenant) = (random.guid(), random.guid(), random.guid())
    let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    notes = LedgerNotes(records: records, clock: clock, random: random, logger: logger)
    lockbox = Lockbox(records: records, notes: notes, clock: clock, random: random, logger: logger)
    register = OperatorRegister(
      records: records, keyring: Keyring(rootKey: try RootKey(creatingAt: directory + "/root.key", random: random), random: random), clock: clock,
      random: random)
    routes = LockboxRoutes(lockbox: lockbox, eyes: eyes).routes
    let paris = Location(
      name: "paris", displayName: "Paris", geography: "France", geographyGroup: "Europe", physicalLocation: "Paris", latitude: "48.86",
      longitude: "2.35", zones: ["1"])
    let access = AccessControl(records: records)
    let manager = ResourceManager(
      records: records, access: access, providers: [LockboxProvider(lockbox: lockbox)], locations: [paris], tenantProfile: { _ in nil }, clock: clock,
      random: random, logger: logger)
    let callers = Callers(tenant: tenant, foreign: foreignTenant)
    endpoint = ResourceManagerEndpoint(
      manager: manager, verifier: callers, authorizer: access, principals: callers, address: Self.address, logger: logger)
    let (tenant, subscription, foreign, now, random) = (tenant, subscription, foreignTenant, clock.now(), random)
    try await records.write { transaction in
      try ResourceManager.createSubscription(id: subscription, tenant: tenant, displayName: "S", now: now, in: transaction)
      for (caller, role, scope) in Callers.roles(subscription) {
        try transaction.save(
          RoleAssignment(
            tenant: caller == .foreign ? foreign : tenant, id: random.guid(), scope: scope, roleDefinitionID: role, principalID: caller.objectID,
            principalType: .user, createdOn: now, createdBy: .zero))
      }
    }
  }

  func close() async throws {
    try await records.close()
    try FileManager.default.removeItem(atPath: directory)
  }

  /// So that what happens one after the other stands in this order in the ledger.
  func tick() { clock.advance(by: .microseconds(1)) }

  // MARK: The tenant

  struct Answer {
    var status: Int
    var json: JSON
    var code: String? { json["error"]?["code"]?.string }
    var items: [JSON] { json["value"]?.array ?? [] }
    var state: String? { json["properties"]?["status"]?.string ?? json["status"]?.string }
  }

  var requests: String { "/subscriptions/\(subscription)/providers/Microsoft.CustomerLockbox/requests" }

  func send(
    _ method: HTTPMethod, _ path: String, _ query: [(name: String, value: String)] = [], body: JSON? = nil, as caller: Callers.Caller = .approver
  ) async -> Answer {
    tick()
    var headers: HTTPHeaders = ["Authorization": "Bearer \(caller.rawValue)"]
    if body != nil { headers.add(name: "Content-Type", value: "application/json") }
    let items = query.contains { $0.name == "api-version" } ? query : query + [("api-version", "2018-02-28-preview")]
    let request = EdgeRequest(
      method: method, path: path, query: Query(items: items), headers: headers, identifiers: RequestIdentifiers(request: random.guid()),
      body: body.map { OneBody($0.text) } ?? EmptyBody() as any EdgeBody)
    return Self.answer(await endpoint.respond(to: request))
  }

  private static func answer(_ response: EdgeResponse) -> Answer {
    var json = JSON.null
    if case .bytes(let buffer) = response.body, buffer.readableBytes > 0 { json = (try? JSON(parsing: buffer.readableBytesView)) ?? "not JSON" }
    return Answer(status: Int(response.status.code), json: json)
  }

  func enable(_ isEnabled: Bool = true, as caller: Callers.Caller = .owner) async -> Answer {
    await send(.POST, "/providers/Microsoft.CustomerLockbox/\(isEnabled ? "enable" : "disable")Lockbox", as: caller)
  }

  func decide(_ id: String, _ status: String, as caller: Callers.Caller = .approver) async -> Answer {
    await send(.POST, "\(requests)/\(id)/updateApproval", body: ["status": .string(status), "reason": "ticket vu"], as: caller)
  }

  func status(_ id: String) async -> String? { await send(.GET, "\(requests)/\(id)").state }

  // MARK: Operators

  /// The person of a number.
  func person(_ number: Int) async throws -> OperatorPrincipal {
    try await person("Ada \(Character(UnicodeScalar(UInt8(0x41 + number))))bc")
  }

  /// A person with a certificate of their own.
  func person(_ name: String = "Ada Lovelace", roles: Set<OperatorRole> = [.support]) async throws -> OperatorPrincipal {
    let key = Certificate.PrivateKey(P256.Signing.PrivateKey())
    let request = try CertificateSigningRequest(
      version: .v1, subject: DistinguishedName { CommonName(name) }, privateKey: key, attributes: .init(), signatureAlgorithm: .ecdsaWithSHA256)
    let email = name.lowercased().replacing(" ", with: ".") + "@example.org"
    return try await register.add(
      name: name, email: email, roles: roles, request: try request.serializeAsPEM().pemString, by: ["caller": "root"]
    ).principal
  }

  var scope: String { "/subscriptions/\(subscription)/resourceGroups/rg" }
  var account: String { "\(scope)/providers/Microsoft.Storage/storageAccounts/books" }

  func asking(_ changes: [String: JSON] = [:]) -> JSON {
    var object = JSON.Object([
      ("scope", .string(scope)), ("justification", "un disque qui ne répond plus"), ("hours", 2), ("ticket", "T-17"),
    ])
    for (name, value) in changes { object[name] = value.isNull ? nil : value }
    return .object(object)
  }

  /// What the operators' API answers, a refusal included.
  func call(
    _ method: HTTPMethod, _ pattern: String, _ parameters: [String: String] = [:], _ query: [(name: String, value: String)] = [], body: JSON? = nil,
    as caller: OperatorPrincipal
  ) async throws -> Answer {
    tick()
    let route = try #require(routes.first { $0.method == method && $0.pattern == pattern })
    let request = EdgeRequest(
      method: method, path: pattern, query: Query(items: query), identifiers: RequestIdentifiers(request: random.guid()),
      body: body.map { OneBody($0.text) } ?? EmptyBody() as any EdgeBody)
    do {
      return Self.answer(
        try await route.run(OperatorCall(request: request, parameters: parameters, caller: caller, now: clock.now())))
    } catch let error as CloudError {
      return Answer(status: error.status, json: ["error": ["code": .string(error.code), "message": .string(error.message)]])
    }
  }

  /// Opens a request and gives its id.
  func ask(_ changes: [String: JSON] = [:], as caller: OperatorPrincipal) async throws -> String {
    let answer = try await call(.POST, "/lockboxRequests", body: asking(changes), as: caller)
    try #require(answer.status == 201, "\(answer)")
    return try #require(answer.json["id"]?.string)
  }

  func look(_ id: String, _ target: String? = nil, as caller: OperatorPrincipal) async throws -> Answer {
    try await call(.GET, "/lockboxRequests/{id}/resource", ["id": id], [("id", target ?? account)], as: caller)
  }

  /// A tenant with the lockbox, an operator, and a request of that operator's that was approved.
  func granted(_ changes: [String: JSON] = [:]) async throws -> (operator: OperatorPrincipal, id: String) {
    _ = await enable()
    let person = try await person()
    let id = try await ask(changes, as: person)
    let answer = await decide(id, "Approve")
    try #require(answer.status == 200, "\(answer)")
    return (person, id)
  }

  // MARK: The ledger

  /// The entries of the lockbox in a tenant's ledger, in the order of time.
  func entries(of kind: LedgerEntry.Kind = .lockbox, tenant: GUID? = nil) async throws -> [LedgerEntry] {
    await notes.write()
    let wanted = tenant ?? self.tenant
    return try await records.read { try LedgerEntry.waiting(in: $0) }.filter { $0.kind == kind && $0.tenant == wanted }
  }

  func steps() async throws -> [String] { try await entries().compactMap { $0.facts["operation"] } }
}

/// Eyes that remember what they were made to look at.
final class SeenByEyes: TenantEyes {
  private let looks = Mutex<[String]>([])

  var seen: [String] { looks.withLock { $0 } }

  func resource(_ id: ResourceID, tenant: GUID) async throws -> JSON {
    looks.withLock { $0.append("resource \(id)") }
    return ["id": .string(id.description)]
  }

  func resources(in group: ResourceID, tenant: GUID, after: String?, limit: Int) async throws -> (resources: [JSON], next: String?) {
    looks.withLock { $0.append("resources \(group)") }
    return ([], nil)
  }

  func blobs(_ look: BlobLook, tenant: GUID) async throws -> EdgeResponse {
    looks.withLock { $0.append("blobs \(look.scope)") }
    return EdgeResponse(.ok, headers: ["Content-Type": "text/html", "Set-Cookie": "a=b"], body: .bytes(ByteBuffer(string: "content")))
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

/// Tokens are the callers' names.
struct Callers: TokenVerifier, PrincipalResolver {
  enum Caller: String, CaseIterable {
    case owner, approver, reader, stranger, foreign

    var objectID: GUID { GUID(high: 1, low: UInt64(Self.allCases.firstIndex(of: self) ?? 0)) }
  }

  let tenant: GUID
  let foreign: GUID

  static func roles(_ subscription: GUID) -> [(Caller, role: GUID, scope: String)] {
    let path = "/subscriptions/\(subscription)"
    return [
      (.owner, BuiltInRole.owner, "/"), (.approver, BuiltInRole.customerLockboxApprover, path), (.reader, BuiltInRole.reader, path),
      (.foreign, BuiltInRole.owner, "/"),
    ]
  }

  func principal(bearer token: String, audiences: [String]) async throws -> Principal {
    guard let caller = Caller(rawValue: token) else { throw TokenError.malformed }
    return Principal(kind: .user, tenant: caller == .foreign ? foreign : tenant, objectID: caller.objectID, name: token)
  }

  func principal(tenant: GUID, objectID: GUID) async throws -> Principal? { nil }
  func principalType(tenant: GUID, objectID: GUID) async throws -> PrincipalType? { .user }
}
