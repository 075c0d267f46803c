internal import GRDB
internal import GRDBSQLite

/// One connection and the statements it keeps prepared. GRDB opens it, sets it up and serialises it.
///
/// Sendable because nothing here is reached but from within `perform`.
final class SQLiteConnection: @unchecked Sendable {
  private let queue: DatabaseQueue
  private var session: SQLiteSession?

  init(path: String, isReader: Bool) throws {
    var configuration = Configuration()
    configuration.readonly = isReader
    configuration.journalMode = isReader ? .default : .wal
    configuration.busyMode = .timeout(Self.busySeconds)
    configuration.foreignKeysEnabled = false
    // `perform` ends its own transactions; where ending one fails, that is an error to report and no reason to end the process.
    configuration.allowsUnsafeTransactions = true
    queue = try DatabaseQueue(path: path, configuration: configuration)
  }

  /// How long a connection waits for locks, which only recovery and checkpoints take.
  private static let busySeconds = 10.0

  func execute(_ sql: String) throws {
    try queue.inDatabase { try $0.execute(sql: sql) }
  }

  /// The first column of the first row, as text.
  func text(_ sql: String) throws -> String? {
    try queue.inDatabase { try String.fetchOne($0, sql: sql) }
  }

  /// Prepares the statements, which need the tables to be there.
  func prepare() throws {
    try queue.inDatabase { database in
      guard let handle = database.sqliteConnection else { throw RecordStoreError.closed }
      session = try SQLiteSession(handle)
    }
  }

  func perform<Result>(_ body: (SQLiteSession) throws -> Result) throws -> Result {
    try queue.inDatabase { _ in
      guard let session else { throw RecordStoreError.closed }
      return try body(session)
    }
  }

  func close() throws {
    queue.inDatabase { _ in session = nil }
    try queue.close()
  }
}
