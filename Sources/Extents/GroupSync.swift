internal import Base
internal import NIOPosix
internal import Synchronization

/// Makes a file's writes durable, many writers at a time: one sync is in flight, and whoever comes meanwhile shares the next.
///
/// The first sync makes the file's directory entry durable too. A sync that failed says nothing about what reached the disk, nor would the next: from
/// then on every writer of the file fails.
final class GroupSync: Sendable {
  private struct State {
    /// Rounds that have begun; a round covers the writes that returned before it began.
    var begun = 0
    var done = 0
    var wanted = 0
    var isRunning = false
    var hasSyncedDirectory = false
    var failure: (any Error)?
    var waiting: [Waiter] = []
  }

  private struct Waiter {
    var round: Int
    var continuation: CheckedContinuation<Void, any Error>
  }

  private let file: any DiskFile
  private let disk: any Disk
  private let threads: NIOThreadPool
  private let state = Mutex(State())

  init(_ file: any DiskFile, disk: any Disk, threads: NIOThreadPool) {
    self.file = file
    self.disk = disk
    self.threads = threads
  }

  var hasFailed: Bool { state.withLock { $0.failure != nil } }

  /// Returns once everything is durable whose write returned before the call.
  func sync() async throws {
    try await wait(for: request())
  }

  /// Sees to a sync without waiting for it, and gives the round to wait for.
  func request() -> Int {
    let (round, starts) = state.withLock { state in
      let round = state.begun + 1
      state.wanted = max(state.wanted, round)
      let starts = !state.isRunning
      state.isRunning = true
      return (round, starts)
    }
    if starts { threads.submit { [self] in run($0) } }
    return round
  }

  func wait(for round: Int) async throws {
    try await withCheckedThrowingContinuation { continuation in
      let answer: Result<Void, any Error>? = state.withLock { state in
        if state.done >= round { return .success(()) }
        if let failure = state.failure { return .failure(failure) }
        state.waiting.append(Waiter(round: round, continuation: continuation))
        return nil
      }
      if let answer { continuation.resume(with: answer) }
    }
  }

  private func run(_ work: NIOThreadPool.WorkItemState) {
    guard case .active = work else { return fail(CancellationError()) }
    while let (round, needsDirectory) = beginRound() {
      do {
        try file.sync()
        if needsDirectory { try disk.syncDirectory() }
      } catch {
        return fail(error)
      }
      end(round)
    }
  }

  private func beginRound() -> (round: Int, needsDirectory: Bool)? {
    state.withLock { state in
      guard state.wanted > state.begun else {
        state.isRunning = false
        return nil
      }
      state.begun += 1
      return (state.begun, !state.hasSyncedDirectory)
    }
  }

  private func end(_ round: Int) {
    let ready = state.withLock { state in
      state.done = round
      state.hasSyncedDirectory = true
      let ready = state.waiting.filter { $0.round <= round }
      state.waiting.removeAll { $0.round <= round }
      return ready
    }
    for waiter in ready { waiter.continuation.resume() }
  }

  private func fail(_ error: any Error) {
    let waiting = state.withLock { state in
      state.failure = error
      defer { state.waiting = [] }
      return state.waiting
    }
    for waiter in waiting { waiter.continuation.resume(throwing: error) }
  }
}
