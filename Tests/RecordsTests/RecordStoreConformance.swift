import Base
import Records
import Simulation
import Synchronization
import Testing

/// What every engine behind `RecordStore` promises. Each check gets an empty store.
struct RecordStoreConformance: Sendable, CustomTestStringConvertible {
  var testDescription: String
  var check: @Sendable (any RecordStore) async throws -> Void

  init(_ description: String, _ check: @escaping @Sendable (any RecordStore) async throws -> Void) {
    testDescription = description
    self.check = check
  }

  static let all: [RecordStoreConformance] = rawChecks + conflictChecks + typedChecks + listChecks

  private static var rawChecks: [RecordStoreConformance] {
    [
      RecordStoreConformance("a commit is read back, and a removal too") { store in
        try await store.write { try $0.put([1, 2, 3], forKey: "a".bytes) }
        #expect(try await store.read { try $0.value(forKey: "a".bytes) } == [1, 2, 3])
        try await store.write { try $0.remove(key: "a".bytes) }
        let removed = try await store.read { try $0.value(forKey: "a".bytes) }
        #expect(removed == nil)
      },
      RecordStoreConformance("an empty value and a key of zero bytes are values and keys like others") { store in
        try await store.write {
          try $0.put([], forKey: [0])
          try $0.put([7], forKey: [0, 0])
        }
        let entries = try await store.read {
          try $0.entries(in: KeyBytes([])..<KeyBytes([1]), limit: 10, reversed: false).map { [$0.key, $0.value] }
        }
        #expect(entries == [[[0], []], [[0, 0], [7]]])
      },
      RecordStoreConformance("an error in the closure leaves no trace and reaches the caller") { store in
        struct Refusal: Error {}
        await #expect(throws: Refusal.self) {
          try await store.write { transaction in
            try transaction.put([1], forKey: "a".bytes)
            throw Refusal()
          }
        }
        let left = try await store.read { try $0.value(forKey: "a".bytes) }
        #expect(left == nil)
      },
      RecordStoreConformance("scans are in byte order, bounded, and reversible") { store in
        let keys: [[UInt8]] = [[0x61], [0x61, 0x00], [0x61, 0xFF], [0x62], [0x80], [0xFF]]
        try await store.write { transaction in
          for key in keys.reversed() { try transaction.put(key, forKey: key) }
        }
        let all = KeyBytes([])..<KeyBytes([0xFF, 0xFF])
        #expect(try await store.read { try $0.entries(in: all, limit: 100, reversed: false).map(\.key) } == keys)
        #expect(try await store.read { try $0.entries(in: all, limit: 2, reversed: true).map(\.key) } == [[0xFF], [0x80]])
        let middle = KeyBytes([0x61, 0x00])..<KeyBytes([0x62])
        #expect(try await store.read { try $0.entries(in: middle, limit: 100, reversed: false).map(\.key) } == [[0x61, 0x00], [0x61, 0xFF]])
        #expect(try await store.read { try $0.entries(in: all, limit: 0, reversed: false).count } == 0)
      },
      RecordStoreConformance("a transaction reads and scans its own writes") { store in
        try await store.write { transaction in
          for key in ["a", "c", "e"] { try transaction.put([0], forKey: key.bytes) }
        }
        try await store.write { transaction in
          try transaction.put([1], forKey: "b".bytes)
          try transaction.put([1], forKey: "c".bytes)
          try transaction.remove(key: "e".bytes)
          try transaction.put([1], forKey: "f".bytes)
          #expect(try transaction.value(forKey: "b".bytes) == [1])
          #expect(try transaction.value(forKey: "e".bytes) == nil)
          let all = range("a", "z")
          let forward = try transaction.entries(in: all, limit: 10, reversed: false)
          #expect(forward.map(\.key) == ["a", "b", "c", "f"].map(\.bytes))
          #expect(forward.map(\.value) == [[0], [1], [1], [1]])
          #expect(try transaction.entries(in: all, limit: 3, reversed: false).map(\.key) == ["a", "b", "c"].map(\.bytes))
          #expect(try transaction.entries(in: all, limit: 3, reversed: true).map(\.key) == ["f", "c", "b"].map(\.bytes))
          #expect(try transaction.entries(in: range("d", "f"), limit: 10, reversed: false).isEmpty)
        }
      },
      RecordStoreConformance("scans over own writes agree with a model") { store in
        let random = SeededRandom(seed: 0x5CA9)
        for _ in 0..<60 {
          try await store.write { transaction in
            var model: [KeyBytes: [UInt8]] = [:]
            for entry in try transaction.entries(in: KeyBytes([])..<KeyBytes([200]), limit: 1000, reversed: false) {
              model[KeyBytes(entry.key)] = entry.value
            }
            for _ in 0..<12 {
              let key = [UInt8(random.number(below: 40))]
              if random.number(below: 3) == 0 {
                try transaction.remove(key: key)
                model[KeyBytes(key)] = nil
              } else {
                let value = random.bytes(3)
                try transaction.put(value, forKey: key)
                model[KeyBytes(key)] = value
              }
              let bounds = [random.number(below: 42), random.number(below: 42)].sorted()
              let range = KeyBytes([UInt8(bounds[0])])..<KeyBytes([UInt8(bounds[1])])
              let limit = random.number(below: 20)
              let reversed = random.number(below: 2) == 0
              let found = try transaction.entries(in: range, limit: limit, reversed: reversed)
              var expected = model.keys.filter { range.contains($0) }.sorted()
              if reversed { expected.reverse() }
              expected = Array(expected.prefix(limit))
              #expect(found.map(\.key) == expected.map(\.bytes), "seed \(random.seed)")
              #expect(found.map(\.value) == expected.map { model[$0] ?? [] }, "seed \(random.seed)")
            }
          }
        }
      },
      RecordStoreConformance("what is too large is refused with Azure's codes") { store in
        let value = [UInt8](repeating: 1, count: RecordLimits.maximumValueBytes)
        try await store.write { try $0.put(value, forKey: "big".bytes) }
        #expect(try await store.read { try $0.value(forKey: "big".bytes) } == value)
        await expectCloudError(413, "RequestBodyTooLarge") { try await store.write { try $0.put(value + [1], forKey: "big".bytes) } }
        let key = [UInt8](repeating: 1, count: RecordLimits.maximumKeyBytes + 1)
        await expectCloudError(400, "OutOfRangeInput") { try await store.write { try $0.put([], forKey: key) } }
        await expectCloudError(413, "RequestBodyTooLarge") {
          try await store.write { transaction in
            for index in 0...RecordLimits.maximumWritesPerTransaction { try transaction.put([], forKey: "\(index)".bytes) }
          }
        }
        let left = try await store.read { try $0.value(forKey: "1".bytes) }
        #expect(left == nil)
      },
      RecordStoreConformance("actions after the commit run once, in commit order, and not when it fails") { store in
        struct Refusal: Error {}
        let seen = Mutex<[Int]>([])
        for index in 0..<5 {
          try await store.write { transaction in
            try transaction.put([UInt8(index)], forKey: "a".bytes)
            transaction.afterCommit { seen.withLock { $0.append(index) } }
          }
          #expect(seen.withLock { $0.count } == index + 1)
        }
        try? await store.write { transaction in
          transaction.afterCommit { seen.withLock { $0.append(-1) } }
          throw Refusal()
        }
        try await store.write { transaction in transaction.afterCommit { seen.withLock { $0.append(5) } } }
        #expect(seen.withLock { $0 } == [0, 1, 2, 3, 4, 5])
      },
    ]
  }
}

/// Expects a `CloudError` of this status and code.
func expectCloudError(_ status: Int, _ code: String, sourceLocation: SourceLocation = #_sourceLocation, _ body: () async throws -> Void) async {
  do {
    try await body()
    Issue.record("no error", sourceLocation: sourceLocation)
  } catch let error as CloudError {
    #expect(error.status == status && error.code == code, "\(error)", sourceLocation: sourceLocation)
  } catch {
    Issue.record(error, sourceLocation: sourceLocation)
  }
}
