import Access
import Base
import Records
import Simulation
import Testing
import Wire

@Suite struct RoleStoreTests {
  private func code(_ body: () async throws -> Void) async throws -> String? {
    do {
      try await body()
      return nil
    } catch let error as CloudError {
      return "\(error.status) \(error.code)"
    }
  }

  @Test func theSameAssignmentUnderAnotherIdIsAConflict() async throws {
    let fixture = try AccessFixture()
    let user = fixture.random.guid()
    let first = try await fixture.assign(BuiltInRole.reader, to: user, at: fixture.groupPath)
    let again = try await code { try await fixture.assign(BuiltInRole.reader, to: user, at: fixture.groupPath.uppercased()) }
    #expect(again == "409 RoleAssignmentExists")
    try await fixture.assign(BuiltInRole.reader, to: user, at: fixture.groupPath, id: first.id)
    let moved = try await code { try await fixture.assign(BuiltInRole.reader, to: user, at: fixture.subscriptionPath, id: first.id) }
    #expect(moved == "400 RoleAssignmentUpdateNotPermitted")
    let changed = try await code { try await fixture.assign(BuiltInRole.owner, to: user, at: fixture.groupPath, id: first.id) }
    #expect(changed == "400 RoleAssignmentUpdateNotPermitted")
    try await fixture.close()
  }

  @Test func assignmentsAreRefusedAsAzureRefusesThem() async throws {
    let fixture = try AccessFixture()
    let user = fixture.random.guid()
    #expect(
      try await code { try await fixture.assign(fixture.random.guid(), to: user, at: fixture.groupPath) } == "404 RoleDefinitionDoesNotExist")
    #expect(
      try await code { try await fixture.assign(DirectoryRole.globalAdministrator, to: user, at: "/") }
        == "400 RoleAssignmentScopeNotAssignableToRoleDefinition")
    #expect(
      try await code { try await fixture.assign(BuiltInRole.owner, to: user, at: AccessScope.directory) }
        == "400 RoleAssignmentScopeNotAssignableToRoleDefinition")
    let (id, scope, now) = (fixture.random.guid(), fixture.scope(fixture.groupPath), fixture.clock.now())
    let request = RoleAssignmentRequest(roleDefinitionID: BuiltInRole.reader, principalID: user, principalType: .group)
    for (type, expected) in [(nil, "400 PrincipalNotFound"), (PrincipalType.user, "400 UnmatchedPrincipalType")] {
      let answer = try await code {
        _ = try await fixture.records.write { [access = fixture.access] transaction in
          try access.assign(request, id: id, at: scope, resolvedType: type, by: .zero, now: now, in: transaction).assignment
        }
      }
      #expect(answer == expected)
    }
    try await fixture.close()
  }

  @Test func customRolesHaveUniqueNamesAndStayWhileAssigned() async throws {
    let fixture = try AccessFixture()
    let role = try await fixture.define("Operator")
    #expect(try await code { try await fixture.define("operator") } == "409 RoleDefinitionWithSameNameExists")
    #expect(try await code { try await fixture.define("Reader") } == "409 RoleDefinitionWithSameNameExists")
    try await fixture.define("Operator", actions: ["*"], id: role.id)
    let assignment = try await fixture.assign(role.id, to: fixture.random.guid(), at: fixture.groupPath)
    let scope = fixture.scope(fixture.subscriptionPath)
    let undefine: @Sendable () async throws -> RoleDefinition? = { [access = fixture.access, records = fixture.records] in
      try await records.write { try access.undefine(role.id, at: scope, in: $0) }
    }
    #expect(try await code { _ = try await undefine() } == "400 RoleDefinitionHasAssignments")
    try await fixture.unassign(assignment)
    #expect(try await undefine()?.id == role.id)
    #expect(try await undefine() == nil)
    try await fixture.define("OPERATOR")
    try await fixture.close()
  }

  @Test(arguments: [
    (["*/read"], [String](), ["/"], "400 InvalidAssignableScope"),
    (["*/read"], [], [], "400 MissingRoleDefinitionAssignableScopes"),
    ([], [], nil, "400 InvalidRoleDefinition"),
    (["microsoft.directory/users/create"], [], nil, "400 InvalidActionOrNotAction"),
    (["read"], [], nil, "400 InvalidActionOrNotAction"),
    ([], ["*"], nil, "400 InvalidActionOrNotAction"),
  ])
  func badCustomRolesAreRefused(_ actions: [String], _ dataActions: [String], _ scopes: [String]?, _ expected: String) async throws {
    let fixture = try AccessFixture()
    #expect(try await code { try await fixture.define("Bad", actions: actions, dataActions: dataActions, scopes: scopes) } == expected)
    try await fixture.close()
  }

  @Test func aCustomRoleIsAssignableWithinItsScopesOnly() async throws {
    let fixture = try AccessFixture()
    let role = try await fixture.define("Local", scopes: [fixture.groupPath])
    let user = fixture.random.guid()
    #expect(
      try await code { try await fixture.assign(role.id, to: user, at: fixture.subscriptionPath) }
        == "400 RoleAssignmentScopeNotAssignableToRoleDefinition")
    try await fixture.assign(role.id, to: user, at: fixture.accountPath)
    let names: (String, RoleDefinitionFilter) async throws -> [String] = { path, filter in
      let scope = fixture.scope(path)
      return try await fixture.records.read { [access = fixture.access] in
        try access.definitions(at: scope, filter: filter, in: $0).map(\.roleName)
      }
    }
    #expect(try await names(fixture.accountPath, RoleDefinitionFilter()).contains("Local"))
    #expect(try await !names(fixture.subscriptionPath, RoleDefinitionFilter()).contains("Local"))
    #expect(try await names(fixture.subscriptionPath, RoleDefinitionFilter(parsing: "atScopeAndBelow()")).contains("Local"))
    #expect(try await names(fixture.accountPath, RoleDefinitionFilter(parsing: "type eq 'CustomRole'")) == ["Local"])
    #expect(try await names(fixture.accountPath, RoleDefinitionFilter(parsing: "roleName eq 'reader'")) == ["Reader"])
    #expect(try await !names(fixture.accountPath, RoleDefinitionFilter()).contains("Global Administrator"))
    try await fixture.close()
  }

  @Test func listsShowWhatIsAboveAtAndBelowAsTheFilterSays() async throws {
    let fixture = try AccessFixture()
    let (ann, bob) = (fixture.random.guid(), fixture.random.guid())
    let above = try await fixture.assign(BuiltInRole.reader, to: ann, at: "/")
    let at = try await fixture.assign(BuiltInRole.owner, to: bob, at: fixture.groupPath)
    let below = try await fixture.assign(BuiltInRole.reader, to: bob, at: fixture.accountPath)
    try await fixture.assign(BuiltInRole.reader, to: ann, at: fixture.groupPath + "2")
    try await fixture.assign(DirectoryRole.globalAdministrator, to: ann, at: AccessScope.directory)
    let list: (String?, Set<GUID>?) async throws -> Set<GUID> = { filter, assigned in
      let scope = fixture.scope(fixture.groupPath)
      let parsed = try RoleAssignmentFilter(parsing: filter)
      return try await fixture.records.read { [access = fixture.access] in
        Set(try access.assignments(at: scope, filter: parsed, assignedTo: assigned, in: $0).map(\.id))
      }
    }
    #expect(try await list(nil, nil) == [above.id, at.id, below.id])
    #expect(try await list("atScope()", nil) == [above.id, at.id])
    #expect(try await list("atExactScope()", nil) == [at.id])
    #expect(try await list("principalId eq '\(bob)'", nil) == [at.id, below.id])
    #expect(try await list("atScope() and assignedTo('\(ann)')", [ann]) == [above.id])
    #expect(try RoleAssignmentFilter(parsing: "atScope() and assignedTo('\(ann)')").assignedTo == ann)
    #expect(throws: CloudError.self) { try RoleAssignmentFilter(parsing: "scope eq 'x'") }
    #expect(throws: CloudError.self) { try RoleAssignmentFilter(parsing: "principalId eq 'x'") }
    try await fixture.close()
  }

  @Test func deletingAPlaceOrAPrincipalTakesItsAssignments() async throws {
    let fixture = try AccessFixture()
    let user = fixture.user()
    try await fixture.assign(BuiltInRole.reader, to: user.objectID, at: fixture.accountPath)
    try await fixture.assign(BuiltInRole.reader, to: user.objectID, at: fixture.groupPath + "2")
    let group = fixture.scope(fixture.groupPath)
    try await fixture.records.write { [access = fixture.access] in try access.unassignAll(under: group, in: $0) }
    let read = Action("Microsoft.Storage/storageAccounts/read")
    #expect(try await fixture.decide(user, read, fixture.accountPath) == .denied)
    #expect(try await fixture.decide(user, read, fixture.groupPath + "2") == .allowed)
    try await fixture.records.write { [access = fixture.access] in try access.unassignAll(of: user.objectID, tenant: user.tenant, in: $0) }
    #expect(try await fixture.decide(user, read, fixture.groupPath + "2") == .hidden)
    try await fixture.close()
  }

  @Test func requestsAreReadAndRecordsAreRenderedAsResourceManagerDoes() async throws {
    let fixture = try AccessFixture()
    let principal = fixture.random.guid()
    let request = try RoleAssignmentRequest(
      body: [
        "properties": [
          "roleDefinitionId": .string("/subscriptions/x/providers/Microsoft.Authorization/roleDefinitions/\(BuiltInRole.reader)"),
          "principalId": .string(principal.description), "principalType": "user", "condition": .null,
        ]
      ])
    #expect(request == RoleAssignmentRequest(roleDefinitionID: BuiltInRole.reader, principalID: principal, principalType: .user))
    for bad: JSON in [
      [:], ["properties": [:]], ["properties": ["roleDefinitionId": "x", "principalId": .string(principal.description)]],
      [
        "properties": [
          "roleDefinitionId": .string(BuiltInRole.reader.description), "principalId": .string(principal.description), "condition": "@Resource[a]",
        ]
      ],
    ] {
      #expect(throws: CloudError.self) { try RoleAssignmentRequest(body: bad) }
    }
    let assignment = try await fixture.assign(BuiltInRole.reader, to: principal, at: fixture.groupPath)
    let json = assignment.json(at: fixture.scope(fixture.groupPath))
    #expect(json["id"]?.string == "\(fixture.groupPath)/providers/Microsoft.Authorization/roleAssignments/\(assignment.id)")
    #expect(
      json["properties"]?["roleDefinitionId"]?.string
        == "\(fixture.subscriptionPath)/providers/Microsoft.Authorization/roleDefinitions/\(BuiltInRole.reader)")
    let role = try #require(BuiltInRole.definition(BuiltInRole.reader))
    #expect(role.json(at: fixture.scope("/"))["id"]?.string == "/providers/Microsoft.Authorization/roleDefinitions/\(BuiltInRole.reader)")
    try await fixture.close()
  }
}
