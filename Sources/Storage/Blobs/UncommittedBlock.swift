internal import Base
internal import Extents
internal import Records
internal import Wire

/// A block that Put Block stored and that no Put Block List has named yet.
struct UncommittedBlock: Record, Sendable {
  static let kind = "storage.block"
  static let format: UInt8 = 2

  var tenant: GUID
  /// `UncommittedBlob.stage`.
  var stage: GUID
  /// Decoded, at most 64 bytes.
  var id: [UInt8]
  var extent: ExtentID
  /// Bytes.
  var size: Int
  /// Whatever the blob will be encrypted with must be the same.
  var encryption = BlobEncryption.account

  /// By the id's base64 form, whose order is that of Get Block List.
  var key: RecordKey { Self.key(tenant: tenant, stage: stage, id: id) }

  static func key(tenant: GUID, stage: GUID, id: [UInt8]) -> RecordKey {
    RecordKey(tenant: tenant, stage.description, Base64.encode(id))
  }
}

extension UncommittedBlock {
  func encode(to writer: inout ByteWriter) {
    writer.guid(tenant)
    writer.guid(stage)
    writer.blob(id)
    writer.guid(extent)
    writer.integer(size)
    encryption.encode(to: &writer)
  }

  init(from reader: inout ByteReader, format: UInt8) throws {
    tenant = try reader.guid()
    stage = try reader.guid()
    id = try reader.blob()
    extent = try reader.guid()
    size = try reader.integer()
    if format >= 2 { encryption = try BlobEncryption(from: &reader) }
  }
}
