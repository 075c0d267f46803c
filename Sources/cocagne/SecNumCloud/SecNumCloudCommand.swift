internal import ArgumentParser
internal import Wire

/// `cocagne secnumcloud …`
struct SecNumCloudCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "secnumcloud",
    abstract: "SecNumCloud 3.2, observé : ce qui tient, alinéa par alinéa. — SecNumCloud 3.2, observed: what holds, item by item.",
    subcommands: [SecNumCloudStatus.self, SecNumCloudObserve.self, SecNumCloudExplain.self, RegisterCommand.self, DocumentCommand.self])
}

/// The options of every command that asks what holds.
struct ComplianceOptions: ParsableArguments {
  @OptionGroup var data: DataOptions
  @Flag(help: "En anglais. — In English.") var english = false
  @Flag(help: "En JSON. — As JSON.") var json = false

  func ask(_ command: String, _ arguments: JSON = [:]) throws -> JSON { try data.ask(command, arguments) }

  /// One of the two languages of a text.
  func text(_ json: JSON?) -> String { json?[english ? "en" : "fr"]?.string ?? "" }

  func choose(_ french: String, _ english: String) -> String { self.english ? english : french }
}

/// How verdicts look in a terminal.
enum VerdictMark {
  static func mark(_ verdict: String) -> String {
    switch verdict {
    case "conforme": "✔"
    case "non conforme": "✘"
    case "sans objet": "–"
    default: "?"
    }
  }

  static func english(_ verdict: String) -> String {
    switch verdict {
    case "conforme": "compliant"
    case "non conforme": "not compliant"
    case "sans objet": "not applicable"
    default: "not assessed"
    }
  }
}
