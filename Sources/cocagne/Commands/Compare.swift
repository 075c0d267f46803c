internal import ArgumentParser
internal import Base
internal import Catalogue
internal import Declarations
internal import Offers
internal import Wire

#if canImport(Glibc)
  internal import Glibc
#endif

/// `cocagne compare`
struct Compare: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "compare",
    abstract: "Compare les offres du marché à un besoin, sur des faits sourcés. — Compares the market's offers with a need, on sourced facts.",
    subcommands: [CompareOffers.self, CompareFacts.self], defaultSubcommand: CompareOffers.self)
}

/// `cocagne compare --need …`
struct CompareOffers: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "offers",
    abstract: "La comparaison elle-même ; le mot « offers » est facultatif. — The comparison itself; the word “offers” may be left out.")

  @Option(help: "Le besoin : un fichier, ou hopital, ministere, mairie. — The need: a file, or hopital, ministere, mairie.") var need: String
  @Option(help: "Pour qui : dsi ou rssi. — For whom: dsi (CIO) or rssi (CISO).") var profile: String?
  @Option(help: "Les poids : depart, dsi, rssi, csf, ou un fichier. — The weights: depart, dsi, rssi, csf, or a file.") var weights: String?
  @Option(help: "Un fichier de faits à la place de celui qui est livré. — A file of facts instead of the one that ships.") var facts: String?
  @Option(help: "Le jour de la comparaison, AAAA-MM-JJ ; aujourd'hui sans elle. — The day of the comparison, YYYY-MM-DD; today without it.") var date:
    String?
  @Option(help: "Écrit une page HTML à imprimer. — Writes an HTML page to print.") var out: String?
  @Flag(help: "En JSON. — As JSON.") var json = false
  @Flag(help: "En anglais seulement. — In English only.") var english = false

  func run() throws {
    let profile = try chosenProfile
    let need = try chosenNeed
    let catalogue = try CompareFile.catalogue(facts)
    let comparison = Comparison(of: catalogue, with: need, weights: try weights(for: need, profile: profile), on: try CompareFile.day(date))
    let report = ComparisonReport(comparison, profile: profile?.name, isEnglish: english)
    if let out {
      // A page is for others to read.
      let page = try report.html()
      do {
        try DataDirectory.write(page.utf8, to: CompareFile.path(out), mode: 0o644)
      } catch let error as DiskError {
        throw OperatorError("Impossible d'écrire \(out) : \(error).", "Cannot write \(out): \(error).")
      }
    }
    if json { return print(report.json.text) }
    print(report.text)
    if let out {
      if english { print("Report: \(out)") } else { Bilingual.say("Rapport : \(out)", "Report: \(out)") }
    }
  }

  private static let profiles = ["dsi", "rssi"]

  private var chosenProfile: WeightSet? {
    get throws {
      guard let profile else { return nil }
      guard Self.profiles.contains(profile), let weights = WeightSet.named(profile) else {
        throw OperatorError("Profil inconnu : « \(profile) ». Il y a dsi et rssi.", "Unknown profile: “\(profile)”. There are dsi and rssi.")
      }
      return weights
    }
  }

  private var chosenNeed: Need {
    get throws {
      if let shipped = try OfferData.need(need) { return shipped }
      return try Need(reading: CompareFile.declaration(need))
    }
  }

  private func weights(for need: Need, profile: WeightSet?) throws -> WeightSet {
    guard let weights else { return profile ?? need.weights ?? .start }
    if let named = WeightSet.named(weights) { return named }
    if !CompareFile.exists(weights) {
      let known = WeightSet.named.map(\.name).joined(separator: ", ")
      throw OperatorError(
        "« \(weights) » n'est ni un jeu de poids ni un fichier. Les jeux : \(known).",
        "“\(weights)” is neither a set of weights nor a file. The sets: \(known).")
    }
    return try WeightSet(reading: CompareFile.declaration(weights))
  }
}

/// What a comparison reads.
enum CompareFile {
  /// Absolute.
  static func path(_ file: String) -> String { DataDirectory(path: file).path }

  static func exists(_ file: String) -> Bool { access(path(file), F_OK) == 0 }

  /// The text of a file that must be there.
  static func text(_ file: String) throws -> String {
    let bytes: [UInt8]?
    do {
      bytes = try DataDirectory.read(path(file))
    } catch {
      throw OperatorError("Le fichier \(file) n'est pas lisible.", "The file \(file) cannot be read.")
    }
    guard let bytes else { throw OperatorError("Le fichier \(file) n'existe pas.", "The file \(file) does not exist.") }
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw DeclarationError(file: file, line: nil, "ce n'est pas un texte UTF-8.", "this is no text in UTF-8.")
    }
    return text
  }

  static func declaration(_ file: String) throws -> Declaration { try Declaration(text(file), file: file) }

  /// The facts of a file, or those which ship.
  static func catalogue(_ file: String?) throws -> OfferCatalogue {
    guard let file else { return try OfferData.catalogue() }
    return try OfferCatalogue(reading: declaration(file))
  }

  /// The day that somebody named, or today.
  static func day(_ text: String?) throws -> CalendarDate {
    guard let text else { return CalendarDate(SystemClock().now()) }
    guard let day = CalendarDate(text) else {
      throw OperatorError("Cette date n'existe pas : « \(text) ». Il faut AAAA-MM-JJ.", "There is no such date: “\(text)”. YYYY-MM-DD is wanted.")
    }
    return day
  }
}
