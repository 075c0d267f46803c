import Access
import Base
import Identity
import Records
import Simulation
import Testing
import Wire

@Suite struct EndingTests {
  @Test func aClosedTenantGivesNoTokenAndTakesNoneAndItsDomainsAreFree() async throws {
    let fixture = try await IdentityFixture()
    let (service, tenant) = (fixture.service, fixture.tenant)
    let token = try await fixture.applicationToken()
    let session = try await fixture.passwordGrant()
    let refresh = try #require(session.json["refresh_token"]?.string)
    _ = try await fixture.verify(token)
    #expect(try await fixture.records.write { try service.closeTenant(tenant.id, in: $0) })
    await #expect(throws: TokenError.self) { try await fixture.verify(token) }
    #expect(try await fixture.clientCredentials().status == 400)
    #expect(try await fixture.passwordGrant().status == 400)
    #expect(try await fixture.refresh(refresh).status == 400)
    #expect(try await fixture.records.read { try service.tenant(domain: "contoso.example", in: $0) } == nil)
    #expect(try await fixture.records.write { try service.closeTenant(tenant.id, in: $0) } == false)
  }

  @Test func aTenantsGuestsElsewhereGoAndItsDirectoryInSteps() async throws {
    let fixture = try await IdentityFixture()
    let (service, tenant, user) = (fixture.service, fixture.tenant, fixture.user)
    let other = try await fixture.records.write {
      try service.createTenant(displayName: "Fabrikam", domains: ["fabrikam.example"], country: "FR", in: $0)
    }
    let guest = try await fixture.records.write { try service.createGuest(of: user.id, homeTenant: tenant.id, in: other, transaction: $0) }
    #expect(try await fixture.records.read { try service.guests(ofHome: tenant.id, limit: 9, in: $0) }.map(\.id) == [guest.id])
    #expect(try await fixture.records.write { try service.removeGuests(ofHome: tenant.id, limit: 9, in: $0) }.map(\.id) == [guest.id])
    #expect(try await fixture.records.read { try service.users(tenant: other.id, limit: 9, in: $0) }.isEmpty)
    var steps = 1
    while try await !fixture.records.write({ try service.removeDirectory(of: tenant.id, limit: 2, in: $0) }) { steps += 1 }
    #expect(steps > 1)
    let left = try await fixture.records.read { try $0.entries(of: tenant.id, limit: 9) }
    #expect(left.isEmpty)
    #expect(try await fixture.records.read { try service.user(named: user.userPrincipalName, in: $0) } == nil)
  }
}
