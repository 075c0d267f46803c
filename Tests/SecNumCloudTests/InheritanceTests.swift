import Catalogue
import Declarations
import Records
import SecNumCloud
import Testing

/// What a qualified base bears ends with its decision.
struct InheritanceTests {
  @Test func `an inherited item is compliant while the base's decision holds, and a gap from the day after`() async throws {
    let house = try await ObservedHouse()
    let base = try BaseRegister(reading: Declaration(BaseRegister.example, file: "socle.yaml"))
    let inheritance = base.inheritance(filed: Set(base.bases.map(\.digest)))
    let slots = try SecNumCloudData.pieceSlots(house.platform.requirements)
    func state(_ day: String, _ item: ItemID) async throws -> Compliance.ItemState {
      house.move(to: ObservedHouse.day(day))
      let platform = house.platform
      let compliance = try await house.records.read { try platform.compliance(model: "IaaS", slots: slots, inheritance: inheritance, in: $0) }
      return try #require(compliance.state(of: item))
    }
    #expect(try await state("2025-05-29", "11.10.a").verdict == .notAssessed)
    let held = try await state("2025-05-30", "11.10.a")
    #expect(held.verdict == .compliant)
    #expect(held.basis == .inherited)
    #expect(try await state("2028-05-29", "11.10.a").verdict == .compliant)
    let expired = try await state("2028-05-30", "11.10.a")
    #expect(expired.verdict == .nonCompliant)
    #expect(expired.reason?.french.contains("a expiré le 2028-05-29") == true)
    // What is shared is still the service's own to prove.
    #expect(try await state("2026-11-20", "12.5.d").basis != .inherited)
    #expect(try await state("2026-11-20", "11.1.b").basis == .document)
  }

  @Test func `nothing is inherited from a decision that is not filed`() async throws {
    let house = try await ObservedHouse()
    house.move(to: ObservedHouse.day("2026-11-20"))
    let text = BaseRegister.example
    try await house.documents.set(BaseRegister.self, text: text, file: "socle.yaml", author: "root")
    let before = try #require(try await house.platform.compliance(model: "IaaS").state(of: "11.10.a"))
    #expect(before.verdict == .notAssessed)
    #expect(before.reason?.french.contains("n'est pas déposée") == true)
    let decision = Array("décision 0000".utf8)
    let draft = Piece.Draft(
      slot: "decision-socle", title: "Décision", file: "decision.pdf", owner: "o", approver: "a", approved: ObservedHouse.day("2026-11-01"),
      nextReview: nil)
    _ = try await house.documents.file(decision, as: draft)
    let digest = sha256Hexadecimal(decision)
    let filed = text.replacing(String(repeating: "0", count: 64), with: digest)
    try await house.documents.set(BaseRegister.self, text: filed, file: "socle.yaml", author: "root")
    #expect(try await house.platform.compliance(model: "IaaS").state(of: "11.10.a")?.verdict == .compliant)
  }

  @Test func `a register without a base inherits nothing`() throws {
    #expect(try BaseRegister(reading: Declaration("socles: []", file: "socle.yaml")).inheritance(filed: []).isEmpty)
  }
}
