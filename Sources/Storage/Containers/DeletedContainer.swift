internal import Base
internal import Records

/// A container that was deleted and can still be restored.
struct DeletedContainer: Record, Sendable {
  static let kind = "storage.deletedContainer"
  static let format = Container.format
  /// Finds what can no longer be restored, in the order in which its time ends.
  static let expiryIndex = "expiry"

  var container: Container
  /// 16 hexadecimal digits, which tell apart the containers that were deleted under one name.
  var version: String
  var deletion: SoftDeletion

  var key: RecordKey { RecordKey(tenant: container.tenant, container.partition, container.name, version) }

  var indexes: [RecordIndex] { [RecordIndex(Self.expiryIndex, BlobGeneration.timeKey(deletion.expires), tenant: .zero)] }

  static func version(_ time: Timestamp) -> String {
    max(0, time.microseconds).zeroPadded(16, radix: 16, uppercase: true)
  }

  /// The time that its version says, which is that of its deletion or one shortly after.
  var deletedTime: Timestamp { Timestamp(microseconds: Int64(version, radix: 16) ?? 0) }

  static func key(_ account: StorageAccount, name: String, version: String) -> RecordKey {
    RecordKey(tenant: account.tenant, account.partition, name, version)
  }
}

extension DeletedContainer {
  func encode(to writer: inout ByteWriter) {
    container.encode(to: &writer)
    writer.string(version)
    writer.timestamp(deletion.deleted)
    writer.timestamp(deletion.expires)
  }

  init(from reader: inout ByteReader, format: UInt8) throws {
    container = try Container(from: &reader, format: format)
    version = try reader.string()
    deletion = SoftDeletion(deleted: try reader.timestamp(), expires: try reader.timestamp())
  }
}

extension Container {
  /// Takes the container away in this transaction. It can be restored for as long as `retention` says; what is in it is purged afterwards.
  func remove(_ retention: RetentionPolicy, at now: Timestamp, random: any RandomSource, in transaction: RecordTransaction) throws {
    try transaction.remove(Container.self, key)
    guard let deletion = retention.deletion(at: now) else {
      return try transaction.save(PurgeTask(id: random.guid(), tenant: tenant, subject: .container(id)))
    }
    var old = self
    old.lease = nil
    var time = now
    func deletedKey(_ time: Timestamp) -> RecordKey { RecordKey(tenant: tenant, partition, name, DeletedContainer.version(time)) }
    while try transaction.exists(DeletedContainer.self, deletedKey(time)) { time = time.advanced(by: .microseconds(1)) }
    try transaction.save(DeletedContainer(container: old, version: DeletedContainer.version(time), deletion: deletion))
  }
}
