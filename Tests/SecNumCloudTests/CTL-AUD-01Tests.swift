import Catalogue
import SecNumCloud
import Testing

struct ControlAUD01Tests {
  private func verdict(_ item: ItemID, _ house: ObservedHouse) async throws -> Verdict? { try await house.verdicts(ControlAUD01())[item] }

  private func house() async throws -> (house: ObservedHouse, text: String) {
    let house = try await ObservedHouse()
    house.move(to: ObservedHouse.today)
    var text = AuditRegister.example
    try await house.file("rapport-passi-initial", insteadOf: "0", in: &text)
    try await house.file("rapport-audit-annuel", insteadOf: "1", in: &text)
    try await house.file("revue-changement-majeur", insteadOf: "2", in: &text)
    try await house.set(AuditRegister.self, text)
    return (house, text)
  }

  @Test func `without its register nothing is assessed`() async throws {
    #expect(try await ObservedHouse().verdicts(ControlAUD01()).values.allSatisfy { $0 == .notAssessed })
  }

  @Test func `an audit older than a year, or whose report is not filed, is a gap`() async throws {
    let (house, text) = try await house()
    #expect(try await house.verdicts(ControlAUD01()) == ["18.2.1.a": .compliant, "18.2.2.a": .compliant, "18.2.3.a": .compliant])
    try await house.set(AuditRegister.self, AuditRegister.example)
    #expect(Set(try await house.verdicts(ControlAUD01()).values) == [.nonCompliant])
    try await house.set(AuditRegister.self, text)
    #expect(Set(try await house.verdicts(ControlAUD01()).values) == [.compliant])
    house.move(to: ObservedHouse.day("2027-06-12"))
    #expect(try await verdict("18.2.1.a", house) == .compliant)
    house.move(to: ObservedHouse.day("2027-06-13"))
    #expect(try await verdict("18.2.1.a", house) == .nonCompliant)
    // The audit of the next year mends it.
    try await house.set(AuditRegister.self, text.replacing("date: 2026-06-12", with: "date: 2027-06-10"))
    #expect(try await verdict("18.2.1.a", house) == .compliant)
  }

  @Test func `a programme that leaves out what it must see, or has run out, is a gap`() async throws {
    let (house, text) = try await house()
    try await house.set(AuditRegister.self, text.replacing(", code-source", with: ""))
    #expect(try await verdict("18.2.1.a", house) == .nonCompliant)
    try await house.set(AuditRegister.self, text.replacing("modeles: [IaaS]", with: "modeles: [SaaS]"))
    #expect(try await verdict("18.2.1.a", house) == .nonCompliant)
    #expect(try await verdict("18.2.2.a", house) == .nonCompliant)
    #expect(try await verdict("18.2.3.a", house) == .nonCompliant)
    try await house.set(
      AuditRegister.self,
      text.replacing("au: 2028-05-31", with: "au: 2026-11-19").replacing(
        "    - date: 2027-06-01\n      volets: [configuration, intrusion-administration, code-source]\n", with: ""))
    #expect(try await verdict("18.2.1.a", house) == .nonCompliant)
    try await house.set(AuditRegister.self, text)
    #expect(try await verdict("18.2.1.a", house) == .compliant)
  }

  @Test func `in its first year a programme owes no audit yet`() async throws {
    let (house, text) = try await house()
    let young = text.replacing("    genre: annuel\n", with: "    genre: initial\n").replacing("du: 2025-06-01", with: "du: 2025-11-21")
    try await house.set(AuditRegister.self, young)
    #expect(try await verdict("18.2.1.a", house) == .notAssessed)
    try await house.set(AuditRegister.self, young.replacing("du: 2025-11-21", with: "du: 2025-11-19"))
    #expect(try await verdict("18.2.1.a", house) == .nonCompliant)
  }

  @Test func `without an initial review there is a gap`() async throws {
    let (house, text) = try await house()
    try await house.set(AuditRegister.self, text.replacing("genre: initial", with: "genre: annuel"))
    #expect(try await verdict("18.2.2.a", house) == .nonCompliant)
    try await house.set(AuditRegister.self, text)
    #expect(try await verdict("18.2.2.a", house) == .compliant)
  }

  @Test func `a major change whose review is late is a gap`() async throws {
    let (house, text) = try await house()
    let review = try #require(text.firstRange(of: "  - id: revue-deuxieme-site"))
    let changes = try #require(text.firstRange(of: "# Changements majeurs"))
    let unreviewed = String(text[..<review.lowerBound]) + String(text[changes.lowerBound...])
    try await house.set(AuditRegister.self, unreviewed)
    #expect(try await verdict("18.2.3.a", house) == .nonCompliant)
    let recent = unreviewed.replacing("date: 2026-08-01", with: "date: 2026-11-01").replacing(
      "revue_au_plus_tard: 2026-10-31", with: "revue_au_plus_tard: 2027-01-31")
    try await house.set(AuditRegister.self, recent)
    #expect(try await verdict("18.2.3.a", house) == .notAssessed)
    try await house.set(AuditRegister.self, text.replacing("volets: [architecture, organisation-physique, ", with: "volets: ["))
    #expect(try await verdict("18.2.3.a", house) == .nonCompliant)
    try await house.set(AuditRegister.self, text)
    #expect(try await verdict("18.2.3.a", house) == .compliant)
  }
}
