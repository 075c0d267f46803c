import Base
import Catalogue
import SecNumCloud
import Testing

struct ControlIMG01Tests {
  private static let debian = image("Debian", "debian-12", "12.0.20261124")

  private static func image(_ publisher: String, _ offer: String, _ version: String) -> ImageOnOffer {
    ImageOnOffer(publisher: publisher, offer: offer, sku: "1", version: version, published: Timestamp(seconds: 1_799_000_000))
  }

  private func findings(_ house: ObservedHouse, _ images: [ImageOnOffer]) async throws -> [Finding] {
    let engines = ScriptedInventory()
    engines.set(images: images)
    return try await ControlIMG01().observe(house.platform(machines: engines))
  }

  @Test func `an image that was built too long ago is a gap`() async throws {
    let house = try await ObservedHouse()
    #expect(try await findings(house, [Self.debian]).verdict("12.10.b") == .compliant)
    let old = try await findings(house, [Self.debian, Self.image("Debian", "debian-12", "12.0.20260901")])
    #expect(old.verdict("12.10.b") == .nonCompliant)
    #expect(old.reason("12.10.b").contains("12.0.20260901"))
    #expect(try await findings(house, []).verdict("12.10.b") == .notAssessed)
  }

  @Test func `an image past its support is a gap, and one of which nothing is known is not assessed`() async throws {
    let house = try await ObservedHouse()
    #expect(try await findings(house, [Self.image("Debian", "debian-11", "11.0.20270101")]).verdict("12.10.b") == .nonCompliant)
    let own = Self.image("Exemple", "socle", "1.0.0")
    #expect(try await findings(house, [own]).verdict("12.10.b") == .notAssessed)
    func declare(_ end: String) async throws {
      try await house.file(
        ImageRegister.self, #"images: [{editeur: Exemple, offre: socle, sku: "1", fin: \#(end), source: "contrat"}]"#)
    }
    try await declare("2027-06-30")
    #expect(try await findings(house, [own]).verdict("12.10.b") == .compliant)
    try await declare("2027-01-14")
    #expect(try await findings(house, [own]).verdict("12.10.b") == .nonCompliant)
  }

  @Test func `a host whose system is mended no more is a gap`() async throws {
    let house = try await ObservedHouse()
    func release(_ version: String) { house.host.files["/etc/os-release"] = Array("ID=debian\nVERSION_ID=\"\(version)\"\n".utf8) }
    release("12")
    #expect(try await findings(house, []).verdict("5.1.a") == .compliant)
    release("11")
    #expect(try await findings(house, []).verdict("5.1.a") == .nonCompliant)
    release("99")
    #expect(try await findings(house, []).verdict("5.1.a") == .notAssessed)
    release("12")
    #expect(try await findings(house, []).verdict("5.1.a") == .compliant)
  }

  @Test func `a cloud without machines has no images to keep`() async throws {
    let house = try await ObservedHouse()
    #expect(try await house.verdicts(ControlIMG01())["12.10.b"] == .notApplicable)
  }

  @Test func `the example of the register is one`() async throws {
    let house = try await ObservedHouse()
    try await house.file(ImageRegister.self, ImageRegister.example)
    #expect(try await house.documents.register(ImageRegister.self)?.value.images.count == 1)
  }
}
