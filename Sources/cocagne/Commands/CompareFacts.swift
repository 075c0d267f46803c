internal import ArgumentParser
internal import Base
internal import Catalogue
internal import Declarations

#if canImport(Glibc)
  internal import Glibc
#endif

/// `cocagne compare facts`
struct CompareFacts: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "facts", abstract: "Les faits sur les offres. — The facts about the offers.",
    subcommands: [CompareFactsCheck.self, CompareFactsAdd.self])
}

/// `cocagne compare facts check [FILE]`
struct CompareFactsCheck: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "check", abstract: "Valide un fichier de faits, ou ceux qui sont livrés. — Validates a file of facts, or those which ship.")

  @Argument(help: "Le fichier. — The file.") var file: String?
  @Option(help: "Le jour dont l'âge des faits se compte, AAAA-MM-JJ. — The day from which the age of facts is counted, YYYY-MM-DD.") var date: String?

  func run() throws {
    let day = try CompareFile.day(date)
    let catalogue = try CompareFile.catalogue(file)
    let facts = catalogue.offers.flatMap(\.facts)
    let known = facts.filter { !$0.isUnknown }
    let stale = known.filter { $0.sources.compactMap(catalogue.source).allSatisfy { $0.isStale(on: day) } }
    let milestones = catalogue.offers.map { $0.milestones.count }.reduce(0, +)
    let (unknown, offers, sources) = (facts.count - known.count, catalogue.offers.count, catalogue.sources.count)
    Bilingual.say(
      "\(file ?? "Les faits livrés") : valides. \(offers) offres, \(sources) sources, \(known.count) faits, \(milestones) jalons, "
        + "\(unknown) inconnus ; \(stale.count) faits à revérifier au \(day).",
      "\(file ?? "The shipped facts"): valid. \(offers) offers, \(sources) sources, \(known.count) facts, \(milestones) milestones, "
        + "\(unknown) unknown; \(stale.count) facts to look up again on \(day).")
  }
}

/// `cocagne compare facts add`
struct CompareFactsAdd: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "add",
    abstract:
      "Ajoute un fait, un jalon ou une source ; le reste du fichier ne change pas. — Adds a fact, a milestone or a source; the rest of the file stays."
  )

  @Option(help: "Le fichier. — The file.") var file: String
  @Option(help: "L'offre, par son identifiant. — The offer, by its id.") var offer: String?
  @Option(help: "Le fait ; « jalons » pour un jalon. — The fact; “jalons” for a milestone.") var fact: String?
  @Option(
    parsing: .singleValue,
    help:
      "La valeur, une fois par valeur d'une liste ; YAML si elle commence par [ ou {. — The value, once for each of a list; YAML where it begins with [ or {."
  )
  var value: [String] = []
  @Option(
    name: .customLong("with"), parsing: .singleValue,
    help: "Un autre membre du fait : du=2026-07-31. — Another member of the fact: du=2026-07-31.")
  var members: [String] = []
  @Option(help: "Une précision. — A precision.") var precision: String?
  @Option(parsing: .singleValue, help: "Une source du fait ; celle qui est ajoutée avec --what. — A source of the fact; the one added, with --what.")
  var source: [String] = []
  @Option(help: "Une source nouvelle : ce qu'elle est, et son adresse. — A new source: what it is, and its address.") var what: String?
  @Option(help: "Sa date : AAAA, AAAA-MM ou AAAA-MM-JJ ; aucune sans elle. — Its date: YYYY, YYYY-MM or YYYY-MM-DD; none without it.") var date:
    String?
  @Option(help: "Sa fiabilité : bonne, moyenne, faible, officielle_non_lue. — Its reliability: bonne, moyenne, faible, officielle_non_lue.")
  var reliability: String?
  @Flag(help: "Remplace ce qui existe. — Replaces what exists.") var replace = false

  func run() throws {
    guard !source.isEmpty else {
      throw OperatorError("Un fait sans source n'est pas écrit : --source.", "A fact without a source is not written: --source.")
    }
    var edit = try OfferFileEdit(CompareFile.text(file), file: file)
    if let what {
      guard source.count == 1, let reliability else {
        throw OperatorError(
          "Une source nouvelle demande un seul --source, --what et --reliability.", "A new source wants a single --source, --what and --reliability.")
      }
      try edit.add(source: source[0], what: what, date: date, reliability: reliability, replacing: replace)
    } else if date != nil || reliability != nil {
      throw OperatorError(
        "--date et --reliability sont d'une source nouvelle : --what manque.", "--date and --reliability are of a new source: --what lacks.")
    }
    if let offer, let fact, !value.isEmpty {
      let added = OfferFileEdit.NewFact(offer: offer, name: fact, values: value, members: try pairs, precision: precision, sources: source)
      // `--replace` of a fact that is not there is an addition like any other.
      try edit.add(added, replacing: replace)
    } else if offer != nil || fact != nil || !value.isEmpty || what == nil {
      throw OperatorError("Un fait demande --offer, --fact et --value.", "A fact wants --offer, --fact and --value.")
    }
    try write(edit.text)
    Bilingual.say("\(file) est à jour et valide.", "\(file) is up to date and valid.")
  }

  private var pairs: [(name: String, value: String)] {
    get throws {
      try members.map { text in
        guard let mark = text.firstIndex(of: "="), mark > text.startIndex else {
          throw OperatorError("« \(text) » n'est pas de la forme nom=valeur.", "“\(text)” is not of the form name=value.")
        }
        return (String(text[..<mark]), String(text[text.index(after: mark)...]))
      }
    }
  }

  /// Replaces the file that a link may lead to, with the mode that it has.
  private func write(_ text: String) throws {
    let path = CompareFile.path(file)
    guard let resolved = realpath(path, nil) else { throw DiskError.system(errno, call: "realpath") }
    defer { free(resolved) }
    var status = stat()
    guard stat(resolved, &status) == 0 else { throw DiskError.system(errno, call: "stat") }
    try DataDirectory.write(text.utf8, to: String(cString: resolved), mode: status.st_mode & 0o777)
  }
}
