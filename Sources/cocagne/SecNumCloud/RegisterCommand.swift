internal import ArgumentParser
internal import Base
internal import SecNumCloud
internal import Wire

/// `cocagne secnumcloud register …`
struct RegisterCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "register",
    abstract: "Les registres que l'opérateur tient : capital, tiers, incidents… — The registers that the operator keeps.",
    subcommands: [RegisterSet.self, RegisterList.self, RegisterExample.self])
}

/// `cocagne secnumcloud register set NAME FILE`
struct RegisterSet: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "set",
    abstract: "Dépose un registre : il remplace le précédent, qui reste à l'historique. — Files a register; the earlier one stays as history.")

  @OptionGroup var options: ComplianceOptions
  @Argument(help: "Le nom du registre. — The register's name.") var name: String
  @Argument(help: "Le fichier YAML. — The YAML file.") var file: String

  func run() throws {
    let answer = try options.ask(
      "secnumcloud register",
      ["name": .string(name), "path": .string(DataDirectory(path: file).path), "author": .string(OperatorName.current)])
    if options.json { return print(answer.text) }
    Bilingual.say("Registre « \(name) » déposé.", "Register “\(name)” filed.")
  }
}

/// `cocagne secnumcloud register list`
struct RegisterList: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "list", abstract: "Montre les registres et leur dernier dépôt. — Shows the registers and when they were last filed.")

  @OptionGroup var options: ComplianceOptions

  func run() throws {
    let answer = try options.ask("secnumcloud registers")
    if options.json { return print(answer.text) }
    for register in answer["registers"]?.array ?? [] {
      let filed = register["filed"]?.string ?? options.choose("jamais déposé", "never filed")
      print("\(register["filed"] == nil ? "?" : "✔") \(register["name"]?.string ?? "") : \(options.text(register["title"])) (\(filed))")
    }
  }
}

/// `cocagne secnumcloud register example NAME`
struct RegisterExample: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "example", abstract: "Imprime un exemple complet et commenté. — Prints a complete example with comments.")

  @OptionGroup var data: DataOptions
  @Argument(help: "Le nom du registre. — The register's name.") var name: String

  func run() throws {
    guard let register = Registers.named(name) else {
      let names = Registers.all.map { $0.name }.sorted().joined(separator: ", ")
      throw OperatorError("« \(name) » n'est pas un registre : \(names).", "“\(name)” is no register: \(names).")
    }
    print(register.example, terminator: register.example.hasSuffix("\n") ? "" : "\n")
  }
}
