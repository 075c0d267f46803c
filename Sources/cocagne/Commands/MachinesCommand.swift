internal import ArgumentParser

/// `cocagne machines`
struct MachinesCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "machines", abstract: "Les machines virtuelles de cet hôte. — The virtual machines of this host.", subcommands: [MachinesStop.self])
}

/// `cocagne machines stop`
struct MachinesStop: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "stop",
    abstract: "Arrête toutes les machines et retire leurs réseaux de l'hôte. — Stops every machine and takes their networks off the host.")

  @OptionGroup var data: DataOptions

  func run() async throws {
    guard try ControlSocket.ask(data.directory, "machines stop") != nil else { throw ImageBuild.notRunning }
    Bilingual.say("Les machines sont arrêtées, leurs réseaux retirés.", "The machines are stopped, their networks removed.")
  }
}
