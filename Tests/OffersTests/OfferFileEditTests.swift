import Catalogue
import Declarations
import Testing

@Suite struct OfferFileEditTests {
  private static let text = """
    # En tête.
    schema: 1
    date_recherche: 2026-11-23   # le jour
    sources:
      # Une source.
      A: {quoi: "a", date: 2026-11-20, fiabilite: bonne}
      B: {quoi: "b", date: null, fiabilite: faible} # b

    # Les offres.
    offres:
      - id: un
        nom: "Un"
        faits:
          # Le statut d'abord.
          statut: {valeur: en_cours, source: A}   # l'état

          jalons:
            - {jalon: J0, date: 2025-01-01, source: A} # zéro
            # Ce qui suit manque encore.
          services:
            valeur: "un # deux"  # la valeur
            source: B
          # À la fin.

      - id: deux
        nom: "Deux"
        faits:
          statut: {valeur: en_cours, source: A}
    contexte:
      - {fait: "x", source: A}

    """

  private func edit(_ text: String = text) throws -> OfferFileEdit { try OfferFileEdit(text, file: "o.yaml") }

  private func fact(_ name: String, _ values: String..., offer: String = "un", members: [(name: String, value: String)] = [], source: String = "A")
    -> OfferFileEdit.NewFact
  {
    OfferFileEdit.NewFact(offer: offer, name: name, values: values, members: members, sources: [source])
  }

  /// The lines that one text has and the other has not, each way.
  private func difference(_ old: String, _ new: String) -> (gone: [String], came: [String]) {
    let (before, after) = (old.split(separator: "\n", omittingEmptySubsequences: false), new.split(separator: "\n", omittingEmptySubsequences: false))
    let change = after.difference(from: before)
    return (
      change.removals.map { if case .remove(_, let line, _) = $0 { String(line) } else { "" } },
      change.insertions.map { if case .insert(_, let line, _) = $0 { String(line) } else { "" } }
    )
  }

  @Test func aFactIsOneLineMoreBehindTheOthers() throws {
    var edit = try edit()
    try edit.add(fact("seal", "SEAL-2"))
    #expect(edit.text == Self.text.replacing("        source: B\n", with: "        source: B\n      seal: {valeur: SEAL-2, source: A}\n"))
    try edit.add(fact("cible", "fin 2026 : \"J3\"", offer: "deux"))
    #expect(
      difference(Self.text, edit.text).came == ["      seal: {valeur: SEAL-2, source: A}", #"      cible: {valeur: "fin 2026 : \"J3\"", source: A}"#])
    #expect(difference(Self.text, edit.text).gone.isEmpty)
  }

  @Test func whatIsThereIsReplacedOnlyOnDemandAndKeepsItsComment() throws {
    var edit = try edit()
    let qualified = fact("statut", "qualifie", members: [("du", "2026-11-20"), ("au", "2029-11-20"), ("decision", "12")], source: "B")
    let error = try Sample.error { try edit.add(qualified) }
    #expect(error.line == 15)
    #expect(error.french.contains("--replace"))
    #expect(edit.text == Self.text)
    try edit.add(qualified, replacing: true)
    #expect(difference(Self.text, edit.text).gone == ["      statut: {valeur: en_cours, source: A}   # l'état"])
    #expect(
      difference(Self.text, edit.text).came == [
        "      statut: {valeur: qualifie, du: 2026-11-20, au: 2029-11-20, decision: \"12\", source: B} # l'état"
      ])
  }

  @Test func aFactOfSeveralLinesIsReplacedAndItsCommentsStay() throws {
    var edit = try edit()
    try edit.add(fact("services", "autre", members: [("lecture", "[calcul, objet]")]), replacing: true)
    #expect(difference(Self.text, edit.text).gone == ["      services:", "        valeur: \"un # deux\"  # la valeur", "        source: B"])
    #expect(difference(Self.text, edit.text).came == ["      # la valeur", "      services: {valeur: autre, lecture: [calcul, objet], source: A}"])
  }

  @Test func aMilestoneJoinsTheList() throws {
    var edit = try edit()
    try edit.add(fact("jalons", "J1", members: [("date", "2026-01-01")]))
    #expect(difference(Self.text, edit.text).came == ["        - {jalon: J1, date: 2026-01-01, source: A}"])
    #expect(throws: DeclarationError.self) { try edit.add(fact("jalons", "J1", members: [("date", "2026-01-02")])) }
    try edit.add(fact("jalons", "J0", members: [("date", "2025-02-02")], source: "B"), replacing: true)
    #expect(difference(Self.text, edit.text).gone == ["        - {jalon: J0, date: 2025-01-01, source: A} # zéro"])
    #expect(edit.text.contains("        - {jalon: J0, date: 2025-02-02, source: B} # zéro\n"))
  }

  @Test func aFirstMilestoneMakesTheList() throws {
    var edit = try edit()
    try edit.add(fact("jalons", "J0", offer: "deux", members: [("date", "2026-01-01")]))
    #expect(difference(Self.text, edit.text).came == ["      jalons:", "        - {jalon: J0, date: 2026-01-01, source: A}"])
  }

  @Test func aSourceJoinsTheOthersAndAFactMayCiteIt() throws {
    var edit = try edit()
    try edit.add(source: "C", what: "c \"d\"", date: "2026-11", reliability: "moyenne")
    try edit.add(fact("seal", "SEAL-1", source: "C"))
    #expect(
      difference(Self.text, edit.text).came == [
        #"  C: {quoi: "c \"d\"", date: 2026-11, fiabilite: moyenne}"#, "      seal: {valeur: SEAL-1, source: C}",
      ])
    #expect(throws: DeclarationError.self) { try edit.add(source: "B", what: "x", date: nil, reliability: "bonne") }
    try edit.add(source: "B", what: "x", date: nil, reliability: "bonne", replacing: true)
    #expect(edit.text.contains("  B: {quoi: \"x\", date: null, fiabilite: bonne} # b\n"))
  }

  @Test func listsAndYAMLAreValuesToo() throws {
    var edit = try edit()
    try edit.add(fact("modeles", "IaaS", "PaaS"))
    try edit.add(fact("actionnaires", #"[{nom: A, part: "50 %", pays: FR}]"#))
    try edit.add(fact("localisation", "FR"))
    #expect(
      difference(Self.text, edit.text).came == [
        "      modeles: {valeur: [IaaS, PaaS], source: A}", #"      actionnaires: {valeur: [{nom: A, part: "50 %", pays: FR}], source: A}"#,
        "      localisation: {valeur: [FR], source: A}",
      ])
  }

  @Test func carriageReturnsStay() throws {
    let text = Self.text.replacing("\n", with: "\r\n")
    var edit = try edit(text)
    try edit.add(fact("seal", "SEAL-2"))
    #expect(edit.text == text.replacing("        source: B\r\n", with: "        source: B\r\n      seal: {valeur: SEAL-2, source: A}\r\n"))
  }

  @Test(arguments: [
    OfferFileEdit.NewFact(offer: "trois", name: "seal", values: ["SEAL-1"], sources: ["A"]),
    OfferFileEdit.NewFact(offer: "un", name: "couleur", values: ["bleu"], sources: ["A"]),
    OfferFileEdit.NewFact(offer: "un", name: "seal", values: ["SEAL-9"], sources: ["A"]),
    OfferFileEdit.NewFact(offer: "un", name: "seal", values: ["SEAL-1"], sources: ["Z"]),
    OfferFileEdit.NewFact(offer: "un", name: "seal", values: ["SEAL-1"], sources: []),
    OfferFileEdit.NewFact(offer: "un", name: "seal", values: ["SEAL-1"], members: [("couleur", "bleu")], sources: ["A"]),
    OfferFileEdit.NewFact(offer: "un", name: "sla", values: ["x"], members: [("disponibilite", "101")], sources: ["A"]),
    OfferFileEdit.NewFact(offer: "un", name: "dependance", values: ["trois"], sources: ["A"]),
    OfferFileEdit.NewFact(offer: "un", name: "jalons", values: ["J1"], members: [("date", "2024-12-31")], sources: ["A"]),
    OfferFileEdit.NewFact(offer: "un", name: "jalons", values: ["J1", "J2"], members: [("date", "2026-12-31")], sources: ["A"]),
    OfferFileEdit.NewFact(offer: "un", name: "modeles", values: ["[IaaS], source: A, precision: x"], sources: ["A"]),
    OfferFileEdit.NewFact(offer: "un", name: "modeles", values: ["[IaaS] # x"], sources: ["A"]),
  ])
  func whatWouldNotBeValidChangesNothing(fact: OfferFileEdit.NewFact) throws {
    var edit = try edit()
    #expect(throws: DeclarationError.self) { try edit.add(fact) }
    #expect(edit.text == Self.text)
  }

  @Test func aTextThatLooksLikeMembersStaysAText() throws {
    var edit = try edit()
    try edit.add(fact("cible", "x, source: B}\n      seal: {valeur: SEAL-4, source: B"))
    let catalogue = try OfferCatalogue(reading: Declaration(edit.text, file: "o.yaml"))
    #expect(catalogue.offer("un")?["cible"]?.value == .text("x, source: B}\n      seal: {valeur: SEAL-4, source: B"))
    #expect(catalogue.offer("un")?["seal"] == nil)
  }

  @Test func aFileThatIsFaultyAlreadyIsNotTouched() throws {
    let error = try Sample.error { _ = try edit(Self.text.replacing("source: B", with: "source: Z")) }
    #expect(error.line == 22)
  }

  @Test func factsThatAreNotWrittenInLinesAreLeftToTheirAuthor() throws {
    let text = Self.text.replacing(
      "    faits:\n      statut: {valeur: en_cours, source: A}\ncontexte", with: "    faits: {statut: {valeur: en_cours, source: A}}\ncontexte")
    var edit = try edit(text)
    let error = try Sample.error { try edit.add(fact("seal", "SEAL-2", offer: "deux")) }
    #expect(error.french.contains("à la main"))
    #expect(edit.text == text)
  }
}
