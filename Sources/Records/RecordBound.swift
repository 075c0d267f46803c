/// A place among the records of a kind that need not be one's own: before or behind everything whose key begins with some components.
public enum RecordBound: Hashable, Sendable {
  /// Before the record under this key, and before all whose keys begin with its components.
  case before(RecordKey)
  /// Behind the record under this key, and behind all whose keys begin with its components.
  case after(RecordKey)

  fileprivate func bytes(kind: String) -> KeyBytes {
    switch self {
    case .before(let key): KeyBytes(KeyEncoding.record(kind: kind, key))
    case .after(let key): KeyBytes.afterPrefix(KeyEncoding.record(kind: kind, key))
    }
  }
}

extension Record {
  /// The keys of the records between two places; none where the second does not lie behind the first.
  public static func keys(from lower: RecordBound, to upper: RecordBound) -> Range<KeyBytes> {
    let start = lower.bytes(kind: kind)
    return start..<max(start, upper.bytes(kind: kind))
  }
}

extension RecordReader {
  /// Records of a range that `Record.keys(from:to:)` gave, or a part of one, in key order.
  public func list<R: Record>(_ type: R.Type, in range: Range<KeyBytes>, limit: Int) throws -> [R] {
    try entries(in: range, limit: limit, reversed: false).map { try RecordCodec.decode(type, $0.value) }
  }
}
