internal import Base
internal import GRDBSQLite

/// An error of SQLite: its extended result code and its words.
struct SQLiteFailure: Error, CustomStringConvertible {
  var code: Int32
  var message: String

  init(code: Int32, on connection: OpaquePointer) {
    self.code = code
    message = String(cString: sqlite3_errmsg(connection))
  }

  var description: String { "SQLite \(code): \(message)" }

  /// What a caller sees: 503 when the disk is full or fails or memory is short, which may pass; 500 for what will not.
  var cloudError: CloudError {
    switch code & 0xFF {
    case SQLITE_FULL, SQLITE_IOERR, SQLITE_NOMEM, SQLITE_BUSY, SQLITE_CANTOPEN: .serverBusy(cause: self)
    default: .internalError(self)
    }
  }
}

/// Runs engine work and turns SQLite's errors into what a caller may see.
func renderingFailures<Result>(_ body: () throws -> Result) throws -> Result {
  do {
    return try body()
  } catch let failure as SQLiteFailure {
    throw failure.cloudError
  }
}
