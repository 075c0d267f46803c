internal import Base

/// The one writer: puts each batch of commits into one SQLite transaction, which costs one fsync. Runs on the commit queue's thread.
///
/// Sendable because that thread alone calls `commit`, and `close` comes after it has ended.
final class SQLiteWriter: @unchecked Sendable {
  private let connection: SQLiteConnection
  private let options: SQLiteOptions
  private let readers: SQLiteReaders
  private let sealer: CurrentSealer
  /// The version of the next commit.
  private var nextVersion: Int64
  /// Versions below this may have been used before a crash; it is stored ahead of use.
  private var versionCeiling: Int64
  /// The size of the write-ahead log, in pages, at which it is next written back.
  private var nextCheckpointPages: Int
  private var lock: StoreLock?

  /// Versions reserved at a time.
  private static let versionsPerReservation: Int64 = 1 << 20

  init(
    connection: SQLiteConnection, versionCeiling: Int64, options: SQLiteOptions, readers: SQLiteReaders, sealer: CurrentSealer, lock: StoreLock
  ) {
    self.connection = connection
    self.options = options
    self.readers = readers
    self.sealer = sealer
    nextCheckpointPages = options.checkpointPages
    nextVersion = versionCeiling
    self.versionCeiling = versionCeiling
    self.lock = lock
  }

  func setting(_ name: String) throws -> String {
    try connection.text("PRAGMA \(name)") ?? ""
  }

  func close() throws {
    try connection.close()
    // Last: the files must be closed before another process may open them.
    lock = nil
  }

  /// Commits a batch and tells each of its commits how it went. When the batch fails, each commit gets a transaction of its own, so that one that is
  /// too big for the disk takes no other with it.
  func commit(_ batch: [PendingCommit]) {
    do {
      try commitTogether(batch)
    } catch {
      if batch.count == 1 {
        let failure = (error as? SQLiteFailure)?.cloudError ?? error
        for commit in batch { commit.continuation.resume(throwing: failure) }
      } else {
        for single in batch { commit([single]) }
      }
    }
  }

  private func commitTogether(_ batch: [PendingCommit]) throws {
    var answers: [Result<PendingCommit.Outcome, any Error>] = []
    answers.reserveCapacity(batch.count)
    var afterCommit: [@Sendable () -> Void] = []
    try connection.perform { session in
      if session.logPages >= options.maximumLogPages { try readers.holding { try session.checkpoint(restarting: true) } }
      try session.beginWrite()
      defer { session.rollback() }
      let ceiling = try reserveVersions(batch.count, session)
      for commit in batch { answers.append(try apply(commit.work, session, &afterCommit)) }
      try session.commit()
      versionCeiling = ceiling
      for action in afterCommit { action() }
      for (commit, answer) in zip(batch, answers) { commit.continuation.resume(with: answer) }
      writeBackLog(session)
    }
  }

  /// Throws only what makes the whole batch fail.
  private func apply(
    _ work: PendingCommit.Work, _ session: SQLiteSession, _ afterCommit: inout [@Sendable () -> Void]
  ) throws -> Result<PendingCommit.Outcome, any Error> {
    let changes: RecordChanges
    switch work {
    case .changes(let done):
      guard try isCurrent(done, session) else { return .success(.conflict) }
      changes = done
    case .alone(let body):
      let transaction = RecordTransaction(session, sealer: sealer.current)
      do {
        try body(transaction)
      } catch let failure as SQLiteFailure {
        _ = transaction.finish()
        throw failure
      } catch {
        _ = transaction.finish()
        return .failure(error)
      }
      changes = transaction.finish()
    }
    let version = nextVersion
    nextVersion += 1
    for write in changes.writes.writes {
      if let value = write.value {
        try session.put(value, version: version, forKey: write.key.bytes)
      } else {
        try session.remove(key: write.key.bytes)
      }
    }
    afterCommit += changes.afterCommit
    return .success(.committed)
  }

  /// Whether all that a transaction read is still so, earlier commits of the same batch included.
  private func isCurrent(_ changes: RecordChanges, _ session: SQLiteSession) throws -> Bool {
    for (key, version) in changes.reads where try session.version(ofKey: key.bytes) != version { return false }
    for scanned in changes.ranges where try session.fingerprint(of: scanned.range) != (scanned.count, scanned.greatestVersion) { return false }
    return true
  }

  private func reserveVersions(_ count: Int, _ session: SQLiteSession) throws -> Int64 {
    guard nextVersion + Int64(count) > versionCeiling else { return versionCeiling }
    let ceiling = nextVersion + Int64(count) + Self.versionsPerReservation
    try session.reserveVersions(below: ceiling)
    return ceiling
  }

  /// Writes the log back into the main file each time that it has grown by so much. Where that fails nothing is in danger: what is committed stays in the
  /// log, and the error shows when the log reaches its bound.
  private func writeBackLog(_ session: SQLiteSession) {
    nextCheckpointPages = min(nextCheckpointPages, session.logPages + options.checkpointPages)
    guard session.logPages >= nextCheckpointPages else { return }
    nextCheckpointPages = session.logPages + options.checkpointPages
    _ = try? session.checkpoint(restarting: false)
  }
}
