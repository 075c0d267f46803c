import Records
import Synchronization

/// Records whose owner dies before a certain step.
final class BreakingRecords: RecordStore {
  struct Broken: Error {}

  private let records: SQLiteRecordStore
  private let left: Mutex<Int>

  init(_ records: SQLiteRecordStore, before step: Int) {
    self.records = records
    left = Mutex(step)
  }

  var isBroken: Bool { left.withLock { $0 < 0 } }

  func step() throws {
    let isAlive = left.withLock { left in
      left = max(left - 1, -1)
      return left >= 0
    }
    if !isAlive { throw Broken() }
  }

  func read<Result: Sendable>(_ body: @Sendable (any RecordReader) throws -> Result) async throws -> Result {
    try await records.read(body)
  }

  func write<Result: Sendable>(_ body: @escaping @Sendable (RecordTransaction) throws -> Result) async throws -> Result {
    try step()
    return try await records.write(body)
  }

  func settle() async {
    await records.settle()
  }
}

/// Whether something has happened, and how often.
final class Flag: Sendable {
  private let raised = Mutex(0)

  var count: Int { raised.withLock { $0 } }
  var isRaised: Bool { count > 0 }

  func raise() { raised.withLock { $0 += 1 } }
}
