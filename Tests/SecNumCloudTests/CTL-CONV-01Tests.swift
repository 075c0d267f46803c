import Base
import Catalogue
import Identity
import SecNumCloud
import Testing

struct ControlCONV01Tests {
  private func verdict(_ item: ItemID, _ house: ObservedHouse) async throws -> Verdict? { try await house.verdicts(ControlCONV01())[item] }

  /// The example, with one client on the platform who has accepted and the provider's own tenant.
  private func house() async throws -> (house: ObservedHouse, text: String) {
    let house = try await ObservedHouse()
    house.move(to: ObservedHouse.today)
    var text = AgreementRegister.example
    try await house.file("convention-service", insteadOf: "0", in: &text)
    try await house.file("reversibilite", insteadOf: "1", in: &text)
    let own = try await house.makeTenant("exploitant")
    let client = try await house.makeTenant("client")
    text = text.replacing("11111111-2222-4333-8444-555555555555", with: client.id.description)
      .replacing("99999999-2222-4333-8444-555555555555", with: own.id.description)
    try await house.set(AgreementRegister.self, text)
    return (house, text)
  }

  @Test func `without its register, or a version in force, nothing is assessed`() async throws {
    let house = try await ObservedHouse()
    #expect(Set(try await house.verdicts(ControlCONV01()).values) == [.notAssessed])
    house.move(to: ObservedHouse.day("2025-12-31"))
    try await house.set(AgreementRegister.self, AgreementRegister.example)
    #expect(Set(try await house.verdicts(ControlCONV01()).values) == [.notAssessed])
    #expect(try await house.verdicts(ControlCONV01()).count == 7)
  }

  @Test func `a tenant who has not accepted the version in force is a gap`() async throws {
    let (house, text) = try await house()
    #expect(Set(try await house.verdicts(ControlCONV01()).values) == [.compliant])
    let newcomer = try await house.makeTenant("nouveau")
    let finding = try #require(try await house.findings(ControlCONV01()).first { $0.items == ["19.1.a"] })
    #expect(finding.verdict == .nonCompliant)
    #expect(finding.reason?.french.contains(newcomer.id.description) == true)
    let acceptance = "acceptations:\n  - client: \(newcomer.id)\n    version: \"2026-1\"\n    le: 2026-11-20\n"
    try await house.set(AgreementRegister.self, text.replacing("acceptations:\n", with: acceptance))
    #expect(try await verdict("19.1.a", house) == .compliant)
    // A later version in force asks everybody again.
    let later = text.replacing("acceptations:\n", with: acceptance).replacing(
      "versions:\n", with: "versions:\n" + Self.earlier)
    try await house.set(AgreementRegister.self, later)
    #expect(try await verdict("19.1.a", house) == .compliant)
    try await house.set(
      AgreementRegister.self, later.replacing("version: \"2026-1\"\n    le: 2026-11-20", with: "version: \"2025-1\"\n    le: 2026-11-20"))
    #expect(try await verdict("19.1.a", house) == .nonCompliant)
  }

  /// A version before that of the example.
  private static let earlier = """
      - version: "2025-1"
        en_vigueur: 2025-01-01
        empreinte: 3333333333333333333333333333333333333333333333333333333333333333
        droit: FR
        clauses:
          modification-avec-accord: true
          roles: true
          exclusions: true
          localisation: true
          support-hors-ue: true
          reversibilite-toutes-donnees: true
          reversibilite-moyens: true
          acces-distant: true
          qualification: true
          reclamation-anssi: true
          audit-anssi-organisme: true

    """

  @Test func `a platform with no client but the provider says nothing of acceptances`() async throws {
    let house = try await ObservedHouse()
    house.move(to: ObservedHouse.today)
    var text = AgreementRegister.example
    try await house.file("convention-service", insteadOf: "0", in: &text)
    try await house.set(AgreementRegister.self, text)
    #expect(try await verdict("19.1.a", house) == .notAssessed)
  }

  @Test func `a version that is not among the pieces is a gap`() async throws {
    let (house, text) = try await house()
    let line = try #require(text.split(separator: "\n").first { $0.contains("empreinte: ") })
    try await house.set(AgreementRegister.self, text.replacing(line, with: "    empreinte: " + String(repeating: "e", count: 64)))
    #expect(try await verdict("19.1.a", house) == .nonCompliant)
  }

  @Test(arguments: [
    ("modification-avec-accord", "19.1.a"), ("roles", "19.1.b"), ("exclusions", "19.1.b"), ("localisation", "19.1.b"), ("support-hors-ue", "19.1.b"),
    ("reversibilite-toutes-donnees", "19.1.h"), ("reversibilite-moyens", "19.1.i"), ("acces-distant", "19.1.n"), ("qualification", "19.1.o"),
    ("reclamation-anssi", "19.1.o"), ("audit-anssi-organisme", "19.1.o"),
  ])
  func `a clause that lacks is a gap of its item alone`(_ clause: String, _ item: String) async throws {
    let (house, text) = try await house()
    try await house.set(AgreementRegister.self, text.replacing("\(clause): true", with: "\(clause): false"))
    let gaps = try await house.verdicts(ControlCONV01()).filter { $0.value == .nonCompliant }
    #expect(gaps.keys.map(\.description) == [item])
    try await house.set(AgreementRegister.self, text)
    #expect(Set(try await house.verdicts(ControlCONV01()).values) == [.compliant])
  }

  @Test func `the law of a third country is a gap`() async throws {
    let (house, text) = try await house()
    try await house.set(AgreementRegister.self, text.replacing("droit: FR", with: "droit: CH"))
    #expect(try await verdict("19.1.c", house) == .nonCompliant)
  }

  @Test func `an export that could not be read again, or is older than a year, is a gap`() async throws {
    let (house, text) = try await house()
    try await house.set(AgreementRegister.self, text.replacing("relu: true", with: "relu: false"))
    #expect(try await verdict("19.1.i", house) == .nonCompliant)
    try await house.set(AgreementRegister.self, text)
    #expect(try await verdict("19.1.i", house) == .compliant)
    house.move(to: ObservedHouse.day("2027-04-11"))
    #expect(try await verdict("19.1.i", house) == .nonCompliant)
  }
}
