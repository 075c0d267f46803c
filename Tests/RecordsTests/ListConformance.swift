import Base
import Records
import Simulation
import Testing

extension RecordStoreConformance {
  /// The order of keys, and what lists walk along.
  static var listChecks: [RecordStoreConformance] {
    [
      RecordStoreConformance("keys are in the order of their components' UTF-8 bytes") { store in
        let random = SeededRandom(seed: 0x0DDE)
        // The bytes that the encoding escapes, their neighbours, and characters of each UTF-8 length.
        let alphabet = ["\u{0}", "\u{1}", "\u{2}", "\u{3}", "a", "b", "~", "é", "日", "\u{FFFF}", "🙂"]
        var paths: Set<[String]> = []
        while paths.count < 400 {
          paths.insert(
            (0..<1 + random.number(below: 3)).map { _ in
              (0..<random.number(below: 4)).map { _ in alphabet[random.number(below: alphabet.count)] }.joined()
            })
        }
        try await store.write { [paths] transaction in
          for path in paths { try transaction.save(Item(tenant: acme, path: path, color: "")) }
        }
        let expected = paths.sorted { precedes($0, $1) }
        let listed = try await store.read { try $0.list(Item.self, under: RecordKey(tenant: acme), limit: 1000).map(\.path) }
        #expect(listed == expected, "seed \(random.seed)")
        let indexed = try await store.read { try $0.list(Item.self, index: "color", [""], tenant: acme, limit: 1000).map(\.path) }
        #expect(indexed == expected, "seed \(random.seed)")

        for path in expected.prefix(60) {
          let under = try await store.read { try $0.list(Item.self, under: RecordKey(tenant: acme, components: path), limit: 1000).map(\.path) }
          #expect(under == expected.filter { $0.starts(with: path) }, "seed \(random.seed)")
          let name = path[0]
          let prefixed = try await store.read { try $0.list(Item.self, under: RecordKey(tenant: acme), namePrefix: name, limit: 1000).map(\.path) }
          #expect(prefixed == expected.filter { $0[0].utf8.starts(with: name.utf8) }, "seed \(random.seed)")
          let after = try await store.read {
            try $0.list(Item.self, under: RecordKey(tenant: acme), after: RecordKey(tenant: acme, components: path), limit: 1000).map(\.path)
          }
          #expect(after == expected.filter { precedes(path, $0) }, "seed \(random.seed)")
          let beyond = try await store.read {
            try $0.list(Item.self, under: RecordKey(tenant: acme), afterNamePrefix: name, limit: 1000).map(\.path)
          }
          #expect(beyond == expected.filter { precedes([name], [$0[0]]) && !$0[0].utf8.starts(with: name.utf8) }, "seed \(random.seed)")
        }
      },
      RecordStoreConformance("a list is paged by its last key, within its parent and prefix") { store in
        try await store.write { transaction in
          for index in 0..<25 { try transaction.save(Item(tenant: acme, path: ["c", "blob-\(10 + index)"], color: "red")) }
          for path in [["c"], ["c", "zebra"], ["b", "blob-99"], ["d", "blob-00"], ["c", "blob-10", "child"]] {
            try transaction.save(Item(tenant: acme, path: path, color: "blue"))
          }
        }
        var names: [[String]] = []
        var after: RecordKey?
        repeat {
          let page = try await store.read { [after] in
            try $0.list(Item.self, under: RecordKey(tenant: acme, "c"), namePrefix: "blob-", after: after, limit: 7)
          }
          names += page.map(\.path)
          after = page.count == 7 ? page.last?.key : nil
        } while after != nil
        #expect(names.count == 26)
        #expect(names[1] == ["c", "blob-10", "child"])
        #expect(try await store.read { try $0.list(Item.self, under: RecordKey(tenant: acme, "c"), limit: 1).first?.path } == ["c"])
        #expect(try await store.read { try $0.count(Item.self, under: RecordKey(tenant: acme, "c"), limit: 100) } == 28)
        #expect(try await store.read { try $0.count(Item.self, under: RecordKey(tenant: acme, "c"), namePrefix: "blob-", limit: 5) } == 5)
        let outside = RecordKey(tenant: acme, "d")
        #expect(try await store.read { try $0.list(Item.self, under: RecordKey(tenant: acme, "c"), after: outside, limit: 9).isEmpty })
        let before = RecordKey(tenant: acme, "a")
        #expect(try await store.read { try $0.list(Item.self, under: RecordKey(tenant: acme, "c"), after: before, limit: 9).count } == 9)
      },
      RecordStoreConformance("a whole range is removed, with its index entries, and nothing else") { store in
        let count = RecordLimits.maximumRemovalsPerTransaction * 2 + 3
        for start in stride(from: 0, to: count, by: 500) {
          try await store.write { transaction in
            for index in start..<min(count, start + 500) { try transaction.save(Item(tenant: acme, path: ["c", "\(index)"], color: "red")) }
          }
        }
        try await store.write { try $0.save(Item(tenant: acme, path: ["cc", "1"], color: "red")) }
        #expect(try await store.removeAll(Item.self, under: RecordKey(tenant: acme, "c")) == count)
        #expect(try await store.read { try $0.list(Item.self, under: RecordKey(tenant: acme), limit: 9).map(\.path) } == [["cc", "1"]])
        #expect(try await store.read { try $0.list(Item.self, index: "color", ["red"], tenant: acme, limit: 9).map(\.path) } == [["cc", "1"]])
      },
    ]
  }

  /// Component by component, each by its UTF-8 bytes; a path precedes those that it begins.
  private static func precedes(_ left: [String], _ right: [String]) -> Bool {
    for (a, b) in zip(left, right) where !a.utf8.elementsEqual(b.utf8) { return a.utf8.lexicographicallyPrecedes(b.utf8) }
    return left.count < right.count
  }
}
