internal import Base
internal import Edge
internal import Keyring
internal import NIOCore
internal import NIOHTTP1
internal import Records
internal import Wire

/// The operations on the messages of a queue.
struct MessageOperations: Sendable {
  private let records: any RecordStore
  private let keyring: Keyring
  private let contents: BlobContents
  private let random: any RandomSource
  private let clock: QueueClock
  private let lanes = QueueLanes()
  private let turns = DequeueTurns()
  private let dequeue: Dequeue

  init(_ services: StorageServices) {
    records = services.records
    keyring = services.keyring
    contents = BlobContents(services)
    random = services.random
    clock = QueueClock(services.clock)
    dequeue = Dequeue(records: services.records, clock: clock, lanes: lanes, random: services.random)
  }

  /// Messages that one request takes or looks at.
  private static let messagesPerRequest = 1...32
  private static let defaultTimeToLiveSeconds = 7 * 86400
  private static let defaultVisibilitySeconds = 30
  /// The oldest version whose Put Message tells what it made of the message.
  private static let oldestPutAnswerVersion = "2016-05-31"

  /// Source: Microsoft, "Put Message", REST reference.
  @Sendable
  func put(_ call: StorageCall) async throws -> EdgeResponse {
    let lifetime = try call.timeToLive(defaultSeconds: Self.defaultTimeToLiveSeconds)
    let visibility = try call.visibilityTimeout(atLeast: 0) ?? 0
    if let lifetime, visibility >= lifetime {
      throw StorageError.outOfRangeQueryParameterValue("visibilitytimeout", String(visibility), minimum: 0, maximum: lifetime - 1)
    }
    let text = try Self.text(of: try await call.messageDocument(), call)
    let id = contents.makeID(at: call.now)
    let (message, moment) = try await lanes.with { lane in
      try await records.write { [clock, keyring, random] transaction in
        let queue = try Queue.require(call, in: transaction)
        let moment = try clock.now(in: transaction)
        let message = QueueMessage(
          tenant: queue.tenant, messages: queue.messages, id: id, order: clock.nextOrder(at: moment), inserted: moment.time,
          visible: moment.time.advanced(by: .seconds(visibility)), expires: lifetime.map { moment.time.advanced(by: .seconds($0)) },
          receipt: random.guid(), dequeueCount: 0,
          sealed: try keyring.sealPayload(text, id: id, key: call.account.dataKey, tenant: queue.tenant, in: transaction))
        try transaction.save(message)
        try QueueCount.add(1, lane: lane, messages: queue.messages, tenant: queue.tenant, in: transaction)
        try clock.keep(moment, in: transaction)
        return (message, moment)
      }
    }
    guard call.version >= Self.oldestPutAnswerVersion else { return EdgeResponse(.created) }
    return Self.list([message], .created) { message, writer in
      Self.writeState(message, moment, to: &writer)
      Self.writeReceipt(message, moment, to: &writer)
    }
  }

  /// Source: Microsoft, "Get Messages", REST reference.
  @Sendable
  func get(_ call: StorageCall) async throws -> EdgeResponse {
    let wish = DequeueTurns.Wish(
      count: try call.messageCount(in: Self.messagesPerRequest),
      visibilitySeconds: Int64(try call.visibilityTimeout(atLeast: 1) ?? Self.defaultVisibilitySeconds))
    let taken = try await turns.take(wish, from: Queue.key(call.account, name: call.container)) { wishes in
      try await dequeue.serve(wishes, call)
    }
    let texts = try await texts(of: taken.messages, call)
    return Self.list(Array(zip(taken.messages, texts)), .ok) { entry, writer in
      Self.writeState(entry.0, taken.moment, to: &writer)
      Self.writeReceipt(entry.0, taken.moment, to: &writer)
      writer.element("DequeueCount", entry.0.dequeueCount)
      writer.element("MessageText", entry.1)
    }
  }

  /// Source: Microsoft, "Peek Messages", REST reference.
  @Sendable
  func peek(_ call: StorageCall) async throws -> EdgeResponse {
    let seen = try await dequeue.peek(try call.messageCount(in: Self.messagesPerRequest), call)
    let texts = try await texts(of: seen.messages, call)
    return Self.list(Array(zip(seen.messages, texts)), .ok) { entry, writer in
      Self.writeState(entry.0, seen.moment, to: &writer)
      writer.element("DequeueCount", entry.0.dequeueCount)
      writer.element("MessageText", entry.1)
    }
  }

  /// Source: Microsoft, "Update Message", REST reference.
  @Sendable
  func update(_ call: StorageCall) async throws -> EdgeResponse {
    let receipt = try call.popReceipt()
    guard let visibility = try call.visibilityTimeout(atLeast: 0) else { throw StorageError.missingRequiredQueryParameter("visibilitytimeout") }
    let document = try await call.messageDocument()
    // Without a document the text stays.
    let text = document.isEmpty ? nil : try Self.text(of: document, call)
    let (message, moment) = try await records.write { [clock, keyring, random] transaction in
      let queue = try Queue.require(call, in: transaction)
      let moment = try clock.now(in: transaction)
      var message = try QueueMessage.require(call, receipt: receipt, in: queue, at: moment.time, transaction)
      let visible = moment.time.advanced(by: .seconds(visibility))
      if let expires = message.expires, visible > expires {
        let rest = Int((expires.microseconds - moment.time.microseconds) / 1_000_000)
        throw StorageError.outOfRangeQueryParameterValue("visibilitytimeout", String(visibility), minimum: 0, maximum: rest)
      }
      message.visible = visible
      message.receipt = random.guid()
      if let text {
        message.sealed = try keyring.sealPayload(text, id: message.id, key: call.account.dataKey, tenant: queue.tenant, in: transaction)
      }
      try transaction.save(message)
      try clock.keep(moment, in: transaction)
      return (message, moment)
    }
    return EdgeResponse(
      .noContent, headers: ["x-ms-popreceipt": message.receiptText, "x-ms-time-next-visible": moment.shown(message.visible)])
  }

  /// Source: Microsoft, "Delete Message", REST reference.
  @Sendable
  func delete(_ call: StorageCall) async throws -> EdgeResponse {
    let receipt = try call.popReceipt()
    try await lanes.with { lane in
      try await records.write { [clock] transaction in
        let queue = try Queue.require(call, in: transaction)
        let message = try QueueMessage.require(call, receipt: receipt, in: queue, at: try clock.now(in: transaction).time, transaction)
        try transaction.remove(QueueMessage.self, message.key)
        try QueueCount.add(-1, lane: lane, messages: queue.messages, tenant: queue.tenant, in: transaction)
      }
    }
    return EdgeResponse(.noContent)
  }

  // MARK: Texts and documents

  /// The text that the document of Put Message and Update Message brings.
  private static func text(of document: [UInt8], _ call: StorageCall) throws -> [UInt8] {
    let root = try XMLElement(parsing: document)
    guard root.name == "QueueMessage" else { throw StorageError.invalidXmlDocument }
    guard let text = root.child("MessageText")?.text else { throw StorageError.missingRequiredXmlNode("MessageText") }
    let bytes = Array(text.utf8)
    guard bytes.count <= QueueMessage.maximumTextBytes else { throw StorageError.requestBodyTooLarge(maximumBytes: QueueMessage.maximumTextBytes) }
    return bytes
  }

  private func texts(of messages: [QueueMessage], _ call: StorageCall) async throws -> [String] {
    guard !messages.isEmpty else { return [] }
    return try await records.read { [keyring] reader in
      try messages.map { message in
        let bytes = try keyring.openPayload(message.sealed, id: message.id, key: call.account.dataKey, tenant: message.tenant, in: reader)
        return String(decoding: bytes, as: UTF8.self)
      }
    }
  }

  private static func list<Entry>(_ entries: [Entry], _ status: HTTPResponseStatus, _ write: (Entry, inout XMLWriter) -> Void) -> EdgeResponse {
    var writer = XMLWriter(reserving: 256 + entries.count * 1024)
    writer.element("QueueMessagesList") { writer in
      for entry in entries { writer.element("QueueMessage") { writer in write(entry, &writer) } }
    }
    return EdgeResponse(
      status, headers: ["Content-Type": "application/xml", "Cache-Control": "no-cache"], body: .bytes(ByteBuffer(bytes: writer.bytes)))
  }

  private static func writeState(_ message: QueueMessage, _ moment: QueueMoment, to writer: inout XMLWriter) {
    writer.element("MessageId", message.id.description)
    writer.element("InsertionTime", moment.shown(message.inserted))
    writer.element("ExpirationTime", moment.shown(message.expires))
  }

  private static func writeReceipt(_ message: QueueMessage, _ moment: QueueMoment, to writer: inout XMLWriter) {
    writer.element("PopReceipt", message.receiptText)
    writer.element("TimeNextVisible", moment.shown(message.visible))
  }
}
