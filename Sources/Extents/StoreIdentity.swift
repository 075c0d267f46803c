internal import Base
internal import Records

/// Ties a disk to the records that know what is on it: each segment names it. Without it, a store that was opened with the wrong records would find
/// nothing alive and remove everything.
struct StoreIdentity: Record, Equatable {
  static let kind = "extent.store"
  static let key = RecordKey(tenant: .zero)

  var id: GUID

  var key: RecordKey { Self.key }

  func encode(to writer: inout ByteWriter) {
    writer.guid(id)
  }

  init(id: GUID) {
    self.id = id
  }

  init(from reader: inout ByteReader, format: UInt8) throws {
    id = try reader.guid()
  }
}
