import Base
import NIOHTTP1
import Testing
import Wire

@Suite struct SubscriptionTests {
  @Test func tenantsSubscriptionsAndLocationsAreShown() async throws {
    let cloud = try await Cloud()
    let tenants = await cloud.send(.GET, "/tenants")
    #expect(tenants.json["value"]?.array?.first?["tenantId"]?.string == "\(cloud.tenant)")
    #expect(tenants.json["value"]?.array?.first?["defaultDomain"] == "test.example")
    let subscriptions = await cloud.send(.GET, "/subscriptions")
    #expect(subscriptions.json["count"] == ["type": "Total", "value": 1])
    let shown = try #require(subscriptions.json["value"]?.array?.first)
    #expect(shown["tenantId"]?.string == "\(cloud.tenant)")
    #expect(shown["state"] == "Enabled")
    #expect(await cloud.send(.GET, cloud.subscriptionPath).json == shown)
    let locations = await cloud.send(.GET, cloud.subscriptionPath + "/locations")
    #expect(locations.names == ["paris"])
    #expect(locations.json["value"]?.array?.first?["availabilityZoneMappings"]?.array?.count == 3)
    #expect(locations.json["value"]?.array?.first?["metadata"]?["regionType"] == "Physical")
    try await cloud.close()
  }

  @Test func providersListTheirTypesAndOperations() async throws {
    let cloud = try await Cloud()
    let provider = await cloud.send(.GET, "\(cloud.subscriptionPath)/providers/microsoft.test")
    #expect(provider.json["namespace"] == "Microsoft.Test")
    #expect(provider.json["registrationState"] == "Registered")
    let types = provider.json["resourceTypes"]?.array ?? []
    #expect(
      types.compactMap { $0["resourceType"]?.string } == ["things", "things/parts", "accounts", "checkName", "locations/usages", "operations"])
    #expect(types.first?["apiVersions"] == ["2024-01-01", "2023-01-01-preview"])
    #expect(types.first?["zoneMappings"] == [["location": "Paris", "zones": ["1", "2", "3"]]])
    let all = await cloud.send(.GET, "\(cloud.subscriptionPath)/providers")
    #expect(
      all.json["value"]?.array?.compactMap { $0["namespace"]?.string } == [
        "Microsoft.Resources", "Microsoft.Authorization", "Cocagne.Sovereignty", "Microsoft.Test",
      ])
    #expect(await cloud.send(.GET, "/providers").status == 200)
    #expect(await cloud.send(.GET, "/providers/Foo.Bar").code == "InvalidResourceNamespace")
    let operations = await cloud.send(.GET, "/providers/Microsoft.Test/operations")
    #expect(operations.names.first == "Microsoft.Test/things/read")
    let metadata = await cloud.send(.GET, "/providers/Microsoft.Authorization/providerOperations/microsoft.test")
    #expect(metadata.json["resourceTypes"]?.array?.compactMap { $0["name"]?.string } == ["things"])
    #expect(metadata.json["resourceTypes"]?.array?.first?["operations"]?.array?.count == 2)
    #expect(metadata.json["operations"]?.array?.count == 1)
    try await cloud.close()
  }

  @Test func anUnregisteredNamespaceTakesNoNewResources() async throws {
    let cloud = try await Cloud()
    await cloud.makeGroup()
    await cloud.makeThing("a")
    let base = "\(cloud.subscriptionPath)/providers/Microsoft.Test"
    #expect(await cloud.send(.POST, base + "/unregister").status == 409)
    _ = await cloud.send(.DELETE, cloud.thing("a"))
    #expect(await cloud.send(.POST, base + "/unregister").json["registrationState"] == "Unregistered")
    let refused = await cloud.send(.PUT, cloud.thing("a"), body: ["location": "paris"])
    #expect(refused.status == 409)
    #expect(refused.code == "MissingSubscriptionRegistration")
    #expect(await cloud.send(.POST, base + "/register").json["registrationState"] == "Registered")
    #expect(await cloud.send(.PUT, cloud.thing("a"), body: ["location": "paris"]).status == 201)
    #expect(await cloud.send(.POST, "\(cloud.subscriptionPath)/providers/Foo.Bar/register").status == 404)
    try await cloud.close()
  }
}
