internal import Base
internal import Records
internal import Wire

/// A queue of messages.
struct Queue: Record, Sendable {
  static let kind = "storage.queue"

  var tenant: GUID
  /// The account's (`StorageAccount.partition`).
  var partition: String
  var name: String
  /// What its messages are filed under. It changes when the queue is cleared, and a queue that is made again under an old name has another one: both begin
  /// empty while the old messages are still being purged.
  var messages: GUID
  var createdTime: Timestamp
  var metadata: Metadata
  var policies: [StoredAccessPolicy]

  var key: RecordKey { RecordKey(tenant: tenant, partition, name) }

  static func key(_ account: StorageAccount, name: String) -> RecordKey {
    RecordKey(tenant: account.tenant, account.partition, name)
  }

  /// The queue that a request names. Throws `QueueNotFound`.
  static func require(_ call: StorageCall, in reader: any RecordReader) throws -> Queue {
    guard let queue = try reader.fetch(Queue.self, key(call.account, name: call.container)) else { throw StorageError.queueNotFound }
    return queue
  }

  /// Throws `OutOfRangeInput` for the length, `InvalidResourceName` for the rest.
  ///
  /// Source: Microsoft, "Naming queues and metadata", REST reference.
  static func checkName(_ name: String) throws(CloudError) {
    // The containers that the service itself names have no counterpart here.
    if name.hasPrefix("$") { throw StorageError.invalidResourceName }
    try ResourceNames.checkContainer(name)
  }
}

extension Queue {
  func encode(to writer: inout ByteWriter) {
    writer.guid(tenant)
    writer.string(partition)
    writer.string(name)
    writer.guid(messages)
    writer.timestamp(createdTime)
    metadata.encode(to: &writer)
    writer.list(policies) { writer, policy in policy.encode(to: &writer) }
  }

  init(from reader: inout ByteReader, format: UInt8) throws {
    tenant = try reader.guid()
    partition = try reader.string()
    name = try reader.string()
    messages = try reader.guid()
    createdTime = try reader.timestamp()
    metadata = try Metadata(from: &reader)
    policies = try reader.list { reader in try StoredAccessPolicy(from: &reader) }
  }
}
