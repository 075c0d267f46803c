import Base
import Catalogue
import SecNumCloud
import Testing

struct ControlINC01Tests {
  private func verdict(_ item: ItemID, _ house: ObservedHouse) async throws -> Verdict? { try await house.verdicts(ControlINC01())[item] }

  private func house() async throws -> (house: ObservedHouse, text: String) {
    let house = try await ObservedHouse()
    house.move(to: ObservedHouse.today)
    var text = IncidentRegister.example
    try await house.file("dossiers-incidents", insteadOf: "0", in: &text)
    try await house.file("procedure-incidents")
    try await house.set(IncidentRegister.self, text)
    return (house, text)
  }

  /// Weakens the register, sees the gap, mends it.
  private func expectGap(_ item: ItemID, _ from: String, _ to: String) async throws {
    let (house, text) = try await house()
    #expect(text.contains(from), "\(from)")
    #expect(try await verdict(item, house) == .compliant)
    try await house.set(IncidentRegister.self, text.replacing(from, with: to))
    #expect(try await verdict(item, house) == .nonCompliant)
    try await house.set(IncidentRegister.self, text)
    #expect(try await verdict(item, house) == .compliant)
  }

  @Test func `without its register nothing is assessed`() async throws {
    let verdicts = try await ObservedHouse().verdicts(ControlINC01())
    #expect(verdicts.count == 7)
    #expect(verdicts.values.allSatisfy { $0 == .notAssessed })
  }

  @Test func `an incident above a client's threshold without its notice is a gap`() async throws {
    try await expectGap(
      "16.2.c", "notifications:\n      - client: 11111111-2222-4333-8444-555555555555\n        le: 2026-10-05T09:30:00Z", "notifications: []")
  }

  @Test func `a notice that came late is a gap`() async throws {
    try await expectGap("16.2.c", "le: 2026-10-05T09:30:00Z", "le: 2026-10-05T12:40:01Z")
  }

  @Test func `an incident below the threshold that a client chose owes no notice`() async throws {
    let (house, text) = try await house()
    let quiet = text.replacing("gravite: majeur", with: "gravite: mineur").replacing(
      "notifications:\n      - client: 11111111-2222-4333-8444-555555555555\n        le: 2026-10-05T09:30:00Z", with: "notifications: []")
    try await house.set(IncidentRegister.self, quiet)
    #expect(try await verdict("16.2.c", house) == .nonCompliant)
    try await house.set(IncidentRegister.self, quiet.replacing("niveau: mineur", with: "niveau: significatif"))
    #expect(try await verdict("16.2.c", house) == .notAssessed)
  }

  @Test func `a procedure that is not filed or not reviewed for a year does not stand`() async throws {
    let (house, text) = try await house()
    #expect(try await verdict("16.1.a", house) == .compliant)
    try await house.set(IncidentRegister.self, text.replacing("revue: 2026-09-15", with: "revue: 2025-11-19"))
    #expect(try await verdict("16.1.a", house) == .nonCompliant)
    try await house.set(IncidentRegister.self, text.replacing("moyens: [\"courriel chiffré\", \"téléphone d'astreinte\"]", with: "moyens: []"))
    #expect(try await verdict("16.1.a", house) == .nonCompliant)
    let bare = try await ObservedHouse()
    bare.move(to: ObservedHouse.today)
    try await bare.set(IncidentRegister.self, IncidentRegister.example)
    #expect(try await verdict("16.1.a", bare) == .notAssessed)
  }

  @Test func `a channel that nobody has tried for three months is a gap`() async throws {
    try await expectGap("16.2.b", "essaye: 2026-10-20", "essaye: 2026-08-19")
  }

  @Test func `an incident that is not classified within a day is a gap`() async throws {
    try await expectGap("16.3.a", "    qualifie: 2026-10-05T08:40:00Z\n    gravite: majeur\n", "")
  }

  @Test func `an incident on clients' data that names no client is a gap`() async throws {
    try await expectGap(
      "16.3.b",
      """
          clients: [11111111-2222-4333-8444-555555555555]
          notifications:
            - client: 11111111-2222-4333-8444-555555555555
              le: 2026-10-05T09:30:00Z
      """,
      """
          clients: []
          notifications: []
      """)
  }

  @Test func `an open incident that nobody has touched for a week is a gap`() async throws {
    let (house, text) = try await house()
    let archive = try #require(text.firstRange(of: "    resolu: "))
    let open = String(text[..<archive.lowerBound])
    try await house.set(IncidentRegister.self, open)
    #expect(try await verdict("16.4.a", house) == .nonCompliant)
    try await house.set(IncidentRegister.self, open.replacing("dernier_suivi: 2026-10-05T11:00:00Z", with: "dernier_suivi: 2026-11-19T11:00:00Z"))
    #expect(try await verdict("16.4.a", house) == .compliant)
    #expect(try await verdict("16.4.b", house) == .notAssessed)
  }

  @Test func `a resolved incident whose file is not among the pieces is a gap`() async throws {
    let (house, text) = try await house()
    #expect(try await verdict("16.4.b", house) == .compliant)
    try await house.set(IncidentRegister.self, IncidentRegister.example)
    #expect(try await verdict("16.4.b", house) == .nonCompliant)
    let archive = try #require(text.firstRange(of: "    archive: "))
    try await house.set(IncidentRegister.self, String(text[..<archive.lowerBound]))
    #expect(try await verdict("16.4.b", house) == .nonCompliant)
    try await house.set(IncidentRegister.self, text)
    #expect(try await verdict("16.4.b", house) == .compliant)
  }
}
