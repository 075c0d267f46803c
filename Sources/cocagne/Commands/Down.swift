internal import ArgumentParser
internal import Base
internal import Wire

#if canImport(Glibc)
  internal import Glibc
#endif

/// `cocagne down`
struct Down: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Arrête le nuage, une fois les requêtes en cours servies. — Stops the cloud once the requests under way are served.")

  /// How long the cloud may take: its own bound is 10 seconds.
  private static let patience: Duration = .seconds(15)

  @OptionGroup var data: DataOptions

  func run() async throws {
    guard let status = try ControlSocket.ask(data.directory, "status"), let process = status["processId"]?.integer else {
      return Bilingual.say("Aucun nuage ne tourne ici.", "No cloud is running here.")
    }
    let identifier = pid_t(process)
    // So that it is entered who stops the cloud. One of an earlier version does not know the command, and stops all the same.
    _ = try? ControlSocket.ask(data.directory, "down")
    guard kill(identifier, SIGTERM) == 0 else { throw DiskError.system(errno, call: "kill") }
    let deadline = ContinuousClock.now + Self.patience
    while kill(identifier, 0) == 0 {
      guard ContinuousClock.now < deadline else {
        throw OperatorError(
          "Le processus \(identifier) ne s'est pas arrêté en \(Self.patience.components.seconds) s.",
          "Process \(identifier) did not stop within \(Self.patience.components.seconds) s.")
      }
      try await Task.sleep(for: .milliseconds(50))
    }
    Bilingual.say("Le nuage est arrêté.", "The cloud has stopped.")
  }
}
