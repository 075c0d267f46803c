internal import Base
internal import Extents

/// Where the bytes of a blob are.
enum BlobContent: Sendable, Equatable {
  case empty
  /// Few bytes, in a `BlobPayload` record.
  case inline(GUID)
  /// One extent, written by Put Blob.
  case extent(ExtentID)
  /// A committed block list.
  case blocks(BlockListSummary)

  func encode(to writer: inout ByteWriter) {
    switch self {
    case .empty: writer.byte(0)
    case .inline(let payload):
      writer.byte(1)
      writer.guid(payload)
    case .extent(let extent):
      writer.byte(2)
      writer.guid(extent)
    case .blocks(let summary):
      writer.byte(3)
      writer.guid(summary.id)
      writer.integer(summary.count)
      writer.list(summary.chunkEnds) { $0.integer($1) }
    }
  }

  init(from reader: inout ByteReader) throws {
    switch try reader.byte() {
    case 0: self = .empty
    case 1: self = .inline(try reader.guid())
    case 2: self = .extent(try reader.guid())
    case 3:
      self = .blocks(
        BlockListSummary(id: try reader.guid(), count: try reader.integer(), chunkEnds: try reader.list { try $0.integer() }))
    default: throw ByteReader.Malformed()
    }
  }
}

/// A block list, which rests in `BlockListChunk` records because 50,000 blocks are more than one record may hold.
struct BlockListSummary: Sendable, Equatable {
  /// What its chunks are filed under.
  var id: GUID
  /// Blocks.
  var count: Int
  /// For each chunk, the offset in the blob at which its last block ends.
  var chunkEnds: [Int]
}
