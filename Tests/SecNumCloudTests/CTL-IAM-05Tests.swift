import Access
import Base
import Catalogue
import Declarations
import Identity
import SecNumCloud
import Simulation
import Testing

struct ControlIAM05Tests {
  private func register(rights: CalendarDate, technical: CalendarDate) -> String {
    let digest = sha256Hexadecimal("procès-verbal".utf8)
    return [("droits", rights), ("comptes-techniques", technical)].reduce("campagnes:\n") { text, campaign in
      text + """
          - date: \(campaign.1)
            type: \(campaign.0)
            perimetre: "tout"
            reviseur: "RSSI"
            revus: 12
            retires: 1
            proces_verbal: "\(digest)"

        """
    }
  }

  private func file(_ text: String, _ house: ObservedHouse) async throws {
    // A version has the time of its filing for a name.
    house.clock.advance(by: .seconds(1))
    try await house.documents.set(RightsReviewsRegister.self, text: text, file: "revues.yaml", author: "test")
  }

  @Test func `a review that is older than its period is a gap until the next one is filed`() async throws {
    let house = try await ObservedHouse()
    let today = CalendarDate(house.clock.now())
    #expect(try await house.verdicts(ControlIAM05())["9.4.a"] == .notAssessed)
    try await file(register(rights: today.adding(days: -365), technical: today.adding(days: -92)), house)
    // Minutes that were never filed prove no review.
    var verdicts = try await house.verdicts(ControlIAM05())
    #expect(verdicts["9.4.a"] == .nonCompliant)
    try await house.file("revues", "procès-verbal")
    verdicts = try await house.verdicts(ControlIAM05())
    #expect(verdicts["9.4.a"] == .compliant)
    #expect(verdicts["9.4.c"] == .compliant)
    house.clock.advance(by: .seconds(86400))
    verdicts = try await house.verdicts(ControlIAM05())
    #expect(verdicts["9.4.a"] == .nonCompliant)
    #expect(verdicts["9.4.c"] == .nonCompliant)
    try await file(register(rights: today.adding(days: -365), technical: today), house)
    verdicts = try await house.verdicts(ControlIAM05())
    #expect(verdicts["9.4.a"] == .nonCompliant)
    #expect(verdicts["9.4.c"] == .compliant)
    try await file(register(rights: today, technical: today), house)
    #expect(try await house.verdicts(ControlIAM05())["9.4.a"] == .compliant)
    // One that is announced was not held.
    try await file(register(rights: today.adding(days: 30), technical: today), house)
    #expect(try await house.verdicts(ControlIAM05())["9.4.a"] == .nonCompliant)
  }

  @Test func `the inventory of administrators is read at the moment, groups included, and one who is nobody is a gap`() async throws {
    let house = try await ObservedHouse()
    #expect(try await house.verdicts(ControlIAM05())["9.3.c"] == .notAssessed)
    let tenant = try await house.makeTenant("provider", id: house.platform.site.tenant)
    let (ann, bob) = (try await house.makeUser("ann", in: tenant), try await house.makeUser("bob", in: tenant))
    let group = try await house.makeGroup("administrators", in: tenant, members: [bob.id])
    try await house.assign(BuiltInRole.owner, to: ann.id, in: tenant)
    try await house.assign(BuiltInRole.userAccessAdministrator, to: group.id, in: tenant, type: .group)
    try await house.assign(BuiltInRole.reader, to: house.random.guid(), in: tenant)
    let finding = try #require(try await house.findings(ControlIAM05()).first { $0.items == ["9.3.c"] })
    #expect(finding.verdict == .compliant)
    #expect(finding.figures.first { $0.name.french == "utilisateurs administrateurs" }?.value == 2)
    let ghost = try await house.assign(DirectoryRole.globalAdministrator, to: house.random.guid(), at: AccessScope.directory, in: tenant)
    #expect(try await house.verdicts(ControlIAM05())["9.3.c"] == .nonCompliant)
    try await house.unassign(ghost)
    #expect(try await house.verdicts(ControlIAM05())["9.3.c"] == .compliant)
  }

  @Test func `accounts of the system that reach the control socket are administrators`() async throws {
    let house = try await ObservedHouse()
    house.host.attributes[house.platform.site.controlSocket] = FileAttributes(
      mode: 0o600, owner: 1001, bytes: 0, isFolder: false, isLink: false, modified: 0, device: 1)
    house.host.files["/etc/passwd"] = Array(
      "root:x:0:0::/root:/bin/sh\ncloud:x:1001:1001::/:/bin/sh\nann:x:1002:1002::/:/bin/sh\nweb:x:33:33::/:/\n".utf8)
    house.host.files["/etc/group"] = Array("sudo:x:27:ann\nweb:x:33:web\n".utf8)
    let finding = try #require(try await house.findings(ControlIAM05()).first { $0.items == ["9.3.c"] })
    #expect(finding.verdict == .compliant)
    #expect(finding.figures.first { $0.name.french == "comptes du système" }?.value == 3)
  }

  @Test func `the example of the register is one, and a bad one is refused`() throws {
    #expect(try RightsReviewsRegister(reading: Declaration(RightsReviewsRegister.example, file: "example")).campaigns.count == 2)
    let bad = RightsReviewsRegister.example.replacing("retires: 3", with: "retires: 43")
    let error = try #require(throws: DeclarationError.self) { try RightsReviewsRegister(reading: Declaration(bad, file: "revues.yaml")) }
    #expect(error.french.contains("de 0 à 42"))
  }
}
