import Access
import Base
import Edge
import Extents
import Keyring
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

/// The blob service without sockets, on a directory of its own: real records and extents, a clock that the test moves, and a caller
/// whom the test chooses.
final class StorageFixture: Sendable {
  static let account = "acct"
  let tenant: GUID
  let clock = ManualClock()
  let random: SeededRandom
  let directory = ScratchDirectory()
  let records: SQLiteRecordStore
  let keyring: Keyring
  let extents: ExtentStore
  let endpoint: StorageEndpoint
  let caller: Caller
  let accounts: StorageAccounts
  let customers: CustomerKeyring?
  private let provider: StorageProvider

  init(seed: UInt64 = 1, limits: StorageLimits = StorageLimits(), customerKeys: (any CustomerKeys)? = nil) async throws {
    random = SeededRandom(seed: seed)
    tenant = random.guid()
    records = try SQLiteRecordStore(path: directory("records"))
    keyring = Keyring(rootKey: try RootKey(creatingAt: directory("root.key"), random: random), random: random, clock: clock)
    let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    extents = try await ExtentStore(
      disk: try PosixDisk(path: directory("extents")), records: records, keyring: keyring, random: random, logger: logger)
    customers = customerKeys.map { [keyring, records, clock] in
      CustomerKeyring(keyring: keyring, records: records, keys: $0, clock: clock, logger: logger)
    }
    accounts = StorageAccounts(records: records, keyring: keyring, customers: customers)
    caller = Caller(tenant: tenant)
    let address = CloudAddress(domain: "cloud.test", port: 443)
    provider = StorageProvider(accounts: accounts, random: random, address: address, locations: ["paris"])
    endpoint = StorageEndpoint(
      accounts: accounts, extents: extents, verifier: caller, principals: caller, authorizer: caller, address: address, clock: clock,
      random: random, limits: limits, logger: logger)
    try await makeAccount(Self.account)
  }

  func makeAccount(_ name: String) async throws {
    let subscription = GUID(high: 1, low: 1)
    let id = try #require(ResourceID("/subscriptions/\(subscription)/resourceGroups/rg/providers/Microsoft.Storage/storageAccounts/\(name)"))
    let type = try #require(provider.types.first { $0.descriptor.type == "Microsoft.Storage/storageAccounts" })
    let context = OperationContext(
      principal: caller.principal, tenant: tenant, subscription: subscription, correlationID: random.guid(), now: clock.now(),
      apiVersion: "2025-08-01")
    let body: JSON = [
      "location": "paris", "kind": "StorageV2", "sku": ["name": "Standard_LRS"], "properties": ["allowBlobPublicAccess": true],
    ]
    let change = ResourceChange(method: .put, id: id, body: body, existing: nil, context: context)
    try await records.write { _ = try type.put(change, in: $0) }
  }

  func deleteAccount(_ name: String) async throws {
    let subscription = GUID(high: 1, low: 1)
    let id = try #require(ResourceID("/subscriptions/\(subscription)/resourceGroups/rg/providers/Microsoft.Storage/storageAccounts/\(name)"))
    let type = try #require(provider.types.first { $0.descriptor.type == "Microsoft.Storage/storageAccounts" })
    let context = OperationContext(
      principal: caller.principal, tenant: tenant, subscription: subscription, correlationID: random.guid(), now: clock.now(),
      apiVersion: "2025-08-01")
    let resource = Resource(
      tenant: tenant, id: id, location: "paris", etag: random.guid(), createdTime: clock.now(), changedTime: clock.now())
    try await records.write { try type.delete(resource, context: context, in: $0) }
  }

  /// A request for `path` below the account, by a bearer of a token.
  func request(
    _ method: HTTPMethod, _ path: String, _ query: [(name: String, value: String)] = [], _ headers: [(String, String)] = [],
    body: any EdgeBody = EmptyBody(), account: String = StorageFixture.account
  ) -> EdgeRequest {
    var all: HTTPHeaders = ["x-ms-version": "2025-05-05", "Authorization": "Bearer token"]
    for (name, value) in headers { all.add(name: name, value: value) }
    return EdgeRequest(
      method: method, path: "/" + percentEncoded(path, keeping: "/"), query: Query(items: query), headers: all,
      authority: "\(account).blob.core.cloud.test", host: "\(account).blob.core.cloud.test",
      identifiers: RequestIdentifiers(request: random.guid()), body: body)
  }

  @discardableResult
  func send(
    _ method: HTTPMethod, _ path: String, _ query: [(name: String, value: String)] = [], _ headers: [(String, String)] = [],
    body: any EdgeBody = EmptyBody(), account: String = StorageFixture.account
  ) async throws -> Answer {
    try await Answer(await endpoint.respond(to: request(method, path, query, headers, body: body, account: account)))
  }

  func makeContainer(_ name: String = "con") async throws {
    let answer = try await send(.PUT, name, [("restype", "container")])
    #expect(answer.status == 201, "\(answer)")
  }

  /// Put Blob.
  @discardableResult
  func put(_ path: String, _ bytes: [UInt8], _ headers: [(String, String)] = []) async throws -> Answer {
    try await send(.PUT, path, [], [("x-ms-blob-type", "BlockBlob")] + headers, body: PiecesBody(bytes))
  }

  @discardableResult
  func putBlock(_ path: String, _ id: String, _ bytes: [UInt8], _ headers: [(String, String)] = []) async throws -> Answer {
    try await send(.PUT, path, [("comp", "block"), ("blockid", Base64.encode(id.utf8))], headers, body: PiecesBody(bytes))
  }

  /// Put Block List of `(element, block id)` pairs.
  @discardableResult
  func putBlockList(_ path: String, _ blocks: [(String, String)], _ headers: [(String, String)] = []) async throws -> Answer {
    let list = blocks.map { "<\($0.0)>\(Base64.encode($0.1.utf8))</\($0.0)>" }.joined()
    let document = Array("<?xml version=\"1.0\" encoding=\"utf-8\"?><BlockList>\(list)</BlockList>".utf8)
    return try await send(.PUT, path, [("comp", "blocklist")], headers, body: PiecesBody(document))
  }

  /// Purges until nothing is left to purge.
  func purge() async throws {
    for _ in 0..<1000 where try await endpoint.purge() {
      // A round may leave tasks for the next.
      if try await count("storage.purge") == 0 { return }
    }
    Issue.record("the purge did not end")
  }

  /// The entries of the record store whose key holds this text: a kind's records and index entries, in all tenants.
  func count(_ text: String) async throws -> Int {
    try await records.read { reader in
      let all = try reader.entries(in: KeyBytes([])..<KeyBytes(Array(repeating: 0xFF, count: 64)), limit: 1_000_000, reversed: false)
      let wanted = Array(text.utf8)
      return all.count { entry in entry.key.indices.contains { entry.key[$0...].starts(with: wanted) } }
    }
  }

  /// Bytes that no two seeds share.
  func bytes(_ count: Int) -> [UInt8] {
    random.bytes(count)
  }
}

/// Whoever the test says, allowed to do everything or nothing.
final class Caller: TokenVerifier, PrincipalResolver, Authorizer {
  private let state: Mutex<(principal: Principal, decision: Decision)>

  init(tenant: GUID) {
    state = Mutex((Principal(kind: .servicePrincipal, tenant: tenant, objectID: GUID(high: 2, low: 2), name: "tester"), .allowed))
  }

  var principal: Principal { state.withLock { $0.principal } }

  func become(_ kind: Principal.Kind) {
    state.withLock { $0.principal.kind = kind }
  }

  func principal(bearer token: String, audiences: [String]) async throws -> Principal { principal }
  func principal(tenant: GUID, objectID: GUID) async throws -> Principal? { principal }
  func principalType(tenant: GUID, objectID: GUID) async throws -> PrincipalType? { .servicePrincipal }
  func decide(_ principal: Principal, _ action: Action, on scope: AccessScope) async throws -> Decision { state.withLock { $0.decision } }
}

/// A body in pieces, which may end before its announced length or break.
final class PiecesBody: EdgeBody {
  struct Broken: Error {}

  let length: Int?
  private let breaks: Bool
  private let rest: Mutex<ArraySlice<UInt8>>
  private let pieceBytes: Int

  init(_ bytes: [UInt8], length: Int? = nil, isChunked: Bool = false, breaks: Bool = false, pieceBytes: Int = 50_000) {
    self.length = isChunked ? nil : length ?? bytes.count
    self.breaks = breaks
    self.pieceBytes = pieceBytes
    rest = Mutex(bytes[...])
  }

  func next() async throws -> ByteBuffer? {
    let piece = rest.withLock { rest in
      defer { rest = rest.dropFirst(pieceBytes) }
      return rest.prefix(pieceBytes)
    }
    if piece.isEmpty && breaks { throw Broken() }
    return piece.isEmpty ? nil : ByteBuffer(bytes: piece)
  }
}

/// An answer with its body taken to the end.
struct Answer: CustomStringConvertible {
  var status: Int
  var headers: HTTPHeaders
  var body: [UInt8] = []
  /// What GET would have sent, for HEAD.
  var length: Int
  var failure: (any Error)?

  init(_ response: EdgeResponse) async throws {
    status = Int(response.status.code)
    headers = response.headers
    switch response.body {
    case .bytes(let bytes):
      body = Array(bytes.readableBytesView)
      length = body.count
    case .head(let length):
      self.length = length
    case .stream(let announced, let source):
      do {
        while let piece = try await source.next() { body += Array(piece.readableBytesView) }
      } catch {
        failure = error
      }
      length = announced ?? body.count
    }
  }

  subscript(name: String) -> String? { headers.first(name: name) }
  var code: String? { self["x-ms-error-code"] }
  var text: String { String(decoding: body, as: UTF8.self) }
  var description: String { "\(status) \(code ?? "") \(text.prefix(300))" }

  /// The document, parsed.
  func xml() throws -> XMLElement { try XMLElement(parsing: body) }
}

extension XMLElement {
  /// The element at a path of names below this one.
  func at(_ path: String...) throws -> XMLElement {
    try path.reduce(self) { element, name in try #require(element.child(name), "\(name)") }
  }
}
