import Catalogue
import SecNumCloud
import Simulation
import Testing

struct ControlPHYS01Tests {
  private func verdict(_ item: ItemID, _ house: ObservedHouse) async throws -> Verdict? { try await house.verdicts(ControlPHYS01())[item] }

  private func house() async throws -> (house: ObservedHouse, text: String) {
    let house = try await ObservedHouse()
    house.move(to: ObservedHouse.today)
    var text = PhysicalAccessRegister.example
    try await house.file("revue-acces-physiques", insteadOf: "1", in: &text)
    try await house.set(PhysicalAccessRegister.self, text)
    return (house, text)
  }

  private func expectGap(_ items: [ItemID], _ from: String, _ to: String) async throws {
    let (house, text) = try await house()
    #expect(text.contains(from), "\(from)")
    for item in items { #expect(try await verdict(item, house) == .compliant, "\(item)") }
    try await house.set(PhysicalAccessRegister.self, text.replacing(from, with: to))
    for item in items { #expect(try await verdict(item, house) == .nonCompliant, "\(item)") }
    try await house.set(PhysicalAccessRegister.self, text)
    for item in items { #expect(try await verdict(item, house) == .compliant, "\(item)") }
  }

  @Test func `without its register nothing is assessed, item by item`() async throws {
    let verdicts = try await ObservedHouse().verdicts(ControlPHYS01())
    #expect(verdicts.count == 8)
    #expect(verdicts.values.allSatisfy { $0 == .notAssessed })
  }

  @Test func `a visitor without a companion is a gap, and so is a log that stopped`() async throws {
    try await expectGap(["11.2.1.f"], "    accompagnant: \"badge 0042\"\n", "")
    try await expectGap(["11.2.2.f"], "    sortie: 2026-11-18T14:40:00Z\n    accompagnant: \"badge 0017\"\n", "")
    let (house, text) = try await house()
    house.clock.advance(by: .seconds(17 * 3600 - 60))
    #expect(try await verdict("11.2.2.i", house) == .compliant)
    house.clock.advance(by: .seconds(120))
    #expect(try await verdict("11.2.2.i", house) == .nonCompliant)
    let next = """
      imports:
        - le: 2026-11-21T05:00:00Z
          du: 2026-11-20T00:00:00Z
          au: 2026-11-21T00:00:00Z
          zones: [bureaux, salle-1]
          evenements: 198
          empreinte: 2222222222222222222222222222222222222222222222222222222222222222

      """
    try await house.set(PhysicalAccessRegister.self, text.replacing("imports:\n", with: next))
    #expect(try await verdict("11.2.2.i", house) == .compliant)
    // An hour that no log covers.
    try await house.set(
      PhysicalAccessRegister.self, text.replacing("imports:\n", with: next.replacing("du: 2026-11-20T00", with: "du: 2026-11-20T01")))
    #expect(try await verdict("11.2.2.i", house) == .nonCompliant)
  }

  @Test func `a third party at work without a cleared supervisor is a gap`() async throws {
    try await expectGap(["11.2.2.g"], "    habilitation: \"7.1.b, dossier 12\"\n", "")
    let (house, _) = try await house()
    #expect(try await verdict("11.2.1.g", house) == .notAssessed)
  }

  @Test func `a zone without a tested detection is a gap`() async throws {
    try await expectGap(["11.2.1.h", "11.2.2.h"], "    detection_essayee: 2026-05-04\n", "")
    try await expectGap(["11.2.1.h", "11.2.2.h"], "detection_essayee: 2026-05-04", "detection_essayee: 2025-11-19")
  }

  @Test func `one factor does not open a sensitive zone`() async throws {
    try await expectGap(["11.2.2.a"], "facteurs: 2", "facteurs: 1")
  }

  @Test func `a month without a review, or a review without its minutes, is a gap`() async throws {
    try await expectGap(["11.2.2.i"], "- date: 2026-11-05", "- date: 2026-10-19")
    let (house, text) = try await house()
    try await house.set(PhysicalAccessRegister.self, PhysicalAccessRegister.example)
    #expect(try await verdict("11.2.2.i", house) == .nonCompliant)
    try await house.set(PhysicalAccessRegister.self, text)
    #expect(try await verdict("11.2.2.i", house) == .compliant)
  }
}
