public import Base

/// Typed reads.
extension RecordReader {
  /// The record under a key, or nil.
  public func fetch<R: Record>(_ type: R.Type, _ key: RecordKey) throws -> R? {
    guard let value = try value(forKey: KeyEncoding.record(kind: R.kind, key)) else { return nil }
    return try opened(type, value)
  }

  /// Whether there is a record under a key.
  public func exists<R: Record>(_ type: R.Type, _ key: RecordKey) throws -> Bool {
    try value(forKey: KeyEncoding.record(kind: R.kind, key)) != nil
  }

  /// Records whose key begins with `parent`'s components (the one under `parent` itself included), in key order, beginning after `after` (exclusive;
  /// nil for the start).
  ///
  /// `namePrefix` limits the component that follows to those with this UTF-8 prefix. `afterNamePrefix` passes over every record whose next component
  /// begins with it, or sorts before it: how a listing with a delimiter steps over a whole virtual directory. `from` is where to begin, inclusive.
  public func list<R: Record>(
    _ type: R.Type, under parent: RecordKey, namePrefix: String = "", from: RecordKey? = nil, after: RecordKey? = nil, afterNamePrefix: String? = nil,
    limit: Int
  ) throws -> [R] {
    var range = KeyBytes.prefixed(by: KeyEncoding.records(kind: R.kind, under: parent, namePrefix: namePrefix))
    if let from { range = range.dropping(below: KeyBytes(KeyEncoding.record(kind: R.kind, from))) }
    if let after { range = range.dropping(below: KeyBytes(KeyEncoding.record(kind: R.kind, after)).next) }
    if let afterNamePrefix {
      range = range.dropping(below: KeyBytes.afterPrefix(KeyEncoding.records(kind: R.kind, under: parent, namePrefix: afterNamePrefix)))
    }
    return try entries(in: range, limit: limit, reversed: false).map { try opened(type, $0.value) }
  }

  /// The last of the records whose key begins with `parent`'s components; nil where there are none.
  public func last<R: Record>(_ type: R.Type, under parent: RecordKey) throws -> R? {
    let range = KeyBytes.prefixed(by: KeyEncoding.records(kind: R.kind, under: parent, namePrefix: ""))
    return try entries(in: range, limit: 1, reversed: true).first.map { try opened(type, $0.value) }
  }

  /// How many records `list` would give, counted up to `limit`.
  public func count<R: Record>(_ type: R.Type, under parent: RecordKey, namePrefix: String = "", limit: Int) throws -> Int {
    let range = KeyBytes.prefixed(by: KeyEncoding.records(kind: R.kind, under: parent, namePrefix: namePrefix))
    return try entries(in: range, limit: limit, reversed: false).count
  }

  /// Records that an index files under these components (a prefix of them suffices), in index order (descending when `reversed`), beginning after
  /// `after` (exclusive; nil for the start). A record with several entries there is given once for each.
  public func list<R: Record>(
    _ type: R.Type, index: String, _ components: [String], tenant: GUID, after: RecordIndexPosition? = nil, reversed: Bool = false, limit: Int
  ) throws -> [R] {
    var range = KeyBytes.prefixed(by: KeyEncoding.index(kind: R.kind, name: index, components, tenant: tenant))
    if let after {
      let record = KeyEncoding.record(kind: R.kind, after.key)
      let entry = KeyBytes(KeyEncoding.indexEntry(kind: R.kind, name: index, after.components, tenant: tenant, record: record))
      range = reversed ? range.dropping(from: entry) : range.dropping(below: entry.next)
    }
    return try entries(in: range, limit: limit, reversed: reversed).map { entry in
      guard let value = try value(forKey: entry.value) else { throw RecordStoreError.danglingIndex(kind: R.kind, index: index) }
      return try opened(type, value)
    }
  }
}

extension Range<KeyBytes> {
  fileprivate func dropping(below bound: KeyBytes) -> Self {
    clamped(to: bound..<Swift.max(bound, upperBound))
  }

  fileprivate func dropping(from bound: KeyBytes) -> Self {
    clamped(to: Swift.min(bound, lowerBound)..<bound)
  }
}
