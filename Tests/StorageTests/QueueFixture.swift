import Base
import Edge
import Extents
import Keyring
import Logging
import NIOHTTP1
import Records
import Simulation
import Storage
import Testing
import Wire

#if canImport(FoundationEssentials)
  import FoundationEssentials
#endif

/// The queue service of a `StorageFixture`, which can be killed and started again.
final class QueueFixture: Sendable {
  let fixture: StorageFixture
  let records: SQLiteRecordStore
  let endpoint: StorageEndpoint
  private let directory: ScratchDirectory

  init() async throws {
    fixture = try await StorageFixture()
    records = fixture.records
    endpoint = fixture.endpoint
    directory = fixture.directory
  }

  var clock: ManualClock { fixture.clock }

  /// The service as it comes up after the process was killed: with the files as they are at this moment, and nothing that was in memory.
  func killed() async throws -> QueueFixture {
    try await QueueFixture(after: self)
  }

  private init(after killed: QueueFixture) async throws {
    fixture = killed.fixture
    directory = ScratchDirectory()
    for suffix in ["", "-wal"] {
      try FileManager.default.copyItem(atPath: killed.directory("records\(suffix)"), toPath: directory("records\(suffix)"))
    }
    records = try SQLiteRecordStore(path: directory("records"))
    let keyring = Keyring(rootKey: try RootKey(readingFrom: fixture.directory("root.key")), random: fixture.random)
    let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    // Messages lie in records alone.
    let extents = try await ExtentStore(
      disk: try PosixDisk(path: directory("extents")), records: records, keyring: keyring, random: fixture.random, logger: logger)
    endpoint = StorageEndpoint(
      accounts: StorageAccounts(records: records, keyring: keyring), extents: extents, verifier: fixture.caller, principals: fixture.caller,
      authorizer: fixture.caller, address: CloudAddress(domain: "cloud.test", port: 443), clock: fixture.clock, random: fixture.random,
      logger: logger)
  }

  /// A request to the queue service, by a bearer of a token.
  @discardableResult
  func send(
    _ method: HTTPMethod, _ path: String, _ query: [(name: String, value: String)] = [], _ headers: [(String, String)] = [], body: [UInt8] = []
  ) async throws -> Answer {
    var request = fixture.request(method, path, query, headers, body: body.isEmpty ? EmptyBody() : PiecesBody(body))
    request.host = "\(StorageFixture.account).queue.core.cloud.test"
    request.authority = request.host
    return try await Answer(await endpoint.respond(to: request))
  }

  func makeQueue(_ name: String = "jobs") async throws {
    let answer = try await send(.PUT, name)
    #expect(answer.status == 201, "\(answer)")
  }

  struct Message: Equatable {
    var id: String
    var text: String
    var receipt: String
    var dequeueCount: Int
    var inserted: String
    var expires: String
    var nextVisible: String

    init(_ element: XMLElement) {
      func text(_ name: String) -> String { element.child(name)?.text ?? "" }
      id = text("MessageId")
      self.text = text("MessageText")
      receipt = text("PopReceipt")
      dequeueCount = Int(text("DequeueCount")) ?? -1
      inserted = text("InsertionTime")
      expires = text("ExpirationTime")
      nextVisible = text("TimeNextVisible")
    }
  }

  static func document(_ text: String) -> [UInt8] {
    var writer = XMLWriter()
    writer.element("QueueMessage") { writer in writer.element("MessageText", text) }
    return writer.bytes
  }

  @discardableResult
  func put(_ text: String, hiddenSeconds: Int? = nil, lifeSeconds: Int? = nil, queue: String = "jobs") async throws -> Message {
    var query: [(name: String, value: String)] = []
    if let hiddenSeconds { query.append(("visibilitytimeout", String(hiddenSeconds))) }
    if let lifeSeconds { query.append(("messagettl", String(lifeSeconds))) }
    let answer = try await send(.POST, "\(queue)/messages", query, body: Self.document(text))
    #expect(answer.status == 201, "\(answer)")
    return Message(try answer.xml().at("QueueMessage"))
  }

  func get(_ count: Int = 1, hiddenSeconds: Int = 30, queue: String = "jobs") async throws -> [Message] {
    let query = [(name: "numofmessages", value: String(count)), (name: "visibilitytimeout", value: String(hiddenSeconds))]
    let answer = try await send(.GET, "\(queue)/messages", query)
    #expect(answer.status == 200, "\(answer)")
    return try answer.xml().children.map { Message($0) }
  }

  func peek(_ count: Int = 32, queue: String = "jobs") async throws -> [String] {
    let answer = try await send(.GET, "\(queue)/messages", [("peekonly", "true"), ("numofmessages", String(count))])
    #expect(answer.status == 200, "\(answer)")
    return try answer.xml().children.map { Message($0).text }
  }

  @discardableResult
  func delete(_ message: Message, queue: String = "jobs") async throws -> Answer {
    try await send(.DELETE, "\(queue)/messages/\(message.id)", [("popreceipt", message.receipt)])
  }

  /// The approximate number of messages.
  func count(queue: String = "jobs") async throws -> Int {
    let answer = try await send(.GET, queue, [("comp", "metadata")])
    return Int(try #require(answer["x-ms-approximate-messages-count"])) ?? -1
  }
}
