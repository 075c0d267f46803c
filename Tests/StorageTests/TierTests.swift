import Base
import NIOHTTP1
import ResourceManager
import Simulation
import Storage
import Testing
import Wire

@Suite struct TierTests {
  private static let limits: StorageLimits = {
    var limits = StorageLimits()
    (limits.standardRehydrationSeconds, limits.highRehydrationSeconds) = (100, 10)
    return limits
  }()

  private static func setTier(_ fixture: StorageFixture, _ path: String, _ tier: String, _ headers: [(String, String)] = []) async throws -> Answer {
    try await fixture.send(.PUT, path, [("comp", "tier")], [("x-ms-access-tier", tier)] + headers)
  }

  @Test func aTierStaysWithANameThatIsWrittenAgain() async throws {
    let fixture = try await StorageFixture(limits: Self.limits)
    try await fixture.makeContainer()
    try await fixture.put("con/a", [1], [("x-ms-access-tier", "Cool")])
    try await fixture.put("con/a", [2])
    #expect(try await fixture.send(.HEAD, "con/a")["x-ms-access-tier"] == "Cool")
    #expect(try await fixture.putBlockList("con/a", []).status == 201)
    #expect(try await fixture.send(.HEAD, "con/a")["x-ms-access-tier"] == "Cool")
    try await fixture.put("con/a", [3], [("x-ms-access-tier", "Hot")])
    let head = try await fixture.send(.HEAD, "con/a")
    #expect(head["x-ms-access-tier"] == "Hot" && head["x-ms-access-tier-inferred"] == nil)
    try await fixture.send(.DELETE, "con/a")
    try await fixture.put("con/a", [4])
    #expect(try await fixture.send(.HEAD, "con/a")["x-ms-access-tier-inferred"] == "true")
  }

  @Test func whatIsInTheArchiveIsNeitherReadNorChanged() async throws {
    let fixture = try await StorageFixture(limits: Self.limits)
    try await fixture.makeContainer()
    let put = try await fixture.put("con/a", [1, 2, 3], [("x-ms-access-tier", "Archive"), ("x-ms-meta-k", "v")])
    #expect(put.status == 201, "\(put)")
    for answer in [
      try await fixture.send(.GET, "con/a"), try await fixture.put("con/a", [4]), try await fixture.putBlockList("con/a", []),
      try await fixture.send(.PUT, "con/a", [("comp", "metadata")], [("x-ms-meta-k", "w")]),
      try await fixture.send(.PUT, "con/a", [("comp", "snapshot")]), try await fixture.putBlock("con/a", "1", [4]),
      try await fixture.send(.PUT, "con/b", [], [("x-ms-copy-source", "https://acct.blob.core.cloud.test/con/a")]),
    ] {
      #expect(answer.status == 409, "\(answer)")
      #expect(answer.code == "BlobArchived")
    }
    let head = try await fixture.send(.HEAD, "con/a")
    #expect(head.status == 200)
    #expect(head.length == 3)
    #expect(head["x-ms-meta-k"] == "v")
    #expect(head["x-ms-access-tier"] == "Archive")
    #expect(head["ETag"] == put["ETag"])
    #expect(try await fixture.send(.DELETE, "con/a").status == 202)
  }

  @Test(arguments: [("Standard", 100), ("High", 10)])
  func aBlobComesOutOfTheArchiveByItselfWhenItsTimeIsOver(priority: String, seconds: Int) async throws {
    let fixture = try await StorageFixture(limits: Self.limits)
    try await fixture.makeContainer()
    let put = try await fixture.put("con/a", [1, 2, 3], [("x-ms-access-tier", "Archive")])
    fixture.clock.advance(by: .seconds(1))
    #expect(try await Self.setTier(fixture, "con/a", "Cool", [("x-ms-rehydrate-priority", priority)]).status == 202)
    #expect(try await fixture.send(.GET, "con/a").code == "BlobBeingRehydrated")
    #expect(try await Self.setTier(fixture, "con/a", "Hot").code == "BlobBeingRehydrated")
    #expect(try await Self.setTier(fixture, "con/a", "Archive").code == "BlobBeingRehydrated")
    #expect(try await Self.setTier(fixture, "con/a", "Cool").status == 202)
    fixture.clock.advance(by: .seconds(seconds - 1))
    try await fixture.purge()
    let pending = try await fixture.send(.HEAD, "con/a")
    #expect(pending["x-ms-access-tier"] == "Archive")
    #expect(pending["x-ms-archive-status"] == "rehydrate-pending-to-cool")
    #expect(pending["x-ms-rehydrate-priority"] == priority)
    fixture.clock.advance(by: .seconds(1))
    try await fixture.purge()
    let read = try await fixture.send(.GET, "con/a")
    #expect(read.body == [1, 2, 3])
    #expect(read["x-ms-access-tier"] == "Cool")
    #expect(read["x-ms-archive-status"] == nil)
    #expect(read["ETag"] == put["ETag"])
    #expect(read["Last-Modified"] == put["Last-Modified"])
    #expect(try await fixture.count("rehydration") == 0)
  }

  @Test func aPendingRehydrationCanBeMadeMoreUrgentAndNotLess() async throws {
    let fixture = try await StorageFixture(limits: Self.limits)
    try await fixture.makeContainer()
    try await fixture.put("con/a", [1], [("x-ms-access-tier", "Archive")])
    #expect(try await Self.setTier(fixture, "con/a", "Hot").status == 202)
    #expect(try await Self.setTier(fixture, "con/a", "Hot", [("x-ms-rehydrate-priority", "High")]).status == 202)
    #expect(try await Self.setTier(fixture, "con/a", "Hot", [("x-ms-rehydrate-priority", "Standard")]).status == 202)
    #expect(try await fixture.send(.HEAD, "con/a")["x-ms-rehydrate-priority"] == "High")
    fixture.clock.advance(by: .seconds(10))
    try await fixture.purge()
    #expect(try await fixture.send(.GET, "con/a").body == [1])
  }

  @Test func aCopyOutOfTheArchiveTakesItsTimeAndLeavesItsSourceThere() async throws {
    let fixture = try await StorageFixture(limits: Self.limits)
    try await fixture.makeContainer()
    let bytes = fixture.bytes(70_000)
    try await fixture.put("con/a", bytes, [("x-ms-access-tier", "Archive")])
    let source = ("x-ms-copy-source", "https://acct.blob.core.cloud.test/con/a")
    let copied = try await fixture.send(.PUT, "con/b", [], [source, ("x-ms-access-tier", "Hot"), ("x-ms-rehydrate-priority", "High")])
    #expect(copied.status == 202, "\(copied)")
    #expect(try await fixture.send(.GET, "con/b").code == "BlobBeingRehydrated")
    #expect(try await fixture.send(.PUT, "con/a", [], [source, ("x-ms-access-tier", "Hot")]).code == "BlobArchived")
    fixture.clock.advance(by: .seconds(10))
    try await fixture.purge()
    #expect(try await fixture.send(.GET, "con/b").body == bytes)
    #expect(try await fixture.send(.GET, "con/a").code == "BlobArchived")
    #expect(try await fixture.send(.DELETE, "con/a").status == 202)
    #expect(try await fixture.send(.GET, "con/b").body == bytes)
  }

  @Test func snapshotsHaveTiersOfTheirOwn() async throws {
    let fixture = try await StorageFixture(limits: Self.limits)
    try await fixture.makeContainer()
    try await fixture.put("con/a", [1])
    let snapshot = try await fixture.snapshot("con/a")
    let query = [(name: "comp", value: "tier"), (name: "snapshot", value: snapshot)]
    #expect(try await fixture.send(.PUT, "con/a", query, [("x-ms-access-tier", "Archive")]).status == 200)
    #expect(try await fixture.read("con/a", snapshot: snapshot).code == "BlobArchived")
    #expect(try await fixture.read("con/a").body == [1])
    #expect(try await fixture.send(.PUT, "con/a", query, [("x-ms-access-tier", "Cold")]).status == 202)
    fixture.clock.advance(by: .seconds(100))
    try await fixture.purge()
    let read = try await fixture.read("con/a", snapshot: snapshot)
    #expect(read.body == [1])
    #expect(read["x-ms-access-tier"] == "Cold")
  }

  @Test func tiersThatABlobCannotHaveAreRefused() async throws {
    let fixture = try await StorageFixture(limits: Self.limits)
    try await fixture.makeContainer()
    try await fixture.put("con/a", [1])
    let append = try await fixture.send(.PUT, "con/l", [], [("x-ms-blob-type", "AppendBlob")])
    #expect(append.status == 201, "\(append)")
    let page = try await fixture.send(.PUT, "con/p", [], [("x-ms-blob-type", "PageBlob"), ("x-ms-blob-content-length", "512")])
    #expect(page.status == 201, "\(page)")
    for (path, tier, code) in [
      ("con/a", "Warm", "InvalidHeaderValue"), ("con/a", "Premium", "InvalidHeaderValue"), ("con/a", "P10", "InvalidBlobTier"),
      ("con/l", "Cool", "InvalidBlobType"), ("con/p", "Cool", "InvalidBlobTier"), ("con/p", "P10", "BlobAccessTierNotSupportedForAccountType"),
      ("con/none", "Cool", "BlobNotFound"),
    ] {
      #expect(try await Self.setTier(fixture, path, tier).code == code, "\(path) \(tier)")
    }
    #expect(try await Self.setTier(fixture, "con/a", "Cool", [("x-ms-rehydrate-priority", "Soon")]).code == "InvalidHeaderValue")
    #expect(try await fixture.send(.PUT, "con/a", [("comp", "tier")]).code == "MissingRequiredHeader")
    #expect(try await Self.setTier(fixture, "con/a", "Cool", [("x-ms-if-tags", "\"k\"='v'")]).code == "ConditionNotMet")
    #expect(try await fixture.send(.HEAD, "con/a")["x-ms-access-tier-inferred"] == "true")
  }

  @Test func aSmartBlobCoolsWhileNobodyUsesIt() async throws {
    let fixture = try await StorageFixture(limits: Self.limits)
    try await fixture.makeContainer()
    try await fixture.put("con/a", [1], [("x-ms-access-tier", "Smart")])
    for (days, tier) in [(0, "Hot"), (29, "Hot"), (1, "Cool"), (59, "Cool"), (1, "Cold")] {
      fixture.clock.advance(by: .seconds(86400 * days))
      let head = try await fixture.send(.HEAD, "con/a")
      #expect(head["x-ms-access-tier"] == "Smart")
      #expect(head["x-ms-smart-access-tier"] == tier)
    }
    #expect(try await fixture.send(.GET, "con/a").body == [1])
    #expect(try await Self.setTier(fixture, "con/a", "Hot").status == 200)
    #expect(try await fixture.send(.HEAD, "con/a")["x-ms-smart-access-tier"] == nil)
  }

  @Test func aDeletionCanDependOnWhenTheTierChanged() async throws {
    let fixture = try await StorageFixture(limits: Self.limits)
    try await fixture.makeContainer()
    try await fixture.put("con/a", [1])
    fixture.clock.advance(by: .seconds(60))
    #expect(try await Self.setTier(fixture, "con/a", "Cool").status == 200)
    let (before, after) = (fixture.clock.now().advanced(by: .seconds(-10)).httpDate, fixture.clock.now().advanced(by: .seconds(10)).httpDate)
    #expect(try await fixture.send(.DELETE, "con/a", [], [("x-ms-access-tier-if-modified-since", after)]).code == "ConditionNotMet")
    #expect(try await fixture.send(.DELETE, "con/a", [], [("x-ms-access-tier-if-unmodified-since", before)]).code == "ConditionNotMet")
    #expect(try await fixture.send(.DELETE, "con/a", [], [("x-ms-access-tier-if-modified-since", "x")]).code == "InvalidHeaderValue")
    #expect(try await fixture.send(.DELETE, "con/a", [], [("x-ms-access-tier-if-modified-since", before)]).status == 202)
  }
}
