internal import ArgumentParser
internal import Base
internal import FoundationEssentials
internal import SecNumCloud
internal import Wire

/// `cocagne dossier …`
struct DossierCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "dossier",
    abstract: "Le dossier signé que l'auditeur emporte et vérifie hors ligne. — The signed dossier that an auditor takes away and verifies offline.",
    subcommands: [DossierBuild.self, DossierVerify.self])
}

/// `cocagne dossier build`
struct DossierBuild: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "build", abstract: "Construit le dossier d'un service. — Builds the dossier of a service.")

  @OptionGroup var options: ComplianceOptions
  @Option(help: "Le service : iaas, caas, paas ou saas. — The kind of service.") var scope = "iaas"
  @Option(help: "Le dossier à écrire. — The folder to write.") var out: String
  @Flag(inversion: .prefixedNo, help: "Imprime aussi le PDF. — Prints the PDF too.") var pdf = true

  func run() throws {
    let answer = try options.ask(
      "dossier build",
      [
        "scope": .string(scope), "folder": .string(DataDirectory(path: out).path), "english": .boolean(options.english), "pdf": .boolean(pdf),
      ])
    if options.json { return print(answer.text) }
    Bilingual.say(
      "Dossier écrit dans \(out) : \(answer["files"]?.integer ?? 0) fichiers. « cocagne dossier verify \(out) » le vérifie.",
      "Dossier written to \(out): \(answer["files"]?.integer ?? 0) files. “cocagne dossier verify \(out)” verifies it.")
  }
}
