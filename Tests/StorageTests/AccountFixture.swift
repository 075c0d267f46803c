import Access
import Base
import Crypto
import Edge
import Extents
import Foundation
import Keyring
import Ledger
import Logging
import NIOCore
import NIOHTTP1
import Records
import ResourceManager
import Simulation
import Storage
import Synchronization
import Testing
import Wire

/// Storage accounts with their real keys, the real decisions on roles, and a directory of principals that the test fills.
final class AccountFixture: Sendable {
  static let domain = "cloud.test"
  let tenant: GUID
  let subscription: GUID
  let clock = ManualClock()
  let random: SeededRandom
  let records: SQLiteRecordStore
  let access: AccessControl
  let directory = People()
  let provider: StorageProvider
  let endpoint: StorageEndpoint
  let notes: LedgerNotes
  let development: DevelopmentStorage
  private let path: String

  init(seed: UInt64 = 7) async throws {
    random = SeededRandom(seed: seed)
    tenant = random.guid()
    subscription = random.guid()
    path = FileManager.default.temporaryDirectory.path + "/accounts-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
    records = try SQLiteRecordStore(path: path + "/records")
    let keyring = Keyring(rootKey: try RootKey(creatingAt: path + "/root.key", random: random), random: random)
    let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    let extents = try await ExtentStore(
      disk: try PosixDisk(path: path + "/extents"), records: records, keyring: keyring, random: random, logger: logger)
    let accounts = StorageAccounts(records: records, keyring: keyring)
    let address = CloudAddress(domain: Self.domain, port: 8443)
    development = DevelopmentStorage(accounts: accounts, random: random, address: address)
    access = AccessControl(records: records)
    provider = StorageProvider(accounts: accounts, random: random, address: address, locations: ["paris"])
    notes = LedgerNotes(records: records, clock: clock, random: random, logger: logger)
    endpoint = StorageEndpoint(
      accounts: accounts, extents: extents, verifier: directory, principals: directory, authorizer: access, address: address, notes: notes,
      clock: clock, random: random, logger: logger)
  }

  deinit {
    try? FileManager.default.removeItem(atPath: path)
  }

  // MARK: Resource Manager's part

  var type: any ResourceType {
    get throws { try #require(provider.types.first { $0.descriptor.type == "Microsoft.Storage/storageAccounts" }) }
  }

  func id(_ name: String, group: String = "rg", subscription: GUID? = nil) -> ResourceID {
    ResourceID(subscription: subscription ?? self.subscription, resourceGroup: group, "Microsoft.Storage", ("storageAccounts", name))
  }

  func context(subscription: GUID? = nil, tenant: GUID? = nil) -> OperationContext {
    OperationContext(
      principal: Principal(kind: .user, tenant: tenant ?? self.tenant), tenant: tenant ?? self.tenant,
      subscription: subscription ?? self.subscription, correlationID: random.guid(), now: clock.now(), apiVersion: "2025-08-01")
  }

  static func body(_ properties: JSON = [:], sku: String = "Standard_LRS", kind: String = "StorageV2") -> JSON {
    ["location": "paris", "kind": .string(kind), "sku": ["name": .string(sku)], "properties": properties]
  }

  @discardableResult
  func put(
    _ id: ResourceID, _ body: JSON, _ method: ResourceChange.Method = .put, context: OperationContext? = nil
  ) async throws -> Resource {
    let context = context ?? self.context()
    let type = try type
    return try await records.write { transaction in
      let key = Resource.key(tenant: context.tenant, id)
      let change = ResourceChange(
        method: method, id: id, body: body, existing: try transaction.fetch(Resource.self, key), context: context)
      let resource = try type.put(change, in: transaction)
      try transaction.save(resource)
      return resource
    }
  }

  func delete(_ resource: Resource) async throws {
    let (context, type) = (context(), try type)
    try await records.write { transaction in
      try type.delete(resource, context: context, in: transaction)
      try transaction.remove(Resource.self, resource.key)
    }
  }

  func render(_ resource: Resource) async throws -> JSON {
    let type = try type
    return try await records.read { try type.render(resource, in: $0) }
  }

  func act(_ name: String, _ resource: Resource, _ body: JSON = [:]) async throws -> JSON {
    let action = try #require(try type.actions.first { $0.name.lowercased() == name.lowercased() })
    let context = context()
    return try await records.write { try action.run(resource, body, context, $0) }
  }

  func keys(_ resource: Resource) async throws -> [SymmetricKey] {
    let listed = try await act("listKeys", resource)["keys"]?.array ?? []
    return try listed.map { SymmetricKey(data: try #require(Data(base64Encoded: $0["value"]?.string ?? ""))) }
  }

  func assign(_ role: GUID, to principal: Principal, at path: String) async throws {
    let (id, now, scope) = (random.guid(), clock.now(), AccessScope(tenant: tenant, path: path))
    _ = try await records.write { [access] transaction in
      try access.assign(
        RoleAssignmentRequest(roleDefinitionID: role, principalID: principal.objectID), id: id, at: scope, resolvedType: .user, by: .zero, now: now,
        in: transaction)
    }
  }

  // MARK: Requests

  /// A request to `acct.blob.core.cloud.test:8443`, or path style where `host` says so.
  func request(
    _ method: HTTPMethod, _ path: String, _ query: String = "", _ headers: [(String, String)] = [], host: String = "acct.blob.core.cloud.test",
    from address: String = "127.0.0.1", connection: EdgeConnection = EdgeConnection(.tls13), body: String = ""
  ) throws -> EdgeRequest {
    let query = try #require(Query(parsing: query))
    var all = HTTPHeaders()
    for (name, value) in headers { all.replaceOrAdd(name: name, value: value) }
    return EdgeRequest(
      method: method, path: path, query: query, headers: all, authority: host + ":8443", host: host, remoteAddress: address,
      connection: connection, identifiers: RequestIdentifiers(request: random.guid(), client: "client-1"), body: PiecesBody(Array(body.utf8)))
  }

  func send(_ request: EdgeRequest) async throws -> Answer {
    try await Answer(await endpoint.respond(to: request))
  }

  /// The request with the headers that Shared Key needs, signed as a client signs.
  func signed(_ request: EdgeRequest, key: SymmetricKey, account: String = "acct", isLite: Bool = false) -> EdgeRequest {
    var request = request
    if request.headers.first(name: "x-ms-date") == nil { request.headers.add(name: "x-ms-date", value: clock.now().httpDate) }
    if request.headers.first(name: "x-ms-version") == nil { request.headers.add(name: "x-ms-version", value: "2025-05-05") }
    if let length = request.body.length, length > 0 { request.headers.replaceOrAdd(name: "Content-Length", value: String(length)) }
    let signed = SharedKey.SignedRequest(
      method: request.method.rawValue, path: request.path, query: request.query, headers: request.headers.map { ($0.name, $0.value) },
      account: account, version: request.headers.first(name: "x-ms-version") ?? "")
    let isTable = request.host.contains(".table.") || request.connection.portService == "table"
    let text =
      switch (isTable, isLite) {
      case (true, true): SharedKey.tableLiteStringToSign(signed)
      case (true, false): SharedKey.tableStringToSign(signed)
      case (false, true): SharedKey.liteStringToSign(signed)
      case (false, false): SharedKey.stringToSign(signed)
      }
    let scheme = isLite ? "SharedKeyLite" : "SharedKey"
    request.headers.replaceOrAdd(name: "Authorization", value: "\(scheme) \(account):\(SharedKey.signature(of: text, key: key))")
    return request
  }

  /// An account `acct` with a container `con` in it, and its keys.
  func makeAccount(_ properties: JSON = [:], container: [(String, String)] = []) async throws -> (resource: Resource, keys: [SymmetricKey]) {
    let resource = try await put(id("acct"), Self.body(properties))
    let keys = try await keys(resource)
    let create = try request(.PUT, "/con", "restype=container", container)
    let answer = try await send(signed(create, key: keys[0]))
    #expect(answer.status == 201, "\(answer)")
    return (resource, keys)
  }

  /// A query that carries a signature over these fields, valid for an hour from now unless they say otherwise.
  func signature(
    _ fields: [(String, String)], container: String = "", blob: String = "", service: SharedAccessSignature.Service = .blob, key: SymmetricKey
  ) throws -> String {
    var all = fields.map { (name: $0.0, value: $0.1) }
    if !all.contains(where: { $0.name == "se" || $0.name == "si" }) { all.append(("se", clock.now().advanced(by: .seconds(3600)).iso8601)) }
    if !all.contains(where: { $0.name == "sv" }) { all.append(("sv", "2025-05-05")) }
    return try SharedAccessSignature.query(signing: all, .init(account: "acct", container: container, blob: blob), service: service, key: key)
  }
}

/// Principals by token and by id.
final class People: TokenVerifier, PrincipalResolver {
  private let people = Mutex<[String: Principal]>([:])
  private let failures = Mutex<[String: TokenError]>([:])

  func add(_ principal: Principal, token: String) {
    people.withLock { $0[token] = principal }
  }

  func remove(token: String) {
    people.withLock { $0[token] = nil }
  }

  func fail(_ token: String, _ error: TokenError) {
    failures.withLock { $0[token] = error }
  }

  func principal(bearer token: String, audiences: [String]) async throws -> Principal {
    let expected = ["blob", "queue", "table"].map { service in
      ["https://storage.azure.com"] + ["cloud.test:8443", "cloud.test", "windows.net"].map { "https://acct.\(service).core.\($0)" }
    }
    #expect(expected.contains(audiences))
    if let failure = failures.withLock({ $0[token] }) { throw failure }
    guard let principal = people.withLock({ $0[token] }) else { throw TokenError.badSignature }
    return principal
  }

  func principal(tenant: GUID, objectID: GUID) async throws -> Principal? {
    people.withLock { $0.values.first { $0.tenant == tenant && $0.objectID == objectID } }
  }

  func principalType(tenant: GUID, objectID: GUID) async throws -> PrincipalType? { .user }
}
