import Base
import Catalogue
import SecNumCloud
import Testing

struct ControlCHG02Tests {
  private static let executable = Array("the platform".utf8)
  private static let zero = String(repeating: "0", count: 64)

  private static func register(
    digest: String = sha256Hexadecimal(executable), outcome: String = "réussi", until: String = "2027-01-05", kernel: String = "6.1.0-test",
    nature: String = "sécurité"
  ) -> String {
    """
    livraisons:
      - version: "0.0.0"
        sha256: \(digest)
        archive: /archives/cocagne-0.0.0
        preproduction: {environnement: preprod-1, debut: 2027-01-02, fin: \(until), resultat: \(outcome), rapport_sha256: "\(zero)"}
        essais:
          - {nature: conformité, taches: "make test", entrees: "v0.0.0", attendus: "aucun échec", resultat: réussi, rapport_sha256: "\(zero)"}
          - {nature: \(nature), taches: "sondes", entrees: "v0.0.0", attendus: "refus", resultat: réussi, rapport_sha256: "\(zero)"}
        production: 2027-01-10
    plateformes:
      - {noyau: "\(kernel)", date: 2027-01-04, resultat: réussi, rapport_sha256: "\(zero)"}
    """
  }

  private func house() async throws -> ObservedHouse {
    let house = try await ObservedHouse()
    house.host.files["/proc/1/exe"] = Self.executable
    house.host.files["/proc/sys/kernel/osrelease"] = Array("6.1.0-test\n".utf8)
    setArchive(Self.executable, house)
    try await PlatformStart.note(house.platform)
    return house
  }

  private func setArchive(_ bytes: [UInt8]?, _ house: ObservedHouse) {
    house.host.files["/archives/cocagne-0.0.0"] = bytes
    house.host.attributes["/archives/cocagne-0.0.0"] = bytes.map {
      FileAttributes(mode: 0o644, owner: 0, bytes: $0.count, isFolder: false, isLink: false, modified: 0, device: 1)
    }
  }

  private func verdicts(_ house: ObservedHouse, _ register: String) async throws -> [ItemID: Verdict] {
    try await house.file(DeliveryRegister.self, register)
    return try await house.verdicts(ControlCHG02())
  }

  private static let all: [ItemID: Verdict] = ["14.2.b": .compliant, "14.2.c": .compliant, "14.3.a": .compliant, "14.6.a": .compliant]

  @Test func `an executable that passed no preproduction is a gap`() async throws {
    let house = try await house()
    #expect(Set(try await house.verdicts(ControlCHG02()).values) == [.notAssessed])
    #expect(try await verdicts(house, Self.register()) == Self.all)
    let other = try await verdicts(house, Self.register(digest: Self.zero))
    #expect(other["14.2.b"] == .nonCompliant && other["14.2.c"] == .nonCompliant && other["14.6.a"] == .nonCompliant)
    #expect(try await verdicts(house, Self.register(outcome: "échoué"))["14.2.b"] == .nonCompliant)
    #expect(try await verdicts(house, Self.register(until: "2027-01-20"))["14.2.b"] == .nonCompliant)
    #expect(try await verdicts(house, Self.register()) == Self.all)
    house.host.files["/proc/1/exe"] = Array("another that was not noted".utf8)
    #expect(Set(try await house.verdicts(ControlCHG02()).values) == [.notAssessed])
  }

  @Test func `an archive that is gone, or not the delivered one, is a gap`() async throws {
    let house = try await house()
    setArchive(Array("something else".utf8), house)
    #expect(try await verdicts(house, Self.register())["14.2.c"] == .nonCompliant)
    setArchive(nil, house)
    #expect(try await house.verdicts(ControlCHG02())["14.2.c"] == .nonCompliant)
    setArchive(Self.executable, house)
    #expect(try await house.verdicts(ControlCHG02()) == Self.all)
  }

  @Test func `a kernel that was not tested before production had it is a gap`() async throws {
    let house = try await house()
    #expect(try await verdicts(house, Self.register(kernel: "6.1.0-other"))["14.3.a"] == .nonCompliant)
    #expect(try await verdicts(house, Self.register())["14.3.a"] == .compliant)
  }

  @Test func `a delivery without a test of security is a gap`() async throws {
    let house = try await house()
    #expect(try await verdicts(house, Self.register(nature: "conformité"))["14.6.a"] == .nonCompliant)
    #expect(try await verdicts(house, Self.register())["14.6.a"] == .compliant)
  }

  @Test func `the example of the register is one`() async throws {
    let house = try await ObservedHouse()
    try await house.file(DeliveryRegister.self, DeliveryRegister.example)
    #expect(try await house.documents.register(DeliveryRegister.self)?.value.deliveries.first?.trials.count == 2)
  }
}
