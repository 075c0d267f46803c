internal import Base
internal import Synchronization

/// The connections for reading, made when first needed. A read runs on the thread of its caller: SQLite answers it from memory or the page cache,
/// and two hops between threads would cost several times as much.
final class SQLiteReaders: Sendable {
  private struct State {
    var idle: [SQLiteConnection] = []
    var openCount = 0
    var waiting: [CheckedContinuation<SQLiteConnection, any Error>] = []
    var isClosed = false
    var closers: [CheckedContinuation<Void, Never>] = []
    /// The reads under way, numbered in their order.
    var reads: Set<UInt64> = []
    var nextRead: UInt64 = 0
    var settlers: [Settler] = []
    var isHeld = false
    /// Reads that begin once they are held no longer.
    var held: [CheckedContinuation<Void, Never>] = []
  }

  /// Somebody who waits for the end of some reads.
  private struct Settler {
    var reads: Set<UInt64>
    var continuation: CheckedContinuation<Void, Never>
  }

  /// Connections at most: more than threads that run closures.
  private static let maximumConnections = 16

  private let path: String
  private let state = Mutex(State())

  init(path: String) {
    self.path = path
  }

  /// Runs `body` in one read transaction. Throws `CloudError.serverBusy` when too many wait or the store is closed.
  func read<Result>(_ body: (SQLiteSession) throws -> Result) async throws -> Result {
    await waitWhileHeld()
    let connection = try await acquire()
    defer { release(connection) }
    let number = begin()
    defer { end(number) }
    return try renderingFailures {
      try connection.perform { session in
        try session.reading { try body(session) }
      }
    }
  }

  /// Runs `body` while no read begins: those under way come to their end, without new ones that overlap them forever.
  func holding(_ body: () throws -> Void) rethrows {
    state.withLock { $0.isHeld = true }
    defer {
      let held = state.withLock { state in
        state.isHeld = false
        defer { state.held = [] }
        return state.held
      }
      for continuation in held { continuation.resume() }
    }
    try body()
  }

  private func waitWhileHeld() async {
    guard state.withLock({ $0.isHeld }) else { return }
    await withCheckedContinuation { continuation in
      let isHeld = state.withLock { state in
        if state.isHeld { state.held.append(continuation) }
        return state.isHeld
      }
      if !isHeld { continuation.resume() }
    }
  }

  /// Takes nothing new, waits for the reads under way and closes the connections.
  func close() async throws {
    let waiting = state.withLock { state in
      state.isClosed = true
      defer { state.waiting = [] }
      return state.waiting
    }
    for continuation in waiting { continuation.resume(throwing: CloudError.serverBusy(cause: RecordStoreError.closed)) }
    await withCheckedContinuation { continuation in
      let isIdle = state.withLock { state in
        let isIdle = state.idle.count == state.openCount
        if !isIdle { state.closers.append(continuation) }
        return isIdle
      }
      if isIdle { continuation.resume() }
    }
    let connections = state.withLock { state in
      defer { (state.idle, state.openCount) = ([], 0) }
      return state.idle
    }
    for connection in connections { try connection.close() }
  }

  /// Returns once the reads have ended that are under way now.
  func settle() async {
    await withCheckedContinuation { continuation in
      let isSettled = state.withLock { state in
        if !state.reads.isEmpty { state.settlers.append(Settler(reads: state.reads, continuation: continuation)) }
        return state.reads.isEmpty
      }
      if isSettled { continuation.resume() }
    }
  }

  private func begin() -> UInt64 {
    state.withLock { state in
      defer { state.nextRead += 1 }
      state.reads.insert(state.nextRead)
      return state.nextRead
    }
  }

  private func end(_ number: UInt64) {
    let settled = state.withLock { state -> [CheckedContinuation<Void, Never>] in
      state.reads.remove(number)
      guard !state.settlers.isEmpty else { return [] }
      for index in state.settlers.indices { state.settlers[index].reads.remove(number) }
      let settled = state.settlers.filter(\.reads.isEmpty).map(\.continuation)
      state.settlers.removeAll(where: \.reads.isEmpty)
      return settled
    }
    for continuation in settled { continuation.resume() }
  }

  private func acquire() async throws -> SQLiteConnection {
    if let connection = try acquireWithoutWaiting() { return connection }
    return try await withCheckedThrowingContinuation { continuation in
      // One may have come back since.
      let answer: Result<SQLiteConnection, any Error>? = state.withLock { state in
        if state.isClosed { return .failure(CloudError.serverBusy(cause: RecordStoreError.closed)) }
        if let connection = state.idle.popLast() { return .success(connection) }
        guard state.waiting.count < RecordLimits.maximumQueuedReads else { return .failure(CloudError.serverBusy()) }
        state.waiting.append(continuation)
        return nil
      }
      if let answer { continuation.resume(with: answer) }
    }
  }

  /// An idle connection or a new one; nil when all are in use.
  private func acquireWithoutWaiting() throws -> SQLiteConnection? {
    let (idle, mayOpen) = try state.withLock { state -> (SQLiteConnection?, Bool) in
      if state.isClosed { throw CloudError.serverBusy(cause: RecordStoreError.closed) }
      if let connection = state.idle.popLast() { return (connection, false) }
      guard state.openCount < Self.maximumConnections else { return (nil, false) }
      state.openCount += 1
      return (nil, true)
    }
    guard mayOpen else { return idle }
    do {
      let connection = try SQLiteConnection(path: path, isReader: true)
      try connection.prepare()
      return connection
    } catch {
      state.withLock { $0.openCount -= 1 }
      throw CloudError.serverBusy(cause: error)
    }
  }

  private func release(_ connection: SQLiteConnection) {
    let (next, closers) = state.withLock { state -> (CheckedContinuation<SQLiteConnection, any Error>?, [CheckedContinuation<Void, Never>]) in
      if !state.waiting.isEmpty { return (state.waiting.removeFirst(), []) }
      state.idle.append(connection)
      guard state.isClosed, state.idle.count == state.openCount else { return (nil, []) }
      defer { state.closers = [] }
      return (nil, state.closers)
    }
    next?.resume(returning: connection)
    for closer in closers { closer.resume() }
  }
}
