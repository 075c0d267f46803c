import Access
import Base
import Catalogue
import Declarations
import Identity
import Records
import SecNumCloud
import Testing

struct ControlIAM04Tests {
  private static let register = """
    paires:
      - roles: ["Security Reader", "Contributor"]
        motif: "Qui contrôle n'administre pas."
    """

  private func house() async throws -> (ObservedHouse, Tenant, User) {
    let house = try await ObservedHouse()
    house.access.setMemberships(house.identity)
    let tenant = try await house.makeTenant("contoso")
    return (house, tenant, try await house.makeUser("ann", in: tenant))
  }

  @Test func `two rights that were given before they were declared incompatible are found, and refused from then on`() async throws {
    let (house, tenant, ann) = try await house()
    try await house.assign(BuiltInRole.contributor, to: ann.id, in: tenant)
    let second = try await house.assign(BuiltInRole.securityReader, to: ann.id, at: "/subscriptions/\(house.random.guid())", in: tenant)
    #expect(try await house.verdicts(ControlIAM04()) == ["9.3.f": .compliant, "6.2.a": .compliant])
    try await house.documents.set(IncompatibleRightsRegister.self, text: Self.register, file: "droits.yaml", author: "test")
    // Filed, and not applied: who would combine them is not refused.
    let unapplied = try await house.findings(ControlIAM04())
    #expect(unapplied.allSatisfy { $0.verdict == .nonCompliant })
    #expect(unapplied.first?.reason?.french.contains("n'est pas appliquée") == true)
    try await house.documents.applyIncompatibleRights(to: house.access)
    let found = try #require(try await house.findings(ControlIAM04()).first { $0.items == ["6.2.a"] })
    #expect(found.verdict == .nonCompliant)
    #expect(found.reason?.french.contains("\(ann.id) cumule") == true)
    try await house.unassign(second)
    #expect(try await house.verdicts(ControlIAM04()) == ["9.3.f": .compliant, "6.2.a": .compliant])
    await #expect(throws: CloudError.self) { try await house.assign(BuiltInRole.securityReader, to: ann.id, in: tenant) }
  }

  @Test func `rights that meet through a group are found`() async throws {
    let (house, tenant, ann) = try await house()
    let group = try await house.makeGroup("team", in: tenant, members: [])
    try await house.assign(BuiltInRole.securityAdmin, to: ann.id, in: tenant)
    try await house.assign(BuiltInRole.owner, to: group.id, in: tenant, type: .group)
    #expect(try await house.verdicts(ControlIAM04())["6.2.a"] == .compliant)
    let identity = house.identity
    _ = try await house.records.write { try identity.addMember(ann.id, to: group.id, tenant: tenant.id, in: $0) }
    #expect(try await house.verdicts(ControlIAM04())["6.2.a"] == .nonCompliant)
    _ = try await house.records.write { try identity.removeMember(ann.id, from: group.id, tenant: tenant.id, in: $0) }
    #expect(try await house.verdicts(ControlIAM04())["6.2.a"] == .compliant)
  }

  @Test func `a platform that refuses nothing is found`() async throws {
    let (house, _, _) = try await house()
    house.access.incompatibleRoles = IncompatibleRoles([])
    let finding = try #require(try await house.findings(ControlIAM04()).first { $0.items == ["9.3.f"] })
    #expect(finding.verdict == .nonCompliant)
    #expect(finding.figures.first { $0.name.french == "refusées" }?.value == 0)
    house.access.incompatibleRoles = .builtIn
    #expect(try await house.verdicts(ControlIAM04())["9.3.f"] == .compliant)
  }

  @Test func `the example of the register is one`() throws {
    let register = try IncompatibleRightsRegister(reading: Declaration(IncompatibleRightsRegister.example, file: "example"))
    #expect(register.pairs.count == 3)
  }

  @Test(arguments: [
    ("paires:\n  - roles: [\"Owner\", \"owner\"]\n    motif: \"x\"\n", "deux rôles différents", 2),
    ("paires:\n  - roles: [\"Owner\"]\n    motif: \"x\"\n", "deux rôles différents", 2),
    ("paires:\n  - roles: [\"Owner\", \"Roi\"]\n    motif: \"x\"\n", "n'est pas un rôle", 2),
    (
      "paires:\n  - roles: [\"Owner\", \"Reader\"]\n    motif: \"x\"\n  - roles: [\"Reader\", \"Owner\"]\n    motif: \"y\"\n", "deux fois", 4
    ),
    ("paires:\n  - roles: [\"Owner\", \"Reader\"]\n", "motif", 2),
  ])
  func `a bad register is refused with file and line`(_ text: String, _ reason: String, _ line: Int) throws {
    let error = try #require(throws: DeclarationError.self) {
      try IncompatibleRightsRegister(reading: Declaration(text, file: "droits.yaml"))
    }
    #expect(error.french.contains(reason))
    #expect(error.place == "droits.yaml:\(line)")
  }
}
