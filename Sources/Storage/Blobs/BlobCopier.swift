internal import Base
internal import Edge
internal import Extents
internal import Keyring
internal import Logging
internal import Records
internal import Wire

/// Does the copies that go on after their requests were answered, as long as it runs: a step of each in turn, so that none waits for another's end.
final class BlobCopier: Sendable {
  private let records: any RecordStore
  private let services: StorageServices
  private let contents: BlobContents
  private let limits: StorageLimits
  private let clock: any WallClock
  private let logger: Logger
  private let wakes: AsyncStream<Void>
  private let waker: AsyncStream<Void>.Continuation

  private static let jobsPerRead = 64
  /// Bytes and blocks of one step, but for a blob that was put as a whole.
  private static let stepBytes = 64 << 20
  private static let stepBlocks = 64
  private static let stepWindows = 16

  init(_ services: StorageServices, contents: BlobContents, limits: StorageLimits) {
    records = services.records
    self.services = services
    clock = services.clock
    logger = services.logger
    self.contents = contents
    self.limits = limits
    (wakes, waker) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
  }

  /// Has a job that a transaction makes begun once it is durable.
  func wake(after transaction: RecordTransaction) {
    transaction.afterCommit { [waker] in waker.yield() }
  }

  /// Runs until its task is cancelled. What fails for another reason than its source is tried again after `interval`.
  func run(retryingAfter interval: Duration = .seconds(5)) async throws {
    // A restart goes on with what was under way.
    waker.yield()
    for await _ in wakes {
      while try await !attempt() { try await Task.sleep(for: interval) }
    }
    try Task.checkCancellation()
  }

  /// All that is left to do waits for customers to open their keys.
  private struct Waiting: Error {}

  /// Rounds until nothing is left to do. False when something has to wait.
  private func attempt() async throws -> Bool {
    do {
      while try await !round() { try Task.checkCancellation() }
      return true
    } catch is Waiting {
      return false
    } catch let error where !(error is CancellationError) {
      logger.error("copying stopped until the next attempt", metadata: ["error": "\(error)"])
      return false
    }
  }

  /// One step of each of the jobs there are. True when none is left.
  func round() async throws -> Bool {
    var failure: (any Error)?
    var (hasProceeded, isWaiting) = (false, false)
    var last: RecordKey?
    repeat {
      let jobs = try await records.read { [last] in try $0.list(CopyJob.self, under: CopyJob.parent, after: last, limit: Self.jobsPerRead) }
      for job in jobs {
        try Task.checkCancellation()
        do {
          if try await step(job) { hasProceeded = true } else { isWaiting = true }
        } catch let error where !(error is CancellationError) {
          // The others do not wait for it.
          failure = error
        }
      }
      if last == nil, jobs.isEmpty { return true }
      last = jobs.count < Self.jobsPerRead ? nil : jobs.last?.key
    } while last != nil
    if let failure { throw failure }
    if isWaiting, !hasProceeded { throw Waiting() }
    return false
  }

  /// What a step reads, found in one snapshot.
  private enum Part: Sendable {
    case whole(ContentOriginal)
    case blocks(ContentOriginal, endsChunk: Bool, isLast: Bool)
    case pages(PagePart)
    /// Bytes that the destination can hold as they are.
    case shared
    /// Nobody waits for the copy any longer.
    case nothing
  }

  /// What its source or its destination does not allow ends a copy. False where a key is closed that it needs: it waits.
  private func step(_ job: CopyJob) async throws -> Bool {
    do {
      try await proceed(job)
      return true
    } catch KeyringError.closed {
      return try await openKeys(of: job)
    } catch let error as UnreadableOriginal {
      try await fail(job, Self.description(of: error.cause, "Copy failed when reading the source."))
      return true
    } catch let error as CloudError where error.status < 500 {
      try await fail(job, Self.description(of: error, "Copy failed when writing the destination."))
      return true
    }
  }

  /// Opens what a copy reads and writes under. False where a customer keeps it closed.
  private func openKeys(of job: CopyJob) async throws -> Bool {
    let keys = try await records.read { reader -> [(DataKeyID, GUID)] in
      guard let blob = try job.current(in: reader), let account = try reader.fetch(StorageAccount.self, StorageAccount.key(job.destination.account))
      else { return [] }
      let source = try job.requireSource(in: reader)
      return [
        (try BlobKey(blob.encryption, nil, account, in: reader).dataKey, account.tenant),
        (try BlobKey(source.0.encryption, nil, source.1, in: reader).dataKey, source.1.tenant),
      ]
    }
    for (key, tenant) in keys where try await !services.openKeys([key], tenant: tenant) { return false }
    return true
  }

  private func proceed(_ job: CopyJob) async throws {
    guard clock.now() < job.started.advanced(by: .seconds(limits.copySeconds)) else {
      return try await fail(job, "500 OperationCancelled \"The copy did not end in time.\"")
    }
    let (part, target) = try await records.read { [contents] reader in try Self.find(job, contents: contents, in: reader) }
    guard let target else { return try await drop(job) }
    let tenant = target.account.tenant
    switch part {
    case .nothing: try await drop(job)
    case .shared:
      try await change(job) { [contents] job, blob, transaction in
        let (source, _) = try job.requireSource(in: transaction)
        try contents.release(blob.content, tenant: blob.tenant, in: transaction)
        try contents.share(source.content, tenant: source.tenant, in: transaction)
        (blob.content, blob.size, job.copied) = (source.content, source.size, source.size)
        return true
      }
    case .whole(let original):
      let copy = try await contents.copy(original, tenant: tenant, key: target.key, inlineBytes: limits.inlineBytes)
      try await change(job) { [contents, clock] job, blob, transaction in
        blob.content = try contents.save(
          copy, id: contents.makeID(at: clock.now()), account: target.account, key: target.key, in: transaction)
        (job.copied, blob.size) = (original.size, original.size)
        return true
      }
    case .blocks(let original, let endsChunk, let isLast):
      guard case .blocks(let copied) = try await contents.copy(original, tenant: tenant, key: target.key, inlineBytes: 0) else { return }
      try await change(job) { [contents] job, blob, transaction in
        let blocks = try contents.commit(copied, in: transaction)
        try job.add(blocks, endsChunk: endsChunk, in: transaction)
        guard isLast else { return false }
        try contents.release(blob.content, tenant: blob.tenant, in: transaction)
        blob.content = .blocks(BlockListSummary(id: job.list, count: job.blocks, chunkEnds: job.chunkEnds))
        blob.size = job.total
        return true
      }
    case .pages(let part):
      let extents = try await contents.copy(part.sizes, CopiedBytes(part.reader), tenant: tenant, key: target.key)
      try await change(job) { [contents, clock] job, blob, transaction in
        guard case .pages(let map) = blob.content else { throw BlobDamage.missingPages }
        for extent in extents { try contents.extents.commit(extent, in: transaction) }
        let runs = part.runs(in: extents.map(\.id))
        if !runs.isEmpty {
          let newID = contents.makeID(at: clock.now())
          blob.content = .pages(try contents.write(runs, to: map, newID: newID, tenant: blob.tenant, in: transaction))
        }
        job.nextWindow = part.nextWindow ?? job.nextWindow
        job.copied = part.nextWindow.map { min($0 * PageWindow.bytes, job.total) } ?? job.total
        return part.nextWindow == nil
      }
    }
  }

  /// Where a step's bytes go.
  private struct Target: Sendable {
    var account: StorageAccount
    var key: BlobKey
  }

  private static func find(_ job: CopyJob, contents: BlobContents, in reader: any RecordReader) throws -> (Part, Target?) {
    guard let blob = try job.current(in: reader),
      let account = try reader.fetch(StorageAccount.self, StorageAccount.key(job.destination.account)),
      account.partition == job.destination.partition
    else { return (.nothing, nil) }
    let target = Target(account: account, key: try BlobKey(blob.encryption, nil, account, in: reader))
    do {
      let source = try job.requireSource(in: reader)
      let isShared = try BlobKey(source.0.encryption, nil, source.1, in: reader).dataKey == target.key.dataKey
      return (isShared ? .shared : try find(job, from: source, contents: contents, in: reader), target)
    } catch {
      throw UnreadableOriginal(error) ?? error
    }
  }

  private static func find(
    _ job: CopyJob, from source: (blob: Blob, account: StorageAccount), contents: BlobContents, in reader: any RecordReader
  ) throws -> Part {
    switch source.blob.content {
    case .empty, .inline, .extent:
      return .whole(try ContentOriginal(source.blob, account: source.account, contents: contents, in: reader))
    case .pages(let map):
      let key = try BlobKey(source.blob.encryption, nil, source.account, in: reader)
      guard key.customerKey == nil else { throw StorageError.usesCustomerEncryption }
      return .pages(
        try PagePart(map, from: job.nextWindow, windows: stepWindows, tenant: source.blob.tenant, contents: contents, in: reader))
    case .blocks(let summary):
      guard job.nextChunk < summary.chunkEnds.count else {
        let nothing = try ContentOriginal([], at: 0, of: source.blob, account: source.account, contents: contents, in: reader)
        return .blocks(nothing, endsChunk: false, isLast: true)
      }
      let chunk = try contents.chunk(summary, job.nextChunk, tenant: source.blob.tenant, in: reader).blocks
      var bytes = 0
      let blocks = chunk[min(job.nextBlock, chunk.count)...].prefix(stepBlocks).prefix { block in
        defer { bytes += block.size }
        return bytes == 0 || bytes + block.size <= stepBytes
      }
      let endsChunk = job.nextBlock + blocks.count >= chunk.count
      return .blocks(
        try ContentOriginal(Array(blocks), at: job.copied, of: source.blob, account: source.account, contents: contents, in: reader),
        endsChunk: endsChunk, isLast: endsChunk && job.nextChunk == summary.chunkEnds.count - 1)
    }
  }

  // MARK: What comes of a step

  /// Makes a step count, if the copy is still waited for and its source is what it was. `apply` says whether it was the last one.
  private func change(
    _ job: CopyJob, _ apply: @escaping @Sendable (inout CopyJob, inout Blob, RecordTransaction) throws -> Bool
  ) async throws {
    try await records.write { [clock, contents] transaction in
      guard var blob = try job.current(in: transaction) else { return }
      do {
        _ = try job.requireSource(in: transaction)
      } catch {
        throw UnreadableOriginal(error) ?? error
      }
      var next = job
      let isLast = try apply(&next, &blob, transaction)
      blob.copy?.copied = next.copied
      if isLast {
        let now = clock.now()
        if blob.copy?.isIncremental == true { try blob.keepIncrementalSnapshot(at: now, contents: contents, in: transaction) }
        blob.copy?.status = .success
        blob.copy?.completed = now
        blob.etag = ETag(at: now, after: blob.etag)
        blob.lastModified = max(now, blob.lastModified)
        try transaction.remove(CopyJob.self, job.key)
      } else {
        try transaction.save(next)
      }
      try transaction.save(blob)
    }
  }

  private func fail(_ job: CopyJob, _ description: String) async throws {
    try await records.write { [contents, clock] transaction in
      guard let blob = try job.current(in: transaction) else { return try Self.drop(job, contents: contents, in: transaction) }
      try CopyJob.end(blob, as: .failed, description: description, at: clock.now(), contents: contents, in: transaction)
    }
  }

  /// The destination is gone, or became something else.
  private func drop(_ job: CopyJob) async throws {
    try await records.write { [contents] transaction in try Self.drop(job, contents: contents, in: transaction) }
  }

  private static func drop(_ job: CopyJob, contents: BlobContents, in transaction: RecordTransaction) throws {
    guard let stored = try transaction.fetch(CopyJob.self, job.key), stored.copied == job.copied, stored.nextWindow == job.nextWindow else { return }
    try stored.drop(contents: contents, in: transaction)
  }

  /// As Azure words it.
  private static func description(of error: any Error, _ text: String) -> String {
    let error = StorageErrorResponse.cloudError(error)
    return "\(error.status) \(error.code) \"\(text)\""
  }
}
