internal import ArgumentParser
internal import Wire

/// The command line of the operator.
@main
struct Cocagne: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "cocagne",
    abstract: "Un cloud souverain qui parle Azure. — A sovereign cloud that speaks Azure.",
    version: Release.version,
    subcommands: [
      Up.self, Down.self, Status.self, Env.self, Doctor.self, TenantCommand.self, ImageCommand.self, MachinesCommand.self, SecNumCloudCommand.self,
      OperatorCommand.self, LockboxCommand.self, AuthorityRequestCommand.self, LedgerCommand.self, ExternalKeyServerCommand.self,
      DossierCommand.self, BackupCommand.self, RootKeyCommand.self, Compare.self,
    ])

  static func main() async {
    CrashReports.keepMemoryOut()
    await main(nil)
  }
}

/// What this build calls itself.
enum Release {
  static let version = "0.1.0"
}

/// The option that every command shares: which cloud is meant.
struct DataOptions: ParsableArguments {
  @Option(name: .customLong("data"), help: "Répertoire des données. — The data directory.")
  var path = ".cocagne"

  var directory: DataDirectory { DataDirectory(path: path) }
}

extension DataOptions {
  /// Asks the cloud that runs. Throws where none does.
  func ask(_ command: String, _ arguments: JSON = [:]) throws -> JSON {
    guard let answer = try ControlSocket.ask(directory, command, arguments) else {
      throw OperatorError(
        "Aucun nuage ne tourne dans \(directory.path) : lancez d'abord « cocagne up ».",
        "No cloud is running in \(directory.path): run “cocagne up” first.")
    }
    return answer
  }
}
