import Base
import NIOHTTP1
import Records
import Simulation
import Storage
import Testing
import Wire

@Suite struct SnapshotTests {
  @Test(arguments: [StorageFixture.versions, [:]] as [JSON])
  func theTypeStaysAsLongAsSomethingOfTheBlobIsLeft(properties: JSON) async throws {
    let fixture = try await StorageFixture.keeping(properties)
    try await fixture.write("con/x", [1])
    let snapshot = try await fixture.snapshot("con/x")
    for type in [[("x-ms-blob-type", "AppendBlob")], [("x-ms-blob-type", "PageBlob"), ("x-ms-blob-content-length", "512")]] {
      let answer = try await fixture.send(.PUT, "con/x", [], type)
      #expect(answer.status == 409 && answer.code == "InvalidBlobType", "\(answer)")
    }
    #expect(try await fixture.read("con/x", snapshot: snapshot).body == [1])
    #expect(try await fixture.put("con/x", [2]).status == 201)
  }

  /// In a record, in an extent, and in a block list.
  @Test(arguments: [10, 50_000]) func aSnapshotKeepsWhatTheBlobWas(size: Int) async throws {
    let fixture = try await StorageFixture.keeping([:])
    let (first, second) = (fixture.bytes(size), fixture.bytes(size))
    try await fixture.write("con/x", first, [("x-ms-meta-a", "1"), ("x-ms-blob-content-type", "text/plain")])
    let time = try await fixture.snapshot("con/x")
    let named = try await fixture.snapshot("con/x", [("x-ms-meta-b", "2")])
    try await fixture.write("con/x", second)
    let kept = try await fixture.read("con/x", snapshot: time)
    #expect(kept.body == first)
    #expect(kept["x-ms-meta-a"] == "1")
    #expect(kept["Content-Type"] == "text/plain")
    #expect(kept["x-ms-lease-state"] == nil)
    let other = try await fixture.read("con/x", snapshot: named)
    #expect(other["x-ms-meta-a"] == nil)
    #expect(other["x-ms-meta-b"] == "2")
    #expect(try await fixture.read("con/x").body == second)
    #expect(try await fixture.listed("snapshots") == ["x@\(time)", "x@\(named)", "x"])
    #expect(try await fixture.listed("") == ["x"])
  }

  @Test func whatIsNoTimeOfASnapshotIsNotFound() async throws {
    let fixture = try await StorageFixture.keeping(StorageFixture.versions)
    let version = try #require(try await fixture.write("con/x", [1])["x-ms-version-id"])
    let time = try await fixture.snapshot("con/x")
    #expect(try await fixture.read("con/x", snapshot: "2020-01-01T00:00:00.0000000Z").code == "BlobNotFound")
    #expect(try await fixture.read("con/x", snapshot: "yesterday").code == "InvalidQueryParameterValue")
    #expect(try await fixture.read("con/x", snapshot: version).code == "BlobNotFound")
    #expect(try await fixture.read("con/x", version: time).code == "BlobNotFound")
    #expect(try await fixture.read("con/x", snapshot: time, version: version).code == "InvalidQueryParameterValue")
  }

  @Test func whatIsASnapshotCannotBeChanged() async throws {
    let fixture = try await StorageFixture.keeping([:])
    try await fixture.write("con/x", [1])
    let time = try await fixture.snapshot("con/x")
    for comp in ["metadata", "properties", "snapshot"] {
      #expect(try await fixture.send(.PUT, "con/x", [("comp", comp), ("snapshot", time)]).status == 400)
    }
  }

  @Test func conditionsHoldForSnapshotsToo() async throws {
    let fixture = try await StorageFixture.keeping([:])
    let etag = try #require(try await fixture.write("con/x", [1])["ETag"])
    let query = [(name: "comp", value: "snapshot")]
    #expect(try await fixture.send(.PUT, "con/x", query, [("If-Match", "\"0x1\"")]).code == "ConditionNotMet")
    #expect(try await fixture.send(.PUT, "con/x", query, [("If-None-Match", etag)]).status == 412)
    let answer = try await fixture.send(.PUT, "con/x", query, [("If-Match", etag)])
    #expect(answer.status == 201)
    // A snapshot changes nothing of the blob.
    #expect(answer["ETag"] == etag)
    #expect(try await fixture.send(.PUT, "con/none", query).code == "BlobNotFound")
    let lease = "00000000-0000-0000-0000-000000000001"
    let leased = try await fixture.send(.PUT, "con/x", query, [("x-ms-lease-id", lease)])
    #expect(leased.code == "LeaseNotPresentWithBlobOperation")
  }

  @Test func aBlobWithSnapshotsIsDeletedOnlyWithThem() async throws {
    let fixture = try await StorageFixture.keeping([:])
    try await fixture.write("con/x", [1])
    let first = try await fixture.snapshot("con/x")
    let second = try await fixture.snapshot("con/x")
    let refused = try await fixture.send(.DELETE, "con/x")
    #expect(refused.status == 409)
    #expect(refused.code == "SnapshotsPresent")
    let one = try await fixture.send(.DELETE, "con/x", [("snapshot", first)])
    #expect(one.status == 202)
    #expect(one["x-ms-delete-type-permanent"] == "true")
    #expect(try await fixture.send(.DELETE, "con/x", [("snapshot", first)]).code == "BlobNotFound")
    #expect(try await fixture.send(.DELETE, "con/x", [("snapshot", second)], [("x-ms-delete-snapshots", "only")]).status == 400)
    #expect(try await fixture.send(.DELETE, "con/x", [], [("x-ms-delete-snapshots", "all")]).code == "InvalidHeaderValue")
    #expect(try await fixture.listed("snapshots") == ["x@\(second)", "x"])
    #expect(try await fixture.send(.DELETE, "con/x", [], [("x-ms-delete-snapshots", "only")]).status == 202)
    #expect(try await fixture.listed("snapshots") == ["x"])
    _ = try await fixture.snapshot("con/x")
    #expect(try await fixture.send(.DELETE, "con/x", [], [("x-ms-delete-snapshots", "include")]).status == 202)
    #expect(try await fixture.listed("snapshots").isEmpty)
  }

  /// More than one transaction deletes.
  @Test func manySnapshotsGoWithTheBlob() async throws {
    let fixture = try await StorageFixture.keeping([:])
    let records = try await fixture.count("storage.")
    let extents = try await fixture.extents()
    try await fixture.write("con/x", fixture.bytes(20_000))
    for _ in 0..<600 { _ = try await fixture.snapshot("con/x") }
    #expect(try await fixture.extents() == extents + 1)
    #expect(try await fixture.send(.DELETE, "con/x", [], [("x-ms-delete-snapshots", "include")]).status == 202)
    try await fixture.purge()
    #expect(try await fixture.count("storage.") == records)
    #expect(try await fixture.extents() == extents)
  }

  /// Whoever of the three goes last gives the space back.
  @Test(arguments: [[0, 1, 2], [2, 1, 0], [1, 0, 2]]) func theSpaceIsGivenBackWithTheLastHolder(order: [Int]) async throws {
    let fixture = try await StorageFixture.keeping([:])
    let records = try await fixture.count("storage.")
    let extents = try await fixture.extents()
    let bytes = fixture.bytes(20_000)
    try await fixture.write("con/x", bytes)
    let times = [try await fixture.snapshot("con/x"), try await fixture.snapshot("con/x")]
    for (index, holder) in order.enumerated() {
      if holder == 2 {
        // Another content takes the blob's place, for a blob with snapshots cannot be deleted alone.
        try await fixture.write("con/x", [])
      } else {
        #expect(try await fixture.send(.DELETE, "con/x", [("snapshot", times[holder])]).status == 202)
      }
      try await fixture.purge()
      #expect(try await fixture.extents() == (index == 2 ? extents : extents + 1))
      for rest in order[(index + 1)...] where rest != 2 { #expect(try await fixture.read("con/x", snapshot: times[rest]).body == bytes) }
    }
    #expect(try await fixture.send(.DELETE, "con/x").status == 202)
    try await fixture.purge()
    #expect(try await fixture.count("storage.") == records)
  }

  /// A list that takes blocks over from one that a snapshot holds borrows their extents; either may go first.
  @Test(arguments: [false, true]) func aListThatBorrowsFromASnapshotOutlivesIt(isSnapshotFirst: Bool) async throws {
    let fixture = try await StorageFixture.keeping([:])
    let records = try await fixture.count("storage.")
    let extents = try await fixture.extents()
    let parts = (0..<4).map { _ in fixture.bytes(20_000) }
    for index in 0..<3 { try await fixture.putBlock("con/x", "b\(index)", parts[index]) }
    #expect(try await fixture.putBlockList("con/x", [("Latest", "b0"), ("Latest", "b1"), ("Latest", "b2")]).status == 201)
    let time = try await fixture.snapshot("con/x")
    try await fixture.putBlock("con/x", "b3", parts[3])
    #expect(try await fixture.putBlockList("con/x", [("Committed", "b2"), ("Latest", "b3"), ("Committed", "b0")]).status == 201)
    // A second list borrows in its turn what the first one had borrowed.
    #expect(try await fixture.putBlockList("con/x", [("Committed", "b0"), ("Committed", "b3")]).status == 201)
    let (old, new) = (parts[0] + parts[1] + parts[2], parts[0] + parts[3])
    #expect(try await fixture.read("con/x", snapshot: time).body == old)
    #expect(try await fixture.read("con/x").body == new)
    if isSnapshotFirst {
      #expect(try await fixture.send(.DELETE, "con/x", [("snapshot", time)]).status == 202)
      try await fixture.purge()
      #expect(try await fixture.read("con/x").body == new)
      #expect(try await fixture.send(.DELETE, "con/x").status == 202)
    } else {
      try await fixture.write("con/x", [])
      try await fixture.purge()
      #expect(try await fixture.read("con/x", snapshot: time).body == old)
      #expect(try await fixture.send(.DELETE, "con/x", [], [("x-ms-delete-snapshots", "include")]).status == 202)
    }
    try await fixture.purge()
    #expect(try await fixture.count("storage.") == records)
    #expect(try await fixture.extents() == extents)
  }

  @Test func theBlocksOfASnapshotCanBeListed() async throws {
    let fixture = try await StorageFixture.keeping([:])
    try await fixture.putBlock("con/x", "a", [1])
    try await fixture.putBlockList("con/x", [("Latest", "a")])
    let time = try await fixture.snapshot("con/x")
    try await fixture.putBlock("con/x", "b", [2])
    let query = [(name: "comp", value: "blocklist"), (name: "blocklisttype", value: "all")]
    let now = try await fixture.send(.GET, "con/x", query).xml()
    #expect(try now.at("UncommittedBlocks").children.count == 1)
    let then = try await fixture.send(.GET, "con/x", query + [(name: "snapshot", value: time)]).xml()
    #expect(try then.at("CommittedBlocks").children.count == 1)
    #expect(try then.at("UncommittedBlocks").children.isEmpty)
  }

  /// What a release without snapshots wrote: the record ends behind the tier's time.
  @Test func aBlobOfTheFirstFormatIsStillRead() async throws {
    let fixture = try await StorageFixture.keeping([:])
    try await fixture.write("con/x", Array("old".utf8), [("x-ms-meta-a", "1"), ("x-ms-access-tier", "Cool")])
    try await fixture.records.write { transaction in
      let everything = KeyBytes([])..<KeyBytes(Array(repeating: 0xFF, count: 64))
      let entries = try transaction.entries(in: everything, limit: 1_000_000, reversed: false)
      // A kind ends with the byte 1, so that no other kind is found.
      let wanted = Array("storage.blob".utf8) + [1]
      let blobs = entries.filter { entry in entry.key.indices.contains { entry.key[$0...].starts(with: wanted) } }
      let blob = try #require(blobs.first)
      #expect(blobs.count == 1)
      let tail = [UInt8(9)] + Array("BlockBlob".utf8)
      let end = try #require(blob.value.indices.last { blob.value[$0...].starts(with: tail) })
      try transaction.put([1] + blob.value[1..<end], forKey: blob.key)
    }
    let answer = try await fixture.read("con/x")
    #expect(answer.text == "old")
    #expect(answer["x-ms-meta-a"] == "1")
    #expect(answer["x-ms-access-tier"] == "Cool")
    #expect(answer["x-ms-blob-type"] == "BlockBlob")
    let time = try await fixture.snapshot("con/x")
    #expect(try await fixture.read("con/x", snapshot: time).text == "old")
  }
}
