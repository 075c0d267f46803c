import Base
import Catalogue
import Declarations
import SecNumCloud
import Testing
import Wire

struct ControlEXTRA01Tests {
  /// A capital register: entities as `id: country`, holdings as `owner > company: capital/votes`.
  private func table(
    _ entities: KeyValuePairs<String, String>, _ holdings: [(String, String, String, String)], situation: String = "2026-11-01",
    further: [String: String] = [:], rights: String = "[]", changes: String = "[]"
  ) -> String {
    let people = entities.filter { $0.key.hasPrefix("p-") }
    var lines = ["situation_au: \(situation)", "prestataire: p0", "entites:"]
    for (id, country) in entities {
      if people.contains(where: { $0.key == id }) {
        lines.append("  - { id: \(id), nom: \(id), nature: personne, pays: \(country) }")
      } else {
        let listed = further[id] == "cotee" ? ", cotee: { marche: Paris, declarations_au: 2026-10-01 }" : ""
        lines.append(
          "  - { id: \(id), nom: \(id), nature: societe, siege_statutaire: \(country), administration_centrale: \(country), "
            + "principal_etablissement: \(country)\(listed) }")
      }
    }
    lines.append("participations:")
    for (owner, company, capital, votes) in holdings {
      let control = further["\(owner)>\(company)"].map { ", controle: \($0)" } ?? ""
      lines.append("  - { detenteur: \(owner), societe: \(company), capital: \(capital), votes: \(votes), source: statuts\(control) }")
    }
    return (lines + ["droits: \(rights)", "changements: \(changes)"]).joined(separator: "\n")
  }

  private func ownership(_ text: String) async throws -> Finding {
    let house = try await ObservedHouse()
    house.move(to: ObservedHouse.today)
    try await house.set(CapitalRegister.self, text)
    return try #require(try await house.findings(ControlEXTRA01()).first { $0.items == ["19.6.b"] })
  }

  @Test func `without its registers nothing is assessed, and the command to file them is said`() async throws {
    let house = try await ObservedHouse()
    let findings = try await house.findings(ControlEXTRA01())
    #expect(Set(findings.flatMap(\.items)) == ["5.3.d", "19.6.a", "19.6.b", "19.6.d", "19.6.f"])
    #expect(findings.allSatisfy { $0.verdict == .notAssessed })
    #expect(reasons(findings).contains { $0.contains("./cocagne secnumcloud register set capital FICHIER.yaml") })
    #expect(reasons(findings).contains { $0.contains("register example tiers") })
  }

  @Test(arguments: [("24", Verdict.compliant), ("24.0001", .nonCompliant), ("24.01", .nonCompliant), ("23.9999", .compliant)])
  func `a share of 24.01 % from outside of the Union is a gap, and 24 % is none`(_ share: String, _ verdict: Verdict) async throws {
    let rest = try #require(Share(percent: share)).remainder.percent
    for (capital, votes) in [(share, "0"), ("0", share)] {
      let finding = try await ownership(
        table(
          ["p0": "FR", "fonds": "US", "p-a": "FR"],
          [("fonds", "p0", capital, votes), ("p-a", "p0", capital == "0" ? "100" : rest, votes == "0" ? "100" : rest)]))
      #expect(finding.verdict == verdict, "\(capital) of the capital, \(votes) of the votes")
    }
  }

  @Test func `three times 13 % is within 39 %, and twice 20 % is not`() async throws {
    let three = table(
      ["p0": "FR", "a": "US", "b": "CN", "c": "GB", "p-a": "FR"],
      [("a", "p0", "13", "13"), ("b", "p0", "13", "13"), ("c", "p0", "13", "13"), ("p-a", "p0", "61", "61")])
    #expect(try await ownership(three).verdict == .compliant)
    let more = three.replacing("detenteur: c, societe: p0, capital: 13", with: "detenteur: c, societe: p0, capital: 13.0001")
      .replacing("capital: 61", with: "capital: 60.9999")
    #expect(try await ownership(more).verdict == .nonCompliant)
    let two = try await ownership(
      table(["p0": "FR", "a": "US", "b": "CN", "p-a": "FR"], [("a", "p0", "20", "0"), ("b", "p0", "20", "0"), ("p-a", "p0", "60", "100")]))
    #expect(two.verdict == .nonCompliant)
    #expect(two.reason?.french == "capital : 40 % hors de l'Union ensemble, pour 39 % au plus.")
  }

  @Test func `indirect shares are products, summed over all chains, and shown`() async throws {
    // 30 % of 50 %, and 30 % of 30 %: 24 % in all.
    let text = table(
      ["p0": "FR", "h": "FR", "k": "DE", "fonds": "US", "p-a": "FR"],
      [
        ("h", "p0", "50", "50"), ("k", "p0", "30", "30"), ("p-a", "p0", "20", "20"), ("fonds", "h", "30", "30"), ("p-a", "h", "70", "70"),
        ("fonds", "k", "30", "30"), ("p-a", "k", "70", "70"),
      ])
    let finding = try await ownership(text)
    #expect(finding.verdict == .compliant)
    #expect(finding.evidence.text.contains("fonds → h → p0"))
    #expect(finding.evidence.text.contains("30 % × 50 % = 15 %"))
    #expect(finding.evidence.text.contains("\"parMultiplication\":\"24 %\""))
    let more = text.replacing("detenteur: fonds, societe: k, capital: 30", with: "detenteur: fonds, societe: k, capital: 30.0001")
      .replacing("detenteur: p-a, societe: k, capital: 70", with: "detenteur: p-a, societe: k, capital: 69.9999")
    let beyond = try await ownership(more)
    #expect(beyond.verdict == .nonCompliant)
    #expect(beyond.reason?.french.contains("24,00003 %") == true)
  }

  @Test func `what a controlled company holds counts whole as its controller's`() async throws {
    // By multiplication 51 % of 40 % is 20.4 %; who controls the holding has its 40 %.
    let text = table(
      ["p0": "FR", "h": "FR", "fonds": "US", "p-a": "FR"],
      [("h", "p0", "40", "40"), ("p-a", "p0", "60", "60"), ("fonds", "h", "51", "51"), ("p-a", "h", "49", "49")])
    let finding = try await ownership(text)
    #expect(finding.verdict == .nonCompliant)
    #expect(finding.evidence.text.contains("\"parMultiplication\":\"20.4 %\""))
    #expect(finding.evidence.text.contains("\"parControle\":\"40 %\""))
    // Half of the votes is no majority.
    let half = text.replacing("capital: 51, votes: 51", with: "capital: 50, votes: 50").replacing(
      "capital: 49, votes: 49", with: "capital: 50, votes: 50")
    #expect(try await ownership(half).verdict == .compliant)
  }

  @Test func `control goes down a chain, and by an agreement`() async throws {
    let entities: KeyValuePairs = ["p0": "FR", "h": "FR", "k": "FR", "fonds": "US", "p-a": "FR"]
    let holdings = [
      ("h", "p0", "30", "30"), ("p-a", "p0", "70", "70"), ("k", "h", "51", "51"), ("p-a", "h", "49", "49"), ("fonds", "k", "60", "60"),
      ("p-a", "k", "40", "40"),
    ]
    #expect(try await ownership(table(entities, holdings)).verdict == .nonCompliant)
    let weaker = holdings.map { $0.0 == "fonds" ? ("fonds", "k", "30", "30") : $0.1 == "k" ? ("p-a", "k", "70", "70") : $0 }
    #expect(try await ownership(table(entities, weaker)).verdict == .compliant)
    #expect(try await ownership(table(entities, weaker, further: ["fonds>k": "true"])).verdict == .nonCompliant)
  }

  @Test func `more than 40 % of the votes is presumed to be control, unless another has as much or it is disproved`() async throws {
    let entities: KeyValuePairs = ["p0": "FR", "h": "FR", "fonds": "US", "p-a": "FR", "p-b": "FR"]
    let holdings = [
      ("h", "p0", "50", "50"), ("p-a", "p0", "50", "50"), ("fonds", "h", "45", "45"), ("p-a", "h", "30", "30"), ("p-b", "h", "25", "25"),
    ]
    #expect(try await ownership(table(entities, holdings)).verdict == .nonCompliant)
    #expect(try await ownership(table(entities, holdings, further: ["fonds>h": "false"])).verdict == .compliant)
    let rivalled = holdings.map { $0 == ("p-a", "h", "30", "30") ? ("p-a", "h", "55", "55") : $0 }.filter { $0 != ("p-b", "h", "25", "25") }
    #expect(try await ownership(table(entities, rivalled)).verdict == .compliant)
  }

  @Test func `where the owner of a decisive part is not declared, nothing is said`() async throws {
    let text = table(["p0": "FR", "h": "FR", "p-a": "FR"], [("h", "p0", "50", "50"), ("p-a", "p0", "50", "50")])
    let unknown = try await ownership(text)
    #expect(unknown.verdict == .notAssessed)
    #expect(unknown.reason?.french.contains("n'est pas déclaré") == true)
    // A listed company's owners are those who declared a threshold.
    let listed = table(["p0": "FR", "h": "FR", "p-a": "FR"], [("h", "p0", "50", "50"), ("p-a", "p0", "50", "50")], further: ["h": "cotee"])
    #expect(try await ownership(listed).verdict == .compliant)
    // A small part whose owner is unknown decides nothing.
    let small = table(["p0": "FR", "p-a": "FR", "fonds": "US"], [("p-a", "p0", "90", "90"), ("fonds", "p0", "5", "5")])
    #expect(try await ownership(small).verdict == .compliant)
  }

  @Test func `a veto and a majority of seats from outside are gaps`() async throws {
    func table(_ rights: String) -> String {
      self.table(
        ["p0": "FR", "a": "US", "b": "GB", "p-a": "FR"], [("a", "p0", "10", "10"), ("b", "p0", "10", "10"), ("p-a", "p0", "80", "80")], rights: rights
      )
    }
    func seats(_ holder: String, _ count: Int) -> String {
      "{ titulaire: \(holder), societe: p0, droit: nomination, organe: conseil, sieges: \(count), sur: 5, source: pacte }"
    }
    #expect(try await ownership(table("[]")).verdict == .compliant)
    let veto = try await ownership(table("[{ titulaire: a, societe: p0, droit: veto, source: pacte }]"))
    #expect(veto.verdict == .nonCompliant)
    #expect(veto.reason?.french.contains("veto") == true)
    #expect(try await ownership(table("[{ titulaire: p-a, societe: p0, droit: veto, source: pacte }]")).verdict == .compliant)
    #expect(try await ownership(table("[\(seats("a", 1)), \(seats("b", 1))]")).verdict == .compliant)
    #expect(try await ownership(table("[\(seats("a", 2)), \(seats("b", 1))]")).verdict == .nonCompliant)
  }

  @Test func `one of the provider's three places outside of the Union is a gap`() async throws {
    let house = try await ObservedHouse()
    house.move(to: ObservedHouse.today)
    let text = table(["p0": "FR", "p-a": "FR"], [("p-a", "p0", "100", "100")])
    try await house.set(CapitalRegister.self, text)
    #expect(try await house.verdicts(ControlEXTRA01())["19.6.a"] == .compliant)
    try await house.set(CapitalRegister.self, text.replacing("administration_centrale: FR", with: "administration_centrale: GB"))
    let finding = try #require(try await house.findings(ControlEXTRA01()).first { $0.items == ["19.6.a"] })
    #expect(finding.verdict == .nonCompliant)
    #expect(finding.reason?.french == "administration centrale hors de l'Union : GB.")
    try await house.set(CapitalRegister.self, text)
    #expect(try await house.verdicts(ControlEXTRA01())["19.6.a"] == .compliant)
    house.move(to: ObservedHouse.today.adding(months: 13))
    #expect(try await house.verdicts(ControlEXTRA01())["19.6.a"] == .notAssessed)
  }

  @Test func `a change that clients were not told of within a month is a gap`() async throws {
    let house = try await ObservedHouse()
    house.move(to: ObservedHouse.day("2026-11-10"))
    let entry = "{ id: entree, date: 2026-10-20, quoi: entree d'un fonds }"
    func table(_ changes: String, _ situation: String = "2026-11-05") -> String {
      self.table(["p0": "FR", "p-a": "FR"], [("p-a", "p0", "100", "100")], situation: situation, changes: changes)
    }
    func verdict() async throws -> Verdict? { try await house.verdicts(ControlEXTRA01())["19.6.f"] }
    try await house.set(CapitalRegister.self, table("[\(entry)]"))
    #expect(try await verdict() == .compliant)
    house.move(to: ObservedHouse.day("2026-11-19"))
    #expect(try await verdict() == .compliant)
    house.move(to: ObservedHouse.day("2026-11-20"))
    #expect(try await verdict() == .nonCompliant)
    try await house.set(CapitalRegister.self, table("[{ id: entree, date: 2026-10-20, quoi: entree d'un fonds, avis: 2026-11-18 }]"))
    #expect(try await verdict() == .compliant)
    try await house.set(CapitalRegister.self, table("[{ id: entree, date: 2026-10-20, quoi: entree d'un fonds, avis: 2026-11-20 }]"))
    #expect(try await verdict() == .nonCompliant)
    try await house.set(CapitalRegister.self, table("[]"))
    #expect(try await verdict() == .compliant)
    // A table that nobody has confirmed for a month cannot say that nothing changed.
    house.move(to: ObservedHouse.day("2026-12-07"))
    #expect(try await verdict() == .notAssessed)
  }

  @Test func `a table that changed without a declared change is a gap`() async throws {
    let house = try await ObservedHouse()
    house.move(to: ObservedHouse.today)
    func table(_ country: String, _ situation: String, _ changes: String = "[]") -> String {
      self.table(["p0": "FR", "p-a": country], [("p-a", "p0", "100", "100")], situation: situation, changes: changes)
    }
    func verdict() async throws -> Verdict? { try await house.verdicts(ControlEXTRA01())["19.6.f"] }
    try await house.set(CapitalRegister.self, table("FR", "2026-10-30"))
    try await house.set(CapitalRegister.self, table("FR", "2026-11-10"))
    #expect(try await verdict() == .compliant)
    try await house.set(CapitalRegister.self, table("DE", "2026-11-18"))
    #expect(try await verdict() == .nonCompliant)
    try await house.set(CapitalRegister.self, table("DE", "2026-11-18", "[{ id: d, date: 2026-11-15, quoi: demenagement, avis: 2026-11-16 }]"))
    #expect(try await verdict() == .compliant)
  }

  @Test func `a third party that the service needs without knowing how to go on without it is a gap`() async throws {
    let house = try await ObservedHouse()
    house.move(to: ObservedHouse.today)
    func verdict() async throws -> Verdict? { try await house.verdicts(ControlEXTRA01())["19.6.d"] }
    try await house.set(ThirdPartyRegister.self, ThirdPartyRegister.example)
    #expect(try await verdict() == .compliant)
    let alone = ThirdPartyRegister.example.replacing(
      "    autonomie:\n      competences: \"Équipe système : deux personnes contribuent au logiciel\"\n", with: "")
    try await house.set(ThirdPartyRegister.self, alone)
    #expect(try await verdict() == .nonCompliant)
    let qualified = alone.replacing(
      "    objection_jusqu_au: 2026-02-20\n    necessaire: true\n",
      with:
        "    objection_jusqu_au: 2026-02-20\n    necessaire: true\n    autonomie: { qualification: { decision: \"0000\", jusqu_au: 2026-11-19 } }\n")
    try await house.set(ThirdPartyRegister.self, qualified)
    #expect(try await verdict() == .nonCompliant)
    try await house.set(ThirdPartyRegister.self, qualified.replacing("jusqu_au: 2026-11-19 }", with: "jusqu_au: 2026-11-20 }"))
    #expect(try await verdict() == .compliant)
  }

  @Test func `the document on risks from non-European laws must be filed, and its review in time`() async throws {
    let house = try await ObservedHouse()
    house.move(to: ObservedHouse.today)
    func verdict() async throws -> Verdict? { try await house.verdicts(ControlEXTRA01())["5.3.d"] }
    #expect(try await verdict() == .notAssessed)
    try await house.file("risques-extra-europeens", nextReview: ObservedHouse.today.adding(days: -1))
    #expect(try await verdict() == .nonCompliant)
    try await house.file("risques-extra-europeens", nextReview: ObservedHouse.today.adding(days: 200))
    #expect(try await verdict() == .compliant)
  }

  @Test func `the example is in order`() async throws {
    let finding = try await ownership(CapitalRegister.example)
    #expect(finding.verdict == .compliant, "\(String(describing: finding.reason))")
  }
}
