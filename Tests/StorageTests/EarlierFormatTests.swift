import Base
import Extents
import NIOHTTP1
import Records
import Simulation
import Storage
import Testing

/// Records as the first releases wrote them: without what was added at their ends since.
@Suite struct EarlierFormatTests {
  /// What follows in the present format while none of it is used.
  private static let additions: [(kind: String, from: UInt8, to: UInt8, bytes: [UInt8])] = {
    var list = ByteWriter()
    list.list([Int]()) { $0.integer($1) }
    return [
      ("extent", 2, 1, [0]), ("storage.blob", 4, 2, [0, 0]), ("storage.block", 2, 1, [0]),
      // No lease, no scope, no policy, no holds, and neither flag.
      ("storage.container", 2, 1, [0, 0, 0, 0] + list.bytes + [0, 0]),
    ]
  }()

  /// Gives every record of a kind its earlier form. The kind stands behind 16 bytes of the tenant and the mark of a record.
  private func age(_ fixture: StorageFixture, _ kind: String, from: UInt8, to: UInt8, _ added: [UInt8]) async throws -> Int {
    try await fixture.records.write { transaction in
      let all = try transaction.entries(in: KeyBytes([])..<KeyBytes(Array(repeating: 0xFF, count: 64)), limit: 100_000, reversed: false)
      var count = 0
      for entry in all where entry.key.count > 17 && entry.value.first == from {
        guard entry.key[17...].prefix(while: { $0 != 1 }).elementsEqual(kind.utf8) else { continue }
        #expect(entry.value.suffix(added.count).elementsEqual(added), "\(kind) ends otherwise than this test knows")
        try transaction.put([to] + entry.value.dropFirst().dropLast(added.count), forKey: entry.key)
        count += 1
      }
      return count
    }
  }

  @Test func recordsOfEarlierFormatsAreReadAndChanged() async throws {
    let fixture = try await StorageFixture()
    try await fixture.makeContainer()
    let bytes = fixture.bytes(40_000)
    try await fixture.put("con/a", bytes, [("x-ms-meta-a", "b")])
    #expect(try await fixture.putBlock("con/b", "1", bytes).status == 201)
    for addition in Self.additions {
      #expect(try await age(fixture, addition.kind, from: addition.from, to: addition.to, addition.bytes) > 0, "\(addition.kind)")
    }
    let read = try await fixture.send(.GET, "con/a")
    #expect(read.body == bytes)
    #expect(read["x-ms-meta-a"] == "b")
    #expect(read["x-ms-lease-state"] == "available")
    #expect(try await fixture.putBlockList("con/b", [("Latest", "1")]).status == 201)
    #expect(try await fixture.send(.GET, "con/b").body == bytes)
    #expect(try await fixture.send(.PUT, "con/a", [("comp", "metadata")]).status == 200)
    #expect(try await fixture.send(.PUT, "con", [("restype", "container"), ("comp", "metadata")]).status == 200)
    #expect(try await fixture.send(.DELETE, "con", [("restype", "container")]).status == 202)
    try await fixture.purge()
    let left = try await fixture.records.read { [tenant = fixture.tenant] in
      try ExtentStore.extents(tenant: tenant, after: .zero, limit: 10, in: $0)
    }
    #expect(left.isEmpty)
  }
}
