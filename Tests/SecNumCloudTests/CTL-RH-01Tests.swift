import Access
import Base
import Catalogue
import Declarations
import Identity
import SecNumCloud
import Simulation
import Testing

struct ControlRH01Tests {
  private static let all: [ItemID: Verdict] = ["7.1.b": .compliant, "7.2.b": .compliant, "7.3.b": .compliant, "7.5.a": .compliant]

  private func file(_ house: ObservedHouse, _ account: GUID, training: CalendarDate, end: CalendarDate? = nil, vetting: CalendarDate) async throws {
    house.clock.advance(by: .seconds(1))
    let text = """
      personnes:
        - reference: "P-1"
          comptes: ["\(account)"]
          habilitation: { date: 2026-01-01, echeance: \(vetting) }
          charte: { date: 2026-01-01 }
          formation: { date: 2026-01-01, echeance: \(training) }
          fin: \(end?.description ?? "~")
      """
    try await house.documents.set(AttestationsRegister.self, text: text, file: "attestations.yaml", author: "test")
  }

  @Test func `an administrator whose training has expired is found, and one whose contract has ended`() async throws {
    let house = try await ObservedHouse()
    let tenant = try await house.makeTenant("provider", id: house.platform.site.tenant)
    let ann = try await house.makeUser("ann", in: tenant)
    let today = CalendarDate(house.clock.now())
    let later = today.adding(days: 100)
    try await file(house, ann.id, training: later, vetting: later)
    // Nobody is privileged yet: nothing was looked at.
    #expect(try await house.verdicts(ControlRH01()).values.allSatisfy { $0 == .notAssessed })
    let right = try await house.assign(BuiltInRole.owner, to: ann.id, in: tenant)
    #expect(try await house.verdicts(ControlRH01()) == Self.all)

    try await file(house, ann.id, training: today.adding(days: -1), vetting: later)
    var verdicts = try await house.verdicts(ControlRH01())
    #expect(verdicts["7.3.b"] == .nonCompliant)
    #expect(verdicts["7.1.b"] == .compliant)
    try await file(house, ann.id, training: later, vetting: today.adding(days: -1))
    #expect(try await house.verdicts(ControlRH01())["7.1.b"] == .nonCompliant)
    try await file(house, ann.id, training: later, end: today.adding(days: -1), vetting: later)
    verdicts = try await house.verdicts(ControlRH01())
    #expect(verdicts["7.5.a"] == .nonCompliant)
    #expect(verdicts["7.2.b"] == .compliant)
    try await file(house, ann.id, training: later, end: later, vetting: later)
    #expect(try await house.verdicts(ControlRH01()) == Self.all)

    // A second administrator of whom the register says nothing.
    let bob = try await house.makeUser("bob", in: tenant)
    let unattested = try await house.assign(DirectoryRole.globalAdministrator, to: bob.id, at: AccessScope.directory, in: tenant)
    #expect(try await house.verdicts(ControlRH01()).values.allSatisfy { $0 == .nonCompliant })
    try await house.unassign(unattested)
    #expect(try await house.verdicts(ControlRH01()) == Self.all)
    try await house.unassign(right)
  }

  @Test func `without the register nothing is said`() async throws {
    let house = try await ObservedHouse()
    let tenant = try await house.makeTenant("provider", id: house.platform.site.tenant)
    try await house.assign(BuiltInRole.owner, to: try await house.makeUser("ann", in: tenant).id, in: tenant)
    let findings = try await house.findings(ControlRH01())
    #expect(findings.allSatisfy { $0.verdict == .notAssessed })
    #expect(findings.first?.reason?.french.contains("n'est pas déposé") == true)
  }

  @Test func `the example of the register is one, and a bad one is refused`() throws {
    let register = try AttestationsRegister(reading: Declaration(AttestationsRegister.example, file: "example"))
    #expect(register.people.map(\.reference) == ["P-014", "P-021"])
    #expect(register.people[1].end == CalendarDate("2027-01-31"))
    for (old, new, reason) in [
      ("P-021", "P-014", "deux fois"), ("echeance: 2027-03-12", "echeance: 2026-03-11", "précède"), ("systeme:root", "root", "ni un compte"),
      ("9b1c2d3e-4f50-4617-8293-a4b5c6d7e8f9", "3d6f0a5e-8f0b-4a39-9a44-0d3f6f1c2b10", "deux personnes"),
    ] {
      let error = try #require(throws: DeclarationError.self) {
        try AttestationsRegister(reading: Declaration(AttestationsRegister.example.replacing(old, with: new), file: "attestations.yaml"))
      }
      #expect(error.french.contains(reason), "\(error)")
    }
  }
}
