import Base
import Directory
import Identity
import NIOHTTP1
import Simulation
import Testing
import Wire

@Suite struct ObjectTests {
  @Test func objectsOfSeveralTypesAreFoundByTheirIds() async throws {
    let fixture = try await DirectoryFixture()
    let ann = try await fixture.user("ann")
    let group = try await fixture.group("g")
    let application = try await fixture.send(.POST, "/v1.0/applications", ["displayName": "app"])
    let principal = try await fixture.send(.POST, "/v1.0/servicePrincipals", ["appId": application.json["appId"] ?? .null])
    let ids: JSON = .array([ann, group, principal.id, GUID.zero.description].map { .string($0) })
    let found = try await fixture.send(
      .POST, "/v1.0/directoryObjects/getByIds",
      ["ids": ids, "types": ["user", "group", "servicePrincipal", "directoryObjectPartnerReference"]])
    #expect(
      found.values.map { $0["@odata.type"]?.string } == [
        "#microsoft.graph.user", "#microsoft.graph.group", "#microsoft.graph.servicePrincipal",
      ])
    #expect(found.values[0]["userPrincipalName"]?.string == "ann@contoso.local")
    let groups = try await fixture.send(.POST, "/v1.0/directoryObjects/getByIds", ["ids": ids, "types": ["group"]])
    #expect(groups.values.map { $0["id"]?.string } == [group])
    #expect(try await fixture.send(.POST, "/v1.0/directoryObjects/getByIds", ["ids": ["x"]]).status == 400)
    #expect(try await fixture.send(.POST, "/v1.0/directoryObjects/getByIds", ["ids": []]).status == 400)
    let many: JSON = .array(Array(repeating: .string(ann), count: 1001))
    #expect(try await fixture.send(.POST, "/v1.0/directoryObjects/getByIds", ["ids": many]).status == 400)
    #expect(try await fixture.get("/v1.0/directoryObjects/\(group)").json["@odata.type"]?.string == "#microsoft.graph.group")
    // A path of one collection does not find what is in another.
    #expect(try await fixture.send(.POST, "/v1.0/groups/\(ann)/getMemberGroups", ["securityEnabledOnly": false]).status == 404)
    try await fixture.close()
  }

  @Test func theTenantAndItsDomainsAreShown() async throws {
    let fixture = try await DirectoryFixture()
    let organization = try await fixture.get("/v1.0/organization")
    #expect(organization.values.first?["id"]?.string == fixture.tenant.id.description)
    #expect(organization.values.first?["verifiedDomains"]?.array?.first?["name"]?.string == "contoso.local")
    #expect(try await fixture.get("/v1.0/organization/\(fixture.other.id)").status == 404)
    #expect(try await fixture.get("/v1.0/domains").values.map { $0["id"]?.string } == ["contoso.local"])
    #expect(try await fixture.get("/v1.0/domains/fabrikam.local").status == 404)
    try await fixture.close()
  }

  @Test(arguments: [
    ("/beta/users", 400, "Invalid version: beta"),
    ("/v1.0/nothing", 400, "Resource not found for the segment 'nothing'."),
    ("/", 400, "Invalid version: "),
    ("/v1.0/users/%zz", 400, "The request URI is not valid."),
    ("/v1.0/users('a", 400, "Resource not found for the segment 'users('a'."),
    ("/v1.0/users(x)", 400, "The request URI is not valid."),
  ])
  func whatIsNotServedIsRefused(_ path: String, _ status: Int, _ message: String) async throws {
    let fixture = try await DirectoryFixture()
    let answer = try await fixture.get(path)
    #expect(answer.status == status)
    #expect(answer.message == message)
    #expect(try await fixture.send(.PUT, "/v1.0/users", [:]).status == 405)
    try await fixture.close()
  }
}
