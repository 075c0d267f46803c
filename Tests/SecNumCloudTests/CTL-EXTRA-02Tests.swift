import Base
import Catalogue
import Ledger
import Lockbox
import Records
import SecNumCloud
import Simulation
import Testing
import Wire

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

  // MARK: Requests

  private func register(_ house: ObservedHouse) -> AuthorityRequests {
    AuthorityRequests(records: house.records, isTenant: { _, _ in true }, clock: house.clock, random: house.random)
  }

  /// A request that came in February, was answered by handing something over as `answer` says besides, and of which the client was told.
  private func hand(_ answer: [String: JSON], isTold: Bool = true, _ house: ObservedHouse) async throws -> String {
    let register = register(house)
    let made = try await register.add(
      [
        "received": "2026-02-12", "country": "FR", "authority": "Tribunal judiciaire de Paris", "basis": "Code de procédure pénale, article 60-1",
        "way": "droit-ue", "asked": "Journal d'accès d'un compte de stockage", "tenantId": .string(house.random.guid().description),
      ], by: [:])
    let id = made.id.description
    let answered: [String: JSON] = ["answer": "remise", "answered": "2026-02-20", "handedOver": "sept jours de journal"]
    _ = try await register.answer(
      id, .object(JSON.Object(answered.merging(answer) { $1 }.map { (name: $0.key, value: $0.value) })), by: [:])
    if isTold { _ = try await register.giveNotice(id, ["notice": "2026-02-21"], by: [:]) }
    return id
  }

  private static func decision(_ country: JSON) -> [String: JSON] {
    ["decisionAuthority": "Juge d'instruction, Paris", "decisionCountry": country, "decisionReference": "2026/123"]
  }

  @Test func `requests are entered one by one, and in no file`() async throws {
    let house = try await house()
    await #expect(throws: (any Error).self) {
      try await house.set(AuthorityRequestRegister.self, "demandes: []\n" + AuthorityRequestRegister.example)
    }
    _ = try await hand(Self.decision("FR"), house)
    let finding = try #require(try await house.findings(ControlEXTRA02()).first { $0.items.contains("19.1.l") })
    #expect(finding.figures.first { $0.name.french == "demandes" }?.value == 1)
  }

  @Test func `what was handed over without a decision of an authority of the Union is a gap`() async throws {
    let house = try await house()
    #expect(try await verdict("19.1.l", house) == .compliant)
    _ = try await hand(Self.decision("FR"), house)
    #expect(try await verdict("19.1.l", house) == .compliant)
    // The client's agreement, which came before.
    _ = try await hand(["agreement": "2026-02-19"], house)
    #expect(try await verdict("19.1.l", house) == .compliant)
    for bad in [[:], Self.decision("CA"), ["agreement": "2026-02-21"]] {
      let weakened = try await self.house()
      _ = try await hand(bad, weakened)
      #expect(try await verdict("19.1.l", weakened) == .nonCompliant, "\(bad)")
    }
  }

  @Test func `a client who was not told is a gap, unless that was forbidden`() async throws {
    let house = try await house()
    let id = try await hand(Self.decision("FR"), isTold: false, house)
    #expect(try await verdict("19.1.l", house) == .nonCompliant)
    _ = try await register(house).giveNotice(id, ["noticeWithheld": "secret de l'instruction"], by: [:])
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
