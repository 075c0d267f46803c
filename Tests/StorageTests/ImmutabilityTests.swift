import Base
import NIOHTTP1
import Simulation
import Storage
import Testing
import Wire

@Suite struct ImmutabilityTests {
  private static let policy = StorageFixture.container("con") + "/immutabilityPolicies/default"

  // MARK: Containers

  private func retained(days: Int64 = 3, _ more: JSON = [:]) async throws -> StorageFixture {
    let fixture = try await StorageFixture()
    try await fixture.makeContainer()
    try await fixture.put("con/a", [1])
    var properties = more.object ?? JSON.Object()
    properties["immutabilityPeriodSinceCreationInDays"] = .integer(days)
    try await fixture.manage(Self.policy, .object(properties))
    return fixture
  }

  private func changes(_ path: String, _ fixture: StorageFixture) async throws -> [Answer] {
    [
      try await fixture.put(path, [2]), try await fixture.send(.PUT, path, [("comp", "metadata")], [("x-ms-meta-a", "b")]),
      try await fixture.send(.PUT, path, [("comp", "properties")], [("x-ms-blob-content-type", "text/plain")]),
      try await fixture.putBlockList(path, []),
    ]
  }

  @Test func aRetentionPolicyKeepsEachBlobForItsDaysAndUnchangedForever() async throws {
    let fixture = try await retained()
    for answer in try await changes("con/a", fixture) {
      #expect(answer.status == 409)
      #expect(answer.code == "BlobImmutableDueToPolicy")
    }
    #expect(try await fixture.send(.DELETE, "con/a").code == "BlobImmutableDueToPolicy")
    #expect(try await fixture.put("con/new", [1]).status == 201)
    #expect(try await fixture.send(.GET, "con/a").body == [1])
    fixture.clock.advance(by: .seconds(3 * 86400 - 1))
    #expect(try await fixture.send(.DELETE, "con/a").code == "BlobImmutableDueToPolicy")
    fixture.clock.advance(by: .seconds(1))
    for answer in try await changes("con/a", fixture) { #expect(answer.code == "BlobImmutableDueToPolicy") }
    #expect(try await fixture.send(.DELETE, "con/a").status == 202)
    #expect(try await fixture.put("con/a", [3]).status == 201)
  }

  @Test func noSnapshotIsMadeOfWhatAContainersPolicyKeeps() async throws {
    let fixture = try await retained()
    let refused = try await fixture.send(.PUT, "con/a", [("comp", "snapshot")])
    #expect(refused.status == 409 && refused.code == "BlobImmutableDueToPolicy", "\(refused)")
  }

  @Test func whereVersionsHaveTheirOwnThePolicyIsWhatNewBlobsBeginWith() async throws {
    let fixture = try await versioned()
    try await fixture.manage(Self.policy, ["immutabilityPeriodSinceCreationInDays": 3])
    try await fixture.put("con/a", [1])
    let until = fixture.clock.now().advanced(by: .seconds(3 * 86400)).httpDate
    let head = try await fixture.send(.HEAD, "con/a")
    #expect(head["x-ms-immutability-policy-until-date"] == until && head["x-ms-immutability-policy-mode"] == "unlocked", "\(head)")
    try await fixture.put("con/b", [1], policy(fixture, days: 1))
    fixture.clock.advance(by: .seconds(86400 + 1))
    #expect(try await fixture.send(.DELETE, "con/a").code == "BlobImmutableDueToPolicy")
    #expect(try await fixture.send(.DELETE, "con/b").status == 202, "its own policy is over")
  }

  @Test(arguments: [("allowProtectedAppendWrites", true), ("allowProtectedAppendWritesAll", true), ("none", false)])
  func appendingIsAllowedWhereThePolicySaysSo(_ flag: String, _ isAllowed: Bool) async throws {
    let fixture = try await retained(flag == "none" ? [:] : .object([flag: true]))
    let create = try await fixture.send(.PUT, "con/log", [], [("x-ms-blob-type", "AppendBlob")])
    #expect(create.status == 201)
    fixture.clock.advance(by: .seconds(2 * 86400))
    let append = try await fixture.send(.PUT, "con/log", [("comp", "appendblock")], body: PiecesBody([1, 2]))
    #expect(append.status == (isAllowed ? 201 : 409), "\(append)")
    fixture.clock.advance(by: .seconds(86400))
    // The days count from the last block on where blocks may be added.
    #expect(try await fixture.send(.DELETE, "con/log").status == (isAllowed ? 409 : 202))
  }

  @Test func aLockedPolicyIsOnlyEverExtended() async throws {
    let fixture = try await retained()
    #expect(await fixture.code { try await fixture.act(Self.policy, "extend", ["properties": ["immutabilityPeriodSinceCreationInDays": 9]]) } != nil)
    try await fixture.manage(Self.policy, ["immutabilityPeriodSinceCreationInDays": 2])
    let locked = try await fixture.act(Self.policy, "lock")
    #expect(locked["properties"]?["state"] == "Locked")
    let refused = "ContainerImmutabilityPolicyFailure"
    #expect(await fixture.code { try await fixture.act(Self.policy, "lock") } == refused)
    #expect(await fixture.code { try await fixture.manage(Self.policy, ["immutabilityPeriodSinceCreationInDays": 30]) } == refused)
    #expect(await fixture.code { try await fixture.unmanage(Self.policy) } == refused)
    #expect(
      await fixture.code { try await fixture.act(Self.policy, "extend", ["properties": ["immutabilityPeriodSinceCreationInDays": 2]]) }
        == "InvalidValuesForRequestParameters")
    for days in 3...7 as ClosedRange<Int64> {
      let extended = try await fixture.act(Self.policy, "extend", ["properties": ["immutabilityPeriodSinceCreationInDays": .integer(days)]])
      #expect(extended["properties"]?["immutabilityPeriodSinceCreationInDays"] == .integer(days))
    }
    #expect(
      await fixture.code { try await fixture.act(Self.policy, "extend", ["properties": ["immutabilityPeriodSinceCreationInDays": 8]]) } == refused)
    fixture.clock.advance(by: .seconds(7 * 86400 - 1))
    #expect(try await fixture.send(.DELETE, "con/a").status == 409)
  }

  @Test func anUnlockedPolicyIsTakenBack() async throws {
    let fixture = try await retained()
    try await fixture.unmanage(Self.policy)
    #expect(try await fixture.put("con/a", [2]).status == 201)
    #expect(try await fixture.send(.DELETE, "con", [("restype", "container")]).status == 202)
  }

  @Test(arguments: [0, 146_001, -1]) func aPeriodThatCannotBeIsRefused(_ days: Int64) async throws {
    let fixture = try await StorageFixture()
    try await fixture.makeContainer()
    let code = await fixture.code { try await fixture.manage(Self.policy, ["immutabilityPeriodSinceCreationInDays": .integer(days)]) }
    #expect(code == "InvalidValuesForRequestParameters")
  }

  @Test func aLegalHoldKeepsEverythingUntilItsLastTagIsCleared() async throws {
    let fixture = try await StorageFixture()
    try await fixture.makeContainer()
    try await fixture.put("con/a", [1])
    let container = StorageFixture.container("con")
    #expect(await fixture.code { try await fixture.act(container, "setLegalHold", ["tags": ["a!"]]) } == "InvalidValuesForRequestParameters")
    #expect(await fixture.code { try await fixture.act(container, "setLegalHold", ["tags": []]) } == "InvalidValuesForRequestParameters")
    #expect(try await fixture.act(container, "setLegalHold", ["tags": ["case1", "Case2", "case1"]])["tags"] == ["case1", "case2"])
    fixture.clock.advance(by: .seconds(1000 * 86400))
    for answer in try await changes("con/a", fixture) { #expect(answer.code == "BlobImmutableDueToLegalHold") }
    #expect(try await fixture.send(.DELETE, "con/a").code == "BlobImmutableDueToLegalHold")
    #expect(try await fixture.act(container, "clearLegalHold", ["tags": ["case1", "other"]])["tags"] == ["case2"])
    #expect(try await fixture.send(.DELETE, "con/a").code == "BlobImmutableDueToLegalHold")
    let properties = try await fixture.send(.HEAD, "con", [("restype", "container")])
    #expect(properties["x-ms-has-legal-hold"] == "true")
    #expect(properties["x-ms-has-immutability-policy"] == "false")
    #expect(try await fixture.act(container, "clearLegalHold", ["tags": ["case2"]])["hasLegalHold"] == false)
    #expect(try await fixture.send(.DELETE, "con/a").status == 202)
  }

  @Test func aProtectedContainerIsDeletedByResourceManagerOnceItIsEmpty() async throws {
    let fixture = try await retained()
    try await fixture.act(Self.policy, "lock")
    let container = StorageFixture.container("con")
    #expect(try await fixture.send(.DELETE, "con", [("restype", "container")]).code == "ContainerImmutabilityPolicyLocked")
    #expect(await fixture.code { try await fixture.unmanage(container) } == "ContainerImmutabilityPolicyLocked")
    fixture.clock.advance(by: .seconds(3 * 86400))
    #expect(try await fixture.send(.DELETE, "con/a").status == 202)
    #expect(try await fixture.send(.DELETE, "con", [("restype", "container")]).code == "ContainerImmutabilityPolicyLocked")
    #expect(await fixture.code { try await fixture.deleteAccount(StorageFixture.account) } == "AccountProtectedFromDeletion")
    try await fixture.unmanage(container)
    #expect(try await fixture.send(.HEAD, "con", [("restype", "container")]).status == 404)
    try await fixture.deleteAccount(StorageFixture.account)
  }

  @Test func anAccountWithHeldBlobsIsNotDeleted() async throws {
    let fixture = try await StorageFixture()
    try await fixture.makeContainer()
    let container = StorageFixture.container("con")
    try await fixture.act(container, "setLegalHold", ["tags": ["case1"]])
    try await fixture.put("con/a", [1])
    #expect(await fixture.code { try await fixture.deleteAccount(StorageFixture.account) } == "AccountProtectedFromDeletion")
    try await fixture.act(container, "clearLegalHold", ["tags": ["case1"]])
    try await fixture.deleteAccount(StorageFixture.account)
  }

  // MARK: Blobs

  private func versioned() async throws -> StorageFixture {
    let fixture = try await StorageFixture()
    try await fixture.configureBlobs(StorageFixture.versions)
    try await fixture.manage(StorageFixture.container("con"), ["immutableStorageWithVersioning": ["enabled": true]])
    return fixture
  }

  private func policy(_ fixture: StorageFixture, days: Int64, _ mode: String? = nil) -> [(String, String)] {
    let until = ("x-ms-immutability-policy-until-date", fixture.clock.now().advanced(by: .seconds(days * 86400)).httpDate)
    return [until] + (mode.map { [("x-ms-immutability-policy-mode", $0)] } ?? [])
  }

  private func set(
    _ headers: [(String, String)], _ fixture: StorageFixture, _ query: [(name: String, value: String)] = []
  ) async throws -> Answer {
    try await fixture.send(.PUT, "con/a", [("comp", "immutabilityPolicies")] + query, headers)
  }

  private func hold(_ isHeld: Bool, _ fixture: StorageFixture, _ query: [(name: String, value: String)] = []) async throws -> Answer {
    try await fixture.send(.PUT, "con/a", [("comp", "legalhold")] + query, [("x-ms-legal-hold", "\(isHeld)")])
  }

  @Test func aBlobsPolicyKeepsItFromBeingDeletedUntilItsDate() async throws {
    let fixture = try await versioned()
    let until = policy(fixture, days: 2)
    #expect(try await fixture.put("con/a", [1], until).status == 201)
    let head = try await fixture.send(.HEAD, "con/a")
    #expect(head["x-ms-immutability-policy-until-date"] == until[0].1)
    #expect(head["x-ms-immutability-policy-mode"] == "unlocked")
    #expect(try await fixture.send(.DELETE, "con/a").code == "BlobImmutableDueToPolicy")
    #expect(try await fixture.send(.PUT, "con/a", [("comp", "metadata")]).code == "BlobImmutableDueToPolicy")
    fixture.clock.advance(by: .seconds(2 * 86400))
    #expect(try await fixture.send(.DELETE, "con/a").status == 202)
  }

  @Test func anOverwrittenBlobLivesOnAsAProtectedVersion() async throws {
    let fixture = try await versioned()
    let first = try await fixture.write("con/a", [1], [("x-ms-legal-hold", "true")])
    let version = try #require(first["x-ms-version-id"])
    #expect(try await fixture.write("con/a", [2]).status == 201)
    #expect(try await fixture.send(.DELETE, "con/a", [("versionid", version)]).code == "BlobImmutableDueToLegalHold")
    #expect(try await fixture.read("con/a", version: version).body == [1])
    #expect(try await hold(false, fixture, [("versionid", version)]).status == 200)
    #expect(try await fixture.send(.DELETE, "con/a", [("versionid", version)]).status == 202)
    #expect(try await fixture.send(.GET, "con/a").body == [2])
  }

  @Test func aLockedPolicyOfABlobIsOnlyEverExtended() async throws {
    let fixture = try await versioned()
    try await fixture.put("con/a", [1])
    #expect(try await set(policy(fixture, days: 5), fixture).status == 200)
    #expect(try await set(policy(fixture, days: 1), fixture).status == 200)
    #expect(try await fixture.send(.DELETE, "con/a", [("comp", "immutabilityPolicies")]).status == 200)
    #expect(try await fixture.send(.HEAD, "con/a")["x-ms-immutability-policy-mode"] == nil)
    let locked = try await set(policy(fixture, days: 5, "Locked"), fixture)
    #expect(locked["x-ms-immutability-policy-mode"] == "locked")
    #expect(try await set(policy(fixture, days: 4, "Locked"), fixture).status == 409)
    #expect(try await set(policy(fixture, days: 6, "Unlocked"), fixture).status == 409)
    #expect(try await fixture.send(.DELETE, "con/a", [("comp", "immutabilityPolicies")]).status == 409)
    #expect(try await set(policy(fixture, days: 6, "Locked"), fixture).status == 200)
    fixture.clock.advance(by: .seconds(5 * 86400))
    #expect(try await fixture.send(.DELETE, "con/a").status == 409)
  }

  @Test func aSnapshotIsProtectedForItself() async throws {
    let fixture = try await versioned()
    try await fixture.put("con/a", [1])
    let snapshot = try await fixture.snapshot("con/a")
    #expect(try await hold(true, fixture, [("snapshot", snapshot)]).status == 200)
    #expect(try await fixture.send(.HEAD, "con/a")["x-ms-legal-hold"] == nil)
    #expect(try await fixture.send(.HEAD, "con/a", [("snapshot", snapshot)])["x-ms-legal-hold"] == "true")
    #expect(try await fixture.send(.DELETE, "con/a", [("snapshot", snapshot)]).code == "BlobImmutableDueToLegalHold")
    #expect(try await fixture.send(.DELETE, "con/a", [], [("x-ms-delete-snapshots", "include")]).code == "BlobImmutableDueToLegalHold")
    #expect(try await hold(false, fixture, [("snapshot", snapshot)]).status == 200)
    #expect(try await fixture.send(.DELETE, "con/a", [("snapshot", snapshot)]).status == 202)
  }

  @Test func protectionOfBlobsIsForContainersMadeForIt() async throws {
    let fixture = try await StorageFixture()
    try await fixture.makeContainer()
    try await fixture.put("con/a", [1])
    #expect(try await set(policy(fixture, days: 1), fixture).status == 409)
    #expect(try await hold(true, fixture).status == 409)
    #expect(try await fixture.put("con/b", [1], policy(fixture, days: 1)).status == 409)
    #expect(try await fixture.put("con/b", [1], [("x-ms-legal-hold", "true")]).status == 409)
    try await fixture.act(StorageFixture.container("con"), "migrate")
    #expect(try await hold(true, fixture).status == 200)
    #expect(try await fixture.send(.DELETE, "con", [("restype", "container")]).code == "ContainerImmutableStorageWithVersioningEnabled")
  }

  @Test func anAccountMadeForItHasSuchContainersOnly() async throws {
    let fixture = try await AccountFixture()
    let settings: JSON = ["immutableStorageWithVersioning": ["enabled": true]]
    let (resource, keys) = try await fixture.makeAccount(settings)
    let head = try fixture.request(.HEAD, "/con", "restype=container")
    #expect(try await fixture.send(fixture.signed(head, key: keys[0]))["x-ms-immutable-storage-with-versioning-enabled"] == "true")
    #expect(try await fixture.render(resource)["immutableStorageWithVersioning"]?["enabled"] == true)
    await #expect(throws: CloudError.self) {
      try await fixture.put(fixture.id("acct"), AccountFixture.body(["immutableStorageWithVersioning": ["enabled": false]]))
    }
    await #expect(throws: CloudError.self) {
      let policy: JSON = ["enabled": true, "immutabilityPolicy": ["immutabilityPeriodSinceCreationInDays": 1, "state": "Unlocked"]]
      try await fixture.put(fixture.id("other"), AccountFixture.body(["immutableStorageWithVersioning": policy]))
    }
  }

  @Test(arguments: [
    [("x-ms-immutability-policy-until-date", "tomorrow")], [("x-ms-immutability-policy-until-date", "Mon, 23 Nov 2020 16:43:46 GMT")],
    [("x-ms-immutability-policy-mode", "Locked")], [("x-ms-legal-hold", "maybe")],
  ]) func aProtectionThatCannotBeIsRefused(_ headers: [(String, String)]) async throws {
    let fixture = try await versioned()
    #expect(try await fixture.put("con/a", [1], headers).status == 400)
    #expect(try await fixture.send(.HEAD, "con/a").status == 404)
    try await fixture.put("con/a", [1])
    let comp = headers[0].0 == "x-ms-legal-hold" ? "legalhold" : "immutabilityPolicies"
    #expect(try await fixture.send(.PUT, "con/a", [("comp", comp)], headers).status == 400)
    #expect(try await fixture.send(.PUT, "con/a", [("comp", comp)]).status == 400)
  }
}
