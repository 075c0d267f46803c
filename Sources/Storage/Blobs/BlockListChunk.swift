internal import Base
internal import Extents
internal import Records

/// A part of a committed block list: up to `maximumBlocks` of its blocks, in the blob's order.
struct BlockListChunk: Record, Sendable {
  static let kind = "storage.blocklist"
  static let maximumBlocks = 512
  /// The same where blocks are appended one by one, and each append rewrites the last chunk.
  static let maximumAppendedBlocks = 128

  var tenant: GUID
  /// `BlockListSummary.id`.
  var list: GUID
  var index: Int
  var blocks: [CommittedBlock]

  var key: RecordKey { Self.key(tenant: tenant, list: list, index: index) }

  static func key(tenant: GUID, list: GUID, index: Int) -> RecordKey {
    RecordKey(tenant: tenant, list.description, String(1_000_000 + index))
  }
}

/// A block of a blob. The whole of its extent belongs to it.
struct CommittedBlock: Sendable, Equatable {
  /// Decoded, at most 64 bytes.
  var id: [UInt8]
  var extent: ExtentID
  /// Bytes.
  var size: Int
  /// A list may name a block more than once; its extent is released with the first of them.
  var ownsExtent: Bool
}

extension BlockListChunk {
  func encode(to writer: inout ByteWriter) {
    writer.guid(tenant)
    writer.guid(list)
    writer.integer(index)
    writer.list(blocks) { writer, block in
      writer.blob(block.id)
      writer.guid(block.extent)
      writer.integer(block.size)
      writer.flag(block.ownsExtent)
    }
  }

  init(from reader: inout ByteReader, format: UInt8) throws {
    tenant = try reader.guid()
    list = try reader.guid()
    index = try reader.integer()
    blocks = try reader.list { reader in
      CommittedBlock(id: try reader.blob(), extent: try reader.guid(), size: try reader.integer(), ownsExtent: try reader.flag())
    }
  }
}
