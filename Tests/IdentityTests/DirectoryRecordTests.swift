import Access
import Base
import Identity
import Records
import Simulation
import Testing

@Suite struct DirectoryRecordTests {
  @Test func namesAreUniqueInTheWholeCloudWithoutRegardToCase() async throws {
    let fixture = try await IdentityFixture()
    let (service, tenant) = (fixture.service, fixture.tenant.id)
    let now = fixture.clock.now()
    func refusal(_ name: String) async throws -> CloudError? {
      await cloudError {
        _ = try await service.createUser(
          User(id: .zero, tenant: tenant, userPrincipalName: name, displayName: "x", mailNickname: "x", created: now),
          password: IdentityFixture.password)
      }
    }
    #expect(try await refusal("ALICE@CONTOSO.EXAMPLE")?.target == "userPrincipalName")
    #expect(try await refusal("alice@contoso.test") == nil, "another domain is another name")
    for name in [
      "bob@elsewhere.example", "bob", "@contoso.example", "b ob@contoso.example", "bob@", ".bob@contoso.example", "bob@contoso.example\u{0}",
    ] {
      #expect(try await refusal(name)?.status == 400, "\(name)")
    }
    #expect(try await fixture.records.read { try service.user(named: "aLiCe@CoNtOsO.eXaMpLe", in: $0)?.id } == fixture.user.id)
    let taken = await cloudError {
      _ = try await fixture.records.write { try service.createTenant(displayName: "X", domains: ["CONTOSO.TEST"], country: "FR", in: $0) }
    }
    #expect(taken?.status == 400)
    try await fixture.close()
  }

  @Test(arguments: [
    "short1A", "alllowercase", "lowerUPPERonly", "lower1234only", "has-Alice-in-1t", "has-control-\u{7}-1A", String(repeating: "aA1-", count: 65),
  ])
  func weakPasswordsAreRefusedWithGraphsError(password: String) async throws {
    let fixture = try await IdentityFixture()
    let error = await cloudError {
      try await fixture.service.setPassword(password, user: fixture.user.id, tenant: fixture.tenant.id)
    }
    #expect(error?.code == "Request_BadRequest" && error?.status == 400)
    #expect(error?.message.contains("complexity") == true)
    try await fixture.close()
  }

  @Test func everyTenantHasThePlatformsApplications() async throws {
    let fixture = try await IdentityFixture()
    let service = fixture.service
    for tenant in [fixture.tenant, try await fixture.makeTenant("Fabrikam")] {
      let found = try await fixture.records.read { try service.servicePrincipals(tenant: tenant.id, limit: 100, in: $0) }
      for application in FirstPartyApplication.all { #expect(found.contains { $0.appID == application.appID }) }
    }
    try await fixture.close()
  }

  @Test func nestedGroupsAreResolvedThroughCycles() async throws {
    let fixture = try await IdentityFixture()
    let (service, tenant, member) = (fixture.service, fixture.tenant.id, fixture.user.id)
    let now = fixture.clock.now()
    let groups = try await fixture.records.write { transaction in
      let groups = try (0..<4).map { number in
        try service.createGroup(
          Group(id: .zero, tenant: tenant, displayName: "g\(number)", mailNickname: "g\(number)", created: now), in: transaction
        ).id
      }
      try service.addMember(member, to: groups[0], tenant: tenant, in: transaction)
      try service.addMember(groups[0], to: groups[1], tenant: tenant, in: transaction)
      try service.addMember(groups[1], to: groups[2], tenant: tenant, in: transaction)
      try service.addMember(groups[2], to: groups[0], tenant: tenant, in: transaction)
      return groups
    }
    #expect(try await fixture.records.read { try service.groups(of: member, tenant: tenant, in: $0) } == Array(groups[0...2]))
    #expect(try await fixture.records.read { try service.members(of: groups[0], tenant: tenant, limit: 10, in: $0).count } == 2)
    #expect(try await service.principalType(tenant: tenant, objectID: groups[3]) == .group)
    #expect(try await service.principalType(tenant: tenant, objectID: member) == .user)
    #expect(try await service.principalType(tenant: tenant, objectID: fixture.principal.id) == .servicePrincipal)
    #expect(try await service.principalType(tenant: .zero, objectID: member) == nil)
    let twice = await cloudError {
      try await fixture.records.write { _ = try service.addMember(member, to: groups[0], tenant: tenant, in: $0) }
    }
    #expect(twice?.status == 400)
    let missing = await cloudError {
      try await fixture.records.write { _ = try service.addMember(.zero, to: groups[0], tenant: tenant, in: $0) }
    }
    #expect(missing?.status == 404)
    try await fixture.records.write { try service.deleteGroup(groups[1], tenant: tenant, in: $0) }
    #expect(try await fixture.records.read { try service.groups(of: member, tenant: tenant, in: $0) } == [groups[0]])
    #expect(try await fixture.records.write { try service.deleteUser(member, tenant: tenant, in: $0) })
    #expect(try await fixture.records.read { try service.members(of: groups[0], tenant: tenant, limit: 10, in: $0).map(\.member) } == [groups[2]])
    try await fixture.close()
  }

  @Test func noApplicationTakesANameOfThePlatformOrOfAnother() async throws {
    let fixture = try await IdentityFixture()
    let (service, tenant) = (fixture.service, fixture.tenant.id)
    let now = fixture.clock.now()
    func refusal(_ identifier: String) async -> CloudError? {
      await cloudError {
        try await fixture.records.write { transaction in
          var application = Application(id: .zero, tenant: tenant, appID: .zero, displayName: "x", created: now)
          application.identifierURIs = [identifier]
          try service.createApplication(application, in: transaction)
        }
      }
    }
    #expect(await refusal("api://one") == nil)
    for name in [
      "api://ONE/", "https://storage.azure.com/", fixture.management, "https://acct.blob.core.cocagne.localhost:8443", "no-uri", "api:// x",
    ] {
      #expect(await refusal(name)?.status == 400, "\(name)")
    }
    try await fixture.close()
  }

  private func cloudError(_ body: () async throws -> Void) async -> CloudError? {
    do {
      try await body()
      return nil
    } catch let error as CloudError {
      return error
    } catch {
      Issue.record("\(error)")
      return nil
    }
  }
}
