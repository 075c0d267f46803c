internal import Base
internal import GRDB
internal import Synchronization

/// The record store of one machine: an SQLite file in WAL mode with `synchronous=FULL`.
///
/// Reads run beside each other, each on a snapshot. One writer puts the commits that arrive together into one SQLite transaction, so that they share
/// an fsync.
public final class SQLiteRecordStore: RecordStore {
  private let readers: SQLiteReaders
  private let writer: SQLiteWriter
  private let commits = CommitQueue()
  private let sealer = CurrentSealer()

  /// The layout of tables and keys.
  private static let format = 1
  /// "Coca": marks the file as a record store.
  private static let applicationID = 0x436F_6361

  /// Opens a store, or makes it where the file is missing; its directory must be there. The file, its log and its index have mode 0600.
  ///
  /// Throws `RecordStoreError.inUse` when another process has it open, and the other cases of `RecordStoreError` when it is not a store that this
  /// program can read and write durably.
  public convenience init(path: String) throws {
    try self.init(path: path, options: SQLiteOptions())
  }

  package init(path: String, options: SQLiteOptions) throws {
    let lock = try StoreLock(storePath: path)
    try preparePrivateFile(path)
    let (connection, ceiling) = try Self.open(path)
    readers = SQLiteReaders(path: path)
    let writer = SQLiteWriter(connection: connection, versionCeiling: ceiling, options: options, readers: readers, sealer: sealer, lock: lock)
    self.writer = writer
    try commits.start { writer.commit($0) }
  }

  deinit {
    commits.stop()
  }

  /// Lets what is stored from now on rest sealed, and opens what was.
  public func use(_ sealer: any RecordSealer) { self.sealer.use(sealer) }

  public func read<Result: Sendable>(_ body: @Sendable (any RecordReader) throws -> Result) async throws -> Result {
    try await readers.read { session in
      let reader = SnapshotReader(session, sealer: sealer.current)
      defer { reader.close() }
      return try body(reader)
    }
  }

  @discardableResult
  public func write<Result: Sendable>(_ body: @escaping @Sendable (RecordTransaction) throws -> Result) async throws -> Result {
    for _ in 1..<RecordLimits.maximumAttempts {
      let (result, changes) = try await readers.read { session in
        let transaction = RecordTransaction(session, sealer: sealer.current)
        defer { _ = transaction.finish() }
        let result = try body(transaction)
        return (result, transaction.finish())
      }
      if changes.writes.isEmpty {
        for action in changes.afterCommit { action() }
        return result
      }
      if try await commits.commit(.changes(changes)) == .committed { return result }
    }
    return try await writeAlone(body)
  }

  public func settle() async {
    // A transaction that runs alone does so in the writer's turn, and sees every commit that returned.
    await readers.settle()
  }

  /// Commits what waits, waits for the reads under way, and closes the files. Later calls throw `CloudError.serverBusy`.
  public func close() async throws {
    await commits.close()
    try await readers.close()
    try writer.close()
  }

  /// What the writer's connection answers to a PRAGMA.
  package func setting(_ name: String) throws -> String {
    try writer.setting(name)
  }

  private func writeAlone<Result: Sendable>(_ body: @escaping @Sendable (RecordTransaction) throws -> Result) async throws -> Result {
    let result = TransactionResult<Result>()
    let outcome = try await commits.commit(
      .alone { transaction in
        let value = try body(transaction)
        result.value.withLock { $0 = value }
      })
    guard outcome == .committed, let value = result.value.withLock({ $0 }) else { preconditionFailure("a transaction that ran alone has no result") }
    return value
  }

  /// The writer's connection, ready for use, and the version below which all may have been used.
  private static func open(_ path: String) throws -> (SQLiteConnection, versionCeiling: Int64) {
    do {
      let connection = try SQLiteConnection(path: path, isReader: false)
      try secure(connection)
      try migrate(connection, path: path)
      try connection.prepare()
      try connection.perform { $0.watchLog() }
      guard let ceiling = try connection.text("SELECT value FROM store WHERE name = 'versions'").flatMap({ Int64($0) }) else {
        throw RecordStoreError.unreadable(path: path, cause: ByteReader.Malformed())
      }
      return (connection, ceiling)
    } catch let error as DatabaseError {
      throw RecordStoreError.unreadable(path: path, cause: error)
    } catch let error as SQLiteFailure {
      throw RecordStoreError.unreadable(path: path, cause: error)
    }
  }

  /// A pool of GRDB leaves its writer at `synchronous=NORMAL`, which loses acknowledged commits on a power failure, and undoes whatever was set while it
  /// opened: hence after opening, and asked back.
  private static func secure(_ connection: SQLiteConnection) throws {
    let settings = [
      (name: "synchronous", set: "FULL", wanted: "2"),
      // What was removed, such as a destroyed key, is overwritten rather than left in free pages.
      (name: "secure_delete", set: "ON", wanted: "1"),
      (name: "cache_size", set: "-16384", wanted: "-16384"),
      (name: "journal_size_limit", set: "16777216", wanted: "16777216"),
    ]
    for setting in settings {
      _ = try connection.text("PRAGMA \(setting.name) = \(setting.set)")
      let value = try connection.text("PRAGMA \(setting.name)") ?? ""
      guard value == setting.wanted else { throw RecordStoreError.settingRefused(name: setting.name, value: value) }
    }
    let journal = try connection.text("PRAGMA journal_mode") ?? ""
    guard journal == "wal" else { throw RecordStoreError.settingRefused(name: "journal_mode", value: journal) }
  }

  private static func migrate(_ connection: SQLiteConnection, path: String) throws {
    let found = try connection.text("PRAGMA user_version").flatMap { Int($0) } ?? 0
    let application = try connection.text("PRAGMA application_id").flatMap { Int($0) } ?? 0
    if found == format && application == applicationID { return }
    guard found == 0, application == 0, try connection.text("SELECT count(*) FROM sqlite_schema") == "0" else {
      throw RecordStoreError.unsupportedStore(path: path, found: found, supported: format)
    }
    try connection.execute(
      """
      BEGIN IMMEDIATE;
      CREATE TABLE record (key BLOB PRIMARY KEY NOT NULL, version INTEGER NOT NULL, value BLOB NOT NULL) WITHOUT ROWID;
      CREATE TABLE store (name TEXT PRIMARY KEY NOT NULL, value INTEGER NOT NULL) WITHOUT ROWID;
      INSERT INTO store (name, value) VALUES ('versions', 1);
      PRAGMA application_id = \(applicationID);
      PRAGMA user_version = \(format);
      COMMIT;
      """)
  }
}

/// Carries the result of a closure from the writer's thread to its caller.
private final class TransactionResult<Value: Sendable>: Sendable {
  let value = Mutex<Value?>(nil)
}
