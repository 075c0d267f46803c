import Access
import Base
import Logging
import NIOHTTP1
import Records
import ResourceManager
import Simulation
import Testing
import Wire

@Suite struct OperationTests {
  @Test func aGroupIsDeletedWithWhatIsInside() async throws {
    let cloud = try await Cloud()
    await fill(cloud)
    let accepted = await cloud.send(.DELETE, cloud.group("rg"))
    #expect(accepted.status == 202)
    #expect(accepted.headers.first(name: "retry-after") == "1")
    let location = try #require(accepted.headers.first(name: "location"))
    let waiting = try await cloud.follow(location)
    #expect(waiting.status == 202)
    #expect(waiting.headers.first(name: "retry-after") == "1")
    #expect(waiting.headers.first(name: "location") == location)
    let id = try #require(location.split(separator: "?")[0].split(separator: "/").last)
    let status = "\(cloud.subscriptionPath)/providers/Microsoft.Resources/locations/paris/operationStatuses/\(id)"
    let document = await cloud.send(.GET, status)
    #expect(document.json["status"] == "InProgress")
    #expect(document.headers.first(name: "retry-after") == "1")
    #expect(await cloud.send(.GET, cloud.group("rg")).json["properties"]?["provisioningState"] == "Deleting")

    // It takes no writes meanwhile, and a second DELETE joins the first.
    for answer in [
      await cloud.send(.PUT, cloud.thing("new"), body: ["location": "paris"]), await cloud.send(.DELETE, cloud.thing("a")),
      await cloud.send(.PUT, cloud.group("rg"), body: ["location": "paris"]), await cloud.send(.PATCH, cloud.group("rg"), body: [:]),
      await cloud.send(.POST, cloud.thing("a") + "/poke"),
    ] {
      #expect(answer.status == 409)
      #expect(answer.code == "ResourceGroupBeingDeleted")
    }
    #expect(await cloud.send(.DELETE, cloud.group("rg")).headers.first(name: "location") == location)

    await cloud.manager.drainOperations()
    #expect(try await cloud.follow(location).status == 200)
    let done = await cloud.send(.GET, status)
    #expect(done.json["status"] == "Succeeded")
    #expect(done.json["endTime"] != nil)
    #expect(done.headers.first(name: "retry-after") == nil)
    #expect(await cloud.send(.GET, cloud.group("rg")).status == 404)
    #expect(await cloud.send(.DELETE, cloud.group("rg")).status == 404)
    #expect(await cloud.send(.GET, "\(cloud.subscriptionPath)/resources").names == ["kept"])
    try await expectDeletedOnce(cloud)
    let entries = try await cloud.log().filter { $0.operationName.hasSuffix("/delete") && $0.resourceID == cloud.group("rg") && $0.statusCode != 404 }
    #expect(entries.count == 2)
    #expect(Set(entries.map(\.status)) == [.succeeded, .accepted])
    #expect(Set(entries.map(\.correlationID)).count == 1)
    try await cloud.close()
  }

  /// The process dies at each write of the deletion in turn, right before the commit or right after it. The next process finishes the work, and
  /// every resource was deleted exactly once.
  @Test(arguments: [false, true])
  func aDeletionGoesOnAfterACrash(afterCommit: Bool) async throws {
    var crashes = 0
    while true {
      let cloud = try await Cloud()
      await fill(cloud)
      _ = await cloud.send(.DELETE, cloud.group("rg"))
      let store = CrashingStore(cloud.records, at: crashes, afterCommit: afterCommit)
      await Cloud.manager(store, AccessControl(records: store), cloud.clock, cloud.random).drainOperations()
      let survived = !store.crashed
      let next = Cloud.manager(cloud.records, cloud.access, cloud.clock, cloud.random)
      await next.drainOperations()
      #expect(try await next.pendingOperations().isEmpty)
      #expect(await cloud.send(.GET, cloud.group("rg")).status == 404)
      #expect(await cloud.send(.GET, "\(cloud.subscriptionPath)/resources").names == ["kept"])
      try await expectDeletedOnce(cloud)
      let ends = try await cloud.log().filter {
        $0.resourceID == cloud.group("rg") && $0.status == .succeeded && $0.operationName.hasSuffix("/delete")
      }
      #expect(ends.count == 1)
      try await cloud.close()
      if survived { break }
      crashes += 1
    }
    // Four resources and the group.
    #expect(crashes == 5)
  }

  @Test func aRefusalEndsTheDeletionAndTheGroupLivesOn() async throws {
    let cloud = try await Cloud()
    await cloud.makeGroup()
    await cloud.makeThing("a")
    _ = await cloud.send(.PUT, cloud.thing("held"), body: ["location": "paris", "properties": ["held": true]])
    await cloud.makeThing("z")
    let location = try #require(await cloud.send(.DELETE, cloud.group("rg")).headers.first(name: "location"))
    await cloud.manager.drainOperations()
    let result = try await cloud.follow(location)
    #expect(result.status == 409)
    #expect(result.code == "ResourceGroupDeletionBlocked")
    #expect(await cloud.send(.GET, "\(cloud.group("rg"))/resources").names == ["held"])
    #expect(await cloud.send(.PATCH, cloud.thing("held"), body: ["properties": ["held": false]]).status == 200)
    #expect(await cloud.send(.DELETE, cloud.group("rg")).status == 202)
    await cloud.manager.drainOperations()
    #expect(await cloud.send(.GET, cloud.group("rg")).status == 404)
    try await cloud.close()
  }

  @Test func aDeploymentWithWhichTheProcessBeginsTooOftenIsGivenUp() async throws {
    let cloud = try await Cloud()
    await cloud.makeGroup()
    let template: JSON = [
      "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#", "contentVersion": "1.0.0.0", "resources": [],
    ]
    let path = cloud.group("rg") + "/providers/Microsoft.Resources/deployments/d"
    let body: JSON = ["properties": ["mode": "Incremental", "template": template]]
    #expect(await cloud.send(.PUT, path, body: body).status == 201)
    func state() async -> String? { await cloud.send(.GET, path).json["properties"]?["provisioningState"]?.string }
    for _ in 0..<ResourceManagerLimits.maximumOperationStarts { try await cloud.manager.countStart() }
    #expect(await state() != "Failed")
    #expect(try await cloud.manager.pendingOperations().count == 1)
    try await cloud.manager.countStart()
    #expect(await state() == "Failed")
    #expect(try await cloud.manager.pendingOperations().isEmpty)
    // A deletion goes on however often the process begins.
    _ = await cloud.send(.DELETE, cloud.group("rg"))
    for _ in 0...ResourceManagerLimits.maximumOperationStarts { try await cloud.manager.countStart() }
    await cloud.manager.drainOperations()
    #expect(await cloud.send(.GET, cloud.group("rg")).status == 404)
    try await cloud.close()
  }

  @Test func anOperationIsShownToItsCallerAndToWhoMayReadAll() async throws {
    let cloud = try await Cloud()
    await cloud.makeGroup()
    let location = try #require(await cloud.send(.DELETE, cloud.group("rg")).headers.first(name: "location"))
    let path = try #require(location.split(separator: "?").first?.dropFirst(Cloud.address.url("management").count))
    #expect(await cloud.send(.GET, String(path), token: "reader").status == 202)
    cloud.authorizer.rule { $0.action.hasSuffix("operationresults/read") ? .hidden : nil }
    #expect(await cloud.send(.GET, String(path), token: "reader").code == "OperationNotFound")
    #expect(await cloud.send(.GET, String(path), token: "foreigner").code == "OperationNotFound")
    #expect(await cloud.send(.GET, String(path)).status == 202)
    try await cloud.close()
  }

  @Test func theServiceTakesUpOperationsAndStops() async throws {
    let cloud = try await Cloud()
    await fill(cloud)
    _ = await cloud.send(.DELETE, cloud.group("rg"))
    let service = Task { try await cloud.manager.run() }
    while try await !cloud.manager.pendingOperations().isEmpty { await Task.yield() }
    service.cancel()
    try? await service.value
    #expect(await cloud.send(.GET, cloud.group("rg")).status == 404)
    try await cloud.close()
  }

  @Test func whatOutlivedItsRetentionIsRemoved() async throws {
    let cloud = try await Cloud()
    await cloud.makeGroup()
    _ = await cloud.send(.DELETE, cloud.group("rg"))
    await cloud.manager.drainOperations()
    cloud.clock.advance(by: .seconds(86400 * (ResourceManagerLimits.activityLogRetentionDays - 1)))
    await cloud.makeGroup("later")
    try await cloud.manager.expire()
    #expect(try await cloud.log().count == 4)
    cloud.clock.advance(by: .seconds(86400 * 2))
    try await cloud.manager.expire()
    #expect(try await cloud.log().map(\.resourceID) == [cloud.group("later")])
    let kept = try await cloud.records.read {
      try $0.list(LongRunningOperation.self, under: RecordKey(tenant: cloud.tenant, components: []), limit: 10)
    }
    #expect(kept.isEmpty)
    #expect(ResourceManagerLimits.activityLogRetentionDays >= 183)
    try await cloud.close()
  }

  /// A thing with two parts, another thing, and one in another group.
  private func fill(_ cloud: Cloud) async {
    await cloud.makeGroup("rg")
    await cloud.makeGroup("rg2")
    await cloud.makeThing("a")
    await cloud.makeThing("b")
    await cloud.makeThing("kept", in: "rg2")
    for part in ["p", "q"] { _ = await cloud.send(.PUT, cloud.thing("a") + "/parts/\(part)", body: [:]) }
  }

  private func expectDeletedOnce(_ cloud: Cloud) async throws {
    let deletions = try await cloud.records.read { try $0.list(Deletion.self, under: RecordKey(tenant: .zero, components: []), limit: 100) }
    #expect(deletions.map(\.count) == [1, 1, 1, 1])
    let expected = [cloud.thing("a"), cloud.thing("a") + "/parts/p", cloud.thing("a") + "/parts/q", cloud.thing("b")].map { $0.lowercased() }
    #expect(deletions.map(\.id) == expected)
  }
}
