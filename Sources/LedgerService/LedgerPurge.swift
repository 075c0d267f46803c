internal import Base
internal import Ledger
internal import Records
internal import Synchronization

/// What is left to do of a ledger's deletion.
struct LedgerPurge: Record, Codable, Sendable {
  static let kind = "tenantledger.purge"
  static let parent = RecordKey(tenant: .zero)

  var tenant: GUID
  var log: GUID

  var key: RecordKey { RecordKey(tenant: .zero, log.description) }

  /// Removes some of the records of the deleted ledger, and says whether that was all.
  func step(in transaction: RecordTransaction) throws -> Bool {
    let (parent, limit) = (RecordKey(tenant: tenant, log.description), LedgerServiceLimits.maximumRemovals)
    let removals: [() throws -> Int] = [
      { try transaction.removeAll(LedgerTransaction.self, under: parent, limit: limit) },
      { try transaction.removeAll(LedgerCollection.self, under: parent, limit: limit) },
      { try transaction.removeAll(LedgerUser.self, under: parent, limit: limit) },
      { try MerkleLog(id: log, tenant: tenant).remove(limit: limit, in: transaction) },
    ]
    for removal in removals where try removal() == limit { return false }
    try transaction.remove(LedgerPurge.self, key)
    return true
  }
}

/// Tells the purger that a ledger was deleted.
final class LedgerDeletions: Sendable {
  private let listener = Mutex<AsyncStream<Void>.Continuation?>(nil)

  func ring() { listener.withLock { _ = $0?.yield() } }

  /// An element for one or more deletions since the last was taken. For one listener at a time.
  func rings() -> AsyncStream<Void> {
    let (stream, continuation) = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))
    listener.withLock { $0 = continuation }
    return stream
  }
}

extension ConfidentialLedgers {
  /// How long after a failure it is tried again.
  private static let retryPause: Duration = .seconds(5)

  /// Removes what is left of deleted ledgers, as long as it runs. `failed` learns of what is tried again.
  public func run(failed: @Sendable (any Error) -> Void = { _ in }) async throws {
    let rings = deletions.rings()
    try await purgeAll(failed: failed)
    for await _ in rings { try await purgeAll(failed: failed) }
  }

  private func purgeAll(failed: @Sendable (any Error) -> Void) async throws {
    while true {
      do {
        return try await purge()
      } catch let error where !(error is CancellationError) {
        failed(error)
        try await Task.sleep(for: Self.retryPause)
      }
    }
  }

  /// Removes what is left of the ledgers that are deleted now.
  package func purge() async throws {
    while true {
      let tasks = try await records.read {
        try $0.list(LedgerPurge.self, under: LedgerPurge.parent, limit: LedgerServiceLimits.maximumRemovals)
      }
      guard !tasks.isEmpty else { return }
      for task in tasks {
        while try await !records.write({ try task.step(in: $0) }) { try Task.checkCancellation() }
      }
    }
  }
}
