import Access
import Base
import Catalogue
import Identity
import Records
import SecNumCloud
import Testing

struct ControlIAM03Tests {
  private func value(_ name: String, _ findings: [Finding]) -> Double? {
    findings.flatMap(\.figures).first { $0.name.french == name }?.value
  }

  @Test func `where nobody has a right, nothing is said of rights`() async throws {
    let house = try await ObservedHouse()
    let verdicts = try await house.verdicts(ControlIAM03())
    #expect(verdicts == ["9.3.a": .compliant, "9.3.b": .notAssessed, "9.3.d": .notAssessed, "9.3.e": .notAssessed])
  }

  @Test func `rights agree from both ends, through nested groups and at every scope`() async throws {
    let house = try await ObservedHouse()
    let tenant = try await house.makeTenant("contoso")
    let (ann, bob) = (try await house.makeUser("ann", in: tenant), try await house.makeUser("bob", in: tenant))
    let inner = try await house.makeGroup("inner", in: tenant, members: [bob.id])
    let outer = try await house.makeGroup("outer", in: tenant, members: [inner.id])
    let subscription = "/subscriptions/\(house.random.guid())"
    try await house.assign(BuiltInRole.owner, to: ann.id, in: tenant)
    try await house.assign(BuiltInRole.contributor, to: outer.id, at: subscription + "/resourceGroups/rg", in: tenant, type: .group)
    try await house.assign(DirectoryRole.directoryReaders, to: bob.id, at: AccessScope.directory, in: tenant)
    let findings = try await house.findings(ControlIAM03())
    #expect(findings.allSatisfy { $0.verdict == .compliant }, "\(findings.compactMap(\.reason))")
    // ann at the root; ann, outer and bob at the group; bob in the directory.
    #expect(value("triplets comparés", findings) == 5)
    #expect(value("dont par un groupe", findings) == 1)
    // Four actions for each of the two that hold something, and for strangers beside them: all of an owner's, all but one of a contributor's.
    #expect(value("décisions comparées", findings) == 16)
    #expect(value("dont permises", findings) == 7)
  }

  @Test func `a right that one of the two views alone has is found`() async throws {
    let house = try await ObservedHouse()
    let tenant = try await house.makeTenant("contoso")
    let ann = try await house.makeUser("ann", in: tenant)
    try await house.assign(BuiltInRole.owner, to: ann.id, in: tenant)
    #expect(try await house.verdicts(ControlIAM03())["9.3.d"] == .compliant)
    let ghost = try await house.assign(BuiltInRole.reader, to: house.random.guid(), in: tenant)
    let verdicts = try await house.verdicts(ControlIAM03())
    #expect(verdicts["9.3.d"] == .nonCompliant)
    #expect(verdicts["9.3.e"] == .nonCompliant)
    try await house.unassign(ghost)
    #expect(try await house.verdicts(ControlIAM03())["9.3.d"] == .compliant)
    // A membership of somebody who is gone: the group's rights reach nobody whom the other view knows.
    let bob = try await house.makeUser("bob", in: tenant)
    let group = try await house.makeGroup("team", in: tenant, members: [bob.id])
    try await house.assign(BuiltInRole.reader, to: group.id, in: tenant, type: .group)
    #expect(try await house.verdicts(ControlIAM03())["9.3.d"] == .compliant)
    try await house.records.write { try $0.remove(User.self, bob.key) }
    #expect(try await house.verdicts(ControlIAM03())["9.3.d"] == .nonCompliant)
    let identity = house.identity
    _ = try await house.records.write { try identity.removeMember(bob.id, from: group.id, tenant: tenant.id, in: $0) }
    #expect(try await house.verdicts(ControlIAM03())["9.3.d"] == .compliant)
  }

  @Test func `a decision that does not follow the roles is found`() async throws {
    let house = try await ObservedHouse()
    let tenant = try await house.makeTenant("contoso")
    let ann = try await house.makeUser("ann", in: tenant)
    let assignment = try await house.assign(BuiltInRole.reader, to: ann.id, in: tenant)
    #expect(try await house.verdicts(ControlIAM03())["9.3.b"] == .compliant)
    // Behind the back of who decides: what it remembers is older than what the records say.
    var raised = assignment
    raised.roleDefinitionID = BuiltInRole.owner
    let changed = raised
    try await house.records.write { try $0.save(changed) }
    #expect(try await house.verdicts(ControlIAM03())["9.3.b"] == .nonCompliant)
    try await house.records.write { try $0.save(assignment) }
    #expect(try await house.verdicts(ControlIAM03())["9.3.b"] == .compliant)
  }

  @Test func `trying rights leaves none`() async throws {
    let house = try await ObservedHouse()
    let tenant = try await house.makeTenant("contoso")
    _ = try await house.findings(ControlIAM03())
    let access = house.access
    #expect(try await house.records.read { try access.assignments(at: AccessScope(tenant: tenant.id, path: "/"), in: $0) }.isEmpty)
  }
}
