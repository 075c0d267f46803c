import Access
import Base
import Records
import Testing

@Suite struct DecisionTests {
  private let readAccount = Action("Microsoft.Storage/storageAccounts/read")
  private let writeAccount = Action("Microsoft.Storage/storageAccounts/write")
  private let readBlob = Action(
    data: "Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read", signed: SignedRequirement("o", anyOf: "r"))
  private let writeBlob = Action(
    data: "Microsoft.Storage/storageAccounts/blobServices/containers/blobs/write", signed: SignedRequirement("o", anyOf: "wc"))
  private let readContainer = Action(
    "Microsoft.Storage/storageAccounts/blobServices/containers/read", signed: SignedRequirement("c", anyOf: "r"))

  @Test func nothingIsAllowedWithoutAnAssignment() async throws {
    let fixture = try AccessFixture()
    #expect(try await fixture.decide(fixture.user(), readAccount, fixture.accountPath) == .hidden)
    #expect(try await fixture.decide(fixture.user(), readAccount, "/") == .denied)
    try await fixture.close()
  }

  @Test func aRoleReachesDownFromItsScopeAndNotBeside() async throws {
    let fixture = try AccessFixture()
    let user = fixture.user()
    try await fixture.assign(BuiltInRole.reader, to: user.objectID, at: fixture.groupPath)
    #expect(try await fixture.decide(user, readAccount, fixture.accountPath) == .allowed)
    #expect(try await fixture.decide(user, readAccount, fixture.accountPath.uppercased()) == .allowed)
    #expect(try await fixture.decide(user, writeAccount, fixture.accountPath) == .denied)
    #expect(try await fixture.decide(user, readAccount, fixture.groupPath + "2") == .denied)
    #expect(try await fixture.decide(user, readAccount, fixture.subscriptionPath) == .denied)
    #expect(try await fixture.decide(user, readAccount, fixture.subscriptionPath + "0") == .hidden)
    try await fixture.close()
  }

  @Test func aRoleAtTheRootReachesEverythingButTheDirectory() async throws {
    let fixture = try AccessFixture()
    let application = fixture.application()
    try await fixture.assign(BuiltInRole.owner, to: application.objectID, at: "/", type: .servicePrincipal)
    #expect(try await fixture.decide(application, writeAccount, fixture.accountPath) == .allowed)
    #expect(try await fixture.decide(application, Action("microsoft.directory/users/create"), AccessScope.directory) == .denied)
    #expect(try await fixture.decide(application, Action("microsoft.directory/users/standard/read"), AccessScope.directory) == .denied)
    try await fixture.close()
  }

  @Test func ownersHoldNoDataActions() async throws {
    let fixture = try AccessFixture()
    let user = fixture.user()
    try await fixture.assign(BuiltInRole.owner, to: user.objectID, at: fixture.subscriptionPath)
    #expect(try await fixture.decide(user, readBlob, fixture.containerPath("c")) == .denied)
    #expect(try await fixture.decide(user, readContainer, fixture.containerPath("c")) == .allowed)
    try await fixture.assign(BuiltInRole.storageBlobDataReader, to: user.objectID, at: fixture.containerPath("c"))
    #expect(try await fixture.decide(user, readBlob, fixture.containerPath("c") + "/blobs/a/b") == .allowed)
    #expect(try await fixture.decide(user, readBlob, fixture.containerPath("cc") + "/blobs/a") == .denied)
    #expect(try await fixture.decide(user, writeBlob, fixture.containerPath("c") + "/blobs/a") == .denied)
    try await fixture.close()
  }

  @Test func whatOneRoleExcludesAnotherMayGrant() async throws {
    let fixture = try AccessFixture()
    let user = fixture.user()
    let assign = Action("Microsoft.Authorization/roleAssignments/write")
    try await fixture.assign(BuiltInRole.contributor, to: user.objectID, at: fixture.subscriptionPath)
    #expect(try await fixture.decide(user, assign, fixture.subscriptionPath) == .denied)
    try await fixture.assign(BuiltInRole.userAccessAdministrator, to: user.objectID, at: fixture.subscriptionPath)
    #expect(try await fixture.decide(user, assign, fixture.subscriptionPath) == .allowed)
    try await fixture.close()
  }

  @Test func groupsCarryTheirRolesToTheirMembers() async throws {
    let fixture = try AccessFixture()
    let group = fixture.random.guid()
    try await fixture.assign(BuiltInRole.reader, to: group, at: fixture.subscriptionPath, type: .group)
    #expect(try await fixture.decide(fixture.user(groups: [group]), readAccount, fixture.accountPath) == .allowed)
    #expect(try await fixture.decide(fixture.user(), readAccount, fixture.accountPath) == .hidden)
    try await fixture.close()
  }

  @Test func anotherTenantSeesNothing() async throws {
    let fixture = try AccessFixture()
    var stranger = fixture.user()
    try await fixture.assign(BuiltInRole.owner, to: stranger.objectID, at: fixture.subscriptionPath)
    stranger.tenant = fixture.random.guid()
    #expect(try await fixture.decide(stranger, readAccount, fixture.accountPath) == .hidden)
    try await fixture.close()
  }

  @Test func aChangeTakesEffectOnTheNextRequest() async throws {
    let fixture = try AccessFixture()
    let user = fixture.user()
    for _ in 0..<20 {
      let assignment = try await fixture.assign(BuiltInRole.reader, to: user.objectID, at: fixture.subscriptionPath)
      #expect(try await fixture.decide(user, readAccount, fixture.accountPath) == .allowed)
      try await fixture.unassign(assignment)
      #expect(try await fixture.decide(user, readAccount, fixture.accountPath) == .hidden)
    }
    let role = try await fixture.define("Watcher", actions: ["Microsoft.Storage/*/read"])
    try await fixture.assign(role.id, to: user.objectID, at: fixture.subscriptionPath)
    #expect(try await fixture.decide(user, readAccount, fixture.accountPath) == .allowed)
    try await fixture.define("Watcher", actions: ["Microsoft.Network/*/read"], id: role.id)
    #expect(try await fixture.decide(user, readAccount, fixture.accountPath) == .denied)
    try await fixture.close()
  }

  @Test func revocationHoldsUnderConcurrentRequests() async throws {
    let fixture = try AccessFixture()
    let user = fixture.user()
    let other = fixture.user()
    for _ in 0..<10 {
      let assignment = try await fixture.assign(BuiltInRole.reader, to: user.objectID, at: fixture.subscriptionPath)
      try await withThrowingTaskGroup(of: Void.self) { tasks in
        for _ in 0..<8 {
          tasks.addTask { for _ in 0..<20 { _ = try await fixture.decide(user, readAccount, fixture.accountPath) } }
        }
        tasks.addTask {
          try await fixture.unassign(assignment)
          #expect(try await fixture.decide(user, readAccount, fixture.accountPath) == .hidden)
        }
        tasks.addTask { _ = try await fixture.decide(other, readAccount, fixture.accountPath) }
        try await tasks.waitForAll()
      }
      #expect(try await fixture.decide(user, readAccount, fixture.accountPath) == .hidden)
    }
    try await fixture.close()
  }

  @Test func usersReadTheDirectoryAndApplicationsDoNot() async throws {
    let fixture = try AccessFixture()
    let read = Action("microsoft.directory/users/standard/read")
    let create = Action("microsoft.directory/users/create")
    #expect(try await fixture.decide(fixture.user(), read, AccessScope.directory) == .allowed)
    #expect(try await fixture.decide(fixture.user(), create, AccessScope.directory) == .denied)
    var guest = fixture.user()
    guest.name = "ann_fabrikam.local#EXT#@contoso.local"
    #expect(try await fixture.decide(guest, read, AccessScope.directory) == .denied)
    let application = fixture.application()
    #expect(try await fixture.decide(application, read, AccessScope.directory) == .denied)
    try await fixture.assign(DirectoryRole.directoryReaders, to: application.objectID, at: AccessScope.directory, type: .servicePrincipal)
    #expect(try await fixture.decide(application, read, AccessScope.directory) == .allowed)
    #expect(try await fixture.decide(application, create, AccessScope.directory) == .denied)
    // A directory role is no role of the hierarchy.
    #expect(try await fixture.decide(application, readAccount, fixture.accountPath) == .hidden)
    try await fixture.close()
  }

  @Test func anAccountKeySpeaksForItsAccountsDataOnly() async throws {
    let fixture = try AccessFixture()
    let key = Principal(kind: .accountKey(scope: fixture.accountPath), tenant: fixture.tenant)
    let createContainer = Action("Microsoft.Storage/storageAccounts/blobServices/containers/write")
    #expect(try await fixture.decide(key, readBlob, fixture.containerPath("c") + "/blobs/b") == .allowed)
    #expect(try await fixture.decide(key, createContainer, fixture.containerPath("c")) == .allowed)
    #expect(try await fixture.decide(key, writeAccount, fixture.accountPath) == .denied)
    #expect(try await fixture.decide(key, Action("Microsoft.Storage/storageAccounts/listKeys/action"), fixture.accountPath) == .denied)
    #expect(try await fixture.decide(key, readBlob, fixture.accountPath + "2/blobServices/default/containers/c/blobs/b") == .denied)
    let delegation = Action("Microsoft.Storage/storageAccounts/blobServices/generateUserDelegationKey/action")
    #expect(try await fixture.decide(key, delegation, fixture.accountPath) == .denied)
    #expect(try await fixture.decide(Principal(kind: .anonymous, tenant: fixture.tenant), readBlob, fixture.accountPath) == .denied)
    try await fixture.close()
  }

  private func signature(_ fixture: AccessFixture, _ scope: String, _ letters: String, types: String? = nil) -> Principal {
    let grant = SignedGrant(scope: scope, permissions: Set(letters), resourceTypes: types.map { Set($0) })
    return Principal(kind: .sharedAccessSignature(grant), tenant: fixture.tenant)
  }

  @Test func aSignatureOfABlobReachesThatBlobOnly() async throws {
    let fixture = try AccessFixture()
    let blobs = fixture.containerPath("c") + "/blobs/"
    let signed = signature(fixture, blobs + "Dir", "r")
    #expect(try await fixture.decide(signed, readBlob, blobs + "Dir") == .allowed)
    #expect(try await fixture.decide(signed, readBlob, blobs + "dir") == .denied)
    #expect(try await fixture.decide(signed, readBlob, blobs + "Dir/file") == .denied)
    #expect(try await fixture.decide(signed, readBlob, fixture.containerPath("d") + "/blobs/Dir") == .denied)
    #expect(try await fixture.decide(signed, readBlob, fixture.containerPath("c")) == .denied)
    #expect(try await fixture.decide(signed, writeBlob, blobs + "Dir") == .denied)
    #expect(try await fixture.decide(signed, writeAccount, fixture.accountPath) == .denied)
    try await fixture.close()
  }

  @Test func aSignatureOfABlobIsExactInAnyGroup() async throws {
    let fixture = try AccessFixture()
    let account = "\(fixture.subscriptionPath)/resourceGroups/containers/providers/Microsoft.Storage/storageAccounts/containers"
    let blobs = account + "/blobServices/default/containers/containers/blobs/"
    let signed = signature(fixture, blobs + "a", "r")
    #expect(try await fixture.decide(signed, readBlob, blobs + "a") == .allowed)
    #expect(try await fixture.decide(signed, readBlob, blobs + "a/b") == .denied)
    try await fixture.close()
  }

  @Test func aContainersSignatureListsItButDoesNotReadItsProperties() async throws {
    let fixture = try AccessFixture()
    let signed = signature(fixture, fixture.containerPath("c"), "rlw")
    let list = Action(data: readBlob.name, signed: SignedRequirement("c", anyOf: "l"))
    #expect(try await fixture.decide(signed, readBlob, fixture.containerPath("c") + "/blobs/a/b") == .allowed)
    #expect(try await fixture.decide(signed, list, fixture.containerPath("c")) == .allowed)
    #expect(try await fixture.decide(signed, readContainer, fixture.containerPath("c")) == .denied)
    try await fixture.close()
  }

  @Test func anAccountSignatureIsLimitedToItsResourceTypes() async throws {
    let fixture = try AccessFixture()
    let objects = signature(fixture, fixture.accountPath, "rw", types: "o")
    #expect(try await fixture.decide(objects, readBlob, fixture.containerPath("c") + "/blobs/b") == .allowed)
    #expect(try await fixture.decide(objects, readContainer, fixture.containerPath("c")) == .denied)
    let containers = signature(fixture, fixture.accountPath, "r", types: "sc")
    #expect(try await fixture.decide(containers, readContainer, fixture.containerPath("c")) == .allowed)
    #expect(try await fixture.decide(containers, readBlob, fixture.containerPath("c") + "/blobs/b") == .denied)
    try await fixture.close()
  }

  @Test func aDelegatedSignatureIsWorthWhatItsSignerMayDoNow() async throws {
    let fixture = try AccessFixture()
    let signer = fixture.user()
    let blob = fixture.containerPath("c") + "/blobs/b"
    let grant = SignedGrant(
      scope: blob, permissions: ["r", "w"], resourceTypes: nil,
      delegator: .init(tenant: fixture.tenant, objectID: signer.objectID, groups: []))
    let signed = Principal(kind: .sharedAccessSignature(grant), tenant: fixture.tenant)
    #expect(try await fixture.decide(signed, readBlob, blob) == .denied)
    let assignment = try await fixture.assign(BuiltInRole.storageBlobDataReader, to: signer.objectID, at: fixture.accountPath)
    #expect(try await fixture.decide(signed, readBlob, blob) == .allowed)
    #expect(try await fixture.decide(signed, writeBlob, blob) == .denied)
    try await fixture.unassign(assignment)
    #expect(try await fixture.decide(signed, readBlob, blob) == .denied)
    try await fixture.close()
  }
}
