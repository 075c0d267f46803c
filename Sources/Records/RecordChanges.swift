/// What a transaction's closure did, as the writer needs it to commit.
struct RecordChanges: Sendable {
  /// The version of each key that was read; 0 where there was none. A key may stand there more than once.
  var reads: [(key: KeyBytes, version: Int64)] = []
  var ranges: [ScannedRange] = []
  var writes = WriteBuffer()
  var afterCommit: [@Sendable () -> Void] = []
}

/// A range that was scanned and what stood in it. Every later write has a greater version than all that stood there, so that the count and
/// the greatest version change whenever an entry comes, goes or changes.
struct ScannedRange: Sendable {
  var range: Range<KeyBytes>
  var count = 0
  /// 0 for an empty range.
  var greatestVersion: Int64 = 0
}
