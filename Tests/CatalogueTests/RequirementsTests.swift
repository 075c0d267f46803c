import Catalogue
import Declarations
import Testing

/// The catalogue is read whole, or not at all.
struct RequirementsTests {
  private static func catalogue(
    items: String = "{id: \"5.1.a\", niveau: exigence, nature: technique, preuve: automatique, controles: [CTL-A-01], resume: \"r\"}",
    controls: String = "exigences: [\"5.1.a\"]", count: Int = 1, requirement: String = "\"5.1\""
  ) -> String {
    """
    schema: 1
    referentiel: {id: x, titre: t, version: "3.2", date: 2022-03-08, editeur: ANSSI}
    sources:
      - {id: s, quoi: q, licence: l}
    comptes: {chapitres: 1, exigences: 1, alineas: \(count), alineas_obligatoires: \(count), recommandations: 0, permissions: 0}
    legende: {}
    services: {IaaS: "2.4"}
    chapitres:
      - id: "5"
        titre: t
        exigences:
          - id: \(requirement)
            titre: t
            verifie: [s]
            alineas:
              - \(items)
    controles:
      - id: CTL-A-01
        \(controls)
        mecanisme: m
        preuve: p
        verification: v
        frequence: continu
    """
  }

  private func read(_ text: String) throws -> Requirements { try Requirements(reading: Declaration(text, file: "catalogue.yaml")) }

  @Test func `a catalogue gives its items and controls`() throws {
    let requirements = try read(Self.catalogue())
    #expect(requirements.item("5.1.a")?.controls == ["CTL-A-01"])
    #expect(requirements.control("CTL-A-01")?.items == ["5.1.a"])
  }

  @Test(arguments: [
    (catalogue(requirement: "5.1"), "guillemets"),
    (catalogue(items: "{id: \"6.1.a\", niveau: exigence, nature: technique, preuve: document, resume: \"r\"}"), "n'est pas un alinéa de 5.1"),
    (catalogue(controls: "exigences: [\"5.1.z\"]"), "inconnu"), (catalogue(controls: "exigences: []"), "ne le cite pas"),
    (catalogue(count: 2), "annonce"),
    (catalogue(items: "{id: \"5.1.a\", niveau: exigence, nature: technique, preuve: automatique, resume: \"r\", autre: 1}"), "pas connu"),
    (catalogue(items: "{id: \"5.1.a\", niveau: peut-etre, nature: technique, preuve: automatique, resume: \"r\"}"), "permises"),
    (
      catalogue(
        items:
          "{id: \"5.1.a\", niveau: exigence, nature: technique, preuve: automatique, resume: \"r\"}\n          - {id: \"5.1.a\", niveau: exigence, nature: technique, preuve: automatique, resume: \"r\"}"
      ), "deux fois"
    ),
  ])
  func `a catalogue that contradicts itself is refused in French, with file and line`(_ text: String, _ french: String) {
    let error = #expect(throws: DeclarationError.self) { try read(text) }
    #expect(error?.french.contains(french) == true, "\(error?.french ?? "")")
    #expect(error?.file == "catalogue.yaml")
    #expect(error?.line != nil)
  }

  @Test func `items are ordered by their numbers`() {
    let items: [ItemID] = ["11.2.2.i", "10.10.a", "9.3.f", "10.2.b", "11.2.1.a", "10.2.a"]
    #expect(items.sorted().map(\.description) == ["9.3.f", "10.2.a", "10.2.b", "10.10.a", "11.2.1.a", "11.2.2.i"])
    for text in ["9.3", "9.3.F", "9..f", "9.+3.f", "9.3.ff", ""] { #expect(ItemID(text) == nil) }
  }
}
