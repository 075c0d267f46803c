import Base
import Records
import Testing

extension RecordStoreConformance {
  /// Records and their indexes.
  static var typedChecks: [RecordStoreConformance] {
    [
      RecordStoreConformance("a record is saved, fetched, replaced and removed") { store in
        let item = Item(tenant: acme, path: ["a", "b"], color: "red")
        try await store.write { try $0.save(item) }
        #expect(try await store.read { try $0.fetch(Item.self, item.key) } == item)
        #expect(try await store.read { try $0.exists(Item.self, item.key) })
        var changed = item
        changed.color = "blue"
        try await store.write { [changed] in try $0.save(changed) }
        #expect(try await store.read { try $0.fetch(Item.self, item.key) } == changed)
        #expect(try await store.write { try $0.remove(Item.self, item.key) })
        #expect(try await store.write { try $0.remove(Item.self, item.key) } == false)
        #expect(try await store.read { try $0.exists(Item.self, item.key) } == false)
      },
      RecordStoreConformance("inserting over a record gives false and changes nothing") { store in
        let first = try await store.write { try $0.insert(Counter(name: "a", value: 1)) }
        let second = try await store.write { try $0.insert(Counter(name: "a", value: 2)) }
        #expect(first && !second)
        let kept = try await store.read { try $0.fetch(Counter.self, RecordKey(tenant: .zero, "a"))?.value }
        #expect(kept == 1)
      },
      RecordStoreConformance("an index follows its record") { store in
        let key = RecordKey(tenant: acme, "a")
        func found(_ color: String) async throws -> [Item] {
          try await store.read { try $0.list(Item.self, index: "color", [color], tenant: acme, limit: 10) }
        }
        try await store.write { try $0.save(Item(tenant: acme, path: ["a"], color: "red")) }
        #expect(try await found("red").count == 1)
        try await store.write { try $0.save(Item(tenant: acme, path: ["a"], color: "blue")) }
        #expect(try await found("red").isEmpty)
        #expect(try await found("blue").map(\.key) == [key])
        try await store.write { try $0.remove(Item.self, key) }
        #expect(try await found("blue").isEmpty)
      },
      RecordStoreConformance("an index across tenants finds records of each; one of a tenant finds only its own") { store in
        try await store.write { transaction in
          try transaction.save(Item(tenant: acme, path: ["a"], color: "red", labels: ["x", "y", "y"]))
          try transaction.save(Item(tenant: other, path: ["b"], color: "red", labels: ["y"]))
        }
        #expect(try await store.read { try $0.list(Item.self, index: "label", ["y"], tenant: .zero, limit: 9).map(\.tenant) } == [acme, other])
        #expect(try await store.read { try $0.list(Item.self, index: "color", ["red"], tenant: acme, limit: 9).map(\.tenant) } == [acme])
        #expect(try await store.read { try $0.list(Item.self, index: "color", ["red"], tenant: .zero, limit: 9).isEmpty })
        try await store.write { try $0.remove(Item.self, RecordKey(tenant: acme, "a")) }
        #expect(try await store.read { try $0.list(Item.self, index: "label", [], tenant: .zero, limit: 9).map(\.tenant) } == [other])
      },
      RecordStoreConformance("an index is listed by whole components, and from a position on, either way") { store in
        try await store.write { transaction in
          for (index, color) in ["red", "red", "redder", "", "red\u{0}", "blue"].enumerated() {
            try transaction.save(Item(tenant: acme, path: ["\(index)"], color: color))
          }
        }
        func paths(_ components: [String], after: RecordIndexPosition? = nil, reversed: Bool = false, limit: Int = 10) async throws -> [String] {
          try await store.read { reader in
            try reader.list(Item.self, index: "color", components, tenant: acme, after: after, reversed: reversed, limit: limit).map { $0.path[0] }
          }
        }
        #expect(try await paths(["red"]) == ["0", "1"])
        #expect(try await paths([]) == ["3", "5", "0", "1", "4", "2"])
        #expect(try await paths([], reversed: true, limit: 2) == ["2", "4"])
        let position = RecordIndexPosition(components: ["red"], key: RecordKey(tenant: acme, "0"))
        #expect(try await paths([], after: position) == ["1", "4", "2"])
        #expect(try await paths([], after: position, reversed: true) == ["5", "3"])
        #expect(try await paths(["blue"], after: position).isEmpty)
        #expect(try await paths(["redder"], after: position) == ["2"])
      },
      RecordStoreConformance("an entry does not take part in a listing by components that only its record's key has") { store in
        let tenant = GUID(high: 0x6202_6202_6202_6202, low: 0)
        try await store.write { try $0.save(Item(tenant: tenant, path: ["x"], color: "a")) }
        for second in ["b", "", "b\u{1}", "\u{0}"] {
          #expect(try await store.read { try $0.list(Item.self, index: "color", ["a", second], tenant: tenant, limit: 9).isEmpty })
        }
      },
      RecordStoreConformance("an earlier format is read; a later one is refused") { store in
        try await store.write { try $0.save(Counter(name: "a", value: 5)) }
        #expect(try await store.read { try $0.fetch(LaterCounter.self, RecordKey(tenant: .zero, "a"))?.name } == "a")
        try await store.write { try $0.save(LaterCounter(name: "a")) }
        do {
          _ = try await store.read { try $0.fetch(Counter.self, RecordKey(tenant: .zero, "a")) }
          Issue.record("no error")
        } catch RecordStoreError.newerFormat(let kind, let found, let supported) {
          #expect(kind == "counter" && found == 2 && supported == 1)
        }
      },
      RecordStoreConformance("kinds and tenants do not see each other") { store in
        try await store.write { transaction in
          try transaction.save(Counter(name: "a", value: 1))
          try transaction.save(Item(tenant: .zero, path: ["a"], color: "red"))
          try transaction.save(Item(tenant: acme, path: ["a"], color: "blue"))
        }
        #expect(try await store.read { try $0.list(Item.self, under: RecordKey(tenant: .zero), limit: 9).map(\.color) } == ["red"])
        #expect(try await store.read { try $0.list(Item.self, under: RecordKey(tenant: acme), limit: 9).map(\.color) } == ["blue"])
        #expect(try await store.read { try $0.list(Counter.self, under: RecordKey(tenant: .zero), limit: 9).count } == 1)
      },
    ]
  }
}
