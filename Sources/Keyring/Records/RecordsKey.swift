internal import Base
internal import Records

/// Which data key the sealed parts of an owner's records are under. Each of them names its key too, so that they stay readable.
struct RecordsKey: Record, Equatable {
  static let kind = "keyring.recordsKey"

  /// A tenant or, as `GUID.zero`, the platform.
  var owner: GUID
  var dataKey: DataKeyID

  var key: RecordKey { RecordKey(tenant: owner) }

  func encode(to writer: inout ByteWriter) {
    writer.guid(owner)
    writer.guid(dataKey)
  }

  init(owner: GUID, dataKey: DataKeyID) {
    self.owner = owner
    self.dataKey = dataKey
  }

  init(from reader: inout ByteReader, format: UInt8) throws {
    owner = try reader.guid()
    dataKey = try reader.guid()
  }
}
