internal import Base
internal import Records

/// Writes entries to ledgers. Those of one ledger that come together share one commit, for each of its transactions builds on the one before and two could
/// never commit beside one another.
actor LedgerAppender {
  private struct Waiting {
    var draft: ConfidentialLedgers.Draft
    var answer: CheckedContinuation<TransactionID, any Error>

    var bytes: Int { draft.contents.contents.utf8.count }
  }

  private let ledgers: ConfidentialLedgers
  /// By the ledger's log. A ledger is in here while somebody writes what waits for it.
  private var queues: [GUID: [Waiting]] = [:]
  private var waitingEntries = 0
  private var waitingBytes = 0

  init(ledgers: ConfidentialLedgers) {
    self.ledgers = ledgers
  }

  /// Returns once the entry is durable. Throws 404 for a ledger that is gone, and 503 when too much waits.
  func append(_ draft: ConfidentialLedgers.Draft, to ledger: ConfidentialLedger) async throws -> TransactionID {
    guard waitingEntries < LedgerServiceLimits.maximumWaitingEntries, waitingBytes < LedgerServiceLimits.maximumWaitingBytes else {
      throw CloudError.serverBusy()
    }
    return try await withCheckedThrowingContinuation { continuation in
      let waiting = Waiting(draft: draft, answer: continuation)
      waitingEntries += 1
      waitingBytes += waiting.bytes
      guard queues[ledger.log] == nil else { return queues[ledger.log, default: []].append(waiting) }
      queues[ledger.log] = [waiting]
      // Not a part of the request that happens to come first: that may be given up while others wait.
      Task { await self.write(to: ledger) }
    }
  }

  private func write(to ledger: ConfidentialLedger) async {
    while let batch = take(of: ledger.log) {
      let drafts = batch.map(\.draft)
      do {
        let first = try await ledgers.records.write { [ledgers] in try ledgers.append(drafts, to: ledger, in: $0) }
        for (offset, waiting) in batch.enumerated() { waiting.answer.resume(returning: TransactionID(first.sequence + offset)) }
      } catch {
        for waiting in batch { waiting.answer.resume(throwing: error) }
      }
    }
  }

  /// What goes into the next commit; nil, and the ledger is nobody's any more, when nothing waits.
  private func take(of log: GUID) -> [Waiting]? {
    guard let queue = queues[log], !queue.isEmpty else {
      queues[log] = nil
      return nil
    }
    var (count, bytes) = (0, 0)
    for waiting in queue.prefix(LedgerServiceLimits.maximumEntriesPerCommit) {
      if count > 0, bytes + waiting.bytes > LedgerServiceLimits.maximumBytesPerCommit { break }
      count += 1
      bytes += waiting.bytes
    }
    queues[log] = Array(queue.dropFirst(count))
    waitingEntries -= count
    waitingBytes -= bytes
    return Array(queue.prefix(count))
  }
}
