internal import Base
internal import Edge
internal import Logging
internal import NIOHTTP1
internal import Records
internal import Wire

/// Carries out the rules that accounts have for the age of their blobs, once a day for each, in bounded steps with pauses between them; and notes
/// what was read in accounts that go by it.
///
/// What it does to a blob goes the way of the requests that would do it: leases, holds and policies keep a blob, soft delete and versions keep what
/// was deleted, and the change feed tells of it.
///
/// Source: Microsoft, "Azure Blob Storage lifecycle management overview".
struct LifecycleManager: Sendable {
  private let services: StorageServices
  private let tiers: BlobTiers
  private let deletions: BlobDeletions
  private let limits: StorageLimits

  private var records: any RecordStore { services.records }

  init(_ services: StorageServices, limits: StorageLimits = StorageLimits()) {
    self.services = services
    self.limits = limits
    tiers = BlobTiers(records: services.records, limits: limits)
    deletions = BlobDeletions(records: services.records, contents: BlobContents(services))
  }

  /// Runs until its task is cancelled, looking for work every `interval` when there is none.
  func run(_ pipeline: any StoragePipeline, every interval: Duration = .seconds(5)) async throws {
    while !Task.isCancelled {
      var isIdle = true
      do {
        isIdle = try await round(pipeline)
      } catch let error where !(error is CancellationError) {
        services.logger.error("lifecycle rules stopped until the next round", metadata: ["error": "\(error)"])
      }
      try await Task.sleep(for: isIdle ? interval : .milliseconds(limits.lifecyclePauseMilliseconds))
    }
  }

  /// Notes what was read, and carries out one page of one account's rules. True when no account's turn has come.
  func round(_ pipeline: any StoragePipeline) async throws -> Bool {
    try await noteAccesses(pipeline)
    let now = services.clock.now()
    let turn = try await records.read { [limits] in try Turn(at: now, limits: limits, in: $0) }
    guard let turn else { return true }
    for candidate in turn.page?.candidates ?? [] {
      try Task.checkCancellation()
      try await carryOut(candidate, turn, pipeline)
    }
    try await records.write { [limits] transaction in
      // Rules that were changed meanwhile have begun anew.
      guard try transaction.fetch(LifecycleRun.self, turn.run.key) == turn.run else { return }
      guard let page = turn.page else {
        try transaction.remove(LifecycleRun.self, turn.run.key)
        return
      }
      try transaction.save(turn.run.advanced(to: page.next, at: now, limits: limits))
    }
    return false
  }

  /// The account whose turn it is.
  private struct Turn: Sendable {
    var run: LifecycleRun
    /// Nil once the account or its policy is gone.
    var page: LifecyclePage?
    var account: StorageAccount?

    init?(at now: Timestamp, limits: StorageLimits, in reader: any RecordReader) throws {
      guard let run = try reader.list(LifecycleRun.self, index: LifecycleRun.dueIndex, [], tenant: .zero, limit: 1).first, run.due <= now else {
        return nil
      }
      self.run = run
      guard let account = try reader.fetch(StorageAccount.self, StorageAccount.key(run.account)), account.partition == run.partition,
        let policy = try reader.fetch(ManagementPolicy.self, ManagementPolicy.key(of: account))
      else { return }
      self.account = account
      page = try LifecyclePage(after: run.position, policy, account, at: now, limit: limits.lifecyclePageRecords, in: reader)
    }
  }

  /// Decides again in the transaction that does it, for the blob may have changed since it was listed. What a blob is protected from is left undone.
  private func carryOut(_ candidate: LifecyclePage.Candidate, _ turn: Turn, _ pipeline: any StoragePipeline) async throws {
    let identifier = services.random.guid()
    do {
      try await records.write { transaction in
        guard let account = try transaction.fetch(StorageAccount.self, StorageAccount.key(turn.run.account)), account.partition == turn.run.partition,
          let policy = try transaction.fetch(ManagementPolicy.self, ManagementPolicy.key(of: account))
        else { return }
        let properties = try BlobServiceProperties.of(account, in: transaction)
        var call = call(on: candidate.blob, in: candidate.container, AccountState(account, properties), identifier, pipeline)
        let blob = try Blob.require(call, in: transaction)
        let action = policy.action(
          on: blob, in: candidate.container, of: account, accessesSince: properties.lastAccessTrackingSince, at: call.now)
        switch action {
        case nil: return
        case .tier(let tier): try setTier(tier, &call, in: transaction)
        case .delete:
          // It goes after what was there before it.
          guard try !blob.hasEarlierStates(in: transaction) else { return }
          (call.operation, call.request.method) = ("Delete Blob", .DELETE)
          try deletions.delete(call, try BlobConditions(call), in: transaction)
        }
      }
    } catch let error as CloudError where error.status < 500 {
      services.logger.debug(
        "a lifecycle rule left a blob as it is",
        metadata: ["account": "\(turn.run.account)", "blob": "\(candidate.container)/\(candidate.blob.name)", "code": "\(error.code)"])
    } catch let error where !(error is CancellationError) {
      // Neither the blobs behind it nor the other accounts wait for it: the next run tries again.
      services.logger.error(
        "a lifecycle rule failed on a blob",
        metadata: ["account": "\(turn.run.account)", "blob": "\(candidate.container)/\(candidate.blob.name)", "error": "\(error)"])
    }
  }

  private func setTier(_ tier: AccessTier, _ call: inout StorageCall, in transaction: RecordTransaction) throws {
    (call.operation, call.request.method) = ("Set Blob Tier", .PUT)
    call.request.headers.replaceOrAdd(name: "x-ms-access-tier", value: tier.rawValue)
    _ = try tiers.setTier(call, try BlobConditions(call), isHighPriority: nil, in: transaction)
  }

  /// The request that somebody who holds the account's key would make.
  private func call(
    on blob: Blob, in container: String, _ state: AccountState, _ identifier: GUID, _ pipeline: any StoragePipeline
  ) -> StorageCall {
    var query = Query()
    if !blob.isCurrent {
      if let snapshot = blob.snapshot {
        query.items = [("snapshot", snapshot.iso8601Fractional)]
      } else if let version = blob.version {
        query.items = [("versionid", version.iso8601Fractional)]
      }
    }
    let account = state.account
    let host = "\(account.name).blob.core.\(services.address.domain)"
    let request = EdgeRequest(
      method: .PUT, path: "/" + percentEncoded("\(container)/\(blob.name)", keeping: "/"), query: query, authority: host, host: host,
      identifiers: RequestIdentifiers(request: identifier))
    return StorageCall(
      request: request, operation: "", state: state, container: container, blob: blob.name,
      principal: Principal(kind: .accountKey(scope: account.id.description), tenant: account.tenant), version: StorageVersion.newest,
      now: services.clock.now(), steady: services.clock.steady(), overrides: [], pipeline: pipeline)
  }

  // MARK: Access

  /// Reads that one transaction notes.
  private static let maximumAccessesPerTransaction = 32

  private func noteAccesses(_ pipeline: any StoragePipeline) async throws {
    while case let accesses = services.accesses.take(Self.maximumAccessesPerTransaction), !accesses.isEmpty {
      try Task.checkCancellation()
      let identifier = services.random.guid()
      try await records.write { transaction in
        for access in accesses { try note(access, identifier, pipeline, in: transaction) }
      }
    }
  }

  private func note(_ access: BlobAccesses.Access, _ identifier: GUID, _ pipeline: any StoragePipeline, in transaction: RecordTransaction) throws {
    guard var blob = try transaction.fetch(Blob.self, access.key), BlobAccesses.isNewDay(access.time, after: blob.lastAccessed) else { return }
    blob.lastAccessed = access.time
    try transaction.save(blob)
    guard blob.mayReturnToHot(at: access.time), let account = try transaction.fetch(StorageAccount.self, StorageAccount.key(access.account)),
      account.partition == access.partition, let policy = try transaction.fetch(ManagementPolicy.self, ManagementPolicy.key(of: account)),
      policy.returnsToHot(blob, in: access.container)
    else { return }
    let state = AccountState(account, try BlobServiceProperties.of(account, in: transaction))
    var call = call(on: blob, in: access.container, state, identifier, pipeline)
    do {
      try setTier(.hot, &call, in: transaction)
      guard var moved = try transaction.fetch(Blob.self, access.key) else { return }
      moved.returnedToHot = access.time
      try transaction.save(moved)
    } catch let error as CloudError where error.status < 500 {
      services.logger.debug("a blob that was read stays cool", metadata: ["account": "\(account.name)", "code": "\(error.code)"])
    }
  }
}
