import Access
import Base
import Catalogue
import Identity
import Records
import ResourceManager
import SecNumCloud
import Simulation
import Testing

struct ControlLOC02Tests {
  /// A house with an administrator of the provider's tenant.
  private func administered() async throws -> (ObservedHouse, Subscription, administrator: GUID) {
    let house = try await ObservedHouse()
    let tenant = house.platform.site.tenant
    let subscription = try await house.makeTenant(tenant, "prestataire")
    let (identity, access, now) = (house.identity, house.access, house.clock.now())
    let id = house.random.guid()
    let user = try await house.records.write { transaction in
      let user = try identity.createUser(
        User(id: .zero, tenant: tenant, userPrincipalName: "admin@prestataire.test", displayName: "A", mailNickname: "a", created: now),
        in: transaction)
      _ = try access.assign(
        RoleAssignmentRequest(roleDefinitionID: BuiltInRole.owner, principalID: user.id), id: id, at: AccessScope(tenant: tenant, path: "/"),
        resolvedType: .user, by: user.id, now: now, in: transaction)
      return user
    }
    house.host.list([])
    return (house, subscription, user.id)
  }

  private func sessions(_ house: ObservedHouse) async throws -> Finding {
    try #require(try await house.findings(ControlLOC02()).about("addresses of changes"))
  }

  @Test func `a change that an administrator made from outside of the declared networks is seen`() async throws {
    let (house, subscription, administrator) = try await administered()
    #expect(try await sessions(house).verdict == .notAssessed)
    try await house.set(PlatformRegister.self, PlatformRegister.example)
    #expect(try await sessions(house).verdict == .notAssessed)
    try await house.log(subscription, by: administrator, from: "127.0.0.1")
    try await house.log(subscription, by: administrator, from: "10.20.0.9")
    try await house.log(subscription, by: house.random.guid(), from: "203.0.113.7")
    #expect(try await sessions(house).verdict == .compliant)
    let entry = try await house.log(subscription, by: administrator, from: "203.0.113.7")
    let weak = try await sessions(house)
    #expect(weak.verdict == .nonCompliant)
    #expect(weak.items == ["19.2.c"])
    #expect(weak.reason?.french.contains("203.0.113.7") == true)
    try await house.records.write { _ = try $0.remove(ActivityLogEntry.self, entry.key) }
    #expect(try await sessions(house).verdict == .compliant)
    let american = PlatformRegister.example.replacing("cidr: 10.20.0.0/24\n    pays: FR", with: "cidr: 10.20.0.0/24\n    pays: US")
    try #require(american != PlatformRegister.example)
    try await house.set(PlatformRegister.self, american)
    #expect(try await sessions(house).reason?.french.contains("en US") == true)
  }

  @Test func `a session on the host from outside of the declared networks is seen`() async throws {
    let (house, _, _) = try await administered()
    try await house.set(PlatformRegister.self, PlatformRegister.example)
    house.host.list([ListedSocket(local: "10.20.0.1", port: 22, remote: "10.20.0.9", remotePort: 50_000, inode: 7)])
    #expect(try await sessions(house).verdict == .compliant)
    house.host.list([ListedSocket(local: "10.20.0.1", port: 22, remote: "198.51.100.4", remotePort: 50_000, inode: 7)])
    #expect(try await sessions(house).verdict == .nonCompliant)
    house.host.list([ListedSocket(local: "10.20.0.1", port: 443, remote: "198.51.100.4", remotePort: 50_000, inode: 7)])
    #expect(try await sessions(house).verdict == .notAssessed)
  }
}
