import Base
import Records
import Simulation
import Synchronization

/// Transactions that run beside each other, and what each of them did, in the order of their commits.
final class CrashWorkload: Sendable {
  struct Commit: Sendable {
    /// nil is a removal.
    var writes: [KeyBytes: [UInt8]?]
    /// How many operations the disk had seen when the commit was acknowledged.
    var position: Int
  }

  static let tasks = 8
  static let transactions = 320

  let commits = Mutex<[Commit]>([])
  private let random: SeededRandom

  init(random: SeededRandom) {
    self.random = random
  }

  /// The states of the store, from the empty one on, after each commit.
  var states: [[KeyBytes: [UInt8]]] {
    commits.withLock { commits in
      commits.reduce(into: [[:]]) { states, commit in
        var state = states[states.count - 1]
        for (key, value) in commit.writes { state[key] = value }
        states.append(state)
      }
    }
  }

  func run(path: String, log: DiskLog) async throws {
    var options = SQLiteOptions()
    options.checkpointPages = 24
    options.maximumLogPages = 160
    let store = try SQLiteRecordStore(path: path, options: options)
    try await withThrowingTaskGroup { group in
      for task in 0..<Self.tasks {
        group.addTask { [self] in
          for index in 0..<Self.transactions / Self.tasks {
            try await commit(to: store, log: log, name: task * Self.transactions + index)
          }
        }
      }
      try await group.waitForAll()
    }
    try await store.close()
  }

  private func commit(to store: SQLiteRecordStore, log: DiskLog, name: Int) async throws {
    var writes: [KeyBytes: [UInt8]?] = [KeyBytes("last".bytes): "\(name)".bytes]
    for _ in 0..<1 + random.number(below: 4) {
      let key = KeyBytes("key\(random.number(below: 40))".bytes)
      // Some values do not fit on a page.
      let size = random.number(below: 8) == 0 ? 3000 + random.number(below: 12_000) : random.number(below: 300)
      writes[key] = .some(random.number(below: 5) == 0 ? nil : random.bytes(size))
    }
    let countsUp = random.number(below: 3) == 0
    try await store.write { [self, writes] transaction in
      var writes = writes
      if countsUp {
        let key = KeyBytes("count".bytes)
        writes[key] = "\(1 + (Int(String(decoding: try transaction.value(forKey: key.bytes) ?? [], as: UTF8.self)) ?? 0))".bytes
      }
      for (key, value) in writes {
        if let value { try transaction.put(value, forKey: key.bytes) } else { try transaction.remove(key: key.bytes) }
      }
      transaction.afterCommit { [self, writes] in
        commits.withLock { $0.append(Commit(writes: writes, position: log.count)) }
      }
    }
  }
}
