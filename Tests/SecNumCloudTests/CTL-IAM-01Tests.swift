import Access
import Base
import Catalogue
import Identity
import Records
import SecNumCloud
import Simulation
import Testing

struct ControlIAM01Tests {
  private static let all: [ItemID] = ["9.2.a", "9.2.c", "9.3.g"]

  private func house() async throws -> (ObservedHouse, HouseDoor) {
    let house = try await ObservedHouse()
    let door = HouseDoor(house)
    door.open(house)
    return (house, door)
  }

  @Test func `whoever leaves through the real directory loses everything`() async throws {
    let (house, _) = try await house()
    let tenant = try await house.makeTenant("contoso")
    let user = try await house.makeUser("ann", in: tenant)
    try await house.assign(BuiltInRole.reader, to: user.id, in: tenant)
    let verdicts = try await house.verdicts(ControlIAM01())
    #expect(verdicts == ["9.2.a": .compliant, "9.2.c": .compliant, "9.3.g": .compliant])
  }

  @Test func `what is left of a deleted account is found, and an account that still works after it was disabled`() async throws {
    let (house, door) = try await house()
    let tenant = try await house.makeTenant("contoso")
    let user = try await house.makeUser("ann", in: tenant)
    let assignment = try await house.assign(BuiltInRole.reader, to: user.id, in: tenant)
    let group = try await house.makeGroup("team", in: tenant, members: [user.id])
    // As a deletion would that forgets what hangs on the account.
    try await house.records.write { try $0.remove(User.self, user.key) }
    let finding = try #require(try await house.findings(ControlIAM01()).first { $0.items == ["9.2.c"] })
    #expect(finding.verdict == .nonCompliant)
    #expect(finding.reason?.french.contains("droits d'un titulaire disparu") == true)
    #expect(finding.figures.first { $0.name.french.contains("appartenances") }?.value == 1)
    try await house.unassign(assignment)
    let identity = house.identity
    _ = try await house.records.write { try identity.removeMember(user.id, from: group.id, tenant: tenant.id, in: $0) }
    #expect(try await house.verdicts(ControlIAM01())["9.2.c"] == .compliant)

    // A directory that says that it disabled an account, and did not.
    house.outside.onRequest { request in
      request.method == "PATCH" ? OutsideAnswer(status: 204, headers: [], body: []) : try await door.answer(request, house)
    }
    #expect(try await house.verdicts(ControlIAM01())["9.3.g"] == .nonCompliant)
    // One that does not delete.
    house.outside.onRequest { request in
      request.method == "DELETE" ? OutsideAnswer(status: 204, headers: [], body: []) : try await door.answer(request, house)
    }
    #expect(try await house.verdicts(ControlIAM01())["9.2.c"] == .nonCompliant)
    // One that refuses to.
    house.outside.onRequest { request in
      request.method == "DELETE" ? OutsideAnswer(status: 403, headers: [], body: []) : try await door.answer(request, house)
    }
    #expect(try await house.verdicts(ControlIAM01())["9.2.a"] == .nonCompliant)
    door.open(house)
    #expect(try await house.verdicts(ControlIAM01()) == ["9.2.a": .compliant, "9.2.c": .compliant, "9.3.g": .compliant])
  }

  @Test func `a door that serves nobody proves nothing, and leaves nothing`() async throws {
    let (house, _) = try await house()
    house.outside.onRequest { _ in OutsideAnswer(status: 503, headers: [], body: []) }
    await #expect(throws: ObservationFailure.self) { try await house.findings(ControlIAM01()) }
    let identity = house.identity
    #expect(try await house.records.read { try identity.tenants(limit: 10, in: $0) }.isEmpty)
  }

  @Test func `what a crash left of a probe is removed by a later look, and no customer is`() async throws {
    let (house, door) = try await house()
    let tenant = try await house.makeTenant("contoso")
    let identity = house.identity
    let crashing = Task {
      // Cancelled in the middle, as far as the records can tell: the answer never comes.
      house.outside.onRequest { _ in
        try await Task.sleep(for: .seconds(3600))
        return OutsideAnswer(status: 200, headers: [], body: [])
      }
      _ = try await house.findings(ControlIAM01())
    }
    func tenants() async throws -> Set<GUID> { Set(try await house.records.read { try identity.tenants(limit: 10, in: $0).map(\.id) }) }
    while try await tenants().count < 2 { await Task.yield() }
    let during = try await tenants()
    house.clock.advance(by: .seconds(601))
    door.open(house)
    #expect(try await house.verdicts(ControlIAM01()).count == Self.all.count)
    #expect(try await tenants() == [tenant.id])
    #expect(during.contains(tenant.id))
    crashing.cancel()
    _ = await crashing.result
    #expect(try await tenants() == [tenant.id])
  }
}
