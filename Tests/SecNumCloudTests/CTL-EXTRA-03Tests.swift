import Catalogue
import SecNumCloud
import Testing

struct ControlEXTRA03Tests {
  private func verdict(_ house: ObservedHouse) async throws -> Verdict? { try await house.verdicts(ControlEXTRA03())["19.6.d"] }

  private func house() async throws -> (house: ObservedHouse, text: String) {
    let house = try await ObservedHouse()
    house.move(to: ObservedHouse.today)
    var text = AutonomyRegister.example
    try await house.file("essai-autonomie", insteadOf: "0", in: &text)
    try await house.set(AutonomyRegister.self, text)
    return (house, text)
  }

  @Test func `without its register nothing is assessed`() async throws {
    #expect(try await verdict(ObservedHouse()) == .notAssessed)
  }

  @Test func `a component with one supplier and no skills is a gap, as is a test older than a year`() async throws {
    let (house, text) = try await house()
    #expect(try await verdict(house) == .compliant)
    try await house.set(
      AutonomyRegister.self,
      text.replacing("[\"Constructeur A\", \"Constructeur B\"]", with: "[\"Constructeur A\"]").replacing("      - \"Constructeur B\"\n", with: ""))
    #expect(try await verdict(house) == .nonCompliant)
    try await house.set(AutonomyRegister.self, text)
    house.move(to: ObservedHouse.day("2027-09-13"))
    #expect(try await verdict(house) == .compliant)
    house.move(to: ObservedHouse.day("2027-09-14"))
    #expect(try await verdict(house) == .nonCompliant)
  }

  @Test func `a test that failed, was too short or left a component's suppliers on is none`() async throws {
    let (house, text) = try await house()
    for (from, to) in [
      ("reussi: true", "reussi: false"), ("au: 2026-09-13", "au: 2026-09-10"), ("      - \"Support Exemple GmbH\"\n", ""),
    ] {
      #expect(text.contains(from))
      try await house.set(AutonomyRegister.self, text.replacing(from, with: to))
      #expect(try await verdict(house) == .nonCompliant, "\(from)")
    }
    try await house.set(AutonomyRegister.self, text)
    #expect(try await verdict(house) == .compliant)
  }

  @Test func `minutes that are not filed are a gap`() async throws {
    let (house, text) = try await house()
    try await house.set(AutonomyRegister.self, AutonomyRegister.example)
    #expect(try await verdict(house) == .nonCompliant)
    try await house.set(AutonomyRegister.self, text)
    #expect(try await verdict(house) == .compliant)
  }

  @Test func `a third party that the service needs and no component names is a gap`() async throws {
    let (house, _) = try await house()
    try await house.set(ThirdPartyRegister.self, ThirdPartyRegister.example)
    #expect(try await verdict(house) == .compliant)
    try await house.set(ThirdPartyRegister.self, ThirdPartyRegister.example.replacing("Support Exemple GmbH", with: "Autre GmbH"))
    #expect(try await verdict(house) == .nonCompliant)
  }
}
