import Access
import Base
import Directory
import Identity
import NIOHTTP1
import Records
import Simulation
import Testing
import Wire

@Suite struct TraceTests {
  @Test func nothingStaysOfAnIdentityThatGoesWithItsResource() async throws {
    let fixture = try await DirectoryFixture()
    let (tenant, administrator, access) = (fixture.tenant.id, fixture.administrator.id, fixture.access)
    let identities = ResourceIdentities(identity: fixture.identity, access: access)
    let made = try await fixture.records.write {
      try identities.makeManagedIdentity(displayName: "vm", resourceID: "/subscriptions/s/vm", tenant: tenant, in: $0)
    }
    let path = "/v1.0/servicePrincipals/\(made.principal)"
    #expect(try await fixture.send(.PATCH, path, ["notes": "kept"]).status == 204)
    #expect(
      try await fixture.send(
        .POST, "\(path)/owners/$ref", ["@odata.id": .string("https://graph/v1.0/directoryObjects/\(administrator)")]
      ).status == 204)
    let (id, now) = (fixture.random.guid(), fixture.clock.now())
    try await fixture.records.write { transaction in
      _ = try access.assign(
        RoleAssignmentRequest(roleDefinitionID: BuiltInRole.reader, principalID: made.principal), id: id,
        at: AccessScope(tenant: tenant, path: "/subscriptions/\(id)"), resolvedType: .servicePrincipal, by: administrator, now: now, in: transaction)
    }
    #expect(try await fixture.get("\(path)/owners").values.count == 1)
    #expect(try await fixture.records.read { try access.holdings(of: made.principal, tenant: tenant, in: $0).count } == 1)
    try await fixture.records.write { try identities.removeManagedIdentity(made.principal, tenant: tenant, in: $0) }
    #expect(try await fixture.get(path).status == 404)
    #expect(try await fixture.records.read { try access.holdings(of: made.principal, tenant: tenant, in: $0).isEmpty })
    #expect(try await fixture.get("/v1.0/users/\(administrator)/ownedObjects").values.isEmpty)
    try await fixture.close()
  }

  @Test func nothingStaysOfAGuestWhoseOwnAccountIsDeleted() async throws {
    let fixture = try await DirectoryFixture()
    let (home, host, access, identity) = (fixture.tenant.id, fixture.other, fixture.access, fixture.identity)
    let ann = try await fixture.user("ann")
    let user = try #require(GUID(ann))
    let (id, now) = (fixture.random.guid(), fixture.clock.now())
    let guest = try await fixture.records.write { transaction in
      let guest = try identity.createGuest(of: user, homeTenant: home, in: host, transaction: transaction)
      _ = try access.assign(
        RoleAssignmentRequest(roleDefinitionID: BuiltInRole.reader, principalID: guest.id), id: id,
        at: AccessScope(tenant: host.id, path: "/subscriptions/\(id)"), resolvedType: .user, by: guest.id, now: now, in: transaction)
      return guest.id
    }
    #expect(try await fixture.records.read { try access.holdings(of: guest, tenant: host.id, in: $0).count } == 1)
    #expect(try await fixture.send(.DELETE, "/v1.0/users/\(ann)").status == 204)
    #expect(try await fixture.records.read { try access.holdings(of: guest, tenant: host.id, in: $0).isEmpty })
    #expect(try await fixture.records.read { try identity.user(guest, tenant: host.id, in: $0) } == nil)
    try await fixture.close()
  }
}
