internal import ArgumentParser
internal import Wire

/// `cocagne tenant end NAME --notice DATE | --cancel`
struct TenantEnd: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "end",
    abstract: "Inscrit le préavis de fin de contrat d'un locataire, ou l'annule. — Records or cancels the notice of the end of a tenant's contract.",
    discussion: """
      Le préavis est d'au moins 21 jours calendaires : DATE en est le dernier jour, et l'effacement est permis le lendemain. Jusque-là le locataire \
      travaille et reprend ses données.
      — The notice is of at least 21 calendar days: DATE is its last day, and the erasure is permitted the day after. Until then the tenant works and \
      takes its data back.
      """)

  @OptionGroup var data: DataOptions

  @Argument(help: "Le nom, le domaine ou l'identifiant. — The name, the domain or the id.")
  var name: String

  @Option(help: "Le dernier jour du préavis, AAAA-MM-JJ. — The last day of the notice, YYYY-MM-DD.")
  var notice: String?

  @Flag(help: "Annule le préavis. — Cancels the notice.")
  var cancel = false

  @Flag(help: "En JSON. — As JSON.")
  var json = false

  func validate() throws {
    guard (notice != nil) != cancel else {
      throw ValidationError("--notice DATE ou --cancel, l'un des deux. — --notice DATE or --cancel, one of the two.")
    }
  }

  func run() throws {
    if let notice {
      let end = try data.ask("tenant end", ["name": .string(name), "notice": .string(notice)])
      if json { return print(end.text) }
      return Bilingual.say(
        "Préavis inscrit : rien ne sera effacé avant la fin du \(notice).", "Notice recorded: nothing will be erased before the end of \(notice).")
    }
    let end = try data.ask("tenant cancel", ["name": .string(name)])
    if json { return print(end.text) }
    Bilingual.say("Préavis annulé.", "Notice cancelled.")
  }
}
