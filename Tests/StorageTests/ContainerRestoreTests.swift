import Base
import NIOHTTP1
import Simulation
import Storage
import Testing
import Wire

@Suite struct ContainerRestoreTests {
  private static let softDelete: JSON = ["containerDeleteRetentionPolicy": ["enabled": true, "days": 3]]

  private static func containers(_ fixture: StorageFixture, _ query: [(String, String)] = []) async throws -> [XMLElement] {
    let all = [("comp", "list"), ("include", "deleted,metadata")] + query
    let answer = try await fixture.send(.GET, "", all.map { (name: $0.0, value: $0.1) })
    #expect(answer.status == 200, "\(answer)")
    return try answer.xml().at("Containers").children
  }

  private static func restore(_ fixture: StorageFixture, _ name: String, _ version: String, named: String? = nil) async throws -> Answer {
    try await fixture.send(
      .PUT, name, [("restype", "container"), ("comp", "undelete")],
      [("x-ms-deleted-container-name", named ?? name), ("x-ms-deleted-container-version", version)])
  }

  @Test func aDeletedContainerComesBackWithAllThatWasInIt() async throws {
    let fixture = try await StorageFixture.keeping(Self.softDelete)
    let bytes = fixture.bytes(20_000)
    try await fixture.send(.PUT, "con", [("restype", "container"), ("comp", "metadata")], [("x-ms-meta-a", "1")])
    try await fixture.write("con/x", bytes)
    let time = try await fixture.snapshot("con/x")
    #expect(try await fixture.send(.DELETE, "con", [("restype", "container")]).status == 202)
    try await fixture.purge()
    #expect(try await fixture.read("con/x").code == "ContainerNotFound")
    #expect(try await fixture.send(.GET, "", [("comp", "list")]).xml().at("Containers").children.isEmpty)
    let listed = try await Self.containers(fixture)
    #expect(listed.count == 1)
    let deleted = try #require(listed.first)
    #expect(deleted.child("Deleted")?.text == "true")
    #expect(try deleted.at("Properties", "RemainingRetentionDays").text == "3")
    #expect(try deleted.at("Metadata", "a").text == "1")
    let version = try deleted.at("Version").text
    #expect(try await Self.restore(fixture, "con", "0000000000000000").code == "ContainerNotFound")
    #expect(try await Self.restore(fixture, "other", version).code == "ContainerNotFound")
    #expect(try await Self.restore(fixture, "other", version, named: "con").status == 400)
    #expect(try await fixture.send(.PUT, "con", [("restype", "container"), ("comp", "undelete")]).code == "MissingRequiredHeader")
    #expect(try await Self.restore(fixture, "con", version).status == 201)
    #expect(try await fixture.read("con/x").body == bytes)
    #expect(try await fixture.read("con/x", snapshot: time).body == bytes)
    #expect(try await Self.restore(fixture, "con", version).code == "ContainerAlreadyExists")
    #expect(try await Self.containers(fixture).map { $0.child("Deleted") == nil } == [true])
  }

  /// In one instant, so that the versions must differ by themselves.
  @Test func containersOfOneNameAreToldApartByTheirVersions() async throws {
    let fixture = try await StorageFixture.keeping(Self.softDelete)
    for number in 0..<5 {
      if number > 0 { try await fixture.makeContainer() }
      try await fixture.put("con/x", [UInt8(number)])
      #expect(try await fixture.send(.DELETE, "con", [("restype", "container")]).status == 202)
    }
    try await fixture.makeContainer("aaa")
    try await fixture.makeContainer("con")
    try await fixture.makeContainer("zzz")
    let whole = try await Self.containers(fixture)
    #expect(try whole.map { try $0.at("Name").text } == ["aaa", "con", "con", "con", "con", "con", "con", "zzz"])
    #expect(whole.map { $0.child("Deleted") != nil } == [false, true, true, true, true, true, false, false])
    let versions = try whole.filter { $0.child("Version") != nil }.map { try $0.at("Version").text }
    #expect(Set(versions).count == 5)
    #expect(versions.sorted() == versions)
    for size in 1...4 { #expect(try await Self.pages(fixture, size: size) == whole.count) }
    // The name is taken now.
    #expect(try await Self.restore(fixture, "con", versions[2]).status == 409)
    #expect(try await fixture.send(.DELETE, "con", [("restype", "container")]).status == 202)
    #expect(try await Self.restore(fixture, "con", versions[2]).status == 201)
    #expect(try await fixture.read("con/x").body == [2])
  }

  /// The items of all pages.
  private static func pages(_ fixture: StorageFixture, size: Int) async throws -> Int {
    var count = 0
    var marker = ""
    repeat {
      let query = [("comp", "list"), ("include", "deleted"), ("maxresults", String(size)), ("marker", marker)]
      let page = try await fixture.send(.GET, "", query.map { (name: $0.0, value: $0.1) }).xml()
      count += try page.at("Containers").children.count
      marker = try page.at("NextMarker").text
    } while !marker.isEmpty && count < 100
    return count
  }

  @Test func anExpiredContainerGivesItsSpaceBack() async throws {
    let fixture = try await StorageFixture.keeping(Self.softDelete)
    let extents = try await fixture.extents()
    for number in 0..<100 { try await fixture.write("con/x\(number)", fixture.bytes(20_000)) }
    #expect(try await fixture.send(.DELETE, "con", [("restype", "container")]).status == 202)
    let version = try #require(try await Self.containers(fixture).first).at("Version").text
    fixture.clock.advance(by: .seconds(2 * 86400))
    try await fixture.purge()
    #expect(try await fixture.extents() == extents + 100)
    fixture.clock.advance(by: .seconds(86400))
    // Before the purger comes it is gone for clients.
    #expect(try await Self.containers(fixture).isEmpty)
    #expect(try await Self.restore(fixture, "con", version).code == "ContainerNotFound")
    try await fixture.purge()
    #expect(try await fixture.extents() == extents)
    #expect(try await fixture.count("storage.blob\u{1}") == 0)
    #expect(try await fixture.count("storage.deletedContainer") == 0)
  }

  @Test func deletedContainersGoWithTheAccount() async throws {
    let fixture = try await StorageFixture.keeping(Self.softDelete)
    let extents = try await fixture.extents()
    try await fixture.write("con/x", fixture.bytes(20_000))
    #expect(try await fixture.send(.DELETE, "con", [("restype", "container")]).status == 202)
    try await fixture.deleteAccount(StorageFixture.account)
    try await fixture.purge()
    #expect(try await fixture.extents() == extents)
    #expect(try await fixture.count("storage.deletedContainer") == 0)
  }

  @Test func theServicesOwnContainersAreListedOnRequestOnly() async throws {
    let fixture = try await StorageFixture.keeping([:])
    func names(_ include: String, _ prefix: String = "") async throws -> [String] {
      let query = [(name: "comp", value: "list"), (name: "include", value: include), (name: "prefix", value: prefix)]
      return try await fixture.send(.GET, "", query).xml().at("Containers").children.map { try $0.at("Name").text }
    }
    #expect(try await names("") == ["con"])
    #expect(try await names("system") == ["$logs", "con"])
    #expect(try await names("system", "c") == ["con"])
    #expect(try await names("system", "$") == ["$logs"])
  }
}
