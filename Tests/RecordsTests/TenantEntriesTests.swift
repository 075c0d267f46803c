import Base
import Records
import Simulation
import Testing

@Suite struct TenantEntriesTests {
  private let directory = ScratchDirectory()

  /// Two tenants with records, an index of their own and one that spans tenants, and a record of the platform that names the first as text.
  private func store() async throws -> SQLiteRecordStore {
    let store = try SQLiteRecordStore(path: directory("records"))
    try await store.write { transaction in
      for tenant in [acme, other] {
        for name in ["a", "b", "c"] { try transaction.save(Item(tenant: tenant, path: [name], color: "red", labels: ["x", "y"])) }
      }
      try transaction.save(Item(tenant: .zero, path: ["owner", acme.description], color: "blue"))
      try transaction.save(Item(tenant: .zero, path: ["owner"], color: other.description))
      try transaction.save(Counter(name: "platform", value: 1))
    }
    return store
  }

  @Test func everythingThatIsFiledUnderATenantIsListedWithItsKindInPages() async throws {
    let store = try await store()
    let all = try await store.read { try $0.entries(of: acme, limit: 100) }
    #expect(all.count == 6)
    #expect(Set(all.map(\.kind)) == ["item"])
    #expect(all.filter(\.isIndexEntry).count == 3)
    var paged: [TenantEntry] = []
    while true {
      let last = paged.last?.key
      let page = try await store.read { try $0.entries(of: acme, after: last, limit: 4) }
      paged += page
      if page.count < 4 { break }
    }
    #expect(paged == all)
  }

  @Test func whatThePlatformKeepsOfATenantIsFoundAsTextAndAsBytesAndByItsIndexEntries() async throws {
    let store = try await store()
    let search = TenantSearch([acme])
    let records = try await store.read { try search.records(limit: 100, in: $0) }
    #expect(records.looked == 3)
    #expect(records.found.map(\.entry.kind) == ["item"])
    #expect(records.next == nil)
    let indexes = try await store.read { try search.indexEntries(limit: 100, in: $0) }
    // Six of each tenant, and those of the platform's own items.
    #expect(indexes.found.count == 6)
    #expect(indexes.found.allSatisfy { $0.entry.isIndexEntry && $0.tenant == acme })
    #expect(indexes.looked == 14)

    let both = TenantSearch([acme, other])
    var found: Set<GUID> = []
    var position: KeyBytes?
    repeat {
      let page = try await store.read { [position] in try both.indexEntries(after: position, limit: 3, in: $0) }
      found.formUnion(page.found.map(\.tenant))
      position = page.next
    } while position != nil
    #expect(found == [acme, other])

    // As 16 bytes in the middle of a value.
    try await store.write { try $0.save(Blob(bytes: [1, 2, 3] + acme.bytes + [4])) }
    #expect(try await store.read { try search.records(limit: 100, in: $0) }.found.map(\.entry.kind) == ["blob", "item"])
    try await store.write { try $0.save(Blob(bytes: [1, 2, 3] + acme.bytes.dropLast() + [4])) }
    #expect(try await store.read { try search.records(limit: 100, in: $0) }.found.map(\.entry.kind) == ["item"])
  }

  @Test func anotherTenantsResourceThatBearsATenantsIdIsNoneOfThatTenants() async throws {
    let store = try SQLiteRecordStore(path: directory("records"))
    let search = TenantSearch([acme])
    for name in [acme.description, "groupe-\(acme)", "\(acme)-groupe"] {
      try await store.write { try $0.save(Blob(bytes: Array("/subscriptions/\(other)/resourceGroups/\(name)".utf8))) }
      #expect(try await store.read { try search.records(limit: 100, in: $0) }.found.isEmpty)
    }
    try await store.write { try $0.save(Blob(bytes: Array("/subscriptions/1 \(acme)".utf8))) }
    #expect(try await store.read { try search.records(limit: 100, in: $0) }.found.map(\.tenant) == [acme])
  }

  @Test func removingATenantsEntriesInStepsLeavesTheOthersWhole() async throws {
    let store = try await store()
    let search = TenantSearch([acme])
    let indexes = try await store.read { try search.indexEntries(limit: 100, in: $0).found.map(\.entry) }
    try await store.write { try $0.remove(indexes) }
    var steps: [Int] = []
    repeat { steps.append(try await store.write { try $0.removeEntries(of: acme, limit: 4) }) } while steps.last == 4
    #expect(steps == [4, 2])
    #expect(try await store.read { try $0.entries(of: acme, limit: 1) }.isEmpty)
    #expect(try await store.read { try search.indexEntries(limit: 100, in: $0) }.found.isEmpty)
    // Indexes that span tenants lead nowhere but to what is there.
    let labelled = try await store.read { try $0.list(Item.self, index: "label", [], tenant: .zero, limit: 99).map(\.tenant) }
    #expect(labelled == Array(repeating: other, count: 6))
    #expect(try await store.read { try $0.entries(of: other, limit: 100) }.count == 6)
  }

  private struct Blob: Record {
    static let kind = "blob"
    var bytes: [UInt8]
    var key: RecordKey { RecordKey(tenant: .zero, "b") }

    init(bytes: [UInt8]) { self.bytes = bytes }

    func encode(to writer: inout ByteWriter) { writer.blob(bytes) }
    init(from reader: inout ByteReader, format: UInt8) throws { bytes = try reader.blob() }
  }
}
