import Catalogue
import Declarations
import Offers
import Testing
import Wire

@Suite struct ComparisonReportTests {
  private func report(_ name: String = "ministere", _ weights: String = "depart", isEnglish: Bool = false) throws -> ComparisonReport {
    let comparison = Comparison(
      of: try OfferData.catalogue(), with: try #require(try OfferData.need(name)), weights: try #require(WeightSet.named(weights)),
      on: try Sample.date())
    return ComparisonReport(comparison, profile: "rssi", isEnglish: isEnglish)
  }

  @Test(arguments: OfferData.needNames) func thePageIsWholeByItself(name: String) throws {
    let page = try report(name).html()
    #expect(page.hasPrefix("<!doctype html>"))
    #expect(!page.contains("{{"))
    for foreign in ["<script", "<link", "<img", "src=", "url(", "@import"] { #expect(!page.contains(foreign), "\(foreign)") }
    #expect(page.contains("@page"))
    #expect(page.contains("<svg"))
  }

  @Test func everySourceThatIsCitedIsInTheTableOfSources() throws {
    let page = try report().html()
    let cited = Set(page.texts(between: "href=\"#s-", and: "\""))
    let listed = Set(page.texts(between: "<tr id=\"s-", and: "\""))
    #expect(!cited.isEmpty)
    #expect(cited.isSubset(of: listed))
    #expect(listed.count == (try OfferData.catalogue()).sources.count)
  }

  @Test func thePageSaysWhatItDoesNotSay() throws {
    let page = try report().html()
    for text in [
      "Ni avis ni conseil", "catalogue de l&#39;ANSSI", "à revérifier", "2026-11-25", "RSSI", "What this document does not say", "Questions à poser",
    ] {
      #expect(page.contains(text), "\(text)")
    }
    #expect(!page.lowercased().contains("certifié"))
  }

  @Test func theCommissionsMappingIsStatedWhereItsWeightsAreUsed() throws {
    #expect(try report("ministere", "csf").html().contains("SOV-8 Environnement"))
    #expect(try !report("ministere", "depart").html().contains("SOV-8"))
  }

  @Test func theEnglishPageSpeaksEnglishOnly() throws {
    let page = try report(isEnglish: true).html()
    #expect(page.contains("<html lang=\"en\">"))
    #expect(page.contains("Knock-out criteria"))
    for french in ["Critères éliminatoires", "à revérifier", "non trouvé", "éligible sous réserve", "Questions à poser"] {
      #expect(!page.contains(french), "\(french)")
    }
  }

  @Test func whatAFileSaysCannotBecomeMarkup() throws {
    let facts = Sample.qualified + "\n      services: {valeur: \"<script>alert(1)</script> & co\", lecture: [calcul], source: FRESH}"
    let page = try ComparisonReport(Sample.comparison([("a", facts)])).html()
    #expect(!page.contains("<script>"))
    #expect(page.contains("&lt;script&gt;alert(1)&lt;/script&gt; &amp; co"))
  }

  @Test func theTableOnTheTerminalIsFrenchWithALineOfEnglish() throws {
    let text = try report().text
    #expect(text.contains("éligible sous réserve"))
    #expect(text.contains("5 of 13 offers may do"))
    #expect(text.contains("→ éligible si J3 (la décision de qualification) est prononcé avant le 2027-01-04"))
    let english = try report(isEnglish: true).text
    #expect(!english.contains("éligible"))
    #expect(english.contains("eligible if J3"))
  }

  @Test func jsonHasEveryOfferWithItsCriteriaAxesAndQuestions() throws {
    let json = try report().json
    let parsed = try JSON(parsing: json.bytes)
    #expect(parsed == json)
    let offers = try #require(parsed["offers"]?.array)
    #expect(offers.count == 13)
    let bleu = try #require(offers.first { $0["id"]?.string == "bleu" })
    #expect(bleu["eligibility"]?.string == "non_eligible")
    #expect(bleu["scenario"]?["fr"]?.string?.contains("si J3") == true)
    let criteria = try #require(bleu["criteria"]?.array)
    let qualification = try #require(criteria.first { $0["id"]?.string == "qualification" })
    #expect(qualification["state"]?.string == "non")
    #expect(qualification["evidence"]?.array?.first?["sources"]?.array?.first?["key"]?.string == "ANSSI-REL1")
    #expect(bleu["axes"]?.array?.count == Axis.allCases.count)
    #expect(bleu["questions"]?.array?.isEmpty == false)
    #expect(parsed["weights"]?["points"]?["qualification"]?.number == 15)
  }

  @Test func whereNothingIsKnownOfAnyOfferNothingIsMadeUp() throws {
    let comparison = try Sample.comparison([("a", "      cible: inconnu")])
    #expect(comparison.assessments[0].eligibility == .conditional)
    #expect(comparison.assessments[0].evidence.isEmpty)
    #expect(try ComparisonReport(comparison).html().contains("non trouvé"))
  }
}
