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
  /// The pages of a page blob.
  case pages(PageMap)

  /// What its records are filed under; nil where there are none.
  var id: GUID? {
    switch self {
    case .empty: nil
    case .inline(let payload): payload
    case .extent(let extent): extent
    case .blocks(let summary): summary.id
    case .pages(let map): map.id
    }
  }

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
    case .pages(let map):
      writer.byte(4)
      writer.guid(map.id)
      writer.integer(map.epoch)
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
    case 4: self = .pages(PageMap(id: try reader.guid(), epoch: try reader.integer()))
    default: throw ByteReader.Malformed()
    }
  }
}

/// The written pages of a page blob, which rest in records of their own. A snapshot is the map as it was in an earlier epoch.
struct PageMap: Sendable, Equatable {
  /// What its records are filed under.
  var id: GUID
  /// Grows with each snapshot.
  var epoch: Int
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
