import Base
import Dispatch
import Records
import Testing

extension RecordStoreConformance {
  /// Transactions that meet. `interfering` commits something between a closure's first run and its commit.
  static var conflictChecks: [RecordStoreConformance] {
    [
      RecordStoreConformance("a closure runs again when a key that it read has changed") { store in
        try await store.write { try $0.put([1], forKey: "a".bytes) }
        let runs = try await interfering(with: store, by: { try $0.put([2], forKey: "a".bytes) }) { transaction in
          let value = try transaction.value(forKey: "a".bytes) ?? []
          try transaction.put(value + [9], forKey: "b".bytes)
        }
        #expect(runs == 2)
        #expect(try await store.read { try $0.value(forKey: "b".bytes) } == [2, 9])
      },
      RecordStoreConformance("a closure runs again when a key that it did not find has come") { store in
        let runs = try await interfering(with: store, by: { try $0.put([2], forKey: "a".bytes) }) { transaction in
          let value = try transaction.value(forKey: "a".bytes)
          try transaction.put(value ?? [0], forKey: "b".bytes)
        }
        #expect(runs == 2)
        #expect(try await store.read { try $0.value(forKey: "b".bytes) } == [2])
      },
      RecordStoreConformance("a closure runs again when a key that it read was removed and written again with the same value") { store in
        try await store.write { try $0.put([1], forKey: "a".bytes) }
        let runs = try await interfering(with: store, by: { transaction in try transaction.put([1], forKey: "a".bytes) }) { transaction in
          _ = try transaction.value(forKey: "a".bytes)
          try transaction.put([1], forKey: "b".bytes)
        }
        #expect(runs == 2)
      },
      RecordStoreConformance("a phantom in a scanned range makes the closure run again") { store in
        try await store.write { for key in ["b", "d"] { try $0.put([], forKey: key.bytes) } }
        let interferences: [@Sendable (RecordTransaction) throws -> Void] = [
          { try $0.put([], forKey: "c".bytes) },
          { try $0.remove(key: "c".bytes) },
          { try $0.put([1], forKey: "d".bytes) },
          { transaction in
            try transaction.remove(key: "d".bytes)
            try transaction.put([], forKey: "e".bytes)
          },
        ]
        for interference in interferences {
          let runs = try await interfering(with: store, by: interference) { transaction in
            let count = try transaction.entries(in: range("a", "z"), limit: 100, reversed: false).count
            try transaction.put([UInt8(count)], forKey: "~".bytes)
          }
          #expect(runs == 2)
          let (count, seen) = try await store.read {
            (try $0.entries(in: range("a", "z"), limit: 9, reversed: false).count, try $0.value(forKey: "~".bytes))
          }
          #expect(seen == [UInt8(count)])
        }
      },
      RecordStoreConformance("a phantom in an empty range makes the closure run again") { store in
        let runs = try await interfering(with: store, by: { try $0.put([], forKey: "m".bytes) }) { transaction in
          let isEmpty = try transaction.entries(in: range("a", "z"), limit: 1, reversed: true).isEmpty
          try transaction.put([isEmpty ? 1 : 0], forKey: "~".bytes)
        }
        #expect(runs == 2)
        #expect(try await store.read { try $0.value(forKey: "~".bytes) } == [0])
      },
      RecordStoreConformance("what lies beyond a limited scan may change") { store in
        try await store.write { for key in ["b", "d", "f"] { try $0.put([], forKey: key.bytes) } }
        for reversed in [false, true] {
          let inside = try await interfering(with: store, by: { try $0.put([1], forKey: "d".bytes) }) { transaction in
            _ = try transaction.entries(in: range("a", "z"), limit: 2, reversed: reversed)
            try transaction.put([], forKey: "~".bytes)
          }
          #expect(inside == 2)
          let beyond = try await interfering(with: store, by: { try $0.put([1], forKey: (reversed ? "b" : "f").bytes) }) { transaction in
            _ = try transaction.entries(in: range("a", "z"), limit: 2, reversed: reversed)
            try transaction.put([], forKey: "~".bytes)
          }
          #expect(beyond == 1)
        }
      },
      RecordStoreConformance("an own write before the limit does not hide a phantom before it") { store in
        let runs = try await interfering(with: store, by: { try $0.put([], forKey: "b".bytes) }) { transaction in
          try transaction.put([], forKey: "c".bytes)
          let first = try transaction.entries(in: range("a", "z"), limit: 1, reversed: false)
          try transaction.put(first[0].key, forKey: "~".bytes)
        }
        #expect(runs == 2)
        #expect(try await store.read { try $0.value(forKey: "~".bytes) } == "b".bytes)
      },
      RecordStoreConformance("writes to other keys do not conflict") { store in
        let runs = try await interfering(with: store, by: { try $0.put([], forKey: "x".bytes) }) { transaction in
          _ = try transaction.value(forKey: "a".bytes)
          try transaction.put([], forKey: "b".bytes)
        }
        #expect(runs == 1)
      },
      RecordStoreConformance("a read sees one snapshot while others commit") { store in
        try await store.write { for key in ["a", "b"] { try $0.put([0], forKey: key.bytes) } }
        try await withThrowingTaskGroup { group in
          group.addTask {
            for index in 1...100 {
              try await store.write { for key in ["a", "b"] { try $0.put([UInt8(index)], forKey: key.bytes) } }
            }
          }
          for _ in 0..<3 {
            group.addTask {
              var last: UInt8 = 0
              while last < 100 {
                let (a, b) = try await store.read { (try $0.value(forKey: "a".bytes), try $0.value(forKey: "b".bytes)) }
                #expect(a == b)
                #expect((a?.first ?? 0) >= last)
                last = a?.first ?? 0
                // A read need not suspend, and three tasks that never do would leave the writer no thread.
                await Task.yield()
              }
            }
          }
          try await group.waitForAll()
        }
      },
      RecordStoreConformance("no increment is lost when many increment one counter at once") { store in
        let tasks = 64
        let rounds = 10
        try await withThrowingTaskGroup { group in
          for _ in 0..<tasks {
            group.addTask {
              for _ in 0..<rounds {
                try await store.write { transaction in
                  let value = try transaction.fetch(Counter.self, RecordKey(tenant: .zero, "shared"))?.value ?? 0
                  try transaction.save(Counter(name: "shared", value: value + 1))
                }
              }
            }
          }
          try await group.waitForAll()
        }
        #expect(try await store.read { try $0.fetch(Counter.self, RecordKey(tenant: .zero, "shared"))?.value } == tasks * rounds)
      },
      RecordStoreConformance("transfers between accounts keep the sum in every snapshot") { store in
        let accounts = 8
        try await store.write { for index in 0..<accounts { try $0.save(Counter(name: "\(index)", value: 100)) } }
        try await withThrowingTaskGroup { group in
          for task in 0..<16 {
            group.addTask {
              for round in 0..<20 {
                let (from, to) = ((task + round) % accounts, (task * 3 + round * 5 + 1) % accounts)
                if from == to { continue }
                try await store.write { transaction in
                  let source = try #require(try transaction.fetch(Counter.self, RecordKey(tenant: .zero, "\(from)")))
                  let target = try #require(try transaction.fetch(Counter.self, RecordKey(tenant: .zero, "\(to)")))
                  try transaction.save(Counter(name: source.name, value: source.value - 1))
                  try transaction.save(Counter(name: target.name, value: target.value + 1))
                }
              }
            }
          }
          group.addTask {
            for _ in 0..<100 {
              let counters = try await store.read { try $0.list(Counter.self, under: RecordKey(tenant: .zero), limit: 100) }
              #expect(counters.reduce(0) { $0 + $1.value } == accounts * 100)
            }
          }
          try await group.waitForAll()
        }
      },
      RecordStoreConformance("one of two rivals wins, and the error of the other is its own") { store in
        struct Taken: Error {}
        let winners = try await withThrowingTaskGroup(of: Bool.self) { group in
          for index in 0..<32 {
            group.addTask {
              do {
                try await store.write { transaction in
                  guard try transaction.insert(Counter(name: "name", value: index)) else { throw Taken() }
                }
                return true
              } catch is Taken {
                return false
              }
            }
          }
          return try await group.reduce(0) { $0 + ($1 ? 1 : 0) }
        }
        #expect(winners == 1)
      },
    ]
  }

  /// Runs a transaction whose first run is followed, before its commit, by another transaction; gives the number of its runs.
  private static func interfering(
    with store: any RecordStore, by interference: @escaping @Sendable (RecordTransaction) throws -> Void,
    _ body: @escaping @Sendable (RecordTransaction) throws -> Void
  ) async throws -> Int {
    let runs = Tally()
    try await withTaskExecutorPreference(QueueExecutor()) {
      try await store.write { transaction in
        try body(transaction)
        let isFirst = runs.add() == 1
        guard isFirst else { return }
        let isDone = DispatchSemaphore(value: 0)
        Task {
          defer { isDone.signal() }
          do {
            try await store.write(interference)
          } catch {
            Issue.record(error)
          }
        }
        isDone.wait()
      }
    }
    return runs.value
  }
}
