import Access
import Base
import Edge
import Logging
import NIOCore
import NIOHTTP1
import Records
import ResourceManager
import Simulation
import Storage
import Testing
import Wire

/// Storage's types behind the real Resource Manager, beside the data plane of the same accounts.
@Suite struct AccountResourceTests {
  /// An owner's requests to Resource Manager.
  private struct Management {
    let fixture: AccountFixture
    let endpoint: ResourceManagerEndpoint

    init(_ fixture: AccountFixture) async throws {
      self.fixture = fixture
      let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
      let paris = Location(
        name: "paris", displayName: "Paris", geography: "France", geographyGroup: "Europe", physicalLocation: "Paris", latitude: "48.86",
        longitude: "2.35", zones: ["1", "2", "3"])
      let manager = ResourceManager(
        records: fixture.records, access: fixture.access, providers: [fixture.provider], locations: [paris],
        tenantProfile: { TenantProfile(id: $0, displayName: "Tenant", domains: ["test.example"], countryCode: "FR") }, clock: fixture.clock,
        random: fixture.random, logger: logger)
      let owner = Principal(kind: .user, tenant: fixture.tenant, objectID: fixture.random.guid())
      endpoint = ResourceManagerEndpoint(
        manager: manager, verifier: OneOwner(owner: owner), authorizer: fixture.access, principals: fixture.directory,
        address: CloudAddress(domain: AccountFixture.domain, port: 8443), logger: logger)
      let (subscription, tenant, now) = (fixture.subscription, fixture.tenant, fixture.clock.now())
      try await fixture.records.write { transaction in
        try ResourceManager.createSubscription(id: subscription, tenant: tenant, displayName: "Ours", now: now, in: transaction)
      }
      try await fixture.assign(BuiltInRole.owner, to: owner, at: "/subscriptions/\(subscription)")
      #expect(try await send(.POST, "/providers/Microsoft.Storage/register").status == 200)
      #expect(try await send(.PUT, "/resourceGroups/rg", ["location": "paris"]).status == 201)
    }

    /// A request below the subscription; a path that begins with `=` is below the account `acct`.
    func send(_ method: HTTPMethod, _ path: String, _ body: JSON? = nil) async throws -> (status: Int, json: JSON) {
      let account = "/resourceGroups/rg/providers/Microsoft.Storage/storageAccounts/acct"
      let below = path.hasPrefix("=") ? account + path.dropFirst() : path
      let text = body.map { Array($0.text.utf8) } ?? []
      let request = EdgeRequest(
        method: method, path: "/subscriptions/\(fixture.subscription)\(below)", query: Query(items: [("api-version", "2025-08-01")]),
        headers: ["Authorization": "Bearer owner", "Content-Type": "application/json"], host: "management.cloud.test",
        identifiers: RequestIdentifiers(request: fixture.random.guid()), body: PiecesBody(text))
      let answer = try await Answer(await endpoint.respond(to: request))
      return (answer.status, answer.body.isEmpty ? .null : try JSON(parsing: answer.body))
    }
  }

  private struct OneOwner: TokenVerifier {
    let owner: Principal
    func principal(bearer token: String, audiences: [String]) async throws -> Principal { owner }
  }

  @Test func anAccountLivesThroughItsLifeAsClientsExpect() async throws {
    let fixture = try await AccountFixture()
    let management = try await Management(fixture)
    // Clients take 200 and 202 only.
    let created = try await management.send(.PUT, "=", AccountFixture.body())
    #expect(created.status == 200, "\(created)")
    #expect(created.json["sku"]?["name"]?.string == "Standard_LRS")
    #expect(created.json["properties"]?["provisioningState"]?.string == "Succeeded")
    #expect(try await management.send(.PATCH, "=", ["properties": ["allowBlobPublicAccess": true], "tags": ["a": "b"]]).status == 200)
    let shown = try await management.send(.GET, "=")
    #expect(shown.json["properties"]?["allowBlobPublicAccess"]?.boolean == true)
    #expect(shown.json["tags"] == ["a": "b"])
    let listed = try await management.send(.GET, "/providers/Microsoft.Storage/storageAccounts")
    #expect(listed.json["value"]?.array?.count == 1)
    #expect(try await management.send(.POST, "=/listKeys", [:]).json["keys"]?.array?.count == 2)
    #expect(try await management.send(.DELETE, "=").status == 200)
    #expect(try await management.send(.GET, "=").status == 404)
    #expect(try await management.send(.DELETE, "=").status == 204)
  }

  @Test func theContainersOfBothPlanesAreTheSame() async throws {
    let fixture = try await AccountFixture()
    let management = try await Management(fixture)
    #expect(try await management.send(.PUT, "=", AccountFixture.body(["allowBlobPublicAccess": true])).status == 200)
    let stored = try await fixture.records.read { [fixture] reader in
      try reader.fetch(Resource.self, Resource.key(tenant: fixture.tenant, fixture.id("acct")))
    }
    let account = try #require(stored)
    let keys = try await fixture.keys(account)
    let containers = "=/blobServices/default/containers"
    #expect(try await management.send(.GET, containers).json["value"]?.array?.isEmpty == true)

    let made = try await management.send(.PUT, "\(containers)/one", ["properties": ["publicAccess": "Blob", "metadata": ["a": "b"]]])
    #expect(made.status == 201, "\(made)")
    #expect(made.json["properties"]?["publicAccess"]?.string == "Blob")
    let seen = try await fixture.send(fixture.signed(try fixture.request(.GET, "/one", "restype=container"), key: keys[0]))
    #expect(seen["x-ms-blob-public-access"] == "blob")
    #expect(seen["x-ms-meta-a"] == "b")

    let two = try fixture.request(.PUT, "/two", "restype=container")
    #expect(try await fixture.send(fixture.signed(two, key: keys[0])).status == 201)
    let both = try await management.send(.GET, containers)
    #expect(both.json["value"]?.array?.compactMap { $0["name"]?.string } == ["one", "two"])
    #expect(try await management.send(.GET, "\(containers)/two").json["properties"]?["publicAccess"]?.string == "None")
    #expect(try await management.send(.PUT, "\(containers)/two", ["properties": ["metadata": ["x": "y"]]]).status == 200)
    #expect(try await management.send(.PATCH, "\(containers)/two", ["properties": ["publicAccess": "Container"]]).status == 200)
    let changed = try await management.send(.GET, "\(containers)/two").json["properties"]
    #expect(changed?["metadata"] == ["x": "y"])
    #expect(changed?["publicAccess"]?.string == "Container")

    #expect(try await management.send(.DELETE, "\(containers)/one").status == 200)
    #expect(try await management.send(.DELETE, "\(containers)/one").status == 204)
    #expect(try await management.send(.GET, "\(containers)/one").status == 404)
    let gone = try await fixture.send(fixture.signed(try fixture.request(.GET, "/one", "restype=container"), key: keys[0]))
    #expect(gone.code == "ContainerNotFound")
    let remove = try fixture.request(.DELETE, "/two", "restype=container")
    #expect(try await fixture.send(fixture.signed(remove, key: keys[0])).status == 202)
    #expect(try await management.send(.GET, "\(containers)/two").status == 404)
    #expect(try await management.send(.GET, "/resources").json["value"]?.array?.count == 1)
  }

  @Test(
    arguments: [
      ("Bad_Name", [:], "InvalidResourceName"), ("c", [:], "OutOfRangeInput"),
      ("con", ["publicAccess": "Everybody"], "InvalidValuesForRequestParameters"), ("con", ["publicAccess": "Blob"], "PublicAccessNotPermitted"),
      ("con", ["metadata": ["1a": "b"]], "InvalidMetadata"), ("con", ["metadata": ["é": "b"]], "InvalidMetadata"),
      ("con", ["metadata": ["a": 1]], "InvalidValuesForRequestParameters"),
      ("con", ["defaultEncryptionScope": "mine"], "EncryptionScopeNotFound"),
      ("con", ["unheardOf": true], "InvalidValuesForRequestParameters"),
    ] as [(String, JSON, String)])
  func containersThatCannotBeAreRefused(name: String, properties: JSON, code: String) async throws {
    let fixture = try await AccountFixture()
    let management = try await Management(fixture)
    #expect(try await management.send(.PUT, "=", AccountFixture.body()).status == 200)
    let answer = try await management.send(.PUT, "=/blobServices/default/containers/\(name)", ["properties": properties])
    #expect(answer.json["error"]?["code"]?.string == code, "\(answer)")
    #expect(try await management.send(.GET, "=/blobServices/default/containers").json["value"]?.array?.isEmpty == true)
  }

  @Test func theBlobServiceIsAlwaysThereAndItsSettingsAreThoseOfTheDataPlane() async throws {
    let fixture = try await AccountFixture()
    let management = try await Management(fixture)
    #expect(try await management.send(.GET, "=/blobServices/default").status == 404)
    #expect(try await management.send(.PUT, "=", AccountFixture.body()).status == 200)
    let initial = try await management.send(.GET, "=/blobServices/default")
    #expect(initial.status == 200)
    #expect(initial.json["name"]?.string == "default")
    #expect(initial.json["properties"]?["cors"] == ["corsRules": []])
    #expect(try await management.send(.GET, "=/blobServices").json["value"]?.array?.count == 1)
    #expect(try await management.send(.GET, "=/blobServices/other").status == 404)
    let rule: JSON = [
      "allowedOrigins": ["https://a.example"], "allowedMethods": ["GET"], "allowedHeaders": ["*"], "exposedHeaders": [], "maxAgeInSeconds": 5,
    ]
    let body: JSON = ["properties": ["cors": ["corsRules": [rule]], "deleteRetentionPolicy": ["enabled": false]]]
    let changed = try await management.send(.PUT, "=/blobServices/default", body)
    #expect(changed.status == 200, "\(changed)")
    #expect(changed.json["properties"]?["cors"]?["corsRules"]?.array == [rule])
    let asked = [("Origin", "https://a.example"), ("Access-Control-Request-Method", "GET")]
    #expect(try await fixture.send(fixture.request(.OPTIONS, "/con/b", "", asked)).status == 200)
    for wanted in [["deleteRetentionPolicy": ["enabled": true, "days": 7]], ["isVersioningEnabled": true], ["changeFeed": ["enabled": true]]]
      as [JSON]
    {
      let answer = try await management.send(.PUT, "=/blobServices/default", ["properties": wanted])
      for (name, value) in wanted.object?.members ?? [] {
        #expect(answer.status == 200 && answer.json["properties"]?[name]?["enabled"] == value["enabled"], "\(answer)")
      }
    }
    let restore = try await management.send(.PUT, "=/blobServices/default", ["properties": ["restorePolicy": ["enabled": true, "days": 5]]])
    #expect(restore.json["error"]?["code"]?.string == "FeatureNotSupportedForAccount")
    // The account is written without its children, and goes with them.
    #expect(try await management.send(.DELETE, "=").status == 200)
    #expect(try await management.send(.GET, "=/blobServices/default").status == 404)
  }

  @Test func aForeignTenantsAccountIsNotThere() async throws {
    let fixture = try await AccountFixture()
    let management = try await Management(fixture)
    let stranger = GUID(high: 9, low: 9)
    try await fixture.put(
      fixture.id("acct", subscription: stranger), AccountFixture.body(), context: fixture.context(subscription: stranger, tenant: stranger))
    #expect(try await management.send(.GET, "=").status == 404)
    #expect(try await management.send(.GET, "=/blobServices/default/containers").status == 404)
    #expect(try await management.send(.PUT, "=", AccountFixture.body()).json["error"]?["code"]?.string == "StorageAccountAlreadyTaken")
  }
}
