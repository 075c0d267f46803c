import Access
import Base
import Directory
import Identity
import NIOHTTP1
import Simulation
import Testing
import Wire

@Suite struct UserTests {
  @Test func aUserIsCreatedShownChangedAndDeleted() async throws {
    let fixture = try await DirectoryFixture()
    let created = try await fixture.send(.POST, "/v1.0/users", DirectoryFixture.userBody("ann"))
    #expect(created.status == 201)
    #expect(created.json["userPrincipalName"]?.string == "ann@contoso.local")
    #expect(created.json["@odata.context"]?.string == "https://graph.cocagne.localhost/v1.0/$metadata#users/$entity")
    #expect(created.json["passwordProfile"] == nil)
    for path in [
      "/v1.0/users/\(created.id)", "/v1.0/users/ANN@contoso.local", "/v1.0/users('ann@contoso.local')", "//v1.0/users/ann%40contoso.local",
    ] {
      let shown = try await fixture.get(path)
      #expect(shown.status == 200)
      #expect(shown.id == created.id)
    }
    let changes: JSON = [
      "displayName": "Ann B", "jobTitle": "Engineer", "city": "Paris", "accountEnabled": false, "businessPhones": ["1", "2"],
      "passwordProfile": ["password": "Another pass 3"],
    ]
    #expect(try await fixture.send(.PATCH, "/v1.0/users/\(created.id)", changes).status == 204)
    let selected = try await fixture.get(
      "/v1.0/users/\(created.id)?$select=displayName,jobTitle,city,accountEnabled,businessPhones,userType,passwordProfile")
    #expect(selected.json["displayName"]?.string == "Ann B")
    #expect(selected.json["jobTitle"]?.string == "Engineer")
    #expect(selected.json["city"]?.string == "Paris")
    #expect(selected.json["accountEnabled"]?.boolean == false)
    #expect(selected.json["businessPhones"]?.array == ["1", "2"])
    #expect(selected.json["userType"]?.string == "Member")
    #expect(selected.json.object?["passwordProfile"] == .null)
    #expect(selected.json["id"] == nil)
    #expect(try await fixture.send(.DELETE, "/v1.0/users/\(created.id)").status == 204)
    let gone = try await fixture.get("/v1.0/users/\(created.id)")
    #expect(gone.status == 404)
    #expect(gone.code == "Request_ResourceNotFound")
    #expect(
      gone.message == "Resource '\(created.id)' does not exist or one of its queried reference-property objects are not present.")
    #expect(gone.json["error"]?["innerError"]?["request-id"]?.string == gone.headers.first(name: "request-id"))
    try await fixture.close()
  }

  @Test func theSignedInUserSeesItself() async throws {
    let fixture = try await DirectoryFixture()
    let me = try await fixture.get("/v1.0/me")
    #expect(me.json["userPrincipalName"]?.string == "admin@contoso.local")
    let application = try await fixture.send(.POST, "/v1.0/applications", ["displayName": "app"])
    let principal = try await fixture.send(.POST, "/v1.0/servicePrincipals", ["appId": application.json["appId"] ?? .null])
    let refused = try await fixture.get("/v1.0/me", token: "app:\(principal.id)")
    #expect(refused.status == 400)
    #expect(refused.message == "/me request is only valid with delegated authentication flow.")
    try await fixture.close()
  }

  @Test func badBodiesGetGraphsErrors() async throws {
    let fixture = try await DirectoryFixture()
    try await fixture.user("ann")
    func changed(_ name: String, _ value: JSON?) -> JSON {
      guard case .object(var body) = DirectoryFixture.userBody("bob") else { return .null }
      body[name] = value
      return .object(body)
    }
    let cases: [(JSON, String)] = [
      (changed("mailNickname", nil), "A value is required for property 'mailNickname' of resource 'User'."),
      (changed("accountEnabled", nil), "A value is required for property 'accountEnabled' of resource 'User'."),
      (changed("passwordProfile", nil), "A password must be specified to create a new user."),
      (
        changed("passwordProfile", ["password": "short"]),
        "The specified password does not comply with password complexity requirements. Please provide a different password."
      ),
      (
        changed("userPrincipalName", "bob@elsewhere.local"),
        "The domain portion of the userPrincipalName property is invalid. You must use one of the verified domain names in your organization."
      ),
      (changed("userPrincipalName", "ANN@contoso.local"), "Another object with the same value for property userPrincipalName already exists."),
      (changed("colour", "red"), "Invalid property 'colour'."),
      (changed("id", "x"), "Property 'id' is read-only and cannot be set."),
      (changed("accountEnabled", "yes"), "Cannot convert the value of property 'accountEnabled' to the expected type 'Edm.Boolean'."),
      (changed("displayName", .string(String(repeating: "x", count: 257))), "Invalid value specified for property 'displayName' of resource 'User'."),
    ]
    for (body, message) in cases {
      let answer = try await fixture.send(.POST, "/v1.0/users", body)
      #expect(answer.status == 400)
      #expect(answer.code == "Request_BadRequest")
      #expect(answer.message == message)
    }
    let list = try await fixture.send(.POST, "/v1.0/users", ["a"])
    #expect(list.message.hasPrefix("Unable to read JSON request payload."))
    let deep = try JSON(parsing: String(repeating: "{\"web\":", count: 20) + "1" + String(repeating: "}", count: 20))
    #expect(try await fixture.send(.POST, "/v1.0/applications", deep).message.hasPrefix("Unable to read JSON request payload."))
    let large: JSON = ["displayName": .string(String(repeating: "x", count: 2 << 20))]
    #expect(try await fixture.send(.POST, "/v1.0/users", large).status == 413)
    try await fixture.close()
  }

  @Test func listsAreFilteredSelectedCountedSortedAndPaged() async throws {
    let fixture = try await DirectoryFixture()
    for number in 0..<12 { try await fixture.user("user\(number)") }
    func names(_ query: String) async throws -> [String] {
      try await fixture.get("/v1.0/users?\(query)").values.compactMap { $0["userPrincipalName"]?.string }
    }
    #expect(try await names("$filter=userPrincipalName%20eq%20'USER3@contoso.local'") == ["user3@contoso.local"])
    #expect(try await names("$filter=startswith(displayName,'user1')").count == 3)
    #expect(try await names("$filter=userPrincipalName eq 'nobody@contoso.local'") == [])
    #expect(try await names("$orderby=displayName desc&$top=2") == ["user9@contoso.local", "user8@contoso.local"])
    let counted = try await fixture.get("/v1.0/users?$count=true&$top=5&$select=id")
    #expect(counted.json["@odata.count"]?.integer == 13)
    #expect(counted.values.allSatisfy { $0.object?.names == ["id"] })
    #expect(try await fixture.get("/v1.0/users/$count").text == "13")
    for order in ["", "&$orderby=userPrincipalName"] {
      var found: [String] = []
      var next: String? = "/v1.0/users?$top=5\(order)"
      while let url = next {
        let page = try await fixture.get(url)
        #expect(page.values.count <= 5)
        found += page.values.compactMap { $0["id"]?.string }
        next = page.json["@odata.nextLink"]?.string.map { String($0.dropFirst("https://graph.cocagne.localhost".count)) }
      }
      #expect(found.count == 13)
      #expect(Set(found).count == 13)
    }
    try await fixture.close()
  }

  @Test(arguments: [
    ("$filter=colour eq 'red'", "Could not find a property named 'colour' on type 'microsoft.graph.user'."),
    ("$filter=displayName eq", "Invalid filter clause"),
    ("$filter=displayName eq 42", "incompatible types"),
    ("$select=colour", "Could not find a property named 'colour' on type 'microsoft.graph.user'."),
    ("$top=0", "Invalid page size"),
    ("$top=1000", "Invalid page size"),
    ("$orderby=colour", "Invalid $orderby clause"),
    ("$expand=manager", "not supported"),
    ("$skiptoken=nonsense!", "page token"),
  ])
  func badQueriesAreRefused(_ query: String, _ message: String) async throws {
    let fixture = try await DirectoryFixture()
    let answer = try await fixture.get("/v1.0/users?\(query)")
    #expect(answer.status == 400)
    #expect(answer.message.contains(message), "\(answer.message)")
    try await fixture.close()
  }

  @Test func anotherTenantsUsersDoNotExist() async throws {
    let fixture = try await DirectoryFixture()
    let stranger = try await fixture.identity.createUser(
      .init(
        id: .zero, tenant: fixture.other.id, userPrincipalName: "eve@fabrikam.local", displayName: "Eve", mailNickname: "eve",
        created: fixture.clock.now()), password: "Correct horse 1")
    for path in ["/v1.0/users/\(stranger.id)", "/v1.0/users/eve@fabrikam.local", "/v1.0/directoryObjects/\(stranger.id)"] {
      #expect(try await fixture.get(path).status == 404)
    }
    #expect(try await fixture.get("/v1.0/users?$filter=userPrincipalName eq 'eve@fabrikam.local'").values.isEmpty)
    #expect(try await fixture.send(.PATCH, "/v1.0/users/\(stranger.id)", ["displayName": "x"]).status == 404)
    #expect(try await fixture.send(.DELETE, "/v1.0/users/eve@fabrikam.local").status == 404)
    let byIDs = try await fixture.send(.POST, "/v1.0/directoryObjects/getByIds", ["ids": [.string(stranger.id.description)]])
    #expect(byIDs.values.isEmpty)
    let group = try await fixture.group("g")
    #expect(try await fixture.send(.POST, "/v1.0/groups/\(group)/members/$ref", fixture.reference(stranger.id.description)).status == 404)
    try await fixture.close()
  }
}
