internal import Base
internal import Logging
internal import Records

/// Does the purge tasks that deletions leave, and drops uncommitted blocks whose time is over, as long as it runs.
struct StoragePurger: Sendable {
  private let records: any RecordStore
  private let contents: BlobContents
  private let clock: any WallClock
  private let limits: StorageLimits
  private let logger: Logger
  private let changeFeed: ChangeFeedPublisher

  /// Tasks of one round.
  private static let maximumTasksPerRound = 64
  /// Steps of one task before the next has its turn.
  private static let maximumStepsPerTurn = 16

  init(_ services: StorageServices, limits: StorageLimits = StorageLimits()) {
    records = services.records
    contents = BlobContents(services)
    clock = services.clock
    logger = services.logger
    self.limits = limits
    changeFeed = ChangeFeedPublisher(services, limits: limits)
  }

  /// What a round left to do.
  private enum Rest {
    case none
    /// Only what failed, which may succeed later.
    case failures
    case work
  }

  /// Runs until its task is cancelled, looking for work every `interval` when there is none. An error is logged and what failed is
  /// tried again after the interval, or with the next work.
  func run(every interval: Duration = .seconds(5)) async throws {
    while !Task.isCancelled {
      if try await turn() != .work { try await Task.sleep(for: interval) }
    }
  }

  /// One turn for each of the tasks there are. True when none is left.
  func round() async throws -> Bool {
    try await turn() == .none
  }

  private func turn() async throws -> Rest {
    var rests: [Rest] = []
    rests.append(
      try await attempt("uncommitted blocks") {
        try await records.write { [contents, clock, limits] transaction in
          try BlobPurge.expire(at: clock.now(), limits: limits, limit: BlobPurge.maximumRecordsPerStep, contents: contents, in: transaction)
        }
      })
    rests.append(
      try await attempt("deleted blobs and containers") {
        try await records.write { [contents, clock] transaction in
          try BlobPurge.expireDeleted(at: clock.now(), limit: BlobPurge.maximumRecordsPerStep, contents: contents, in: transaction)
        }
      })
    rests.append(
      try await attempt("rehydration") {
        try await records.write { [clock] transaction in
          try Blob.rehydrate(at: clock.now(), limit: BlobPurge.maximumRecordsPerStep, in: transaction)
        }
      })
    rests.append(try await attempt("messages") { try await QueuePurge.expire(at: clock.steady(), in: records) })
    rests.append(try await attempt("the change feed") { try await changeFeed.round() })
    rests.append(try await attempt("purge tasks", doTasks))
    return rests.contains(.work) ? .work : rests.contains(.failures) ? .failures : .none
  }

  /// Does a part of a round, which gives whether nothing is left of it. The others do not wait for one that fails.
  private func attempt(_ part: String, _ body: () async throws -> Bool) async throws -> Rest {
    try await attempt(part) { try await body() ? Rest.none : .work }
  }

  private func attempt(_ part: String, _ body: () async throws -> Rest) async throws -> Rest {
    do {
      return try await body()
    } catch let error where !(error is CancellationError) {
      logger.error("a part of purging failed and is tried again", metadata: ["part": "\(part)", "error": "\(error)"])
      return .failures
    }
  }

  /// A turn for each task of a page of them; a page with tasks that fail is no reason for those behind it to wait.
  private func doTasks() async throws -> Rest {
    var (hasFailed, hasWork) = (false, false)
    var last: RecordKey?
    repeat {
      let tasks = try await records.read { [last] reader in
        try reader.list(PurgeTask.self, under: PurgeTask.parent, after: last, limit: Self.maximumTasksPerRound)
      }
      var failures = 0
      for task in tasks {
        switch try await attempt("\(task.subject)", { try await finish(task) }) {
        case .none: break
        case .failures: failures += 1
        case .work: hasWork = true
        }
      }
      last = nil
      if failures > 0 { hasFailed = true }
      if tasks.count == Self.maximumTasksPerRound {
        if failures > 0 { last = tasks.last?.key } else { hasWork = true }
      }
    } while last != nil
    return hasWork ? .work : hasFailed ? .failures : .none
  }

  /// Whether a task's turn was its last.
  private func finish(_ task: PurgeTask) async throws -> Bool {
    for _ in 0..<Self.maximumStepsPerTurn {
      try Task.checkCancellation()
      if try await records.write({ [contents] transaction in try BlobPurge.step(task, contents: contents, in: transaction) }) { return true }
    }
    return false
  }
}
