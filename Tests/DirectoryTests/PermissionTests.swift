import Access
import Base
import Directory
import Identity
import NIOHTTP1
import Records
import Simulation
import Testing
import Wire

@Suite struct PermissionTests {
  @Test func everyRouteButOnesOwnIsGuardedByADirectoryAction() async throws {
    let fixture = try await DirectoryFixture()
    #expect(fixture.endpoint.routes.count > 60)
    for route in fixture.endpoint.routes {
      switch route.access {
      case .open: Issue.record("\(route.pattern) is open")
      case .authenticated: #expect(route.pattern.hasPrefix("/v1.0/me"))
      case .action(let action, let path):
        #expect(path == AccessScope.directory)
        #expect(action.name.hasPrefix("microsoft.directory/"))
        #expect(!action.isDataAction)
        let isReading =
          route.method == .GET || ["getByIds", "getMemberGroups", "getMemberObjects", "checkMemberGroups"].contains { route.pattern.hasSuffix($0) }
        #expect(action.name.hasSuffix("/read") == isReading, "\(route.method) \(route.pattern)")
      }
    }
    try await fixture.close()
  }

  @Test func withoutATokenNothingIsServed() async throws {
    let fixture = try await DirectoryFixture()
    for route in fixture.endpoint.routes {
      let path = route.pattern.split(separator: "/").map { $0.hasPrefix("{") ? GUID.zero.description : String($0) }.reduce("") { "\($0)/\($1)" }
      let answer = try await fixture.send(route.method, path, [:], token: "")
      #expect(answer.status == 401)
      #expect(answer.code == "InvalidAuthenticationToken")
      #expect(answer.headers.first(name: "WWW-Authenticate")?.hasPrefix("Bearer ") == true)
      #expect(try await fixture.send(route.method, path, [:], token: "nonsense").status == 401)
    }
    try await fixture.close()
  }

  @Test func aPlainUserReadsAndChangesNothing() async throws {
    let fixture = try await DirectoryFixture()
    let ann = try await fixture.user("ann")
    for route in fixture.endpoint.routes {
      guard case .action(let action, _) = route.access else { continue }
      let path = route.pattern.split(separator: "/").map { $0.hasPrefix("{") ? GUID.zero.description : String($0) }.reduce("") { "\($0)/\($1)" }
      let answer = try await fixture.send(route.method, path, [:], token: "user:\(ann)")
      #expect((answer.status == 403) == !action.name.hasSuffix("/read"), "\(route.method) \(path): \(answer.status)")
      if answer.status == 403 {
        #expect(answer.code == "Authorization_RequestDenied")
        #expect(answer.message == "Insufficient privileges to complete the operation.")
      }
    }
    try await fixture.close()
  }

  @Test func aUserAdministratorCannotBecomeAGlobalOne() async throws {
    let fixture = try await DirectoryFixture()
    let mallory = try await fixture.user("mallory")
    let victim = try await fixture.user("victim")
    try await fixture.give(DirectoryRole.userAdministrator, to: try #require(GUID(mallory)), .user)
    let token = "user:\(mallory)"
    let admin = "/v1.0/users/admin@contoso.local"
    let password: JSON = ["passwordProfile": ["password": "Stolen pass 123"]]
    #expect(try await fixture.send(.PATCH, "/v1.0/users/\(victim)", password, token: token).status == 204)
    #expect(try await fixture.send(.PATCH, admin, password, token: token).status == 403)
    #expect(try await fixture.send(.PATCH, admin, ["accountEnabled": false], token: token).status == 403)
    #expect(try await fixture.send(.PATCH, admin, ["userPrincipalName": "a@contoso.local"], token: token).status == 403)
    #expect(try await fixture.send(.PATCH, admin, ["jobTitle": "Boss"], token: token).status == 204)
    #expect(try await fixture.send(.DELETE, admin, token: token).status == 403)
    #expect(try await fixture.send(.POST, admin + "/revokeSignInSessions", [:], token: token).status == 403)
    let role: JSON = ["principalId": .string(mallory), "roleDefinitionId": .string(DirectoryRole.globalAdministrator.description)]
    #expect(try await fixture.send(.POST, "/v1.0/roleManagement/directory/roleAssignments", role, token: token).status == 403)
    let group = try await fixture.group("admins")
    try await fixture.give(DirectoryRole.globalAdministrator, to: try #require(GUID(group)), .group)
    let members = "/v1.0/groups/\(group)/members/$ref"
    #expect(try await fixture.send(.POST, members, fixture.reference(mallory), token: token).status == 403)
    let bind: JSON = ["members@odata.bind": [.string("https://graph/v1.0/directoryObjects/\(mallory)")]]
    #expect(try await fixture.send(.PATCH, "/v1.0/groups/\(group)", bind, token: token).status == 403)
    #expect(try await fixture.send(.POST, members, fixture.reference(victim)).status == 204)
    #expect(try await fixture.send(.PATCH, "/v1.0/users/\(victim)", password, token: token).status == 403)
    try await fixture.close()
  }

  @Test func directoryRolesAreGivenAndTaken() async throws {
    let fixture = try await DirectoryFixture()
    let ann = try await fixture.user("ann")
    let path = "/v1.0/roleManagement/directory/roleAssignments"
    let role: JSON = ["principalId": .string(ann), "roleDefinitionId": .string(DirectoryRole.userAdministrator.description), "directoryScopeId": "/"]
    let given = try await fixture.send(.POST, path, role)
    #expect(given.status == 201)
    #expect(try await fixture.send(.POST, path, role).status == 400)
    #expect(try await fixture.send(.POST, "/v1.0/users", DirectoryFixture.userBody("bob"), token: "user:\(ann)").status == 201)
    #expect(try await fixture.get(path + "?$filter=principalId eq '\(ann)'").values.count == 1)
    #expect(try await fixture.send(.DELETE, path + "/\(given.id)").status == 204)
    #expect(try await fixture.send(.POST, "/v1.0/users", DirectoryFixture.userBody("eve"), token: "user:\(ann)").status == 403)
    let azure: JSON = ["principalId": .string(ann), "roleDefinitionId": .string(BuiltInRole.owner.description)]
    #expect(try await fixture.send(.POST, path, azure).status == 404)
    let last = try #require(try await fixture.get(path).values.first?["id"]?.string)
    #expect(try await fixture.send(.DELETE, path + "/\(last)").message == "Removing the last Global Administrator is not allowed.")
    try await fixture.close()
  }

  @Test func aDeletedUserTakesItsRolesAlong() async throws {
    let fixture = try await DirectoryFixture()
    let ann = try await fixture.user("ann")
    let id = try #require(GUID(ann))
    try await fixture.give(DirectoryRole.userAdministrator, to: id, .user)
    #expect(try await fixture.send(.DELETE, "/v1.0/users/\(ann)").status == 204)
    let tenant = fixture.tenant.id
    let left = try await fixture.records.read { [access = fixture.access] in try access.directoryAssignments(of: id, tenant: tenant, in: $0) }
    #expect(left.isEmpty)
    try await fixture.close()
  }
}
