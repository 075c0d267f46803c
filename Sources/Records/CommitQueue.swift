internal import Base
internal import Dispatch
internal import Synchronization

#if canImport(Glibc)
  internal import Glibc
#endif

/// A commit that waits for the writer.
struct PendingCommit: Sendable {
  enum Work: Sendable {
    /// What a closure did beside other transactions: to be validated, then applied.
    case changes(RecordChanges)
    /// A closure that conflicted too often and now runs in the writer's own turn.
    case alone(@Sendable (RecordTransaction) throws -> Void)
  }

  enum Outcome: Sendable {
    case committed
    /// Something that it read has changed; nothing was applied.
    case conflict
  }

  var work: Work
  var continuation: CheckedContinuation<Outcome, any Error>

  var byteCount: Int {
    switch work {
    case .changes(let changes): changes.writes.byteCount
    case .alone: 0
    }
  }
}

/// The bounded queue between transactions and the one writer, which has a thread of its own: it blocks on the disk, and what arrives meanwhile
/// forms the next batch.
final class CommitQueue: Sendable {
  private struct State {
    var waiting: [PendingCommit] = []
    var waitingBytes = 0
    var writerSleeps = false
    var isClosed = false
    var hasEnded = false
    var closers: [CheckedContinuation<Void, Never>] = []
  }

  private let state = Mutex(State())
  private let wake = DispatchSemaphore(value: 0)

  /// Starts the writer's thread, which gives every batch to `commit` and releases it when the queue is closed and empty.
  func start(_ commit: @escaping @Sendable ([PendingCommit]) -> Void) throws {
    let body = ThreadBody { [self] in
      while let batch = nextBatch() { commit(batch) }
    } ended: { [self] in
      let closers = state.withLock { state in
        state.hasEnded = true
        defer { state.closers = [] }
        return state.closers
      }
      for closer in closers { closer.resume() }
    }
    try body.start()
  }

  /// Waits for its turn and its commit. Throws `CloudError.serverBusy` when the queue is full or closed.
  func commit(_ work: PendingCommit.Work) async throws -> PendingCommit.Outcome {
    try await withCheckedThrowingContinuation { continuation in
      let pending = PendingCommit(work: work, continuation: continuation)
      let size = pending.byteCount
      let refusal: CloudError? = state.withLock { state in
        if state.isClosed { return .serverBusy(cause: RecordStoreError.closed) }
        guard
          state.waiting.count < RecordLimits.maximumQueuedCommits,
          state.waiting.isEmpty || state.waitingBytes + size <= RecordLimits.maximumQueuedBytes
        else { return .serverBusy() }
        state.waiting.append(pending)
        state.waitingBytes += size
        if state.writerSleeps {
          state.writerSleeps = false
          wake.signal()
        }
        return nil
      }
      if let refusal { continuation.resume(throwing: refusal) }
    }
  }

  /// Takes nothing new; what waits is still committed.
  func stop() {
    state.withLock { state in
      state.isClosed = true
      if state.writerSleeps {
        state.writerSleeps = false
        wake.signal()
      }
    }
  }

  /// Stops, and waits until everything is committed and the writer has ended.
  func close() async {
    stop()
    await withCheckedContinuation { continuation in
      let hasEnded = state.withLock { state in
        if !state.hasEnded { state.closers.append(continuation) }
        return state.hasEnded
      }
      if hasEnded { continuation.resume() }
    }
  }

  /// Waits for work; nil when the queue is closed and empty.
  private func nextBatch() -> [PendingCommit]? {
    while true {
      let (batch, isEnd) = state.withLock { state -> ([PendingCommit], Bool) in
        if !state.waiting.isEmpty { return (Self.takeBatch(from: &state), false) }
        state.writerSleeps = !state.isClosed
        return ([], state.isClosed)
      }
      if isEnd { return nil }
      if !batch.isEmpty { return batch }
      wake.wait()
    }
  }

  private static func takeBatch(from state: inout State) -> [PendingCommit] {
    var count = 0
    var bytes = 0
    while count < min(state.waiting.count, RecordLimits.maximumCommitsPerBatch), bytes < RecordLimits.maximumBytesPerBatch {
      bytes += state.waiting[count].byteCount
      count += 1
    }
    let batch = Array(state.waiting.prefix(count))
    state.waiting.removeFirst(count)
    state.waitingBytes -= bytes
    return batch
  }
}

/// A thread that runs one closure, drops it, and says so.
private final class ThreadBody {
  private var run: (@Sendable () -> Void)?
  private let ended: @Sendable () -> Void

  init(run: @escaping @Sendable () -> Void, ended: @escaping @Sendable () -> Void) {
    self.run = run
    self.ended = ended
  }

  func start() throws {
    let body = Unmanaged.passRetained(self)
    var thread = pthread_t()
    let code = pthread_create(
      &thread, nil,
      { argument in
        guard let argument else { return nil }
        let body = Unmanaged<ThreadBody>.fromOpaque(argument).takeRetainedValue()
        body.run?()
        body.run = nil
        body.ended()
        return nil
      }, body.toOpaque())
    guard code == 0 else {
      body.release()
      throw CloudError.internalError(RecordStoreError.cannotOpen(path: "thread", errno: code))
    }
    pthread_detach(thread)
  }
}
