import Access
import Base
import Records
import Simulation
import Testing

/// Roles that may not meet in one hand are refused when they would, whichever comes second.
@Suite struct IncompatibleRolesTests {
  private static let pairs = [
    (BuiltInRole.securityAdmin, BuiltInRole.owner), (BuiltInRole.securityAdmin, BuiltInRole.userAccessAdministrator),
    (BuiltInRole.securityAdmin, BuiltInRole.roleBasedAccessControlAdministrator),
  ]

  /// Who belongs to which group, as the test says.
  private struct Memberships: MembershipReader {
    var groups: [GUID: [GUID]]

    func groups(of principal: GUID, tenant: GUID, in reader: any RecordReader) throws -> [GUID] { groups[principal] ?? [] }

    func principals(inGroup group: GUID, tenant: GUID, limit: Int, in reader: any RecordReader) throws -> [GUID] {
      Array(groups.filter { $0.value.contains(group) }.keys.sorted().prefix(limit))
    }
  }

  private func refusal(_ body: () async throws -> Void) async throws -> CloudError? {
    do {
      try await body()
      return nil
    } catch let error as CloudError {
      return error
    }
  }

  @Test(arguments: pairs, [false, true])
  func theSecondOfTwoIncompatibleRolesIsRefused(_ pair: (GUID, GUID), _ isReversed: Bool) async throws {
    let fixture = try AccessFixture()
    let (first, second) = isReversed ? (pair.1, pair.0) : pair
    let user = fixture.random.guid()
    let held = try await fixture.assign(first, to: user, at: fixture.subscriptionPath)
    for path in ["/", fixture.subscriptionPath.uppercased(), fixture.groupPath] {
      let error = try #require(try await refusal { try await fixture.assign(second, to: user, at: path) }, "\(path)")
      #expect(error.status == 409)
      #expect(error.code == "Conflict")
      #expect(error.message.contains(held.id.bytes.hexadecimal))
    }
    let scope = fixture.scope(fixture.subscriptionPath)
    let kept = try await fixture.records.read { [access = fixture.access] in try access.holders(on: scope, in: $0).map(\.id) }
    #expect(kept == [held.id])
    try await fixture.unassign(held)
    try await fixture.assign(second, to: user, at: fixture.groupPath)
    try await fixture.close()
  }

  @Test func rolesThatMayNotMeetMayBeHeldApart() async throws {
    let fixture = try AccessFixture()
    let (ann, bob) = (fixture.random.guid(), fixture.random.guid())
    try await fixture.assign(BuiltInRole.securityAdmin, to: ann, at: fixture.groupPath)
    try await fixture.assign(BuiltInRole.owner, to: bob, at: fixture.groupPath)
    try await fixture.assign(BuiltInRole.owner, to: ann, at: fixture.groupPath + "2")
    try await fixture.assign(BuiltInRole.owner, to: ann, at: "/subscriptions/\(fixture.random.guid())")
    try await fixture.close()
  }

  @Test func whatAzureUsersGiveFreelyIsStillGiven() async throws {
    let fixture = try AccessFixture()
    let administrator = fixture.random.guid()
    for role in [
      BuiltInRole.owner, BuiltInRole.contributor, BuiltInRole.reader, BuiltInRole.userAccessAdministrator, BuiltInRole.storageBlobDataOwner,
      BuiltInRole.storageBlobDataReader, BuiltInRole.securityReader, BuiltInRole.monitoringReader,
    ] { try await fixture.assign(role, to: administrator, at: "/") }
    try await fixture.assign(DirectoryRole.globalAdministrator, to: administrator, at: AccessScope.directory)
    let policy = fixture.random.guid()
    try await fixture.assign(BuiltInRole.contributor, to: policy, at: fixture.subscriptionPath)
    try await fixture.assign(BuiltInRole.securityAdmin, to: policy, at: fixture.subscriptionPath)
    try await fixture.close()
  }

  @Test func aChangedDescriptionIsNoNewRight() async throws {
    let fixture = try AccessFixture()
    let user = fixture.random.guid()
    fixture.access.incompatibleRoles = IncompatibleRoles([])
    try await fixture.assign(BuiltInRole.owner, to: user, at: "/")
    let held = try await fixture.assign(BuiltInRole.securityAdmin, to: user, at: "/")
    fixture.access.incompatibleRoles = .builtIn
    try await fixture.assign(BuiltInRole.securityAdmin, to: user, at: "/", id: held.id)
    try await fixture.close()
  }

  @Test func anOperatorsPairIsRefusedFromItsDeclarationOn() async throws {
    let fixture = try AccessFixture()
    let role = try await fixture.define("Auditor")
    let pair = IncompatibleRoles.Pair(role.id, BuiltInRole.contributor, reason: "test")
    let (ann, bob) = (fixture.random.guid(), fixture.random.guid())
    try await fixture.assign(BuiltInRole.contributor, to: ann, at: fixture.groupPath)
    try await fixture.assign(role.id, to: ann, at: fixture.groupPath)
    fixture.access.incompatibleRoles = IncompatibleRoles.builtIn.adding([pair])
    try await fixture.assign(BuiltInRole.contributor, to: bob, at: fixture.subscriptionPath)
    let error = try #require(try await refusal { try await fixture.assign(role.id, to: bob, at: fixture.groupPath) })
    #expect(error.message.contains("'Auditor'"))
    #expect(error.message.contains("'Contributor'"))
    let tenant = fixture.tenant
    let conflicts = try await fixture.records.read { [access = fixture.access] in try access.conflicts(tenant: tenant, in: $0) }
    #expect(conflicts.map(\.principal) == [ann])
    #expect(conflicts.map(\.roles) == [pair])
    try await fixture.close()
  }

  @Test func aRoleOfTheDirectoryReachesOverTheWholeTenant() async throws {
    let fixture = try AccessFixture()
    let pair = IncompatibleRoles.Pair(DirectoryRole.globalAdministrator, BuiltInRole.owner, reason: "test")
    fixture.access.incompatibleRoles = IncompatibleRoles([pair])
    let user = fixture.random.guid()
    try await fixture.assign(DirectoryRole.globalAdministrator, to: user, at: AccessScope.directory)
    let error = try await refusal { try await fixture.assign(BuiltInRole.owner, to: user, at: fixture.groupPath) }
    #expect(error?.status == 409)
    try await fixture.close()
  }

  @Test func rightsOfGroupsCountInBothDirections() async throws {
    let fixture = try AccessFixture()
    let (user, group) = (fixture.random.guid(), fixture.random.guid())
    fixture.access.setMemberships(Memberships(groups: [user: [group]]))
    let ofGroup = try await fixture.assign(BuiltInRole.owner, to: group, at: fixture.groupPath, type: .group)
    let upward = try await refusal { try await fixture.assign(BuiltInRole.securityAdmin, to: user, at: fixture.subscriptionPath) }
    #expect(upward?.message.contains(ofGroup.id.bytes.hexadecimal) == true)
    try await fixture.unassign(ofGroup)
    let ofUser = try await fixture.assign(BuiltInRole.securityAdmin, to: user, at: fixture.subscriptionPath)
    let downward = try await refusal { try await fixture.assign(BuiltInRole.owner, to: group, at: fixture.groupPath, type: .group) }
    #expect(downward?.message.contains(ofUser.id.bytes.hexadecimal) == true)
    try await fixture.close()
  }

  @Test func whoJoinsAGroupMustNotCollectIncompatibleRoles() async throws {
    let fixture = try AccessFixture()
    let (user, group) = (fixture.random.guid(), fixture.random.guid())
    fixture.access.setMemberships(Memberships(groups: [:]))
    try await fixture.assign(BuiltInRole.owner, to: group, at: fixture.groupPath, type: .group)
    let joins: @Sendable (GUID) async throws -> Void = { [access = fixture.access, records = fixture.records, tenant = fixture.tenant] principal in
      try await records.read { try access.requireCompatible(principal, joining: group, tenant: tenant, in: $0) }
    }
    try await joins(user)
    try await fixture.assign(BuiltInRole.securityAdmin, to: user, at: fixture.subscriptionPath)
    #expect(try await refusal { try await joins(user) }?.status == 409)
    // Who holds both already, since before they were declared, gets nothing more by joining what has neither.
    let old = fixture.random.guid()
    fixture.access.incompatibleRoles = IncompatibleRoles([])
    for role in [BuiltInRole.owner, BuiltInRole.securityAdmin] { try await fixture.assign(role, to: old, at: "/") }
    fixture.access.incompatibleRoles = .builtIn
    let empty = fixture.random.guid()
    let tenant = fixture.tenant
    try await fixture.records.read { [access = fixture.access] in
      try access.requireCompatible(old, joining: empty, tenant: tenant, in: $0)
    }
    #expect(try await refusal { try await joins(old) }?.status == 409)
    #expect(try await refusal { try await joins(fixture.random.guid()) } == nil)
    try await fixture.close()
  }

  @Test func bothReverseQueriesGiveTheSameAssignments() async throws {
    let fixture = try AccessFixture()
    let (ann, bob) = (fixture.random.guid(), fixture.random.guid())
    let root = try await fixture.assign(BuiltInRole.reader, to: ann, at: "/")
    let group = try await fixture.assign(BuiltInRole.contributor, to: bob, at: fixture.groupPath)
    let account = try await fixture.assign(BuiltInRole.owner, to: ann, at: fixture.accountPath)
    try await fixture.assign(BuiltInRole.reader, to: bob, at: "/subscriptions/\(fixture.random.guid())")
    let directory = try await fixture.assign(DirectoryRole.directoryReaders, to: bob, at: AccessScope.directory)
    let holders: (String) async throws -> Set<GUID> = { path in
      let scope = fixture.scope(path)
      return try await fixture.records.read { [access = fixture.access] in Set(try access.holders(on: scope, in: $0).map(\.id)) }
    }
    #expect(try await holders("/") == [root.id])
    #expect(try await holders(fixture.groupPath) == [root.id, group.id])
    #expect(try await holders(fixture.containerPath("box")) == [root.id, group.id, account.id])
    #expect(try await holders(AccessScope.directory) == [directory.id])
    let tenant = fixture.tenant
    let held = try await fixture.records.read { [access = fixture.access] in Set(try access.holdings(of: ann, tenant: tenant, in: $0).map(\.id)) }
    #expect(held == [root.id, account.id])
    try await fixture.close()
  }
}
