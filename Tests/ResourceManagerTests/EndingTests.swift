import Base
import NIOHTTP1
import Records
import ResourceManager
import Simulation
import Testing
import Wire

@Suite struct EndingTests {
  @Test func everythingOfATenantIsDeletedWhateverLocksItAndNobodyElseIsTouched() async throws {
    let cloud = try await Cloud()
    for group in ["rg", "second"] {
      await cloud.makeGroup(group)
      await cloud.makeThing("a", in: group)
    }
    let lock: JSON = ["properties": ["level": "CanNotDelete"]]
    let path = cloud.group("rg") + "/providers/Microsoft.Authorization/locks/keep"
    #expect(await cloud.send(.PUT, path, body: lock, version: "2020-05-01").status == 201)
    #expect(await cloud.send(.DELETE, cloud.group("rg")).code == "ScopeLocked")

    let begun = try await cloud.manager.clear(cloud.tenant)
    #expect(Set(begun.map(\.description)) == [cloud.group("rg"), cloud.group("second")])
    // Asked again meanwhile, nothing is begun twice.
    let operations = try await cloud.manager.pendingOperations().count
    #expect(try await cloud.manager.clear(cloud.tenant).count == 2)
    #expect(try await cloud.manager.pendingOperations().count == operations)
    await cloud.manager.drainOperations()
    #expect(try await cloud.manager.clear(cloud.tenant).isEmpty)
    #expect(await cloud.send(.GET, "\(cloud.subscriptionPath)/resources").names.isEmpty)
    try await cloud.close()
  }

  @Test func aGroupThatAnotherTenantHasStays() async throws {
    let cloud = try await Cloud()
    let theirs = "/subscriptions/\(cloud.foreignSubscription)/resourceGroups/rg"
    #expect(await cloud.send(.PUT, theirs, body: ["location": "Paris"], token: "foreigner").status == 201)
    #expect(try await cloud.manager.clear(cloud.tenant).isEmpty)
    await cloud.manager.drainOperations()
    #expect(await cloud.send(.GET, theirs, token: "foreigner").status == 200)
    try await cloud.close()
  }

  @Test func aResourceWhoseTypeNobodyServesIsNamed() async throws {
    let cloud = try await Cloud()
    await cloud.makeGroup()
    await cloud.makeThing("a")
    #expect(try await cloud.manager.unservedResources(of: cloud.tenant).isEmpty)
    let id = ResourceID(subscription: cloud.subscription, resourceGroup: "rg", "Microsoft.Compute", ("virtualMachines", "vm1"))
    let (tenant, now) = (cloud.tenant, cloud.clock.now())
    try await cloud.records.write { try $0.save(Resource(tenant: tenant, id: id, location: nil, etag: .zero, createdTime: now, changedTime: now)) }
    #expect(try await cloud.manager.unservedResources(of: cloud.tenant) == [id])
    try await cloud.close()
  }
}
