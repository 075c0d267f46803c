import Access
import Base
import Edge
import Foundation
import Keyring
import Ledger
import LedgerService
import Logging
import NIOCore
import NIOHTTP1
import Records
import ResourceManager
import Simulation
import Synchronization
import Testing
import Wire

/// Ledgers with real keys over real records, and people that the test names by their tokens.
final class LedgerServiceFixture: Sendable {
  static let address = CloudAddress(domain: "cloud.test", port: 8443)
  static let authority = "-----BEGIN CERTIFICATE-----\nZZZZ\n-----END CERTIFICATE-----\n"

  let tenant: GUID
  let subscription: GUID
  let clock = ManualClock()
  let random: SeededRandom
  let records: SQLiteRecordStore
  let keyring: Keyring
  let people = LedgerPeople()
  let ledgers: ConfidentialLedgers
  let provider: ConfidentialLedgerProvider
  let endpoint: LedgerServiceEndpoint
  let identityService: LedgerIdentityEndpoint
  /// Makes ledgers; its token is `owner`.
  let owner: Principal
  private let directory: ScratchDirectory

  /// Over the records of an earlier one where there is one, as after a restart.
  init(after earlier: LedgerServiceFixture? = nil, seed: UInt64 = 7) async throws {
    directory = earlier?.directory ?? ScratchDirectory()
    random = SeededRandom(seed: earlier == nil ? seed : seed + 1)
    tenant = earlier?.tenant ?? random.guid()
    subscription = earlier?.subscription ?? random.guid()
    owner = earlier?.owner ?? Principal(kind: .user, tenant: tenant, objectID: random.guid(), name: "owner")
    records = try SQLiteRecordStore(path: directory("records"))
    let rootKey = earlier == nil ? try RootKey(creatingAt: directory("root.key"), random: random) : try RootKey(readingFrom: directory("root.key"))
    keyring = Keyring(rootKey: rootKey, random: random)
    let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    ledgers = ConfidentialLedgers(records: records, keyring: keyring, random: random)
    provider = ConfidentialLedgerProvider(ledgers: ledgers, address: Self.address)
    endpoint = LedgerServiceEndpoint(ledgers: ledgers, verifier: people, address: Self.address, clock: clock, logger: logger)
    identityService = LedgerIdentityEndpoint(ledgers: ledgers, authority: Self.authority, logger: logger)
    people.add(owner, token: "owner")
  }

  // MARK: Resource Manager's part

  var type: any ResourceType {
    get throws { try #require(provider.types.first) }
  }

  func id(_ name: String) -> ResourceID {
    ResourceID(subscription: subscription, resourceGroup: "rg", "Microsoft.ConfidentialLedger", ("ledgers", name))
  }

  func context(_ principal: Principal? = nil) -> OperationContext {
    let principal = principal ?? owner
    return OperationContext(
      principal: principal, tenant: principal.tenant, subscription: subscription, correlationID: random.guid(), now: clock.now(),
      apiVersion: "2022-05-13")
  }

  @discardableResult
  func put(_ name: String, _ properties: JSON = [:], by principal: Principal? = nil) async throws -> Resource {
    let (context, type, id) = (context(principal), try type, id(name))
    return try await records.write { transaction in
      let existing = try transaction.fetch(Resource.self, Resource.key(tenant: context.tenant, id))
      let change = ResourceChange(
        method: .put, id: id, body: ["location": "paris", "properties": properties], existing: existing, context: context)
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

  // MARK: Requests

  struct Answer: CustomStringConvertible {
    var status: Int
    var headers: HTTPHeaders
    var json: JSON

    var code: String? { json["error"]?["code"]?.string }
    var transaction: String? { headers.first(name: "x-ms-ccf-transaction-id") }
    var description: String { "\(status) \(String(decoding: json.bytes, as: UTF8.self))" }
  }

  func send(
    _ method: HTTPMethod, _ path: String, _ query: String = "", body: String = "", contentType: String = "application/json", token: String? = "owner",
    ledger: String = "acme", service: (any EdgeService)? = nil
  ) async throws -> Answer {
    var headers = HTTPHeaders()
    if let token { headers.add(name: "Authorization", value: "Bearer \(token)") }
    if !body.isEmpty { headers.add(name: "Content-Type", value: contentType) }
    let host = "\(ledger).ledger.cloud.test"
    let request = EdgeRequest(
      method: method, path: path, query: try #require(Query(parsing: "api-version=2022-05-13" + (query.isEmpty ? "" : "&\(query)"))),
      headers: headers, authority: host + ":8443", host: host, identifiers: RequestIdentifiers(request: random.guid()), body: TextBody(body))
    let response = await (service ?? endpoint).respond(to: request)
    guard case .bytes(let bytes) = response.body else { throw UnexpectedBody() }
    let json = bytes.readableBytes == 0 ? JSON.null : try JSON(parsing: bytes.readableBytesView)
    return Answer(status: Int(response.status.code), headers: response.headers, json: json)
  }

  struct UnexpectedBody: Error {}

  /// Appends an entry and gives its transaction.
  @discardableResult
  func append(_ contents: String, _ query: String = "", token: String = "owner", ledger: String = "acme") async throws -> String {
    let body = JSON.object(["contents": .string(contents)])
    let answer = try await send(
      .POST, "/app/transactions", query, body: String(decoding: body.bytes, as: UTF8.self), token: token, ledger: ledger)
    #expect(answer.status == 200, "\(answer)")
    return try #require(answer.transaction)
  }

  /// A principal of the tenant that is no user of any ledger yet.
  func person(_ token: String, tenant: GUID? = nil) -> Principal {
    let principal = Principal(kind: .user, tenant: tenant ?? self.tenant, objectID: random.guid(), name: token)
    people.add(principal, token: token)
    return principal
  }

  /// Makes somebody a user with a role.
  func grant(_ role: String, to principal: Principal, ledger: String = "acme") async throws {
    let answer = try await send(.PATCH, "/app/users/\(principal.objectID)", body: #"{"assignedRole":"\#(role)"}"#, ledger: ledger)
    #expect(answer.status == 200, "\(answer)")
  }
}

/// Principals by token.
final class LedgerPeople: TokenVerifier {
  private let people = Mutex<[String: Principal]>([:])

  func add(_ principal: Principal, token: String) { people.withLock { $0[token] = principal } }

  func principal(bearer token: String, audiences: [String]) async throws -> Principal {
    #expect(audiences == ["https://ledger.cloud.test:8443", "https://confidential-ledger.azure.com"])
    guard let principal = people.withLock({ $0[token] }) else { throw TokenError.badSignature }
    return principal
  }
}

/// A body that is there at once.
private final class TextBody: EdgeBody {
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
