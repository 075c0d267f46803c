public import Base
public import Records

/// A log of leaves that only grows, with the Merkle tree over it, of the shape of RFC 6962. It rests in records of up to 256 hashes each: appending and
/// proving cost the same at any length, and nothing is read at a start.
///
/// A value of this type only names the log: whose records are meant.
public struct MerkleLog: Sendable, Hashable {
  public let id: GUID
  /// Under which tenant the records of the tree are filed.
  public let tenant: GUID
  public let hashing: MerkleHashing

  public init(id: GUID, tenant: GUID, hashing: MerkleHashing = .ccf) {
    self.id = id
    self.tenant = tenant
    self.hashing = hashing
  }

  /// Parts the trees of one log.
  var treeName: String { hashing == .ccf ? "ccf" : "rfc6962" }

  /// A hash beside the way from a leaf to the root, and the side on which it stands.
  public enum Sibling: Sendable, Hashable {
    case left(MerkleHash)
    case right(MerkleHash)
  }

  /// The number of leaves.
  public func size(in reader: any RecordReader) throws -> Int {
    try reader.fetch(MerkleSize.self, MerkleSize.key(self))?.size ?? 0
  }

  /// Puts leaves behind those that there are, in this order, and gives their indexes. Whoever appends at the same time waits or runs again.
  @discardableResult
  public func append(_ leaves: [MerkleHash], in transaction: RecordTransaction) throws -> Range<Int> {
    let size = try size(in: transaction)
    guard !leaves.isEmpty else { return size..<size }
    try append(leaves, level: 0, behind: size, in: transaction)
    try transaction.save(MerkleSize(log: self, size: size + leaves.count))
    return size..<size + leaves.count
  }

  private func append(_ hashes: [MerkleHash], level: Int, behind count: Int, in transaction: RecordTransaction) throws {
    var tile = MerkleTile(log: self, level: level, index: count / MerkleTile.width)
    if !count.isMultiple(of: MerkleTile.width) {
      guard let stored = try transaction.fetch(MerkleTile.self, tile.key), stored.hashes.count == count % MerkleTile.width else {
        throw LedgerError.damaged("tile \(level)/\(tile.index)")
      }
      tile = stored
    }
    var full: [MerkleHash] = []
    for hash in hashes {
      tile.hashes.append(hash)
      guard tile.isFull else { continue }
      try transaction.save(tile)
      full.append(tile.root)
      tile = MerkleTile(log: self, level: level, index: tile.index + 1)
    }
    if !tile.hashes.isEmpty { try transaction.save(tile) }
    if !full.isEmpty { try append(full, level: level + 1, behind: count / MerkleTile.width, in: transaction) }
  }

  /// The root of the tree, as it is or as it was at an earlier size. Throws `LedgerError.outOfRange`.
  public func root(at size: Int? = nil, in reader: any RecordReader) throws -> MerkleHash {
    let size = try checked(size, in: reader)
    guard size > 0 else { return hashing.emptyRoot }
    var tiles = MerkleTiles(log: self, reader: reader)
    return try tiles.root(of: 0..<size)
  }

  /// The hashes that lead from a leaf to the root of a size, from the leaf up. Throws `LedgerError.outOfRange`.
  public func path(of index: Int, at size: Int? = nil, in reader: any RecordReader) throws -> [Sibling] {
    let size = try checked(size, in: reader)
    guard (0..<size).contains(index) else { throw LedgerError.outOfRange }
    var tiles = MerkleTiles(log: self, reader: reader)
    var path: [Sibling] = []
    var range = 0..<size
    while range.count > 1 {
      let middle = range.lowerBound + range.count.greatestPowerOfTwoBelow
      if index < middle {
        path.append(.right(try tiles.root(of: middle..<range.upperBound)))
        range = range.lowerBound..<middle
      } else {
        path.append(.left(try tiles.root(of: range.lowerBound..<middle)))
        range = middle..<range.upperBound
      }
    }
    return path.reversed()
  }

  /// What proves that the tree of a size goes on from that of an earlier one. Empty where they are the same, or the earlier is empty.
  ///
  /// Source: RFC 6962, section 2.1.2. Throws `LedgerError.outOfRange`.
  public func consistency(from earlier: Int, to size: Int? = nil, in reader: any RecordReader) throws -> [MerkleHash] {
    let size = try checked(size, in: reader)
    guard (0...size).contains(earlier) else { throw LedgerError.outOfRange }
    guard earlier > 0, earlier < size else { return [] }
    var tiles = MerkleTiles(log: self, reader: reader)
    var proof: [MerkleHash] = []
    var range = 0..<size
    // Whether the range is still one that the earlier tree had as a whole, so that its root need not be told.
    var isKnown = true
    while earlier < range.upperBound {
      let middle = range.lowerBound + range.count.greatestPowerOfTwoBelow
      if earlier <= middle {
        proof.append(try tiles.root(of: middle..<range.upperBound))
        range = range.lowerBound..<middle
      } else {
        proof.append(try tiles.root(of: range.lowerBound..<middle))
        range = middle..<range.upperBound
        isKnown = false
      }
    }
    if !isKnown { proof.append(try tiles.root(of: range)) }
    return proof.reversed()
  }

  /// The hash of a leaf. Throws `LedgerError.outOfRange`.
  public func leaf(_ index: Int, in reader: any RecordReader) throws -> MerkleHash {
    guard (0..<(try size(in: reader))).contains(index) else { throw LedgerError.outOfRange }
    var tiles = MerkleTiles(log: self, reader: reader)
    return try tiles.root(of: index..<index + 1)
  }

  /// Removes up to `limit` records of the tree, the size first, and gives their count; some may be left when that is `limit`.
  public func remove(limit: Int, in transaction: RecordTransaction) throws -> Int {
    try transaction.remove(MerkleSize.self, MerkleSize.key(self))
    return try transaction.removeAll(MerkleTile.self, under: RecordKey(tenant: tenant, id.description, treeName), limit: limit)
  }

  private func checked(_ size: Int?, in reader: any RecordReader) throws -> Int {
    let whole = try self.size(in: reader)
    guard let size else { return whole }
    guard (0...whole).contains(size) else { throw LedgerError.outOfRange }
    return size
  }
}

/// How long a log is.
struct MerkleSize: Record {
  static let kind = "ledger.size"

  var log: MerkleLog
  var size: Int

  var key: RecordKey { Self.key(log) }

  static func key(_ log: MerkleLog) -> RecordKey { RecordKey(tenant: log.tenant, log.id.description, log.treeName) }

  func encode(to writer: inout ByteWriter) {
    writer.guid(log.tenant)
    writer.guid(log.id)
    writer.flag(log.hashing == .rfc6962)
    writer.integer(size)
  }

  init(log: MerkleLog, size: Int) {
    self.log = log
    self.size = size
  }

  init(from reader: inout ByteReader, format: UInt8) throws {
    let (tenant, id) = (try reader.guid(), try reader.guid())
    log = MerkleLog(id: id, tenant: tenant, hashing: try reader.flag() ? .rfc6962 : .ccf)
    size = try reader.integer()
    guard size >= 0 else { throw ByteReader.Malformed() }
  }
}

/// Reads each tile once for one question.
private struct MerkleTiles {
  let log: MerkleLog
  let reader: any RecordReader
  private var tiles: [[Int]: MerkleTile] = [:]

  init(log: MerkleLog, reader: any RecordReader) {
    self.log = log
    self.reader = reader
  }

  /// The root over leaves that are a subtree of RFC 6962's shape.
  mutating func root(of range: Range<Int>) throws -> MerkleHash {
    // From the right: what is left over after the greatest whole subtrees.
    var parts: [MerkleHash] = []
    var start = range.lowerBound
    while start < range.upperBound {
      let count = (range.upperBound - start).greatestPowerOfTwo
      parts.append(try whole(start, count))
      start += count
    }
    guard var root = parts.popLast() else { return log.hashing.emptyRoot }
    while let left = parts.popLast() { root = log.hashing.node(left, root) }
    return root
  }

  /// The root over `count` leaves, a power of two, that begin at a multiple of it.
  private mutating func whole(_ start: Int, _ count: Int) throws -> MerkleHash {
    let treeHeight = count.trailingZeroBitCount
    let level = treeHeight / MerkleTile.height
    let first = start >> (level * MerkleTile.height)
    let tile = try tile(level, first / MerkleTile.width)
    let hashes = first % MerkleTile.width..<first % MerkleTile.width + 1 << (treeHeight % MerkleTile.height)
    guard hashes.upperBound <= tile.hashes.count else { throw LedgerError.damaged("tile \(level)/\(tile.index)") }
    return MerkleTile.root(tile.hashes[hashes], log.hashing)
  }

  private mutating func tile(_ level: Int, _ index: Int) throws -> MerkleTile {
    if let tile = tiles[[level, index]] { return tile }
    guard let tile = try reader.fetch(MerkleTile.self, MerkleTile.key(log, level: level, index: index)) else {
      throw LedgerError.damaged("tile \(level)/\(index)")
    }
    tiles[[level, index]] = tile
    return tile
  }
}

extension Int {
  /// The greatest power of two that is not above a positive number.
  fileprivate var greatestPowerOfTwo: Int { 1 << (bitWidth - 1 - leadingZeroBitCount) }

  /// The greatest power of two below a number of two or more.
  fileprivate var greatestPowerOfTwoBelow: Int { (self - 1).greatestPowerOfTwo }
}
