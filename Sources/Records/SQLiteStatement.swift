internal import GRDBSQLite

/// A prepared statement of one connection, for one thread at a time. It goes round GRDB's statements and rows, whose cost per access is several times
/// that of the lookup itself.
final class SQLiteStatement {
  private let handle: OpaquePointer
  private let connection: OpaquePointer

  init(_ connection: OpaquePointer, _ sql: String) throws {
    var handle: OpaquePointer?
    let code = sqlite3_prepare_v3(connection, sql, -1, UInt32(SQLITE_PREPARE_PERSISTENT), &handle, nil)
    guard code == SQLITE_OK, let handle else { throw SQLiteFailure(code: code, on: connection) }
    self.handle = handle
    self.connection = connection
  }

  deinit {
    sqlite3_finalize(handle)
  }

  /// True when there is a row.
  func step() throws -> Bool {
    switch sqlite3_step(handle) {
    case SQLITE_ROW: return true
    case SQLITE_DONE: return false
    case let code: throw SQLiteFailure(code: code, on: connection)
    }
  }

  /// Runs a statement that gives no row.
  func run() throws {
    defer { reset() }
    _ = try step()
  }

  /// Makes the statement ready for its next run, and its bytes free to go.
  func reset() {
    // Reports once more what `step` has already thrown.
    sqlite3_reset(handle)
  }

  /// Binds bytes for the duration of `body`, without a copy.
  func binding<Result>(_ index: Int32, _ bytes: [UInt8], _ body: () throws -> Result) throws -> Result {
    try bytes.withUnsafeBytes { buffer in
      // An empty array may have no address, which SQLite takes for NULL.
      let code =
        buffer.isEmpty ? sqlite3_bind_zeroblob(handle, index, 0) : sqlite3_bind_blob64(handle, index, buffer.baseAddress, UInt64(buffer.count), nil)
      guard code == SQLITE_OK else { throw SQLiteFailure(code: code, on: connection) }
      defer { reset() }
      return try body()
    }
  }

  func bind(_ index: Int32, _ value: Int64) throws {
    let code = sqlite3_bind_int64(handle, index, value)
    guard code == SQLITE_OK else { throw SQLiteFailure(code: code, on: connection) }
  }

  func integer(_ column: Int32) -> Int64 {
    sqlite3_column_int64(handle, column)
  }

  func bytes(_ column: Int32) -> [UInt8] {
    guard let start = sqlite3_column_blob(handle, column) else { return [] }
    return Array(UnsafeRawBufferPointer(start: start, count: Int(sqlite3_column_bytes(handle, column))))
  }

  func text(_ column: Int32) -> String {
    String(decoding: bytes(column), as: UTF8.self)
  }
}
