import Base
import NIOHTTP1
import Simulation
import Storage
import Testing
import Wire

@Suite struct VersionTests {
  @Test func everyWriteLeavesAVersion() async throws {
    let fixture = try await StorageFixture.keeping(StorageFixture.versions)
    let first = try #require(try await fixture.write("con/x", [1])["x-ms-version-id"])
    let second = try #require(try await fixture.write("con/x", [2])["x-ms-version-id"])
    fixture.clock.advance(by: .seconds(1))
    let changed = try await fixture.send(.PUT, "con/x", [("comp", "metadata")], [("x-ms-meta-a", "1")])
    let third = try #require(changed["x-ms-version-id"])
    try await fixture.putBlock("con/x", "a", [4])
    fixture.clock.advance(by: .seconds(1))
    let fourth = try #require(try await fixture.putBlockList("con/x", [("Latest", "a")])["x-ms-version-id"])
    #expect(try await fixture.listed("versions") == ["x#\(first)", "x#\(second)", "x#\(third)", "x#\(fourth)!"])
    for (version, body) in [(first, [1]), (second, [2]), (third, [2]), (fourth, [UInt8(4)])] {
      let answer = try await fixture.read("con/x", version: version)
      #expect(answer.body == body)
      #expect(answer["x-ms-version-id"] == version)
      #expect(answer["x-ms-is-current-version"] == (version == fourth ? "true" : nil))
      #expect(answer["x-ms-meta-a"] == (version == third ? "1" : nil))
    }
    #expect(try await fixture.read("con/x")["x-ms-version-id"] == fourth)
  }

  /// In one instant, and with a clock that somebody puts back.
  @Test func versionsAreNeverOneAnothersName() async throws {
    let fixture = try await StorageFixture.keeping(StorageFixture.versions)
    var names: [String] = []
    for number in 0..<20 {
      if number == 10 { fixture.clock.set(fixture.clock.now().advanced(by: .seconds(-3600))) }
      names.append(try #require(try await fixture.put("con/x", [UInt8(number)])["x-ms-version-id"]))
      if number % 5 == 4 { #expect(try await fixture.send(.PUT, "con/x", [("comp", "snapshot")]).status == 201) }
    }
    #expect(Set(names).count == 20)
    for (number, name) in names.enumerated() { #expect(try await fixture.read("con/x", version: name).body == [UInt8(number)]) }
    // Each snapshot made a version of its own.
    #expect(try await fixture.listed("versions,snapshots").count == 20 + 4 * 2)
  }

  @Test func aDeletedBlobLeavesItsVersions() async throws {
    let fixture = try await StorageFixture.keeping(StorageFixture.versions)
    let first = try #require(try await fixture.write("con/x", [1])["x-ms-version-id"])
    let second = try #require(try await fixture.write("con/x", [2])["x-ms-version-id"])
    #expect(try await fixture.send(.DELETE, "con/x").status == 202)
    #expect(try await fixture.read("con/x").code == "BlobNotFound")
    #expect(try await fixture.read("con/x", version: second).body == [2])
    #expect(try await fixture.listed("") == [])
    #expect(try await fixture.listed("versions") == ["x#\(first)", "x#\(second)"])
    try await fixture.write("con/y", [3])
    #expect(try await fixture.listed("deletedwithversions").map { $0.prefix(1) + $0.suffix(1) } == ["x?", "y!"])
    #expect(try await fixture.listed("deletedwithversions")[0] == "x#\(second)?")
    #expect(try await fixture.listed("deletedwithversions", size: 1).count == 2)
    #expect(try await fixture.listed("deletedwithversions,deleted,snapshots", size: 1)[0] == "x#\(second)?")
    #expect(try await fixture.listed("versions,deletedwithversions")[..<2] == ["x#\(first)?", "x#\(second)?"])
    // A new blob under the name is the current version again.
    let third = try #require(try await fixture.write("con/x", [3])["x-ms-version-id"])
    #expect(try await fixture.listed("versions")[..<3] == ["x#\(first)", "x#\(second)", "x#\(third)!"])
  }

  @Test func theCurrentVersionIsNotDeletedByItsName() async throws {
    let fixture = try await StorageFixture.keeping(StorageFixture.versions)
    let first = try #require(try await fixture.write("con/x", [1])["x-ms-version-id"])
    let second = try #require(try await fixture.write("con/x", [2])["x-ms-version-id"])
    let refused = try await fixture.send(.DELETE, "con/x", [("versionid", second)])
    #expect(refused.status == 403)
    #expect(refused.code == "OperationNotAllowedOnRootBlob")
    #expect(try await fixture.send(.DELETE, "con/x", [("versionid", first)]).status == 202)
    #expect(try await fixture.send(.DELETE, "con/x", [("versionid", first)]).code == "BlobNotFound")
    #expect(try await fixture.listed("versions") == ["x#\(second)!"])
  }

  @Test func whatWasWrittenBeforeThereWereVersionsBecomesOne() async throws {
    let fixture = try await StorageFixture.keeping([:])
    #expect(try await fixture.write("con/x", [1])["x-ms-version-id"] == nil)
    try await fixture.configureBlobs(StorageFixture.versions)
    try await fixture.write("con/x", [2])
    let listed = try await fixture.listed("versions")
    #expect(listed.count == 2)
    let version = try #require(listed[0].split(separator: "#").last)
    #expect(try await fixture.read("con/x", version: String(version)).body == [1])
    // When the account keeps versions no longer, the last one stays, and what comes after it is none.
    try await fixture.configureBlobs(["isVersioningEnabled": false])
    #expect(try await fixture.write("con/x", [3])["x-ms-version-id"] == nil)
    try await fixture.write("con/x", [4])
    #expect(try await fixture.listed("versions").count == 3)
    #expect(try await fixture.listed("versions").last == "x")
  }

  @Test func theSpaceOfVersionsIsGivenBackWithTheLastOfThem() async throws {
    let fixture = try await StorageFixture.keeping(StorageFixture.versions)
    let records = try await fixture.count("storage.")
    let extents = try await fixture.extents()
    let first = try #require(try await fixture.write("con/x", fixture.bytes(20_000))["x-ms-version-id"])
    fixture.clock.advance(by: .seconds(1))
    let changed = try await fixture.send(.PUT, "con/x", [("comp", "metadata")], [("x-ms-meta-a", "1")])
    let second = try #require(changed["x-ms-version-id"])
    #expect(try await fixture.extents() == extents + 1)
    #expect(try await fixture.send(.DELETE, "con/x").status == 202)
    #expect(try await fixture.send(.DELETE, "con/x", [("versionid", first)]).status == 202)
    try await fixture.purge()
    #expect(try await fixture.extents() == extents + 1)
    #expect(try await fixture.send(.DELETE, "con/x", [("versionid", second)]).status == 202)
    try await fixture.purge()
    #expect(try await fixture.count("storage.") == records)
    #expect(try await fixture.extents() == extents)
  }

  @Test func aListOfBlocksOutlivesTheVersionFromWhichItBorrows() async throws {
    let fixture = try await StorageFixture.keeping(StorageFixture.versions)
    let records = try await fixture.count("storage.")
    let parts = (0..<2).map { _ in fixture.bytes(20_000) }
    try await fixture.putBlock("con/x", "a", parts[0])
    let first = try #require(try await fixture.putBlockList("con/x", [("Latest", "a")])["x-ms-version-id"])
    try await fixture.putBlock("con/x", "b", parts[1])
    fixture.clock.advance(by: .seconds(1))
    let second = try #require(try await fixture.putBlockList("con/x", [("Latest", "a"), ("Latest", "b")])["x-ms-version-id"])
    #expect(try await fixture.send(.DELETE, "con/x", [("versionid", first)]).status == 202)
    try await fixture.purge()
    #expect(try await fixture.read("con/x").body == parts[0] + parts[1])
    #expect(try await fixture.send(.DELETE, "con/x").status == 202)
    #expect(try await fixture.send(.DELETE, "con/x", [("versionid", second)]).status == 202)
    try await fixture.purge()
    #expect(try await fixture.count("storage.") == records)
  }

  @Test func fiveThousandGenerationsOfOneNameAreListedInPages() async throws {
    let fixture = try await StorageFixture.keeping(StorageFixture.versions)
    try await fixture.put("con/a", [0])
    var names: [String] = []
    for number in 0..<5000 {
      fixture.clock.advance(by: .milliseconds(1))
      names.append(try #require(try await fixture.put("con/b", [UInt8(number % 256)])["x-ms-version-id"]))
    }
    try await fixture.put("con/b/c", [0])
    try await fixture.put("con/c", [0])
    let listed = try await fixture.listed("versions", size: 999)
    #expect(listed.count == 5003)
    #expect(Array(listed[1..<5001]) == names.dropLast().map { "b#\($0)" } + ["b#\(names[4999])!"])
    // A list that asks for none passes them by.
    #expect(try await fixture.listed("", size: 2).map { $0.prefix(1) } == ["a", "b", "b", "c"])
    // They count as one where a delimiter draws names together.
    #expect(try await fixture.listed("versions", [("prefix", "b/"), ("delimiter", "/")]).count == 1)
    #expect(try await fixture.send(.DELETE, "con/b").status == 202)
    #expect(try await fixture.listed("deletedwithversions").map { $0.prefix(1) } == ["a", "b", "b", "c"])
    // What is passed over ends a page early at most.
    #expect(try await fixture.listed("snapshots").map { $0.prefix(1) } == ["a", "b", "c"])
  }

  @Test func aMarkerStandsBetweenGenerationsOfOneName() async throws {
    let fixture = try await StorageFixture.keeping(StorageFixture.versions)
    for name in ["a", "a/b", "a0", "b"] {
      for number in 0..<3 { try await fixture.write("con/\(name)", [UInt8(number)]) }
    }
    try await fixture.putBlock("con/a1", "x", [1])
    _ = try await fixture.snapshot("con/a")
    let include = "versions,snapshots,uncommittedblobs"
    let whole = try await fixture.listed(include)
    #expect(whole.count == 15)
    for size in 1...6 { #expect(try await fixture.listed(include, size: size) == whole) }
    #expect(try await fixture.listed(include, size: 1, [("delimiter", "/")]).count == 13)
    let middle = try await fixture.listed(include, size: 2, [("startFrom", "a/b"), ("endBefore", "a1")])
    #expect(middle == Array(whole.filter { $0.hasPrefix("a/b") || $0.hasPrefix("a0") }))
  }
}
