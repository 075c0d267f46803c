internal import Base
internal import Records

/// Removes, in bounded steps, what is left of queues that are gone, and messages whose time is over.
enum QueuePurge {
  /// Queues or messages of one step.
  static let maximumRecordsPerStep = 64

  /// The messages of each queue of an account become a task of their own. True when none is left.
  static func purge(account partition: String, tenant: GUID, contents: BlobContents, in transaction: RecordTransaction) throws -> Bool {
    let queues = try transaction.list(Queue.self, under: RecordKey(tenant: tenant, partition), limit: maximumRecordsPerStep)
    for queue in queues {
      try transaction.remove(Queue.self, queue.key)
      try contents.schedule(.messages(queue.messages), tenant: tenant, in: transaction)
    }
    return queues.count < maximumRecordsPerStep
  }

  /// Removes what is filed under a `Queue.messages`. True when nothing is left.
  static func purge(messages: GUID, tenant: GUID, in transaction: RecordTransaction) throws -> Bool {
    let parent = RecordKey(tenant: tenant, messages.description)
    guard try transaction.removeAll(QueueMessage.self, under: parent, limit: maximumRecordsPerStep) < maximumRecordsPerStep else { return false }
    return try transaction.removeAll(QueueCount.self, under: parent, limit: QueueLanes.count + 1) <= QueueLanes.count
  }

  /// Removes a step's worth of messages that have expired. True when none is left.
  static func expire(at now: Timestamp, in records: any RecordStore) async throws -> Bool {
    // Looked for outside of the transaction: messages that are put meanwhile and expire soon are no conflict.
    let expired = try await records.read { reader in
      let first = try oldest(1, at: now, in: reader)
      return first.isEmpty ? [] : try oldest(maximumRecordsPerStep, at: now, in: reader)
    }
    guard !expired.isEmpty else { return true }
    try await records.write { transaction in
      for candidate in expired {
        guard let message = try transaction.fetch(QueueMessage.self, candidate.key), message.isExpired(at: now) else { continue }
        try transaction.remove(QueueMessage.self, message.key)
        try QueueCount.add(-1, lane: QueueLanes.purge, messages: message.messages, tenant: message.tenant, in: transaction)
      }
    }
    return expired.count < maximumRecordsPerStep
  }

  private static func oldest(_ limit: Int, at now: Timestamp, in reader: any RecordReader) throws -> [QueueMessage] {
    let oldest = try reader.list(QueueMessage.self, index: QueueMessage.expiryIndex, [], tenant: .zero, limit: limit)
    return Array(oldest.prefix { $0.isExpired(at: now) })
  }
}
