import Base
import Catalogue
import Declarations
import SecNumCloud
import Testing

/// A service is ready for a milestone; ANSSI alone passes it.
struct MilestonesTests {
  private static let slots: PieceSlots? = try? SecNumCloudData.pieceSlots(SecNumCloudData.requirements())

  private let house: ObservedHouse
  private let slots: PieceSlots

  init() async throws {
    house = try await ObservedHouse()
    house.move(to: ObservedHouse.today)
    slots = try #require(Self.slots)
  }

  /// Files what the provider, the centre and the auditor owe for some phases.
  private func fileOwed(_ phases: PieceSlots.Phase...) async throws {
    for slot in slots.slots where phases.contains(slot.phase) && slot.isRequired && slot.source != .anssi {
      try await house.file(slot.id, slot.title)
    }
  }

  private func ruling(_ phase: PieceSlots.Phase) throws -> String {
    try #require(slots.slots.first { $0.phase == phase && $0.source == .anssi }).id
  }

  private func fileRuling(_ phases: PieceSlots.Phase...) async throws {
    for phase in phases { try await house.file(ruling(phase)) }
  }

  /// The example's decision with the digest of what `fileRuling` files for J3.
  private func decision() async throws -> DecisionRegister {
    let piece = try await house.file(ruling(.J3), "décision")
    let text = DecisionRegister.example.replacing(String(repeating: "0", count: 64), with: piece.content.sha256)
    return try DecisionRegister(reading: Declaration(text, file: "decision.yaml"))
  }

  private func milestones(
    _ decision: DecisionRegister? = nil, gaps: Int = 0, on day: CalendarDate = ObservedHouse.today
  ) async throws -> Milestones {
    Milestones(slots: slots, pieces: try await house.documents.pieces(), decision: decision, openMajorGaps: gaps, on: day)
  }

  @Test func `each milestone is passed by one document of ANSSI's, and no other phase has one`() {
    for phase in PieceSlots.Phase.allCases {
      #expect(slots.slots.count { $0.phase == phase && $0.source == .anssi } == (phase.isMilestone ? 1 : 0), "\(phase.rawValue)")
    }
  }

  @Test func `with nothing filed, nothing is reached and everything lacks`() async throws {
    let milestones = try await milestones()
    #expect(milestones.reached == nil)
    #expect(milestones.readyFor == nil)
    #expect(milestones.summary.french == "en préparation.")
    #expect(milestones.stage(.preparation)?.missing.count == slots.slots.count { $0.phase == .preparation && $0.isRequired })
  }

  @Test func `with every piece that is owed filed, a service is ready for J0, not at it`() async throws {
    try await fileOwed(.preparation)
    #expect(try await milestones().readyFor == nil)
    try await fileOwed(.J0)
    let ready = try await milestones()
    #expect(ready.readyFor == .J0)
    #expect(ready.reached == nil)
    #expect(ready.summary.french == "prêt pour J0.")
    #expect(ready.summary.english == "ready for J0.")
    try await fileRuling(.J0)
    let reached = try await milestones()
    #expect(reached.reached == .J0)
    #expect(reached.readyFor == nil)
    #expect(reached.summary.french == "J0 atteint.")
    #expect(reached.stage(.J0)?.reached?.slot == "accuse-j0")
  }

  @Test func `a later document of ANSSI's passes nothing while an earlier one is not filed`() async throws {
    try await fileOwed(.preparation, .J0, .J1)
    try await fileRuling(.J1)
    let early = try await milestones()
    #expect(early.reached == nil)
    #expect(early.readyFor == .J0)
    #expect(early.alarms.contains { $0.french.contains("J1 n'est pas atteint") })
    try await fileRuling(.J0)
    #expect(try await milestones().reached == .J1)
  }

  @Test func `J1 waits for the auditor's initial report as well`() async throws {
    try await fileRuling(.J0, .J1)
    #expect(try await milestones().reached == .J0)
    try await house.file("rapport-passi-initial")
    #expect(try await milestones().reached == .J1)
  }

  @Test func `an open major gap holds J2 back`() async throws {
    try await fileOwed(.preparation, .J0, .J1, .J2)
    try await fileRuling(.J0, .J1)
    #expect(try await milestones(gaps: 1).readyFor == nil)
    #expect(try await milestones().readyFor == .J2)
    try await fileRuling(.J2)
    let held = try await milestones(gaps: 2)
    #expect(held.reached == .J1)
    #expect(held.stage(.J2)?.blocked.map(\.french) == ["écarts majeurs ouverts : 2."])
    #expect(try await milestones().reached == .J2)
  }

  @Test func `a decision counts only with its own document filed, and tells number, dates and conditions`() async throws {
    try await fileOwed(.preparation, .J0, .J1, .J2)
    try await fileRuling(.J0, .J1, .J2)
    let other = try DecisionRegister(reading: Declaration(DecisionRegister.example, file: "decision.yaml"))
    let declared = try await milestones(other)
    #expect(declared.reached == .J2)
    #expect(declared.readyFor == .J3)
    #expect(declared.decision == nil)
    #expect(declared.alarms.contains { $0.french.contains("ne compte pas") })
    #expect(declared.summary.french == "J2 atteint ; prêt pour J3.")

    let decision = try await decision()
    #expect(try await milestones(nil).reached == .J2)
    #expect(try await milestones(other).decision == nil)
    let decided = try await milestones(decision)
    #expect(decided.reached == .J3)
    #expect(decided.decision?.number == "0000")
    #expect(decided.decision?.conditions.count == 1)
    #expect(decided.summary.french.contains("décision 0000"))
    // A major gap of later does not take a decision back.
    #expect(try await milestones(decision, gaps: 3).reached == .J3)
  }

  @Test(arguments: [
    ("2028-04-30", nil), ("2028-05-01", "18 mois"), ("2028-10-31", "18 mois"), ("2028-11-01", "12 mois"), ("2029-04-30", "12 mois"),
    ("2029-05-01", "6 mois"), ("2029-11-01", "6 mois"),
  ])
  func `the renewal of a decision is called to mind at 18, 12 and 6 months`(_ day: String, _ words: String?) async throws {
    try await fileRuling(.J0, .J1, .J2)
    try await house.file("rapport-passi-initial")
    let decision = try await decision()
    let milestones = try await milestones(decision, on: ObservedHouse.day(day))
    #expect(milestones.reached == .J3)
    let renewals = milestones.alarms.filter { $0.french.contains("renouvellement") }
    #expect(renewals.count == (words == nil ? 0 : 1))
    if let words { #expect(renewals.first?.french.contains("moins de \(words)") == true) }
  }

  @Test func `an expired decision holds no longer, and what led to it leads nowhere`() async throws {
    try await fileOwed(.preparation, .J0, .J1, .J2)
    try await fileRuling(.J0, .J1, .J2)
    let decision = try await decision()
    let last = try await milestones(decision, on: ObservedHouse.day("2029-11-01"))
    #expect(last.reached == .J3)
    // The documents that led to it are of before it.
    for phase: PieceSlots.Phase in [.J0, .J1, .J2] { try await house.file(ruling(phase), approved: ObservedHouse.day("2026-10-01")) }
    let expired = try await milestones(decision, on: ObservedHouse.day("2029-11-02"))
    #expect(expired.decision == nil)
    #expect(expired.reached == nil)
    #expect(expired.summary.french.contains("a expiré le 2029-11-01"))
    #expect(expired.alarms.contains { $0.french.contains("a expiré le 2029-11-01") })
    try await house.file(ruling(.J0), approved: ObservedHouse.day("2029-10-01"))
    #expect(try await milestones(decision, on: ObservedHouse.day("2029-11-02")).reached == .J0)
  }

  @Test func `a piece whose review is late, or whose approval is to come, holds a milestone back`() async throws {
    try await fileOwed(.preparation, .J0)
    try await house.file("pssi", nextReview: ObservedHouse.today.adding(days: -1))
    let late = try await milestones()
    #expect(late.readyFor == nil)
    #expect(late.stage(.preparation)?.overdue.map(\.slot) == ["pssi"])
    #expect(late.alarms.map(\.french) == ["« pssi » devait être revue le 2026-11-19."])
    try await house.file("pssi", nextReview: ObservedHouse.today.adding(days: 30))
    let soon = try await milestones()
    #expect(soon.readyFor == .J0)
    #expect(soon.alarms.map(\.french) == ["« pssi » est à revoir avant le 2026-12-20."])
    try await house.file("pssi", approved: ObservedHouse.today.adding(days: 1))
    #expect(try await milestones().readyFor == nil)
    try await house.file("pssi", approved: ObservedHouse.today)
    #expect(try await milestones().readyFor == .J0)
    #expect(try await milestones().alarms.isEmpty)
  }

  @Test func `nothing that it says claims a certification`() async throws {
    try await fileOwed(.preparation, .J0, .J1, .J2, .J3)
    try await fileRuling(.J0, .J1, .J2)
    let decision = try await decision()
    for milestones in [try await milestones(), try await milestones(decision)] {
      for text in milestones.alarms + [milestones.summary] + milestones.stages.flatMap(\.blocked) {
        #expect(!text.french.lowercased().contains("certifi"))
        #expect(!text.english.lowercased().contains("certif"))
      }
    }
  }
}
