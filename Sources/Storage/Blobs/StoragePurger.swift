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

  /// Runs until its task is cancelled, looking for work every `interval` when there is none. An error is logged and what failed is
  /// tried again after the interval.
  func run(every interval: Duration = .seconds(5)) async throws {
    while !Task.isCancelled {
      var isIdle = true
      do {
        isIdle = try await round()
      } catch let error where !(error is CancellationError) {
        logger.error("purging stopped until the next round", metadata: ["error": "\(error)"])
      }
      if isIdle { try await Task.sleep(for: interval) }
    }
  }

  /// One turn for each of the tasks there are. True when none is left.
  func round() async throws -> Bool {
    let isExpired = try await records.write { [contents, clock, limits] transaction in
      try BlobPurge.expire(at: clock.now(), limits: limits, limit: BlobPurge.maximumRecordsPerStep, contents: contents, in: transaction)
    }
    let areDeletedGone = try await records.write { [contents, clock] transaction in
      try BlobPurge.expireDeleted(at: clock.now(), limit: BlobPurge.maximumRecordsPerStep, contents: contents, in: transaction)
    }
    let hasArrived = try await records.write { [clock] transaction in
      try Blob.rehydrate(at: clock.now(), limit: BlobPurge.maximumRecordsPerStep, in: transaction)
    }
    let areMessagesExpired = try await QueuePurge.expire(at: clock.steady(), in: records)
    let isPublished = try await changeFeed.round()
    let tasks = try await records.read { reader in
      try reader.list(PurgeTask.self, under: PurgeTask.parent, limit: Self.maximumTasksPerRound)
    }
    var unfinished = 0
    for task in tasks {
      var steps = 0
      var isDone = false
      while !isDone && steps < Self.maximumStepsPerTurn {
        try Task.checkCancellation()
        isDone = try await records.write { [contents] transaction in try BlobPurge.step(task, contents: contents, in: transaction) }
        steps += 1
      }
      if !isDone { unfinished += 1 }
    }
    let isQuiet = isExpired && isPublished && areDeletedGone && areMessagesExpired && hasArrived
    return isQuiet && unfinished == 0 && tasks.count < Self.maximumTasksPerRound
  }
}
