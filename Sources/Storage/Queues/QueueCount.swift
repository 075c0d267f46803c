internal import Base
internal import Records
internal import Synchronization

/// A part of the number of messages in a queue. The number is the sum of the parts: one record for all would make every put wait for every other.
struct QueueCount: Record, Sendable {
  static let kind = "storage.queueCount"

  var tenant: GUID
  /// `Queue.messages`.
  var messages: GUID
  /// Which part.
  var lane: Int
  /// Below zero where more messages were removed by way of this part than were added.
  var count: Int

  var key: RecordKey { RecordKey(tenant: tenant, messages.description, String(lane)) }

  /// The number of messages in a queue, those included that nobody can take at the moment.
  static func total(_ queue: Queue, in reader: any RecordReader) throws -> Int {
    let parts = try reader.list(
      QueueCount.self, under: RecordKey(tenant: queue.tenant, queue.messages.description), limit: QueueLanes.count + 1)
    return max(0, parts.reduce(0) { $0 + $1.count })
  }

  static func add(_ number: Int, lane: Int, messages: GUID, tenant: GUID, in transaction: RecordTransaction) throws {
    guard number != 0 else { return }
    var part = QueueCount(tenant: tenant, messages: messages, lane: lane, count: 0)
    part.count = (try transaction.fetch(QueueCount.self, part.key)?.count ?? 0) + number
    try transaction.save(part)
  }
}

extension QueueCount {
  func encode(to writer: inout ByteWriter) {
    writer.guid(tenant)
    writer.guid(messages)
    writer.integer(lane)
    writer.integer(count)
  }

  init(from reader: inout ByteReader, format: UInt8) throws {
    tenant = try reader.guid()
    messages = try reader.guid()
    lane = try reader.integer()
    count = try reader.integer()
  }
}

/// Gives each change that is under way a part of the count to itself, so that no two of them conflict over it.
final class QueueLanes: Sendable {
  /// As many as commits share an fsync.
  static let count = RecordLimits.maximumCommitsPerBatch
  /// The purger's own.
  static let purge = count

  private let free = Mutex<[Int]>((0..<count).reversed())

  /// Runs a change with a part that nobody else has; beyond `count` changes at a time they share one, and run again where they meet.
  func with<Result: Sendable>(_ change: (_ lane: Int) async throws -> Result) async throws -> Result {
    let lane = free.withLock { $0.popLast() }
    defer { if let lane { free.withLock { $0.append(lane) } } }
    return try await change(lane ?? Self.count - 1)
  }
}
