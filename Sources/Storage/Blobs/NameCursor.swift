internal import Base
internal import Records

/// Walks records in the order of their names, a batch at a time.
struct NameCursor<R: Record> {
  static var minimumBatch: Int { 32 }
  static var maximumBatch: Int { 1024 }

  enum Start {
    case beginning
    /// At this key, if it is there.
    case from(RecordKey)
    case after(RecordKey)
    /// Behind every name that begins so.
    case afterPrefix(String)
  }

  private let parent: RecordKey
  private let prefix: String
  private let name: (R) -> String
  private var next: Start
  private var batchSize: Int
  private var batch: ArraySlice<R> = []
  private var isAtEnd = false

  init(parent: RecordKey, prefix: String, start: Start, batch: Int, name: @escaping (R) -> String) {
    self.parent = parent
    self.prefix = prefix
    self.name = name
    next = start
    batchSize = batch
  }

  mutating func peek(in reader: any RecordReader) throws -> R? {
    if batch.isEmpty && !isAtEnd {
      var (from, after, afterPrefix): (RecordKey?, RecordKey?, String?)
      switch next {
      case .beginning: break
      case .from(let key): from = key
      case .after(let key): after = key
      case .afterPrefix(let prefix): afterPrefix = prefix
      }
      let fetched = try reader.list(
        R.self, under: parent, namePrefix: prefix, from: from, after: after, afterNamePrefix: afterPrefix, limit: batchSize)
      isAtEnd = fetched.count < batchSize
      batch = fetched[...]
      if let last = fetched.last { next = .after(last.key) }
      batchSize = min(batchSize * 2, Self.maximumBatch)
    }
    return batch.first
  }

  mutating func advance() {
    batch = batch.dropFirst()
  }

  /// Passes over everything that begins with `common`. What the batch does not hold of it is never read.
  mutating func skip(prefix common: String) {
    skip(to: .afterPrefix(common)) { $0.utf8.starts(with: common.utf8) }
  }

  /// Passes over everything of this name, up to the key behind it.
  mutating func skip(name passed: String, end: RecordKey) {
    skip(to: .after(end)) { $0.utf8.elementsEqual(passed.utf8) }
  }

  private mutating func skip(to start: Start, _ isPassed: (String) -> Bool) {
    let size = batch.count
    batch = batch.drop { isPassed(name($0)) }
    guard batch.isEmpty, size > 0 else { return }
    next = start
    batchSize = Self.minimumBatch
  }
}
