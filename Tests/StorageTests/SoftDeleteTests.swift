import Base
import NIOHTTP1
import Simulation
import Storage
import Testing
import Wire

@Suite struct SoftDeleteTests {
  private static func undelete(_ fixture: StorageFixture, _ path: String) async throws -> Answer {
    try await fixture.send(.PUT, path, [("comp", "undelete")])
  }

  @Test func aDeletedBlobCanBeRestored() async throws {
    let fixture = try await StorageFixture.keeping(StorageFixture.softDelete)
    let bytes = fixture.bytes(20_000)
    try await fixture.write("con/x", bytes, [("x-ms-meta-a", "1")])
    let deleted = try await fixture.send(.DELETE, "con/x")
    #expect(deleted["x-ms-delete-type-permanent"] == "false")
    #expect(try await fixture.read("con/x").code == "BlobNotFound")
    #expect(try await fixture.listed("") == [])
    fixture.clock.advance(by: .seconds(86400 + 1))
    let properties = try await fixture.page([("include", "deleted")]).at("Blobs", "Blob", "Properties")
    #expect(properties.child("RemainingRetentionDays")?.text == "5")
    #expect(properties.child("DeletedTime") != nil)
    #expect(try await Self.undelete(fixture, "con/x").status == 200)
    let answer = try await fixture.read("con/x")
    #expect(answer.body == bytes)
    #expect(answer["x-ms-meta-a"] == "1")
    #expect(try await fixture.listed("deleted") == ["x"])
    // Nothing is left to restore, which is no error; where there never was anything it is one.
    #expect(try await Self.undelete(fixture, "con/x").status == 200)
    #expect(try await Self.undelete(fixture, "con/none").code == "BlobNotFound")
    #expect(try await Self.undelete(fixture, "none/x").code == "ContainerNotFound")
  }

  @Test func whatWasReplacedIsADeletedSnapshot() async throws {
    let fixture = try await StorageFixture.keeping(StorageFixture.softDelete)
    try await fixture.write("con/x", [1])
    try await fixture.write("con/x", [2])
    // Properties and metadata are not what it protects.
    try await fixture.send(.PUT, "con/x", [("comp", "metadata")], [("x-ms-meta-a", "1")])
    #expect(try await fixture.listed("snapshots") == ["x"])
    #expect(try await fixture.listed("deleted") == ["x"])
    #expect(try await fixture.listed("deleted,snapshots").count == 2)
    #expect(try await Self.undelete(fixture, "con/x").status == 200)
    let listed = try await fixture.listed("snapshots")
    #expect(listed.count == 2)
    let time = try #require(listed[0].split(separator: "@").last)
    #expect(try await fixture.read("con/x", snapshot: String(time)).body == [1])
    #expect(try await fixture.read("con/x").body == [2])
  }

  @Test func aBlobThatWasDeletedAndMadeAgainComesBackAsASnapshot() async throws {
    let fixture = try await StorageFixture.keeping(StorageFixture.softDelete)
    for number in 1...3 {
      try await fixture.write("con/x", [UInt8(number)])
      #expect(try await fixture.send(.DELETE, "con/x").status == 202)
    }
    // The last one is the blob, the earlier ones are snapshots of it.
    #expect(try await fixture.listed("deleted") == ["x-"])
    #expect(try await fixture.listed("deleted,snapshots").map { $0.contains("@") } == [true, true, false])
    try await fixture.write("con/x", [4])
    #expect(try await fixture.listed("deleted") == ["x"])
    #expect(try await fixture.listed("deleted,snapshots").map { $0.contains("@") } == [true, true, true, false])
    #expect(try await Self.undelete(fixture, "con/x").status == 200)
    let listed = try await fixture.listed("snapshots")
    for (index, item) in listed.dropLast().enumerated() {
      let time = try #require(item.split(separator: "@").last)
      #expect(try await fixture.read("con/x", snapshot: String(time)).body == [UInt8(index + 1)])
    }
    #expect(listed.count == 4)
    #expect(try await fixture.read("con/x").body == [4])
  }

  @Test func snapshotsAndVersionsAreRestoredWithTheBlob() async throws {
    var properties = try #require(StorageFixture.softDelete.object)
    properties["isVersioningEnabled"] = true
    let fixture = try await StorageFixture.keeping(.object(properties))
    let first = try #require(try await fixture.write("con/x", [1])["x-ms-version-id"])
    let second = try #require(try await fixture.write("con/x", [2])["x-ms-version-id"])
    // Nothing is soft-deleted by a write where there are versions.
    #expect(try await fixture.listed("deleted,snapshots,versions") == ["x#\(first)", "x#\(second)!"])
    #expect(try await fixture.send(.DELETE, "con/x", [("versionid", first)]).status == 202)
    #expect(try await fixture.read("con/x", version: first).code == "BlobNotFound")
    #expect(try await fixture.listed("versions") == ["x#\(second)!"])
    #expect(try await fixture.listed("versions,deleted") == ["x#\(first)-", "x#\(second)!"])
    #expect(try await fixture.send(.DELETE, "con/x").status == 202)
    #expect(try await Self.undelete(fixture, "con/x").status == 200)
    // Both versions are there; neither is made the current one.
    #expect(try await fixture.read("con/x", version: first).body == [1])
    #expect(try await fixture.listed("versions") == ["x#\(first)", "x#\(second)"])
  }

  @Test func deletingForGoodNeedsTheAccountsLeave() async throws {
    let fixture = try await StorageFixture.keeping(StorageFixture.softDelete)
    let extents = try await fixture.extents()
    try await fixture.write("con/x", fixture.bytes(20_000))
    let time = try await fixture.snapshot("con/x")
    try await fixture.write("con/x", [])
    #expect(try await Self.undelete(fixture, "con/x").status == 200)
    let query = [(name: "snapshot", value: time), (name: "deletetype", value: "permanent")]
    #expect(try await fixture.send(.DELETE, "con/x", query).status == 409)
    try await fixture.configureBlobs(["deleteRetentionPolicy": ["enabled": true, "days": 7, "allowPermanentDelete": true]])
    #expect(try await fixture.send(.DELETE, "con/x", query).code == "BlobNotFound")
    #expect(try await fixture.send(.DELETE, "con/x", [("snapshot", time)]).status == 202)
    let deleted = try await fixture.send(.DELETE, "con/x", query)
    #expect(deleted.status == 202)
    #expect(deleted["x-ms-delete-type-permanent"] == "true")
    #expect(try await fixture.send(.DELETE, "con/x", [("deletetype", "permanent")]).status == 400)
    #expect(try await fixture.send(.DELETE, "con/x", [("snapshot", time), ("deletetype", "soft")]).status == 400)
    // Another snapshot, which the second write made, still holds the bytes.
    #expect(try await fixture.extents() == extents + 1)
  }

  @Test func whatExpiresGivesItsSpaceBack() async throws {
    let fixture = try await StorageFixture.keeping(StorageFixture.softDelete)
    let records = try await fixture.count("storage.")
    let extents = try await fixture.extents()
    for number in 0..<150 {
      try await fixture.write("con/x\(number)", fixture.bytes(number % 3 == 0 ? 20_000 : 100))
      #expect(try await fixture.send(.DELETE, "con/x\(number)").status == 202)
    }
    fixture.clock.advance(by: .seconds(6 * 86400))
    try await fixture.purge()
    #expect(try await fixture.listed("deleted").count == 150)
    #expect(try await fixture.extents() == extents + 50)
    fixture.clock.advance(by: .seconds(86400))
    // Before the purger comes they are gone for clients.
    #expect(try await fixture.listed("deleted") == [])
    #expect(try await Self.undelete(fixture, "con/x149").status == 200)
    #expect(try await fixture.read("con/x149").code == "BlobNotFound")
    try await fixture.purge()
    #expect(try await fixture.count("storage.") == records)
    #expect(try await fixture.extents() == extents)
  }

  /// Killed after a step of the purge that expiry leaves.
  @Test func anInterruptedExpiryGoesOn() async throws {
    let fixture = try await StorageFixture.keeping(StorageFixture.softDelete)
    for number in 0..<100 {
      try await fixture.write("con/x\(number)", fixture.bytes(20_000))
      #expect(try await fixture.send(.DELETE, "con/x\(number)").status == 202)
    }
    fixture.clock.advance(by: .seconds(8 * 86400))
    #expect(try await !fixture.endpoint.purge())
    let (endpoint, directory) = try await fixture.killed()
    var rounds = 0
    while try await !endpoint.purge() && rounds < 100 { rounds += 1 }
    #expect(rounds < 100)
    let answer = try await Answer(await endpoint.respond(to: fixture.request(.PUT, "con/x99", [("comp", "undelete")])))
    #expect(answer.code == "BlobNotFound")
    withExtendedLifetime(directory) {}
  }

  @Test func aRestoreIsThereAfterAKill() async throws {
    let fixture = try await StorageFixture.keeping(StorageFixture.softDelete)
    let bytes = fixture.bytes(20_000)
    try await fixture.write("con/x", bytes)
    try await fixture.send(.DELETE, "con/x")
    let deleted = try await fixture.killed()
    #expect(try await Answer(await deleted.endpoint.respond(to: fixture.request(.GET, "con/x"))).code == "BlobNotFound")
    #expect(try await Self.undelete(fixture, "con/x").status == 200)
    let restored = try await fixture.killed()
    #expect(try await Answer(await restored.endpoint.respond(to: fixture.request(.GET, "con/x"))).body == bytes)
    withExtendedLifetime((deleted.directory, restored.directory)) {}
  }

  @Test func historyGoesWithTheContainerAndWithTheAccount() async throws {
    let fixture = try await StorageFixture.keeping(StorageFixture.softDelete)
    let extents = try await fixture.extents()
    for round in 0..<2 {
      for number in 0..<70 {
        try await fixture.write("con/x\(number)", fixture.bytes(20_000))
        try await fixture.write("con/x\(number)", [])
      }
      if round == 0 {
        #expect(try await fixture.send(.DELETE, "con", [("restype", "container")]).status == 202)
        try await fixture.purge()
        #expect(try await fixture.extents() == extents)
        try await fixture.makeContainer()
      }
    }
    try await fixture.deleteAccount(StorageFixture.account)
    try await fixture.purge()
    #expect(try await fixture.extents() == extents)
    #expect(try await fixture.count("storage.generation") == 0)
  }
}
