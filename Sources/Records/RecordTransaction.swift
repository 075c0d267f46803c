internal import Base

/// One optimistic transaction: it reads a snapshot, remembers what it read, and buffers its writes. Not to be kept after its closure.
public final class RecordTransaction: RecordReader {
  public let sealer: (any RecordSealer)?
  private let snapshot: any RecordSnapshot
  private var changes = RecordChanges()
  /// What was read last: what is to be changed is read before it is written, and again by what writes it.
  private var recent: [(key: KeyBytes, value: [UInt8]?)] = []
  private var isOpen = true

  private static let maximumRecent = 8

  init(_ snapshot: any RecordSnapshot, sealer: (any RecordSealer)?) {
    self.snapshot = snapshot
    self.sealer = sealer
  }

  /// Ends the transaction and gives what it did.
  func finish() -> RecordChanges {
    isOpen = false
    return changes
  }

  /// The value under a key as this transaction sees it, its own writes included; nil where there is none.
  public func value(forKey key: [UInt8]) throws -> [UInt8]? {
    precondition(isOpen, "a transaction outlived its closure")
    let key = KeyBytes(key)
    if let write = changes.writes.write(forKey: key) { return write.value }
    if let read = recent.last(where: { $0.key == key }) { return read.value }
    let entry = try snapshot.entry(forKey: key.bytes)
    changes.reads.append((key, entry?.version ?? 0))
    if recent.count == Self.maximumRecent { recent.removeFirst() }
    recent.append((key, entry?.value))
    return entry?.value
  }

  /// Up to `limit` entries of a range in key order (descending when `reversed`) as this transaction sees it, its own writes included.
  public func entries(in range: Range<KeyBytes>, limit: Int, reversed: Bool) throws -> [(key: [UInt8], value: [UInt8])] {
    precondition(isOpen, "a transaction outlived its closure")
    guard limit > 0, !range.isEmpty else { return [] }
    var scanned = ScannedRange(range: range)
    var entries: [(key: [UInt8], value: [UInt8])] = []
    let own = changes.writes.writes(in: range)
    var pending = reversed ? Array(own.reversed()) : Array(own)
    pending.reverse()

    // Gives own writes that stand before `key`; false once the limit is reached.
    func giveOwn(before key: KeyBytes?) -> Bool {
      while let write = pending.last {
        if let key, !(reversed ? key < write.key : write.key < key) { break }
        pending.removeLast()
        guard let value = write.value else { continue }
        entries.append((write.key.bytes, value))
        if entries.count == limit { return false }
      }
      return true
    }

    var goesOn = true
    try snapshot.scan(range, reversed: reversed) { bytes, version, value in
      let key = KeyBytes(bytes)
      goesOn = giveOwn(before: key)
      guard goesOn else { return false }
      scanned.count += 1
      scanned.greatestVersion = max(scanned.greatestVersion, version)
      if let write = pending.last, write.key == key {
        pending.removeLast()
        if let value = write.value { entries.append((bytes, value)) }
      } else {
        entries.append((bytes, value))
      }
      goesOn = entries.count < limit
      return goesOn
    }
    if goesOn { goesOn = giveOwn(before: nil) }
    // What lies beyond the last entry given was not seen and may change.
    if !goesOn, let last = entries.last {
      scanned.range = reversed ? KeyBytes(last.key)..<range.upperBound : range.lowerBound..<KeyBytes(last.key).next
    }
    changes.ranges.append(scanned)
    return entries
  }

  /// Writes a value under a key. Throws 413 for a value above `RecordLimits.maximumValueBytes` or when the transaction grows beyond its bounds, and
  /// 400 for a key above `RecordLimits.maximumKeyBytes`.
  public func put(_ value: [UInt8], forKey key: [UInt8]) throws {
    guard value.count <= RecordLimits.maximumValueBytes else { throw Self.tooLarge }
    guard key.count <= RecordLimits.maximumKeyBytes else {
      throw CloudError(400, "OutOfRangeInput", "One of the request inputs is out of range.")
    }
    try set(value, forKey: key)
  }

  /// Removes what stands under a key, if anything does. Throws 413 when the transaction grows beyond its bounds.
  public func remove(key: [UInt8]) throws {
    try set(nil, forKey: key)
  }

  /// Runs after the commit is durable and before `write` returns, in the order of the commits, and never when it fails: for caches.
  /// Other commits wait for it, so it must be short.
  public func afterCommit(_ action: @escaping @Sendable () -> Void) {
    precondition(isOpen, "a transaction outlived its closure")
    changes.afterCommit.append(action)
  }

  private func set(_ value: [UInt8]?, forKey key: [UInt8]) throws {
    precondition(isOpen, "a transaction outlived its closure")
    changes.writes.set(value, forKey: KeyBytes(key))
    guard
      changes.writes.writes.count <= RecordLimits.maximumWritesPerTransaction,
      changes.writes.byteCount <= RecordLimits.maximumBytesPerTransaction
    else { throw Self.tooLarge }
  }

  private static var tooLarge: CloudError {
    CloudError(413, "RequestBodyTooLarge", "The request body is too large and exceeds the maximum permissible limit.")
  }
}
