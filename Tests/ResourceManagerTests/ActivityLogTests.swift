import Base
import NIOHTTP1
import Records
import ResourceManager
import Simulation
import Testing
import Wire

@Suite struct ActivityLogTests {
  @Test func anEntryTellsWhoDidWhatWhereAndWhen() async throws {
    let cloud = try await Cloud()
    await cloud.makeGroup()
    cloud.clock.advance(by: .seconds(1))
    await cloud.makeThing("a")
    let entries = try await cloud.log()
    #expect(entries.map(\.operationName) == ["Microsoft.Test/things/write", "Microsoft.Resources/subscriptions/resourceGroups/write"])
    let entry = try #require(entries.first)
    #expect(entry.resourceID == cloud.thing("a"))
    #expect(entry.caller == "owner@test.example")
    #expect(entry.principalID == cloud.owner)
    #expect(entry.claims["ver"] == "2.0")
    #expect(entry.clientAddress == "192.0.2.1")
    #expect(entry.clientRequestID == "client-id")
    #expect(entry.status == .succeeded)
    #expect(entry.statusCode == 201)
    #expect(entry.time == cloud.clock.now())
    try await cloud.close()
  }

  @Test func aRefusedWriteLeavesAnEntryAndNothingElse() async throws {
    let cloud = try await Cloud()
    await cloud.makeGroup()
    _ = await cloud.send(.PUT, cloud.thing("a"), body: ["location": "paris", "properties": ["size": 13]])
    let entry = try #require(try await cloud.log().first { $0.status == .failed })
    #expect(entry.statusCode == 400)
    #expect(entry.errorCode == "UnluckySize")
    #expect(await cloud.send(.GET, cloud.thing("a")).status == 404)
    #expect(await cloud.send(.GET, "\(cloud.subscriptionPath)/providers/Microsoft.Test/things").names == [])
    try await cloud.close()
  }

  @Test func readsLeaveNoEntry() async throws {
    let cloud = try await Cloud()
    await cloud.makeGroup()
    let before = try await cloud.log().count
    _ = await cloud.send(.GET, cloud.group("rg"))
    _ = await cloud.send(.GET, cloud.thing("nope"))
    _ = await cloud.send(.GET, "\(cloud.subscriptionPath)/resources")
    #expect(try await cloud.log().count == before)
    try await cloud.close()
  }

  /// A change and its entry are one commit: when that commit does not happen, neither is there.
  @Test func theEntryIsWrittenInTheChangesTransaction() async throws {
    let cloud = try await Cloud()
    let store = CrashingStore(cloud.records, at: 0, afterCommit: true)
    let manager = Cloud.manager(store, cloud.access, cloud.clock, cloud.random)
    await #expect(throws: CrashingStore.Crash.self) { try await manager.putGroup("rg", body: ["location": "paris"], cloud.context) }
    #expect(await cloud.send(.GET, cloud.group("rg")).status == 200)
    #expect(try await cloud.log().count == 1)

    let early = Cloud.manager(CrashingStore(cloud.records, at: 0, afterCommit: false), cloud.access, cloud.clock, cloud.random)
    await #expect(throws: CrashingStore.Crash.self) { try await early.putGroup("rg2", body: ["location": "paris"], cloud.context) }
    #expect(await cloud.send(.GET, cloud.group("rg2")).status == 404)
    #expect(try await cloud.log().count == 1)
    try await cloud.close()
  }
}

extension Cloud {
  var context: ArmContext {
    ArmContext(
      principal: Principal(kind: .user, tenant: tenant, objectID: owner, name: "owner"), subscription: subscription,
      permission: "Microsoft.Resources/subscriptions/resourceGroups/write", resourceID: group("rg"), apiVersion: "2024-11-01",
      requestID: random.guid(), correlationID: random.guid(), clientAddress: "192.0.2.1", method: "PUT", now: clock.now(), url: "", query: Query())
  }
}
