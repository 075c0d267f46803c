/// Typed writes.
extension RecordTransaction {
  /// Stores a record, replacing the one under its key, and keeps its indexes.
  public func save<R: Record>(_ record: R) throws {
    let key = KeyEncoding.record(kind: R.kind, record.key)
    let old = try value(forKey: key).map { try RecordCodec.decode(R.self, $0) }
    try store(record, under: key, replacing: old)
  }

  /// Stores a record that must not be there; false when it is.
  public func insert<R: Record>(_ record: R) throws -> Bool {
    let key = KeyEncoding.record(kind: R.kind, record.key)
    guard try value(forKey: key) == nil else { return false }
    try store(record, under: key, replacing: nil)
    return true
  }

  /// Stores a record whose key was made for it, of an identifier that nobody had before: what cannot be there is not looked for.
  public func add<R: Record>(_ record: R) throws {
    try store(record, under: KeyEncoding.record(kind: R.kind, record.key), replacing: nil)
  }

  /// Removes a record and its index entries; false when it was not there.
  @discardableResult
  public func remove<R: Record>(_ type: R.Type, _ key: RecordKey) throws -> Bool {
    let bytes = KeyEncoding.record(kind: R.kind, key)
    guard let value = try value(forKey: bytes) else { return false }
    try erase(try RecordCodec.decode(type, value), under: bytes)
    return true
  }

  /// Removes the records that `list` gives for `parent` and `namePrefix`, at most `limit` of them, with their index entries, and gives their count.
  /// Some may be left when that is `limit`. `RecordStore.removeAll` removes a range of any size.
  @discardableResult
  public func removeAll<R: Record>(_ type: R.Type, under parent: RecordKey, namePrefix: String = "", limit: Int) throws -> Int {
    let range = KeyBytes.prefixed(by: KeyEncoding.records(kind: R.kind, under: parent, namePrefix: namePrefix))
    let entries = try entries(in: range, limit: limit, reversed: false)
    for entry in entries { try erase(try RecordCodec.decode(type, entry.value), under: entry.key) }
    return entries.count
  }

  private func store<R: Record>(_ record: R, under key: [UInt8], replacing old: R?) throws {
    let entries = indexEntries(of: record, under: key)
    if let old {
      for entry in indexEntries(of: old, under: key).subtracting(entries) { try remove(key: entry) }
      for entry in entries.subtracting(indexEntries(of: old, under: key)) { try put(key, forKey: entry) }
    } else {
      for entry in entries { try put(key, forKey: entry) }
    }
    var record = record
    try record.seal(in: self)
    try put(try RecordCodec.encode(record), forKey: key)
  }

  private func erase<R: Record>(_ record: R, under key: [UInt8]) throws {
    for entry in indexEntries(of: record, under: key) { try remove(key: entry) }
    try remove(key: key)
  }

  private func indexEntries<R: Record>(of record: R, under key: [UInt8]) -> Set<[UInt8]> {
    Set(
      record.indexes.map { index in
        KeyEncoding.indexEntry(kind: R.kind, name: index.name, index.components, tenant: index.tenant ?? record.key.tenant, record: key)
      })
  }
}

extension RecordStore {
  /// Removes every record whose key begins with `parent`'s components, and whose next component has `namePrefix`, with their index entries, and gives
  /// their count. Each transaction removes up to `RecordLimits.maximumRemovalsPerTransaction`, so that others see the range shrink; after a crash
  /// or an error, what was removed stays removed.
  @discardableResult
  public func removeAll<R: Record>(_ type: R.Type, under parent: RecordKey, namePrefix: String = "") async throws -> Int {
    var total = 0
    while true {
      let count = try await write {
        try $0.removeAll(type, under: parent, namePrefix: namePrefix, limit: RecordLimits.maximumRemovalsPerTransaction)
      }
      total += count
      if count < RecordLimits.maximumRemovalsPerTransaction { return total }
    }
  }
}
