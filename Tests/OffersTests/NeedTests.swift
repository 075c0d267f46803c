import Catalogue
import Declarations
import Offers
import Testing

@Suite struct NeedTests {
  @Test(arguments: OfferData.needNames) func everyShippedNeedIsRead(name: String) throws {
    let need = try #require(try OfferData.need(name))
    #expect(need.name.french != need.name.english)
    #expect(!need.services.isEmpty)
  }

  @Test func thereIsNoOtherShippedNeed() throws {
    #expect(try OfferData.need("prefecture") == nil)
  }

  @Test func theMinistrysNeedIsUnderArticle31() throws {
    #expect(try #require(try OfferData.need("ministere")).requirements.article31)
    #expect(try #require(try OfferData.need("hopital")).requirements.labels == ["HDS"])
    #expect(try !#require(try OfferData.need("mairie")).requirements.qualification)
  }

  @Test(arguments: [
    ("services: [calcul]", "services: [calcul, teleportation]", 6, "« teleportation »"), ("services: [calcul]", "services: []", 6, "vide"),
    ("services: [calcul]", "services: [calcul, calcul]", 6, "deux fois"), ("modeles: [IaaS]", "modeles: [iaas]", 5, "« iaas »"),
    ("jour_du_besoin: 2027-01-04", "jour_du_besoin: 2027-02-29", 3, "date"), ("debut: 2027-01-04", "debut: 2026-01-04", 4, "avant le jour du besoin"),
    ("exigences: {qualification: true}", "exigences: {qualification: oui}", 7, "true"),
    ("exigences: {qualification: true}", "exigences: {qualification: false, article_31: true}", 7, "article 31"),
    ("exigences: {qualification: true}", "exigences: {qualification: true, vitesse: true}", 7, "n'est pas connu"),
    ("exigences: {qualification: true}", "exigences: {qualification: true, localisation: US}", 7, "« US »"),
    ("exigences: {qualification: true}", "exigences: {qualification: true}\npoids: {gentillesse: 100}", 8, "cet axe n'est pas connu"),
    ("exigences: {qualification: true}", "exigences: {qualification: true}\npoids: {cout: 99}", 8, "les poids font 99"),
    ("nom: \"Besoin\"", "titre: \"Besoin\"", 2, "n'est pas connu"), ("nom: \"Besoin\"", "nom: 11.10", 2, "lu comme un nombre"),
  ])
  func aFaultyNeedIsNamedWithFileAndLine(old: String, new: String, line: Int, french: String) throws {
    let error = try Sample.error { _ = try Sample.need(Sample.need.replacing(old, with: new)) }
    #expect(error.file == "need.yaml")
    #expect(error.line == line, "\(error)")
    #expect(error.french.contains(french), "\(error.french)")
  }

  @Test func aNeedMayBringItsOwnWeights() throws {
    let need = try Sample.need(Sample.need + "\npoids: {cout: 60, cles: 40}")
    #expect(need.weights?[.cost] == 60)
    #expect(need.weights?[.law] == 0)
  }
}

@Suite struct WeightSetTests {
  @Test(arguments: WeightSet.named) func everyNamedSetMakes100AndNamesItsSource(set: WeightSet) {
    #expect(abs(Axis.allCases.reduce(0) { $0 + set[$1] } - 100) < 1e-9)
    #expect(!set.source.french.isEmpty)
    #expect(WeightSet.named(set.name) == set)
  }

  @Test func thereIsNoSetOfAnotherName() {
    #expect(WeightSet.named("besoin") == nil)
    #expect(WeightSet.named.map(\.name) == ["depart", "dsi", "rssi", "csf"])
  }

  @Test func theCommissionsWeightsAreLaidOnTheAxesAsStated() throws {
    let set = try #require(WeightSet.named("csf"))
    #expect(set.mapping.map(\.points) == [15, 10, 10, 15, 20, 15, 10, 5])
    for (index, mapping) in set.mapping.enumerated() { #expect(mapping.objective.french.hasPrefix("SOV-\(index + 1) ")) }
    for axis in Axis.allCases { #expect(set[axis] == set.mapping.filter { $0.axis == axis }.reduce(0) { $0 + $1.points }) }
  }

  private func read(_ weights: String) throws -> WeightSet {
    try WeightSet(reading: Declaration("schema: 1\nnom: \"x\"\nsource: \"y\"\npoids: {\(weights)}", file: "w.yaml"))
  }

  @Test func aCustomSetCountsOnlyWhatItNames() throws {
    let set = try read("qualification: 50.5, cles: 49.5")
    #expect(set[.qualification] == 50.5)
    #expect(set[.coverage] == 0)
  }

  @Test(arguments: [
    "qualification: 50, cles: 49", "qualification: 101", "qualification: -1, cles: 101", "qualification: 100, prix: 0", "qualification: cent",
  ])
  func aFaultySetIsRefusedAtItsLine(weights: String) throws {
    let error = try Sample.error { _ = try read(weights) }
    #expect(error.file == "w.yaml")
    #expect(error.line == 4)
  }
}
