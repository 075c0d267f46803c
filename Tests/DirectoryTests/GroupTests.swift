import Base
import Directory
import Identity
import NIOHTTP1
import Simulation
import Testing
import Wire

@Suite struct GroupTests {
  @Test func membersComeAndGo() async throws {
    let fixture = try await DirectoryFixture()
    let ann = try await fixture.user("ann")
    let bob = try await fixture.user("bob")
    let inner = try await fixture.group("inner")
    let outer = try await fixture.group("outer")
    let members = "/v1.0/groups/\(inner)/members"
    #expect(try await fixture.send(.POST, members + "/$ref", fixture.reference(ann)).status == 204)
    #expect(try await fixture.send(.POST, "/v1.0/groups/\(outer)/members/$ref", fixture.reference(inner)).status == 204)
    let again = try await fixture.send(.POST, members + "/$ref", fixture.reference(ann))
    #expect(again.status == 400)
    #expect(again.message == "One or more added object references already exist for the following modified properties: 'members'.")
    let listed = try await fixture.get(members)
    #expect(listed.values.map { $0["id"]?.string } == [ann])
    #expect(listed.values[0]["@odata.type"]?.string == "#microsoft.graph.user")
    #expect(listed.values[0]["userPrincipalName"]?.string == "ann@contoso.local")
    #expect(try await fixture.get("/v1.0/groups/\(outer)/members").values[0]["@odata.type"]?.string == "#microsoft.graph.group")
    let transitive = try await fixture.get("/v1.0/groups/\(outer)/transitiveMembers").values.compactMap { $0["id"]?.string }
    #expect(Set(transitive) == [ann, inner])
    let direct = try await fixture.get("/v1.0/users/ann@contoso.local/memberOf").values.compactMap { $0["id"]?.string }
    #expect(direct == [inner])
    let all = try await fixture.get("/v1.0/users/\(ann)/transitiveMemberOf").values.compactMap { $0["id"]?.string }
    #expect(Set(all) == [inner, outer])
    func texts(_ path: String, _ body: JSON) async throws -> Set<String> {
      Set(try await fixture.send(.POST, path, body).values.compactMap(\.string))
    }
    #expect(try await texts("/v1.0/users/\(ann)/getMemberGroups", ["securityEnabledOnly": false]) == [inner, outer])
    let check: JSON = ["groupIds": [.string(outer)]]
    #expect(try await texts("/v1.0/directoryObjects/\(ann)/checkMemberGroups", check) == [outer])
    #expect(try await texts("/v1.0/directoryObjects/\(bob)/checkMemberGroups", check) == [])
    #expect(try await fixture.send(.DELETE, members + "/\(ann)/$ref").status == 204)
    #expect(try await fixture.send(.DELETE, members + "/\(ann)/$ref").status == 404)
    #expect(try await texts("/v1.0/users/\(ann)/getMemberGroups", ["securityEnabledOnly": false]) == [])
    try await fixture.close()
  }

  @Test func groupsThatContainEachOtherAreNoTrouble() async throws {
    let fixture = try await DirectoryFixture()
    let (a, b) = (try await fixture.group("a"), try await fixture.group("b"))
    #expect(try await fixture.send(.POST, "/v1.0/groups/\(a)/members/$ref", fixture.reference(b)).status == 204)
    #expect(try await fixture.send(.POST, "/v1.0/groups/\(b)/members/$ref", fixture.reference(a)).status == 204)
    #expect(try await fixture.get("/v1.0/groups/\(a)/transitiveMembers").values.count == 2)
    #expect(try await fixture.get("/v1.0/groups/\(a)/transitiveMemberOf").values.count == 2)
    try await fixture.close()
  }

  @Test func aGroupIsFoundAsTheCommandLineLooksForIt() async throws {
    let fixture = try await DirectoryFixture()
    let id = try await fixture.group("g1")
    let found = try await fixture.get("/v1.0/groups?$filter=displayName eq 'g1' and mailNickname eq 'g1'")
    #expect(found.values.map { $0["id"]?.string } == [id])
    #expect(try await fixture.send(.PATCH, "/v1.0/groups/\(id)", ["description": "d", "theme": "Blue"]).status == 204)
    let shown = try await fixture.get("/v1.0/groups/\(id)")
    #expect(shown.json["description"]?.string == "d")
    #expect(shown.json["theme"]?.string == "Blue")
    #expect(shown.json["groupTypes"]?.array == [])
    #expect(shown.json["securityIdentifier"]?.string?.hasPrefix("S-1-12-1-") == true)
    #expect(try await fixture.get("/v1.0/groups/\(id)/owners").values.first?["userPrincipalName"]?.string == "admin@contoso.local")
    #expect(try await fixture.send(.DELETE, "/v1.0/groups/\(id)").status == 204)
    #expect(try await fixture.get("/v1.0/groups/\(id)").status == 404)
    try await fixture.close()
  }

  private static let badGroups: [(body: JSON, message: String)] = [
    (["displayName": "g", "mailEnabled": true, "mailNickname": "g", "securityEnabled": true], "The service does not currently support"),
    (["displayName": "g", "mailEnabled": false, "securityEnabled": true], "A value is required for property 'mailNickname' of resource 'Group'."),
    (
      ["displayName": "g", "mailEnabled": false, "mailNickname": "g", "securityEnabled": true, "groupTypes": ["Unified"]],
      "Invalid value specified for property 'groupTypes'"
    ),
    (
      ["displayName": "g", "mailEnabled": false, "mailNickname": "g", "securityEnabled": true, "members@odata.bind": ["https://x/y/z"]],
      "Invalid URL format"
    ),
  ]

  @Test(arguments: badGroups)
  func badGroupsAreRefused(_ body: JSON, _ message: String) async throws {
    let fixture = try await DirectoryFixture()
    let answer = try await fixture.send(.POST, "/v1.0/groups", body)
    #expect(answer.status == 400)
    #expect(answer.message.hasPrefix(message), "\(answer.message)")
    try await fixture.close()
  }
}
