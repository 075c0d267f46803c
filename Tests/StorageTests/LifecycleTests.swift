import Base
import Edge
import NIOHTTP1
import Simulation
import Storage
import Testing
import Wire

@Suite struct LifecycleTests {
  private static let path = "managementPolicies/default"

  /// A rule on block blobs; `actions` are those of `definition.actions`.
  private static func rule(_ actions: JSON, _ filters: [(String, JSON)] = [], named name: String = "rule", isEnabled: Bool = true) -> JSON {
    let types: (String, JSON) = ("blobTypes", ["blockBlob"])
    return [
      "name": .string(name), "type": "Lifecycle", "enabled": .boolean(isEnabled),
      "definition": ["actions": actions, "filters": .object(JSON.Object([types] + filters))],
    ]
  }

  private static func after(_ action: String, days: Int64, _ condition: String = "daysAfterModificationGreaterThan") -> JSON {
    ["baseBlob": [action: [condition: .integer(days)]]]
  }

  private static func follow(_ rules: [JSON], _ fixture: StorageFixture) async throws {
    try await fixture.manage(path, ["policy": ["rules": .array(rules)]])
  }

  /// All steps whose time has come; gives their count.
  @discardableResult
  private static func age(_ fixture: StorageFixture) async throws -> Int {
    for step in 0..<1000 where try await fixture.endpoint.age() { return step }
    Issue.record("the run did not end")
    return 0
  }

  private static func pass(days: Int, _ fixture: StorageFixture) {
    fixture.clock.advance(by: .seconds(86400 * days))
  }

  private static func tier(_ path: String, _ fixture: StorageFixture) async throws -> String? {
    try await fixture.send(.HEAD, path)["x-ms-access-tier"]
  }

  private static func names(_ fixture: StorageFixture, of container: String = "con") async throws -> [String] {
    try await fixture.listed("", of: container)
  }

  @Test func aRuleReachesWhatIsOldAndHasItsPrefixAndItsTag() async throws {
    let fixture = try await StorageFixture()
    for container in ["con", "other"] { try await fixture.makeContainer(container) }
    let tagged = [("x-ms-tags", "state=done")]
    for name in ["con/log/a", "con/keep/a", "other/log/a"] { try await fixture.put(name, [1], tagged) }
    try await fixture.put("con/log/untagged", [1])
    try await fixture.put("con/log/othertag", [1], [("x-ms-tags", "state=open")])
    #expect(try await fixture.send(.PUT, "con/log/append", [], [("x-ms-blob-type", "AppendBlob")] + tagged).status == 201)
    let filters: [(String, JSON)] = [
      ("prefixMatch", ["con/log/"]), ("blobIndexMatch", [["name": "state", "op": "==", "value": "done"]]),
    ]
    try await Self.follow([Self.rule(Self.after("delete", days: 3), filters)], fixture)
    Self.pass(days: 3, fixture)
    try await Self.age(fixture)
    #expect(try await Self.names(fixture).count == 5, "three days are not more than three")
    try await fixture.put("con/log/young", [1], tagged)
    Self.pass(days: 1, fixture)
    try await Self.age(fixture)
    #expect(try await Self.names(fixture) == ["keep/a", "log/append", "log/othertag", "log/untagged", "log/young"])
    #expect(try await Self.names(fixture, of: "other") == ["log/a"])
  }

  @Test func theCheapestActionWinsAndTiersChangeInOneDirection() async throws {
    let fixture = try await StorageFixture()
    try await fixture.makeContainer()
    try await fixture.put("con/a", [1])
    try await fixture.put("con/cold", [1], [("x-ms-access-tier", "Cold")])
    try await fixture.put("con/archived", [1], [("x-ms-access-tier", "Archive")])
    let all: JSON = [
      "baseBlob": [
        "tierToCool": ["daysAfterModificationGreaterThan": 1], "tierToArchive": ["daysAfterModificationGreaterThan": 5],
        "delete": ["daysAfterModificationGreaterThan": 7],
      ]
    ]
    try await Self.follow([Self.rule(all, named: "one"), Self.rule(Self.after("tierToCold", days: 3), named: "two")], fixture)
    for (days, a, cold) in [(1, "Hot", "Cold"), (2, "Cool", "Cold"), (4, "Cold", "Cold"), (6, "Archive", "Archive")] {
      Self.pass(days: days == 1 ? 1 : days == 2 ? 1 : 2, fixture)
      try await Self.age(fixture)
      #expect(try await Self.tier("con/a", fixture) == a, "day \(days)")
      #expect(try await Self.tier("con/cold", fixture) == cold, "day \(days)")
      #expect(try await Self.tier("con/archived", fixture) == "Archive")
    }
    Self.pass(days: 2, fixture)
    try await Self.age(fixture)
    #expect(try await Self.names(fixture).isEmpty)
  }

  @Test func whatCameOutOfTheArchiveStaysForAsLongAsTheRuleSays() async throws {
    let fixture = try await StorageFixture()
    try await fixture.makeContainer()
    try await fixture.put("con/a", [1], [("x-ms-access-tier", "Archive")])
    Self.pass(days: 9, fixture)
    #expect(try await fixture.send(.PUT, "con/a", [("comp", "tier")], [("x-ms-access-tier", "Hot")]).status == 202)
    Self.pass(days: 1, fixture)
    try await fixture.purge()
    let condition: JSON = ["daysAfterModificationGreaterThan": 2, "daysAfterLastTierChangeGreaterThan": 4]
    try await Self.follow([Self.rule(["baseBlob": ["tierToArchive": condition]])], fixture)
    try await Self.age(fixture)
    #expect(try await Self.tier("con/a", fixture) == "Hot")
    Self.pass(days: 4, fixture)
    try await Self.age(fixture)
    #expect(try await Self.tier("con/a", fixture) == "Archive")
  }

  @Test func whatIsLeasedOrHeldOrHasSnapshotsStays() async throws {
    let fixture = try await StorageFixture()
    for container in ["con", "held"] { try await fixture.makeContainer(container) }
    for name in ["con/free", "con/leased", "con/seen", "held/a"] { try await fixture.write(name, [1]) }
    _ = try await fixture.snapshot("con/seen")
    let lease = try await fixture.send(.PUT, "con/leased", [("comp", "lease")], [("x-ms-lease-action", "acquire"), ("x-ms-lease-duration", "-1")])
    #expect(lease.status == 201, "\(lease)")
    try await fixture.act(StorageFixture.container("held"), "setLegalHold", ["tags": ["case1"]])
    try await Self.follow([Self.rule(Self.after("delete", days: 1))], fixture)
    Self.pass(days: 2, fixture)
    try await Self.age(fixture)
    #expect(try await Self.names(fixture) == ["leased", "seen"])
    #expect(try await Self.names(fixture, of: "held") == ["a"])
    try await fixture.send(.PUT, "con/leased", [("comp", "lease")], [("x-ms-lease-action", "break"), ("x-ms-lease-break-period", "0")])
    try await fixture.act(StorageFixture.container("held"), "clearLegalHold", ["tags": ["case1"]])
    try await Self.age(fixture)
    #expect(try await Self.names(fixture).contains("leased"), "the next run is tomorrow's")
    Self.pass(days: 1, fixture)
    try await Self.age(fixture)
    #expect(try await Self.names(fixture) == ["seen"])
    #expect(try await Self.names(fixture, of: "held").isEmpty)
  }

  @Test func whatARuleDeletesCanBeRestoredWhereTheAccountKeepsIt() async throws {
    let fixture = try await StorageFixture.keeping(StorageFixture.softDelete)
    try await fixture.write("con/a", [1, 2])
    try await Self.follow([Self.rule(Self.after("delete", days: 1, "daysAfterCreationGreaterThan"))], fixture)
    Self.pass(days: 2, fixture)
    try await Self.age(fixture)
    #expect(try await fixture.read("con/a").status == 404)
    #expect(try await fixture.listed("deleted") == ["a-"])
    // Nothing is done twice: what is deleted is not deleted again.
    Self.pass(days: 2, fixture)
    try await Self.age(fixture)
    #expect(try await fixture.listed("deleted") == ["a-"])
    #expect(try await fixture.send(.PUT, "con/a", [("comp", "undelete")]).status == 200)
    #expect(try await fixture.read("con/a").body == [1, 2])
  }

  @Test func snapshotsAndVersionsGoByTheirOwnAge() async throws {
    let fixture = try await StorageFixture.keeping(StorageFixture.versions)
    try await fixture.write("con/a", [1])
    let snapshot = try await fixture.snapshot("con/a")
    Self.pass(days: 5, fixture)
    let version = try #require(try await fixture.write("con/a", [2])["x-ms-version-id"])
    try await fixture.write("con/a", [3])
    let old: JSON = ["delete": ["daysAfterCreationGreaterThan": 3]]
    let cool: JSON = ["tierToCool": ["daysAfterCreationGreaterThan": 0]]
    try await Self.follow([Self.rule(["snapshot": old], named: "snapshots"), Self.rule(["version": old], named: "versions")], fixture)
    try await Self.age(fixture)
    #expect(try await fixture.read("con/a", snapshot: snapshot).status == 404)
    #expect(try await fixture.read("con/a", version: version).body == [2])
    #expect(try await fixture.listed("versions,snapshots").count == 2)
    try await Self.follow([Self.rule(["version": cool], named: "versions")], fixture)
    Self.pass(days: 1, fixture)
    try await Self.age(fixture)
    #expect(try await fixture.read("con/a", version: version)["x-ms-access-tier"] == "Cool")
    #expect(try await Self.tier("con/a", fixture) == "Hot")
    try await Self.follow([Self.rule(["version": old], named: "versions")], fixture)
    Self.pass(days: 3, fixture)
    try await Self.age(fixture)
    #expect(try await fixture.listed("versions,snapshots").count == 1)
    #expect(try await fixture.read("con/a").body == [3])
  }

  @Test func aBlobGoesAfterItsSnapshotsAndVersions() async throws {
    let fixture = try await StorageFixture.keeping(StorageFixture.versions)
    try await fixture.write("con/a", [1])
    try await fixture.write("con/a", [2])
    try await fixture.write("con/alone", [1])
    Self.pass(days: 5, fixture)
    try await Self.follow([Self.rule(Self.after("delete", days: 3))], fixture)
    try await Self.age(fixture)
    #expect(try await fixture.read("con/a").body == [2])
    #expect(try await fixture.read("con/alone").status == 404)
    #expect(try await fixture.listed("versions").count == 3, "what was alone is a version now, and the other has one and itself")
    let old: JSON = ["delete": ["daysAfterCreationGreaterThan": 3]]
    try await Self.follow([Self.rule(Self.after("delete", days: 3)), Self.rule(["version": old], named: "versions")], fixture)
    Self.pass(days: 1, fixture)
    try await Self.age(fixture)
    #expect(try await fixture.read("con/a").status == 404, "the version goes first, and then the blob, in one run")
  }

  @Test func aRunGoesOnWhereItWasWhenTheServiceStarts() async throws {
    var limits = StorageLimits()
    limits.lifecyclePageRecords = 5
    let fixture = try await StorageFixture(limits: limits)
    try await fixture.makeContainer()
    for number in 10..<30 { try await fixture.put("con/b\(number)", [1]) }
    try await Self.follow([Self.rule(Self.after("tierToCool", days: 1))], fixture)
    Self.pass(days: 2, fixture)
    for _ in 0..<2 { #expect(try await !fixture.endpoint.age()) }
    #expect(try await Self.tier("con/b10", fixture) == "Cool")
    #expect(try await Self.tier("con/b29", fixture) == "Hot")
    #expect(try await fixture.send(.PUT, "con/b10", [("comp", "tier")], [("x-ms-access-tier", "Hot")]).status == 200)
    let (endpoint, directory) = try await fixture.killed()
    for _ in 0..<10 where try await endpoint.age() { break }
    func tier(_ name: String) async throws -> String? {
      try await Answer(await endpoint.respond(to: fixture.request(.HEAD, "con/\(name)")))["x-ms-access-tier"]
    }
    #expect(try await tier("b10") == "Hot", "what is behind the run is not looked at again")
    for number in 11..<30 { #expect(try await tier("b\(number)") == "Cool", "b\(number)") }
    Self.pass(days: 1, fixture)
    for _ in 0..<10 where try await endpoint.age() { break }
    #expect(try await tier("b10") == "Cool")
    withExtendedLifetime(directory) {}
  }

  @Test func threeThousandBlobsGoInBoundedSteps() async throws {
    let fixture = try await StorageFixture()
    try await fixture.makeContainer()
    try await withThrowingTaskGroup { group in
      for part in 0..<30 {
        group.addTask { for number in 0..<100 { try await fixture.put("con/\(part)/\(number)", [1]) } }
      }
      try await group.waitForAll()
    }
    try await Self.follow([Self.rule(Self.after("delete", days: 1))], fixture)
    Self.pass(days: 2, fixture)
    var (left, steps) = (3000, 0)
    while try await !fixture.endpoint.age(), steps < 1000 {
      let now = try await fixture.listed("", size: 500).count
      #expect(left - now <= StorageLimits().lifecyclePageRecords)
      (left, steps) = (now, steps + 1)
    }
    #expect(left == 0)
    #expect(steps >= 3000 / StorageLimits().lifecyclePageRecords && steps < 30)
  }

  @Test func rulesThatAreOffDoNothingAndChangedOnesBeginAnew() async throws {
    let fixture = try await StorageFixture()
    try await fixture.makeContainer()
    try await fixture.put("con/a", [1])
    Self.pass(days: 5, fixture)
    try await Self.follow([Self.rule(Self.after("delete", days: 1), isEnabled: false)], fixture)
    try await Self.age(fixture)
    #expect(try await Self.names(fixture) == ["a"])
    try await Self.follow([Self.rule(Self.after("delete", days: 1))], fixture)
    try await Self.age(fixture)
    #expect(try await Self.names(fixture).isEmpty)
    #expect(try await fixture.count("storage.lifecycleRun") > 0)
    try await fixture.unmanage(Self.path)
    #expect(try await fixture.count("storage.lifecycleRun") == 0)
    try await Self.follow([Self.rule(Self.after("delete", days: 1))], fixture)
    try await fixture.deleteAccount(StorageFixture.account)
    #expect(try await fixture.count("storage.lifecycleRun") == 0)
    #expect(try await Self.age(fixture) == 0)
  }

  // MARK: Access

  private static let tracking: JSON = ["lastAccessTimeTrackingPolicy": ["enable": true]]

  @Test func aReadIsNotedOnceADayAndOnlyWhereTheAccountAsksForIt() async throws {
    let plain = try await StorageFixture.keeping([:])
    try await plain.put("con/a", [1])
    #expect(try await plain.read("con/a").status == 200)
    try await Self.age(plain)
    #expect(try await plain.send(.HEAD, "con/a")["x-ms-last-access-time"] == nil)

    let fixture = try await StorageFixture.keeping(Self.tracking)
    let put = try await fixture.put("con/a", [1])
    let name = "x-ms-last-access-time"
    let first = try #require(try await fixture.send(.HEAD, "con/a")[name])
    Self.pass(days: 1, fixture)
    #expect(try await fixture.send(.HEAD, "con/a")[name] == first)
    try await Self.age(fixture)
    #expect(try await fixture.send(.HEAD, "con/a")[name] == first, "asking for its properties is no read")
    #expect(try await fixture.read("con/a")[name] == first, "a read does not wait for its note")
    try await Self.age(fixture)
    let head = try await fixture.send(.HEAD, "con/a")
    let second = try #require(head[name])
    #expect(second == fixture.clock.now().httpDate)
    #expect(head["ETag"] == put["ETag"] && head["Last-Modified"] == put["Last-Modified"])
    fixture.clock.advance(by: .seconds(60))
    #expect(try await fixture.read("con/a").status == 200)
    try await Self.age(fixture)
    #expect(try await fixture.send(.HEAD, "con/a")[name] == second)
  }

  @Test func whatNobodyReadsCoolsAndIsHotAgainWhenItIsRead() async throws {
    let fixture = try await StorageFixture.keeping(Self.tracking)
    for name in ["con/a", "con/b"] { try await fixture.put(name, [1]) }
    let actions: JSON = [
      "baseBlob": ["tierToCool": ["daysAfterLastAccessTimeGreaterThan": 3], "enableAutoTierToHotFromCool": true]
    ]
    try await Self.follow([Self.rule(actions)], fixture)
    for _ in 0..<4 {
      Self.pass(days: 1, fixture)
      #expect(try await fixture.read("con/b").status == 200)
      try await Self.age(fixture)
    }
    #expect(try await Self.tier("con/a", fixture) == "Cool")
    #expect(try await Self.tier("con/b", fixture) == "Hot")
    #expect(try await fixture.read("con/a").status == 200)
    try await Self.age(fixture)
    #expect(try await Self.tier("con/a", fixture) == "Hot")
  }

  @Test func aBlobReturnsToHotOnceInThirtyDaysAndNotWhereItWasCoolBefore() async throws {
    let fixture = try await StorageFixture.keeping(Self.tracking)
    try await fixture.put("con/before", [1], [("x-ms-access-tier", "Cool")])
    try await fixture.put("con/a", [1])
    fixture.clock.advance(by: .seconds(60))
    let actions: JSON = [
      "baseBlob": ["tierToCool": ["daysAfterLastAccessTimeGreaterThan": 3], "enableAutoTierToHotFromCool": true]
    ]
    try await Self.follow([Self.rule(actions)], fixture)
    // Rules that are written again count from when they first said so.
    try await Self.follow([Self.rule(actions)], fixture)
    func readAfter(days: Int) async throws -> [String?] {
      Self.pass(days: days, fixture)
      try await Self.age(fixture)
      for name in ["con/before", "con/a"] { #expect(try await fixture.read(name).status == 200) }
      try await Self.age(fixture)
      return [try await Self.tier("con/before", fixture), try await Self.tier("con/a", fixture)]
    }
    #expect(try await readAfter(days: 4) == ["Cool", "Hot"])
    #expect(try await readAfter(days: 4) == ["Cool", "Cool"], "it was moved four days ago")
    #expect(try await readAfter(days: 31) == ["Cool", "Hot"])
  }

  @Test func whileReadsAreNotNotedNothingIsTakenForUnread() async throws {
    let fixture = try await StorageFixture.keeping(Self.tracking)
    try await fixture.put("con/a", [1])
    try await Self.follow([Self.rule(Self.after("delete", days: 2, "daysAfterLastAccessTimeGreaterThan"))], fixture)
    try await fixture.configureBlobs(["lastAccessTimeTrackingPolicy": ["enable": false]])
    Self.pass(days: 9, fixture)
    try await Self.age(fixture)
    #expect(try await Self.names(fixture) == ["a"])
    try await fixture.configureBlobs(Self.tracking)
    Self.pass(days: 2, fixture)
    try await Self.age(fixture)
    #expect(try await Self.names(fixture) == ["a"], "the days count from when reads are noted again")
    Self.pass(days: 1, fixture)
    try await Self.age(fixture)
    #expect(try await Self.names(fixture).isEmpty)
  }
}
