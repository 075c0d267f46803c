import Access
import Base
import NIOHTTP1
import ResourceManager
import Testing
import Wire

@Suite struct AuthorizationTests {
  private let principal = GUID(high: 11, low: 12)

  @Test func aRoleIsAssignedListedAndWithdrawn() async throws {
    let cloud = try await Cloud()
    await cloud.makeGroup()
    let id = cloud.random.guid()
    let path = "\(cloud.group("rg"))/providers/Microsoft.Authorization/roleAssignments/\(id)"
    let roles = await cloud.send(
      .GET, "\(cloud.subscriptionPath)/providers/Microsoft.Authorization/roleDefinitions", query: [("$filter", "roleName eq 'Reader'")])
    let role = try #require(roles.json["value"]?.array?.first?["id"]?.string)
    #expect(role.hasSuffix("acdd72a7-3385-48ef-bd42-f606fba81ae7"))
    let body: JSON = ["properties": ["roleDefinitionId": .string(role), "principalId": .string("\(principal)"), "principalType": "User"]]
    let made = await cloud.send(.PUT, path, body: body)
    #expect(made.status == 201)
    #expect(made.json["properties"]?["scope"]?.string == cloud.group("rg"))
    #expect(await cloud.send(.PUT, path, body: body).status == 200)
    #expect(await cloud.send(.GET, path).json["name"]?.string == "\(id)")
    #expect(
      await cloud.send(.GET, "\(cloud.group("rg"))/providers/Microsoft.Authorization/roleAssignments", query: [("$filter", "atScope()")]).names == [
        "\(id)"
      ])
    #expect(await cloud.send(.DELETE, path).status == 200)
    #expect(await cloud.send(.DELETE, path).status == 204)
    #expect(await cloud.send(.GET, path).status == 404)
    let written = try await cloud.log().filter { $0.operationName.hasPrefix("Microsoft.Authorization/roleAssignments/") }
    #expect(written.map(\.statusCode).sorted() == [200, 200, 201, 204])
    let nowhere = "\(cloud.group("nope"))/providers/Microsoft.Authorization/roleAssignments/\(id)"
    #expect(await cloud.send(.PUT, nowhere, body: body).code == "ResourceGroupNotFound")
    try await cloud.close()
  }

  @Test func assignmentsGoWithWhatTheyAreAt() async throws {
    let cloud = try await Cloud()
    await cloud.makeGroup()
    await cloud.makeThing("a")
    let body: JSON = [
      "properties": [
        "roleDefinitionId": .string("/providers/Microsoft.Authorization/roleDefinitions/acdd72a7-3385-48ef-bd42-f606fba81ae7"),
        "principalId": .string("\(principal)"),
      ]
    ]
    for scope in [cloud.group("rg"), cloud.thing("a")] {
      let made = await cloud.send(.PUT, "\(scope)/providers/Microsoft.Authorization/roleAssignments/\(cloud.random.guid())", body: body)
      #expect(made.status == 201)
    }
    func count() async -> Int {
      await cloud.send(.GET, "\(cloud.subscriptionPath)/providers/Microsoft.Authorization/roleAssignments").names.count
    }
    #expect(await count() == 2)
    _ = await cloud.send(.DELETE, cloud.thing("a"))
    #expect(await count() == 1)
    _ = await cloud.send(.DELETE, cloud.group("rg"))
    await cloud.manager.drainOperations()
    #expect(await count() == 0)
    try await cloud.close()
  }

  /// Who may change roles in one group must not reach another through a role that can be assigned in both.
  @Test func aRoleIsChangedOnlyByWhoHoldsThePermissionWhereverItCanBeAssigned() async throws {
    let cloud = try await Cloud()
    await cloud.makeGroup("mine")
    await cloud.makeGroup("theirs")
    let id = cloud.random.guid()
    func body(_ scopes: [String], _ action: String) -> JSON {
      [
        "properties": [
          "roleName": "Custom", "description": "", "permissions": [["actions": [.string(action)]]],
          "assignableScopes": .array(scopes.map { .string($0) }),
        ]
      ]
    }
    func path(_ group: String) -> String { "\(cloud.group(group))/providers/Microsoft.Authorization/roleDefinitions/\(id)" }
    #expect(await cloud.send(.PUT, path("theirs"), body: body([cloud.group("theirs")], "Microsoft.Test/*/read")).status == 201)
    cloud.authorizer.rule { $0.path.lowercased().contains("/resourcegroups/mine") ? .allowed : .denied }
    #expect(await cloud.send(.PUT, path("mine"), body: body([cloud.group("mine")], "*")).status == 403)
    #expect(await cloud.send(.PUT, path("mine"), body: body([cloud.group("mine"), cloud.group("theirs")], "*")).status == 403)
    #expect(await cloud.send(.DELETE, path("mine")).status == 403)
    try await cloud.close()
  }
}
