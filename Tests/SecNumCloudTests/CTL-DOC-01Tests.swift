import Base
import Catalogue
import Declarations
import FoundationEssentials
import SecNumCloud
import Simulation
import Testing

struct ControlDOC01Tests {
  private static let slots = [
    "approbation-pssi", "pssi", "analyse-risques", "organisation-securite", "controle-acces", "engagements-confidentialite", "pca",
  ]

  private func verdict(_ item: ItemID, _ house: ObservedHouse) async throws -> Verdict? { try await house.verdicts(ControlDOC01())[item] }

  /// A house with all pieces of the control, all in order, and the audits' register of major changes.
  private func house() async throws -> ObservedHouse {
    let house = try await ObservedHouse()
    house.move(to: ObservedHouse.today)
    for slot in Self.slots { try await house.file(slot, "contenu de \(slot)", nextReview: ObservedHouse.today.adding(days: 200)) }
    try await house.set(AuditRegister.self, AuditRegister.example)
    return house
  }

  @Test func `without pieces nothing is assessed, item by item`() async throws {
    let verdicts = try await ObservedHouse().verdicts(ControlDOC01())
    #expect(verdicts.count == 7)
    #expect(verdicts.values.allSatisfy { $0 == .notAssessed })
  }

  @Test func `a document whose review is late is a gap`() async throws {
    let house = try await house()
    #expect(Set(try await house.verdicts(ControlDOC01()).values) == [.compliant])
    try await house.file("pca", nextReview: ObservedHouse.today.adding(days: -1))
    #expect(try await verdict("17.1.b", house) == .nonCompliant)
    try await house.file("pca", nextReview: ObservedHouse.today)
    #expect(try await verdict("17.1.b", house) == .compliant)
  }

  @Test func `a document whose bytes changed on disk is a gap, by its name`() async throws {
    let house = try await ObservedHouse()
    house.move(to: ObservedHouse.today)
    for slot in Self.slots { try await house.file(slot, "contenu de \(slot)") }
    let folder = house.directory("segments")
    let segments = try FileManager.default.subpathsOfDirectory(atPath: folder).map { URL(filePath: "\(folder)/\($0)") }.filter {
      !$0.hasDirectoryPath
    }
    let sound = try segments.map { try Data(contentsOf: $0) }
    #expect(sound.contains { !$0.isEmpty })
    #expect(try await verdict("5.2.d", house) == .compliant)
    for (segment, bytes) in zip(segments, sound) { try Data(bytes.map { $0 ^ 0x20 }).write(to: segment) }
    let findings = try await house.findings(ControlDOC01())
    #expect(findings.allSatisfy { $0.verdict == .nonCompliant })
    #expect(reasons(findings).contains { $0.contains("pca.pdf") && $0.contains("n'est plus lisible telle qu'elle a été déposée") })
    for (segment, bytes) in zip(segments, sound) { try bytes.write(to: segment) }
    #expect(try await verdict("5.2.d", house) == .compliant)
  }

  @Test func `the referential's year binds, whatever review a piece was filed with`() async throws {
    let house = try await house()
    try await house.file("pssi", approved: ObservedHouse.today.adding(months: -12), nextReview: ObservedHouse.today.adding(months: 24))
    #expect(try await verdict("5.2.e", house) == .nonCompliant)
    #expect(try await verdict("5.2.d", house) == .compliant)
  }

  @Test func `an approval of tomorrow approves nothing today`() async throws {
    let house = try await house()
    try await house.file("approbation-pssi", approved: ObservedHouse.today.adding(days: 1))
    #expect(try await verdict("5.2.d", house) == .nonCompliant)
    house.move(to: ObservedHouse.today.adding(days: 1))
    #expect(try await verdict("5.2.d", house) == .compliant)
  }

  @Test func `what was not reviewed after a major change is a gap once its time is over`() async throws {
    let house = try await house()
    // The change is of August 1st, its review due on October 31st.
    try await house.file("organisation-securite", approved: ObservedHouse.day("2026-07-31"))
    #expect(try await verdict("6.1.d", house) == .nonCompliant)
    house.move(to: ObservedHouse.day("2026-10-31"))
    try await house.file("organisation-securite", approved: ObservedHouse.day("2026-07-31"))
    #expect(try await verdict("6.1.d", house) == .compliant)
    try await house.file("organisation-securite", approved: ObservedHouse.day("2026-08-01"))
    house.move(to: ObservedHouse.today)
    #expect(try await verdict("6.1.d", house) == .compliant)
  }

  @Test func `where major changes are not declared, what must follow them is not assessed`() async throws {
    let house = try await ObservedHouse()
    house.move(to: ObservedHouse.today)
    for slot in Self.slots { try await house.file(slot) }
    let verdicts = try await house.verdicts(ControlDOC01())
    #expect(verdicts["5.2.d"] == .compliant)
    #expect(verdicts["15.5.a"] == .compliant)
    #expect(["5.2.e", "5.3.h", "6.1.d", "9.1.b", "17.1.b"].allSatisfy { verdicts[$0] == .notAssessed })
  }
}
