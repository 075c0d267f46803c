import Base
import Edge
import NIOHTTP1
import Records
import Simulation
import Storage
import Testing
import Wire

/// What one blob's damage, or a clock that is put back, must not do to others.
@Suite struct BlobRepairTests {
  /// Removes the block lists there are: blobs of blocks can be neither read nor given back.
  private func damage(_ fixture: StorageFixture) async throws {
    let removed = try await fixture.records.write { transaction in
      let everything = KeyBytes([])..<KeyBytes(Array(repeating: 0xFF, count: 64))
      let wanted = Array("storage.blocklist".utf8) + [1]
      let lists = try transaction.entries(in: everything, limit: 1_000_000, reversed: false).filter { entry in
        entry.key.indices.contains { entry.key[$0...].starts(with: wanted) }
      }
      for list in lists { try transaction.remove(key: list.key) }
      return lists.count
    }
    #expect(removed > 0)
  }

  private func putBlocks(_ path: String, _ fixture: StorageFixture) async throws {
    #expect(try await fixture.putBlock(path, "1", [1, 2, 3]).status == 201)
    #expect(try await fixture.putBlockList(path, [("Latest", "1")]).status == 201)
  }

  @Test func aDamagedBlobKeepsNoOtherFromBeingPurged() async throws {
    let fixture = try await StorageFixture()
    let payloads = try await fixture.count("storage.payload")
    try await fixture.makeContainer("damaged")
    try await putBlocks("damaged/a", fixture)
    try await damage(fixture)
    let others = (0..<8).map { "con\($0)" }
    for name in others {
      try await fixture.makeContainer(name)
      try await fixture.put("\(name)/a", [1])
    }
    for name in ["damaged"] + others { #expect(try await fixture.send(.DELETE, name, [("restype", "container")]).status == 202) }
    for _ in 0..<4 { #expect(try await fixture.endpoint.purge() == false) }
    #expect(try await fixture.count("storage.payload") == payloads)
    #expect(try await fixture.count("storage.purge") == 1)
  }

  @Test func aDamagedBlobKeepsNoOtherFromItsRules() async throws {
    let fixture = try await StorageFixture.keeping([:])
    try await putBlocks("con/a", fixture)
    try await damage(fixture)
    for name in ["con/b", "con/c"] { try await fixture.put(name, [1]) }
    let rule: JSON = [
      "name": "rule", "type": "Lifecycle", "enabled": true,
      "definition": [
        "actions": ["baseBlob": ["delete": ["daysAfterModificationGreaterThan": 1]]], "filters": ["blobTypes": ["blockBlob"]],
      ],
    ]
    try await fixture.manage("managementPolicies/default", ["policy": ["rules": [rule]]])
    fixture.clock.advance(by: .seconds(3 * 86400))
    var isDone = false
    for _ in 0..<100 where !isDone { isDone = try await fixture.endpoint.age() }
    #expect(isDone)
    #expect(try await fixture.listed("") == ["a"])
  }

  @Test func whatIsChangedUnderAClockThatWasPutBackIsNoOlderThanBefore() async throws {
    let fixture = try await StorageFixture.keeping([:])
    try await fixture.put("con/a", [1])
    #expect(try await fixture.send(.PUT, "con/log", [], [("x-ms-blob-type", "AppendBlob")]).status == 201)
    let before = try #require(try await fixture.send(.HEAD, "con/a")["Last-Modified"])
    let now = fixture.clock.now()
    fixture.clock.set(now.advanced(by: .seconds(-3600)))
    #expect(try await fixture.put("con/a", [2])["Last-Modified"] == before)
    #expect(try await fixture.put("con/a", [3], [("If-Unmodified-Since", before)]).status == 201)
    let earlier = now.advanced(by: .seconds(-1)).httpDate
    #expect(try await fixture.put("con/a", [4], [("If-Unmodified-Since", earlier)]).status == 412)
    #expect(try await fixture.put("con/a", [4], [("If-Modified-Since", before)]).status == 412)
    for comp in ["metadata", "properties"] {
      #expect(try await fixture.send(.PUT, "con/a", [("comp", comp)])["Last-Modified"] == before)
    }
    #expect(try await fixture.send(.PUT, "con/log", [("comp", "appendblock")], [], body: PiecesBody([1]))["Last-Modified"] == before)
    let container = try await fixture.send(.PUT, "con", [("restype", "container"), ("comp", "metadata")])
    #expect(container["Last-Modified"] == before)
    let source = ("x-ms-copy-source", "https://\(StorageFixture.account).blob.core.cloud.test/con/a")
    #expect(try await fixture.send(.PUT, "con/a", [], [source, ("x-ms-meta-a", "1")])["Last-Modified"] == before)
    try await fixture.put("con/new", [1])
    #expect(try await fixture.send(.HEAD, "con/new")["Last-Modified"] != before)
  }

  /// The releases of all of them are too many for one transaction.
  @Test func snapshotsOfManyBlocksGoWithTheBlob() async throws {
    let fixture = try await StorageFixture.keeping([:])
    let (records, extents) = (try await fixture.count("storage."), try await fixture.count("extent"))
    for _ in 0..<3 {
      for index in 0..<260 { try await fixture.putBlock("con/x", "\(1000 + index)", [1]) }
      let list = (0..<260).map { ("Latest", "\(1000 + $0)") }
      #expect(try await fixture.putBlockList("con/x", list).status == 201)
      _ = try await fixture.snapshot("con/x")
    }
    try await fixture.write("con/x", [1])
    #expect(try await fixture.send(.DELETE, "con/x", [], [("x-ms-delete-snapshots", "only")]).status == 202)
    #expect(try await fixture.listed("snapshots") == ["x"])
    #expect(try await fixture.send(.DELETE, "con/x").status == 202)
    try await fixture.purge()
    #expect(try await fixture.count("storage.") == records)
    #expect(try await fixture.count("extent") == extents)
  }
}
