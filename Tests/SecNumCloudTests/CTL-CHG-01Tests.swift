import Base
import Catalogue
import Records
import SecNumCloud
import Testing

struct ControlCHG01Tests {
  /// The clock of tests stands at 2027-01-15.
  private static func register(
    version: String = "0.0.0", approver: String = "RSSI", approved: String = "2027-01-02", impact: String = "interruption",
    notice: String = "2027-01-03"
  ) -> String {
    """
    preavis_jours: 5
    changements:
      - id: chg-1
        titre: "Mise en service"
        demandeur: "Exploitation"
        approbateur: "\(approver)"
        approuve: \(approved)
        debut: 2027-01-10T20:00:00Z
        fin: 2027-01-10T22:00:00Z
        impact: \(impact)
        effets: "L'API s'arrête une minute."
        contact: "exploitation@exemple.fr"
        avis: \(notice)
        versions: ["\(version)"]
    """
  }

  private func house() async throws -> ObservedHouse {
    let house = try await ObservedHouse()
    house.host.files["/proc/1/exe"] = Array("the platform".utf8)
    try await PlatformStart.note(house.platform)
    return house
  }

  private func verdicts(_ house: ObservedHouse, _ register: String) async throws -> [ItemID: Verdict] {
    try await house.file(ChangeRegister.self, register)
    return try await house.verdicts(ControlCHG01())
  }

  @Test func `a version that ran without an approved change is a gap until there is one`() async throws {
    let house = try await house()
    #expect(Set(try await house.verdicts(ControlCHG01()).values) == [.notAssessed])
    #expect(try await verdicts(house, Self.register(version: "0.0.1"))["14.2.a"] == .nonCompliant)
    #expect(try await verdicts(house, Self.register())["14.2.a"] == .compliant)
    #expect(try await verdicts(house, Self.register(approved: "2027-01-16"))["14.2.a"] == .nonCompliant)
  }

  @Test func `a start of another executable under an approved version is one more that ran`() async throws {
    let house = try await house()
    house.host.files["/proc/1/exe"] = Array("another".utf8)
    try await PlatformStart.note(house.platform)
    try await PlatformStart.note(house.platform)
    let starts = try await house.records.read { try PlatformStart.all(in: $0) }
    #expect(starts.map(\.count).sorted() == [1, 2])
  }

  @Test func `an impact that tenants were not told of in time is a gap`() async throws {
    let house = try await house()
    let fine = try await verdicts(house, Self.register())
    #expect(fine["12.2.a"] == .compliant && fine["12.2.b"] == .compliant)
    #expect(fine["12.2.c"] == .notApplicable && fine["12.2.d"] == .notApplicable)
    #expect(try await verdicts(house, Self.register(notice: "2027-01-08"))["12.2.b"] == .nonCompliant)
    #expect(try await verdicts(house, Self.register(notice: "null"))["12.2.b"] == .nonCompliant)
    let loss = try await verdicts(house, Self.register(impact: "perte de fonction", notice: "null"))
    #expect(loss["12.2.b"] == .nonCompliant && loss["12.2.d"] == .nonCompliant && loss["12.2.c"] == .notApplicable)
    let silent = try await verdicts(house, Self.register(impact: "aucun"))
    #expect(silent["12.2.b"] == .notApplicable)
  }

  @Test func `a change that is approved by who asked for it, or after it began, is a gap`() async throws {
    let house = try await house()
    #expect(try await verdicts(house, Self.register(approver: "Exploitation"))["12.2.a"] == .nonCompliant)
    #expect(try await verdicts(house, Self.register(approved: "2027-01-11"))["12.2.a"] == .nonCompliant)
    #expect(try await verdicts(house, Self.register())["12.2.a"] == .compliant)
    #expect(try await verdicts(house, "preavis_jours: 5\nchangements: []")["12.2.a"] == .notAssessed)
  }

  @Test func `the example of the register is one`() async throws {
    let house = try await ObservedHouse()
    try await house.file(ChangeRegister.self, ChangeRegister.example)
    #expect(try await house.documents.register(ChangeRegister.self)?.value.changes.count == 1)
  }
}
