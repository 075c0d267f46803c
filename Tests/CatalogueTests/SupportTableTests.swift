import Catalogue
import Declarations
import Testing

struct SupportTableTests {
  private static func table(_ systems: String) throws -> SupportTable {
    try SupportTable(reading: Declaration("schema: 1\ndate_recherche: 2026-11-25\nsystemes:\n\(systems)", file: "support.yaml"))
  }

  private static func system(_ version: String, source: String = "https://wiki.debian.org/LTS") -> String {
    """
      - {nom: "Debian", version: "\(version)", images: ["Debian:debian-12"], fin: 2028-06-30, support: LTS, source: "\(source)"}

    """
  }

  @Test func `a system is found by its release and by its images, in any case`() throws {
    let table = try Self.table(Self.system("debian:12"))
    #expect(table.system(release: "debian:12")?.end == CalendarDate("2028-06-30"))
    #expect(table.system(publisher: "debian", offer: "Debian-12")?.support == "LTS")
    #expect(table.system(release: "debian:13") == nil)
  }

  @Test func `a release given twice and a fact without a source are refused, with their line`() throws {
    let twice = #expect(throws: DeclarationError.self) { try Self.table(Self.system("debian:12") + Self.system("debian:12")) }
    #expect(twice?.line == 5)
    let unsourced = #expect(throws: DeclarationError.self) { try Self.table(Self.system("debian:12", source: "hearsay")) }
    #expect(unsourced?.place == "support.yaml:4")
  }
}
