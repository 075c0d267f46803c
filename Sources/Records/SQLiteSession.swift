internal import GRDBSQLite

/// The prepared statements of one connection.
final class SQLiteSession {
  private let handle: OpaquePointer
  /// The size of the write-ahead log after the last commit of this connection, in pages.
  private(set) var logPages = 0
  private let begin: SQLiteStatement
  private let beginWriting: SQLiteStatement
  private let commitStatement: SQLiteStatement
  private let rollbackStatement: SQLiteStatement
  private let get: SQLiteStatement
  private let version: SQLiteStatement
  private let ascending: SQLiteStatement
  private let descending: SQLiteStatement
  private let fingerprint: SQLiteStatement
  private let replace: SQLiteStatement
  private let delete: SQLiteStatement
  private let reserve: SQLiteStatement

  init(_ handle: OpaquePointer) throws {
    self.handle = handle
    begin = try SQLiteStatement(handle, "BEGIN DEFERRED")
    beginWriting = try SQLiteStatement(handle, "BEGIN IMMEDIATE")
    commitStatement = try SQLiteStatement(handle, "COMMIT")
    rollbackStatement = try SQLiteStatement(handle, "ROLLBACK")
    get = try SQLiteStatement(handle, "SELECT version, value FROM record WHERE key = ?1")
    version = try SQLiteStatement(handle, "SELECT version FROM record WHERE key = ?1")
    ascending = try SQLiteStatement(handle, "SELECT key, version, value FROM record WHERE key >= ?1 AND key < ?2 ORDER BY key")
    descending = try SQLiteStatement(handle, "SELECT key, version, value FROM record WHERE key >= ?1 AND key < ?2 ORDER BY key DESC")
    fingerprint = try SQLiteStatement(handle, "SELECT count(*), ifnull(max(version), 0) FROM record WHERE key >= ?1 AND key < ?2")
    replace = try SQLiteStatement(handle, "REPLACE INTO record (key, version, value) VALUES (?1, ?2, ?3)")
    delete = try SQLiteStatement(handle, "DELETE FROM record WHERE key = ?1")
    reserve = try SQLiteStatement(handle, "UPDATE store SET value = ?1 WHERE name = 'versions'")
  }

  deinit {
    sqlite3_wal_hook(handle, nil, nil)
  }

  /// Keeps `logPages`, and leaves it to the caller to checkpoint: SQLite's own checkpoints use the same hook, and would make a commit wait.
  func watchLog() {
    sqlite3_wal_hook(
      handle,
      { context, _, _, pages in
        guard let context else { return SQLITE_OK }
        Unmanaged<SQLiteSession>.fromOpaque(context).takeUnretainedValue().logPages = Int(pages)
        return SQLITE_OK
      }, Unmanaged.passUnretained(self).toOpaque())
  }

  /// Runs `body` in one read transaction.
  func reading<Result>(_ body: () throws -> Result) throws -> Result {
    try begin.run()
    defer { rollback() }
    return try body()
  }

  func beginWrite() throws {
    try beginWriting.run()
  }

  /// Returns once the transaction is durable.
  func commit() throws {
    try commitStatement.run()
  }

  /// False once an error has made SQLite undo the transaction by itself.
  var isInTransaction: Bool { sqlite3_get_autocommit(handle) == 0 }

  func rollback() {
    guard isInTransaction else { return }
    do {
      try rollbackStatement.run()
    } catch {
      // SQLite's ROLLBACK fails only where there is no transaction; one left open would give later work a stale or half-made state.
      precondition(!isInTransaction, "a transaction cannot be undone: \(error)")
    }
  }

  func put(_ value: [UInt8], version: Int64, forKey key: [UInt8]) throws {
    try replace.bind(2, version)
    try replace.binding(1, key) {
      try replace.binding(3, value) {
        _ = try replace.step()
      }
    }
  }

  func remove(key: [UInt8]) throws {
    try delete.binding(1, key) {
      _ = try delete.step()
    }
  }

  /// 0 for a key that is not there.
  func version(ofKey key: [UInt8]) throws -> Int64 {
    try version.binding(1, key) {
      try version.step() ? version.integer(0) : 0
    }
  }

  func fingerprint(of range: Range<KeyBytes>) throws -> (count: Int, greatestVersion: Int64) {
    try fingerprint.binding(1, range.lowerBound.bytes) {
      try fingerprint.binding(2, range.upperBound.bytes) {
        _ = try fingerprint.step()
        return (Int(fingerprint.integer(0)), fingerprint.integer(1))
      }
    }
  }

  /// Stores the version below which all may have been used.
  func reserveVersions(below ceiling: Int64) throws {
    try reserve.bind(1, ceiling)
    try reserve.run()
  }

  /// Moves what it can of the log into the main file. A restarting one waits for readers, so that the log can begin anew.
  func checkpoint(restarting: Bool) throws {
    let code = sqlite3_wal_checkpoint_v2(handle, nil, restarting ? SQLITE_CHECKPOINT_RESTART : SQLITE_CHECKPOINT_PASSIVE, nil, nil)
    guard code == SQLITE_OK else { throw SQLiteFailure(code: code, on: handle) }
    if restarting { logPages = 0 }
  }
}

extension SQLiteSession: RecordSnapshot {
  func entry(forKey key: [UInt8]) throws -> (version: Int64, value: [UInt8])? {
    try get.binding(1, key) {
      try get.step() ? (get.integer(0), get.bytes(1)) : nil
    }
  }

  func scan(_ range: Range<KeyBytes>, reversed: Bool, _ visit: ([UInt8], Int64, [UInt8]) throws -> Bool) throws {
    let statement = reversed ? descending : ascending
    try statement.binding(1, range.lowerBound.bytes) {
      try statement.binding(2, range.upperBound.bytes) {
        while try statement.step() {
          guard try visit(statement.bytes(0), statement.integer(1), statement.bytes(2)) else { return }
        }
      }
    }
  }
}
