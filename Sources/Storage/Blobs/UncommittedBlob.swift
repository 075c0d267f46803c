internal import Base
internal import Records

/// What is known of a blob's uncommitted blocks as a whole. Blocks are put in parallel, so it is written with the first of them and
/// then rarely: a record that each of them changed would make them wait for one another.
struct UncommittedBlob: Record, Sendable {
  static let kind = "storage.uncommitted"
  static let activityIndex = "storage.uncommitted.activity"
  /// Seconds by which `lastActivity` may lag behind.
  static let activityResolutionSeconds: Int64 = 3600

  var tenant: GUID
  /// `Container.id`.
  var container: GUID
  var name: String
  /// What the blocks are filed under. The next list of blocks of the same blob has another one.
  var stage: GUID
  /// Bytes of every block's id, decoded: the first block decides.
  var idLength: Int
  var createdTime: Timestamp
  var lastActivity: Timestamp

  var key: RecordKey { RecordKey(tenant: tenant, container.description, name) }

  static func key(_ container: Container, name: String) -> RecordKey {
    RecordKey(tenant: container.tenant, container.id.description, name)
  }

  /// Across all tenants in the order in which they expire.
  var indexes: [RecordIndex] {
    [RecordIndex(Self.activityIndex, max(0, lastActivity.seconds).zeroPadded(12), tenant: .zero)]
  }
}

extension UncommittedBlob {
  func encode(to writer: inout ByteWriter) {
    writer.guid(tenant)
    writer.guid(container)
    writer.string(name)
    writer.guid(stage)
    writer.integer(idLength)
    writer.timestamp(createdTime)
    writer.timestamp(lastActivity)
  }

  init(from reader: inout ByteReader, format: UInt8) throws {
    tenant = try reader.guid()
    container = try reader.guid()
    name = try reader.string()
    stage = try reader.guid()
    idLength = try reader.integer()
    createdTime = try reader.timestamp()
    lastActivity = try reader.timestamp()
  }
}
