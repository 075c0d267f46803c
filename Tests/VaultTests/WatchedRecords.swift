import Base
import Logging
import Records
import Synchronization

/// The records of a fixture, whose reads are counted and whose writes fail when a test says so.
final class WatchedRecords: RecordStore {
  struct Failure: Error {}

  enum WriteFailure {
    /// Nothing of the transaction is run.
    case before
    /// The transaction is run to its end and then not committed, as when the process ends there.
    case atCommit
  }

  private let inner: any RecordStore
  private let state = Mutex<(reads: Int, writes: Int, failure: WriteFailure?)>((0, 0, nil))

  init(_ inner: any RecordStore) {
    self.inner = inner
  }

  /// Single records and entries of lists that were read outside of transactions.
  var reads: Int { state.withLock { $0.reads } }
  /// Transactions that were committed.
  var writes: Int { state.withLock { $0.writes } }

  func failWrites(_ failure: WriteFailure?) { state.withLock { $0.failure = failure } }

  func read<Result: Sendable>(_ body: @Sendable (any RecordReader) throws -> Result) async throws -> Result {
    try await inner.read { reader in try body(Reader(reader, self)) }
  }

  func write<Result: Sendable>(_ body: @escaping @Sendable (RecordTransaction) throws -> Result) async throws -> Result {
    let failure = state.withLock { $0.failure }
    if failure == .before { throw Failure() }
    let result = try await inner.write { transaction in
      let result = try body(transaction)
      if failure == .atCommit { throw Failure() }
      return result
    }
    state.withLock { $0.writes += 1 }
    return result
  }

  func settle() async { await inner.settle() }

  private final class Reader: RecordReader {
    let inner: any RecordReader
    let watched: WatchedRecords

    init(_ inner: any RecordReader, _ watched: WatchedRecords) {
      self.inner = inner
      self.watched = watched
    }

    func value(forKey key: [UInt8]) throws -> [UInt8]? {
      watched.state.withLock { $0.reads += 1 }
      return try inner.value(forKey: key)
    }

    func entries(in range: Range<KeyBytes>, limit: Int, reversed: Bool) throws -> [(key: [UInt8], value: [UInt8])] {
      let entries = try inner.entries(in: range, limit: limit, reversed: reversed)
      watched.state.withLock { $0.reads += entries.count }
      return entries
    }
  }
}

/// Keeps what is logged, with all metadata, as text.
final class LogCatcher: Sendable {
  private let lines = Mutex<[String]>([])

  var text: String { lines.withLock { $0.joined(separator: "\n") } }

  var logger: Logger {
    var logger = Logger(label: "test") { [self] _ in Handler(catcher: self) }
    logger.logLevel = .trace
    return logger
  }

  struct Handler: LogHandler {
    let catcher: LogCatcher
    var metadata: Logger.Metadata = [:]
    var logLevel = Logger.Level.trace

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
      get { metadata[key] }
      set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
      catcher.lines.withLock { $0.append("\(event.level) \(event.message) \(event.metadata ?? [:])") }
    }
  }
}
