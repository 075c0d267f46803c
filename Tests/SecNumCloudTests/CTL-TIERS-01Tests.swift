import Base
import Catalogue
import Identity
import Records
import SecNumCloud
import Simulation
import Testing

struct ControlTIERS01Tests {
  private func verdict(_ item: ItemID, _ house: ObservedHouse) async throws -> Verdict? { try await house.verdicts(ControlTIERS01())[item] }

  private func house() async throws -> ObservedHouse {
    let house = try await ObservedHouse()
    house.move(to: ObservedHouse.today)
    try await house.set(ThirdPartyRegister.self, ThirdPartyRegister.example)
    return house
  }

  private func claimed(_ accounts: [GUID]) -> String {
    let list = accounts.map(\.description).joined(separator: ", ")
    return ThirdPartyRegister.example.replacing(
      "acces: [donnees-techniques]\n    comptes: []", with: "acces: [donnees-techniques]\n    comptes: [\(list)]")
  }

  @Test func `without its register nothing is assessed`() async throws {
    #expect(try await ObservedHouse().verdicts(ControlTIERS01()).values.allSatisfy { $0 == .notAssessed })
  }

  @Test func `a guest's account that no third party claims is a gap`() async throws {
    let house = try await house()
    #expect(try await verdict("15.1.a", house) == .compliant)
    let own = try await house.makeTenant("exploitant", id: house.platform.site.tenant)
    let other = try await house.makeTenant("editeur")
    let stranger = try await house.makeUser("technicien", in: other)
    _ = try await house.makeUser("agent", in: own)
    #expect(try await verdict("15.1.a", house) == .compliant)
    let (identity, now) = (house.identity, house.clock.now())
    let guest = try await house.records.write {
      try identity.createUser(
        User(
          id: .zero, tenant: own.id, userPrincipalName: "technicien_editeur@\(own.domains[0])", displayName: "technicien", mailNickname: "technicien",
          home: .init(tenant: other.id, user: stranger.id), created: now), in: $0)
    }
    let finding = try #require(try await house.findings(ControlTIERS01()).first { $0.items == ["15.1.a"] })
    #expect(finding.verdict == .nonCompliant)
    #expect(finding.reason?.french.contains(guest.id.description) == true)
    try await house.set(ThirdPartyRegister.self, claimed([guest.id]))
    #expect(try await verdict("15.1.a", house) == .compliant)
    // A claim on an account that is not there is a gap too.
    try await house.set(ThirdPartyRegister.self, claimed([guest.id, house.random.guid()]))
    #expect(try await verdict("15.1.a", house) == .nonCompliant)
  }

  @Test func `a list that nobody has confirmed for three months is a gap`() async throws {
    let house = try await house()
    house.move(to: ObservedHouse.day("2027-02-01"))
    #expect(try await verdict("15.1.a", house) == .compliant)
    house.move(to: ObservedHouse.day("2027-02-02"))
    #expect(try await verdict("15.1.a", house) == .nonCompliant)
    try await house.set(ThirdPartyRegister.self, ThirdPartyRegister.example.replacing("situation_au: 2026-11-01", with: "situation_au: 2027-02-02"))
    #expect(try await verdict("15.1.a", house) == .compliant)
  }

  @Test func `who reaches data before clients could object is a gap`() async throws {
    let house = try await house()
    #expect(try await verdict("15.1.b", house) == .compliant)
    try await house.set(ThirdPartyRegister.self, ThirdPartyRegister.example.replacing("depuis: 2026-03-01", with: "depuis: 2026-02-20"))
    #expect(try await verdict("15.1.b", house) == .nonCompliant)
    try await house.set(
      ThirdPartyRegister.self,
      ThirdPartyRegister.example.replacing("    avis: 2026-01-20\n    objection_jusqu_au: 2026-02-20\n", with: ""))
    #expect(try await verdict("15.1.b", house) == .nonCompliant)
    try await house.set(ThirdPartyRegister.self, ThirdPartyRegister.example)
    #expect(try await verdict("15.1.b", house) == .compliant)
  }

  @Test func `a degradation that clients heard of late, or that lasts, is a gap`() async throws {
    let house = try await house()
    #expect(try await verdict("15.4.b", house) == .compliant)
    for (from, to) in [("avis: 2026-08-03", "avis: 2026-08-07"), ("    avis: 2026-08-03\n", ""), ("    retabli: 2026-08-20\n", "")] {
      let text = ThirdPartyRegister.example
      #expect(text.contains(from) || (text + "\n").contains(from))
      try await house.set(ThirdPartyRegister.self, (text + "\n").replacing(from, with: to))
      #expect(try await verdict("15.4.b", house) == .nonCompliant, "\(from)")
    }
    let none = ThirdPartyRegister.example.prefix(upTo: try #require(ThirdPartyRegister.example.firstRange(of: "degradations:")).lowerBound)
    try await house.set(ThirdPartyRegister.self, none + "degradations: []")
    #expect(try await verdict("15.4.b", house) == .notAssessed)
  }
}
