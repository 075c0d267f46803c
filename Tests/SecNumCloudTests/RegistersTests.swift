import Declarations
import SecNumCloud
import Testing

/// What the operator files is read as a whole, or not at all.
struct RegistersTests {
  @Test func `each register's example is one`() throws {
    for type in Registers.all {
      #expect(throws: Never.self, "\(type.name)") { try type.init(reading: Declaration(type.example, file: "\(type.name).yaml")) }
      #expect(type.example.contains("#"), "\(type.name) explains nothing")
    }
  }

  @Test func `each register has a name of its own, by which it is found`() {
    #expect(Set(Registers.all.map { $0.name }).count == Registers.all.count)
    for type in Registers.all { #expect(Registers.named(type.name)?.name == type.name) }
    #expect(Registers.named("inconnu") == nil)
  }

  /// A change to an example that makes it wrong, and the words of the error. The line is that of the text that was put in.
  struct Mistake: Sendable, CustomTestStringConvertible {
    let type: any Register.Type
    let from: String
    let to: String
    let words: String
    var testDescription: String { "\(type.name): \(words)" }

    init(_ type: any Register.Type, _ from: String, _ to: String, _ words: String) {
      self.type = type
      self.from = from
      self.to = to
      self.words = words
    }
  }

  static let mistakes: [Mistake] = [
    Mistake(CapitalRegister.self, "id: region", "id: fonds", "là deux fois"),
    Mistake(CapitalRegister.self, "titulaire: region", "titulaire: departement", "n'est pas une entité"),
    Mistake(CapitalRegister.self, "capital: 55.5", "capital: 55.51", "plus de 100 %"),
    Mistake(CapitalRegister.self, "votes: 60", "votes: 60.0001", "plus de 100 %"),
    Mistake(CapitalRegister.self, "capital: 5.02", "capital: 5.02001", "quatre décimales"),
    Mistake(CapitalRegister.self, "capital: 5.02", "capital: beaucoup", "pourcentage"),
    Mistake(CapitalRegister.self, "    nature: public\n    pays: FR", "    nature: public\n    pays: France", "code de pays"),
    Mistake(CapitalRegister.self, "situation_au: 2026-11-01", "situation_au: 2026-11-31", "AAAA-MM-JJ"),
    Mistake(CapitalRegister.self, "prestataire: exemple-cloud", "prestataire: exemple_cloud", "n'est pas une entité"),
    Mistake(
      CapitalRegister.self, "  - detenteur: fonds\n    societe: industrie", "  - detenteur: fonds\n    societe: exemple-holding", "est là deux fois"),
    Mistake(CapitalRegister.self, "    droit: nomination", "    droit: veto", "nomination"),
    Mistake(AuthorityRequestRegister.self, "rapport_mois: 12", "rapport_mois: 12\ndemandes: []", "cocagne authority-request add"),
    Mistake(AuthorityRequestRegister.self, "rapport_mois: 12", "rapport_mois: 13", "un entier de 1 à 12"),
    Mistake(AutonomyRegister.self, "- \"Debian\"", "- \"Ailleurs\"", "n'est pas un fournisseur"),
    Mistake(ThirdPartyRegister.self, "donneur_ordre: hebergeur", "donneur_ordre: inconnu", "n'est pas un tiers"),
    Mistake(ThirdPartyRegister.self, "rang: 2", "rang: 3", "rang"),
    Mistake(ThirdPartyRegister.self, "acces: [donnees-techniques]", "acces: [tout]", "valeurs permises"),
    Mistake(IncidentRegister.self, "gravite: majeur", "gravite: grave", "n'est pas un niveau"),
    Mistake(IncidentRegister.self, "resolu: 2026-10-05T12:00:00Z", "resolu: 2026-10-04T12:00:00Z", "précède la détection"),
    Mistake(IncidentRegister.self, "detecte: 2026-10-05T08:00:00Z", "detecte: 2026-10-05", "instant UTC"),
    Mistake(AuditRegister.self, "changement: deuxieme-site", "changement: troisieme-site", "n'est pas un changement majeur"),
    Mistake(AuditRegister.self, "au: 2028-05-31", "au: 2028-06-01", "trois ans"),
    Mistake(AuditRegister.self, "revue_au_plus_tard: 2026-10-31", "revue_au_plus_tard: 2026-11-02", "trois mois"),
    Mistake(PhysicalAccessRegister.self, "    zone: salle-1\n    entree", "    zone: salle-2\n    entree", "n'est pas une zone"),
    Mistake(AgreementRegister.self, "le: 2026-01-04", "le: 04/01/2026", "AAAA-MM-JJ"),
    Mistake(AgreementRegister.self, "roles: true", "roles: oui", "« true » ou « false »"),
    Mistake(AgreementRegister.self, "version: \"2026-1\"\n    le:", "version: \"2025-1\"\n    le:", "n'est pas une version"),
    Mistake(BaseRegister.self, "\"11.10.a\"", "11.10", "guillemets"),
    Mistake(BaseRegister.self, "\"11.10.a\"", "\"11.10.z\"", "alinéa inconnu"),
    Mistake(BaseRegister.self, "\"12.5.d\"", "\"11.1.a\"", "là deux fois"),
    Mistake(BaseRegister.self, "\"12.5.d\"", "\"19.6.b\"", "ne s'hérite pas"),
    Mistake(BaseRegister.self, "au: 2028-05-29", "au: 2028-06-01", "trois ans"),
    Mistake(DecisionRegister.self, "numero: \"0000\"", "numero: 0001", "guillemets"),
    Mistake(DecisionRegister.self, "au: 2029-11-01", "au: 2026-11-01", "précède le début"),
    Mistake(DecisionRegister.self, String(repeating: "0", count: 64), "abc", "empreinte SHA-256"),
  ]

  @Test(arguments: mistakes)
  func `a mistake is told in French with its file and line, and nothing is filed`(_ mistake: Mistake) async throws {
    let example = mistake.type.example
    let place = try #require(example.firstRange(of: mistake.from), "the example has no longer: \(mistake.from)")
    let wrong = example.replacing(mistake.from, with: mistake.to, maxReplacements: 1)
    let house = try await ObservedHouse()
    let error = try await #require(throws: DeclarationError.self) {
      try await house.documents.set(mistake.type, text: wrong, file: "mon-registre.yaml", author: "root")
    }
    #expect(error.file == "mon-registre.yaml")
    #expect(error.french.contains(mistake.words), "\(error)")
    #expect(!error.english.isEmpty)
    let line = try #require(error.line)
    #expect(error.description.hasPrefix("mon-registre.yaml:\(line) : "))
    // Where it stands: within the entry that was changed.
    let changed = 1 + example[..<place.lowerBound].count { $0 == "\n" }
    #expect(abs(line - changed) <= 20, "line \(line), not \(changed)")
    #expect(try await house.documents.registerVersions().isEmpty)
  }

  @Test func `ownership that goes round in a circle is refused at the line that closes it`() async throws {
    let circle = """
      situation_au: 2026-11-01
      prestataire: a
      entites:
        - { id: a, nom: A, nature: societe, siege_statutaire: FR, administration_centrale: FR, principal_etablissement: FR }
        - { id: b, nom: B, nature: societe, siege_statutaire: FR, administration_centrale: FR, principal_etablissement: FR }
        - { id: c, nom: C, nature: societe, siege_statutaire: FR, administration_centrale: FR, principal_etablissement: FR }
      participations:
        - { detenteur: b, societe: a, capital: 50, votes: 50, source: s }
        - { detenteur: c, societe: b, capital: 50, votes: 50, source: s }
        - { detenteur: a, societe: c, capital: 10, votes: 10, source: s }
      droits: []
      changements: []
      """
    let error = try #require(throws: DeclarationError.self) { try CapitalRegister(reading: Declaration(circle, file: "capital.yaml")) }
    #expect(error.place == "capital.yaml:10")
    #expect(error.french.contains("a → c → b → a"))
    let own = circle.replacing("detenteur: a, societe: c", with: "detenteur: c, societe: c")
    let loop = try #require(throws: DeclarationError.self) { try CapitalRegister(reading: Declaration(own, file: "capital.yaml")) }
    #expect(loop.french.contains("c → c"))
  }

  @Test func `a register that is wrong leaves the earlier one in force`() async throws {
    let house = try await ObservedHouse()
    try await house.set(DecisionRegister.self, DecisionRegister.example)
    await #expect(throws: DeclarationError.self) {
      try await house.set(DecisionRegister.self, DecisionRegister.example.replacing("conditions", with: "condition"))
    }
    #expect(try await house.documents.register(DecisionRegister.self)?.value.decision.number == "0000")
    #expect(try await house.documents.registerVersions().count == 1)
  }
}
