import Records

/// Counts what is read.
final class CountingReader: RecordReader {
  private let reader: any RecordReader
  private(set) var count = 0

  init(_ reader: any RecordReader) { self.reader = reader }

  func value(forKey key: [UInt8]) throws -> [UInt8]? {
    count += 1
    return try reader.value(forKey: key)
  }

  func entries(in range: Range<KeyBytes>, limit: Int, reversed: Bool) throws -> [(key: [UInt8], value: [UInt8])] {
    let entries = try reader.entries(in: range, limit: limit, reversed: reversed)
    count += entries.count
    return entries
  }
}

/// Counts what is read through another store, and how often somebody comes.
final class CountingStore: RecordStore {
  private let store: any RecordStore
  private let counts = Locked((calls: 0, entries: 0))

  init(_ store: any RecordStore) { self.store = store }

  /// Calls of `read` and `write`.
  var calls: Int { counts.value.calls }
  /// Records that `read` gave.
  var entries: Int { counts.value.entries }

  func read<Result: Sendable>(_ body: @Sendable (any RecordReader) throws -> Result) async throws -> Result {
    let counts = counts
    counts.change { $0.calls += 1 }
    return try await store.read { reader in
      let counting = CountingReader(reader)
      defer { counts.change { $0.entries += counting.count } }
      return try body(counting)
    }
  }

  func write<Result: Sendable>(_ body: @escaping @Sendable (RecordTransaction) throws -> Result) async throws -> Result {
    counts.change { $0.calls += 1 }
    return try await store.write(body)
  }

  func settle() async { await store.settle() }
}
