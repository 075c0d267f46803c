internal import Base
internal import Records

/// Up to 256 neighbouring hashes of a tree, in one record: at level 0 leaves, at each further level the roots of full tiles of the level below.
///
/// Source: C2SP, "Tiled Transparency Logs" (tlog-tiles), for the shape.
struct MerkleTile: Record {
  static let kind = "ledger.tile"
  /// Levels of the tree that one tile spans.
  static let height = 8
  static let width = 1 << height

  var log: MerkleLog
  var level: Int
  var index: Int
  var hashes: [MerkleHash]

  var key: RecordKey { Self.key(log, level: level, index: index) }

  static func key(_ log: MerkleLog, level: Int, index: Int) -> RecordKey {
    RecordKey(tenant: log.tenant, log.id.description, log.treeName, String(level), LedgerNumber.text(index))
  }

  var isFull: Bool { hashes.count == Self.width }

  /// The root of the whole tile.
  var root: MerkleHash { Self.root(hashes[...], log.hashing) }

  /// The root over some of the hashes, whose count is a power of two.
  static func root(_ hashes: ArraySlice<MerkleHash>, _ hashing: MerkleHashing) -> MerkleHash {
    var row = Array(hashes)
    while row.count > 1 {
      row = stride(from: 0, to: row.count - 1, by: 2).map { hashing.node(row[$0], row[$0 + 1]) }
    }
    return row[0]
  }

  func encode(to writer: inout ByteWriter) {
    writer.guid(log.tenant)
    writer.guid(log.id)
    writer.flag(log.hashing == .rfc6962)
    writer.integer(level)
    writer.integer(index)
    var bytes: [UInt8] = []
    bytes.reserveCapacity(hashes.count * MerkleHash.byteCount)
    for hash in hashes { bytes += hash.bytes }
    writer.blob(bytes)
  }

  init(log: MerkleLog, level: Int, index: Int, hashes: [MerkleHash] = []) {
    self.log = log
    self.level = level
    self.index = index
    self.hashes = hashes
  }

  init(from reader: inout ByteReader, format: UInt8) throws {
    let (tenant, id) = (try reader.guid(), try reader.guid())
    log = MerkleLog(id: id, tenant: tenant, hashing: try reader.flag() ? .rfc6962 : .ccf)
    (level, index) = (try reader.integer(), try reader.integer())
    let bytes = try reader.blob()
    hashes = stride(from: 0, to: bytes.count, by: MerkleHash.byteCount).compactMap {
      MerkleHash(bytes[$0..<min($0 + MerkleHash.byteCount, bytes.count)])
    }
    guard hashes.count * MerkleHash.byteCount == bytes.count, hashes.count <= Self.width else { throw ByteReader.Malformed() }
  }
}

/// Numbers in keys, so that their order is that of the numbers.
enum LedgerNumber {
  private static let digits = 19

  static func text(_ number: Int) -> String {
    let digits = String(max(0, number))
    return String(repeating: "0", count: Self.digits - digits.utf8.count) + digits
  }
}
