import Base
import Catalogue
import Ledger
import Records
import SecNumCloud
import Simulation
import Testing

struct ControlEXTRA02Tests {
  private func house() async throws -> ObservedHouse {
    let house = try await ObservedHouse()
    house.move(to: ObservedHouse.today)
    try await house.set(AuthorityRequestRegister.self, AuthorityRequestRegister.example)
    return house
  }

  private func verdict(_ item: ItemID, _ house: ObservedHouse) async throws -> Verdict? { try await house.verdicts(ControlEXTRA02())[item] }

  @Test func `without its registers nothing is assessed`() async throws {
    let verdicts = try await ObservedHouse().verdicts(ControlEXTRA02())
    #expect(verdicts == ["5.3.e": .notAssessed, "19.1.l": .notAssessed, "19.6.c": .notAssessed])
  }

  @Test func `each request is entered in the ledger, and again when something of it changes`() async throws {
    let house = try await house()
    func entries() async throws -> [LedgerEntry] {
      try await house.records.read { try LedgerEntry.waiting(in: $0) }.filter { $0.kind == .authorityRequest }
    }
    let first = try await entries()
    #expect(Set(first.map(\.subject)) == ["register/demandes-autorites/demande-2026-1", "register/demandes-autorites/demande-2026-2"])
    #expect(first.allSatisfy { $0.tenant == .zero && $0.personal.isEmpty && $0.facts["ground"] != nil && $0.facts["country"] != nil })
    #expect(first.first { $0.subject.hasSuffix("-1") }?.facts["handedOver"] == "Journal d'accès d'un compte de stockage, sept jours")
    house.clock.advance(by: .seconds(1))
    try await house.set(AuthorityRequestRegister.self, AuthorityRequestRegister.example)
    #expect(try await entries().count == 2)
    house.clock.advance(by: .seconds(1))
    let example = AuthorityRequestRegister.example.replacing("    avis: 2026-02-21\n", with: "")
    try await house.set(AuthorityRequestRegister.self, example)
    let changed = try #require(try await entries().last)
    #expect(try await entries().count == 3)
    #expect(changed.subject.hasSuffix("-1") && changed.facts["notice"] == nil)
    // Every version of the register is told of besides, by its digest.
    let filed = try await house.records.read { try LedgerEntry.waiting(in: $0) }.filter { $0.subject == "register/demandes-autorites" }
    #expect(filed.count == 3 && Set(filed.compactMap { $0.facts["sha256"] }).count == 2)
  }

  @Test func `what was handed over without a decision of an authority of the Union is a gap`() async throws {
    let house = try await house()
    #expect(try await verdict("19.1.l", house) == .compliant)
    let example = AuthorityRequestRegister.example
    let decision = """
          decision:
            autorite: "Juge d'instruction, Paris"
            pays: FR
            reference: "2026/123"

      """
    #expect(example.contains(decision))
    let undecided = example.replacing(decision, with: "")
    try await house.set(AuthorityRequestRegister.self, undecided)
    #expect(try await verdict("19.1.l", house) == .nonCompliant)
    try await house.set(AuthorityRequestRegister.self, example.replacing(decision, with: decision.replacing("FR", with: "CA")))
    #expect(try await verdict("19.1.l", house) == .nonCompliant)
    // The client's agreement, but only one from before.
    try await house.set(AuthorityRequestRegister.self, example.replacing(decision, with: "    accord_client: 2026-02-21\n"))
    #expect(try await verdict("19.1.l", house) == .nonCompliant)
    try await house.set(AuthorityRequestRegister.self, example.replacing(decision, with: "    accord_client: 2026-02-19\n"))
    #expect(try await verdict("19.1.l", house) == .compliant)
  }

  @Test func `a client who was not told is a gap, unless that was forbidden`() async throws {
    let house = try await house()
    let untold = AuthorityRequestRegister.example.replacing("    avis: 2026-02-21\n", with: "")
    try await house.set(AuthorityRequestRegister.self, untold)
    #expect(try await verdict("19.1.l", house) == .nonCompliant)
    try await house.set(
      AuthorityRequestRegister.self,
      AuthorityRequestRegister.example.replacing("avis: 2026-02-21", with: "avis_interdit: \"secret de l'instruction\""))
    #expect(try await verdict("19.1.l", house) == .compliant)
  }

  @Test func `a statement that was not renewed and a report that did not come are gaps`() async throws {
    let house = try await house()
    house.move(to: ObservedHouse.day("2026-12-02"))
    #expect(try await verdict("19.1.l", house) == .compliant)
    house.move(to: ObservedHouse.day("2026-12-03"))
    #expect(try await verdict("19.1.l", house) == .nonCompliant)
    func renewed(_ day: String) -> String { AuthorityRequestRegister.example.replacing("date: 2026-11-01", with: "date: \(day)") }
    try await house.set(AuthorityRequestRegister.self, renewed("2026-12-01"))
    #expect(try await verdict("19.1.l", house) == .compliant)
    house.move(to: ObservedHouse.day("2027-07-31"))
    try await house.set(AuthorityRequestRegister.self, renewed("2027-07-20"))
    #expect(try await verdict("19.1.l", house) == .nonCompliant)
    #expect(reasons(try await house.findings(ControlEXTRA02())).contains("le rapport public était dû le 2027-07-30."))
  }

  @Test func `an assessment that a client waits for too long is a gap`() async throws {
    let house = try await house()
    #expect(try await verdict("5.3.e", house) == .notAssessed)
    try await house.file("evaluation-extra-europeenne")
    #expect(try await verdict("5.3.e", house) == .compliant)
    let open = AuthorityRequestRegister.example.replacing("demandee: 2026-03-02\n    fournie: 2026-03-09", with: "demandee: 2026-10-21")
    try await house.set(AuthorityRequestRegister.self, open)
    #expect(try await verdict("5.3.e", house) == .compliant)
    house.move(to: ObservedHouse.day("2026-11-21"))
    #expect(try await verdict("5.3.e", house) == .nonCompliant)
    try await house.set(AuthorityRequestRegister.self, AuthorityRequestRegister.example)
    #expect(try await verdict("5.3.e", house) == .compliant)
  }

  @Test func `a third party under control from outside of the Union that reaches data is a gap`() async throws {
    let house = try await house()
    try await house.set(ThirdPartyRegister.self, ThirdPartyRegister.example)
    #expect(try await verdict("19.6.c", house) == .compliant)
    let foreign = ThirdPartyRegister.example.replacing("pays_controle: DE", with: "pays_controle: US")
    try await house.set(ThirdPartyRegister.self, foreign)
    #expect(try await verdict("19.6.c", house) == .nonCompliant)
    try await house.set(ThirdPartyRegister.self, foreign.replacing("acces: [donnees-techniques]", with: "acces: []"))
    #expect(try await verdict("19.6.c", house) == .compliant)
  }
}
