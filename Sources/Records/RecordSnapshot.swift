/// What an engine gives to reads and transactions: one consistent state. A value's version is that of the commit that wrote it; a later
/// commit has a greater one.
protocol RecordSnapshot: AnyObject {
  func entry(forKey key: [UInt8]) throws -> (version: Int64, value: [UInt8])?

  /// Visits the entries of a range in key order (descending when `reversed`) until `visit` returns false.
  func scan(_ range: Range<KeyBytes>, reversed: Bool, _ visit: (_ key: [UInt8], _ version: Int64, _ value: [UInt8]) throws -> Bool) throws
}

/// Reads a snapshot without remembering what it read.
final class SnapshotReader: RecordReader {
  let sealer: (any RecordSealer)?
  private let snapshot: any RecordSnapshot
  private var isOpen = true

  init(_ snapshot: any RecordSnapshot, sealer: (any RecordSealer)?) {
    self.snapshot = snapshot
    self.sealer = sealer
  }

  func close() {
    isOpen = false
  }

  func value(forKey key: [UInt8]) throws -> [UInt8]? {
    precondition(isOpen, "a reader outlived its closure")
    return try snapshot.entry(forKey: key)?.value
  }

  func entries(in range: Range<KeyBytes>, limit: Int, reversed: Bool) throws -> [(key: [UInt8], value: [UInt8])] {
    precondition(isOpen, "a reader outlived its closure")
    var entries: [(key: [UInt8], value: [UInt8])] = []
    guard limit > 0 else { return entries }
    try snapshot.scan(range, reversed: reversed) { key, _, value in
      entries.append((key, value))
      return entries.count < limit
    }
    return entries
  }
}
