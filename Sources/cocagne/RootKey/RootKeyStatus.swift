internal import ArgumentParser
internal import Base
internal import Keyring
internal import Logging
internal import SecurityModule
internal import Wire

/// `cocagne root-key status`
struct RootKeyStatus: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "status", abstract: "Dit où est la clé racine, et si son HSM répond. — Says where the root key is, and whether its HSM answers.")

  @OptionGroup var data: DataOptions
  @Flag(help: "En JSON. — As JSON.") var json = false

  func run() throws {
    let place = RootKeyPlace(directory: data.directory)
    let settings = try ModuleSettings.read(data.directory)
    let (installed, next, hasFile) = (try place.moduleKey(), try place.nextModuleKey(), try place.hasFile)
    let failure = try installed.flatMap { try Self.failure($0, settings) }
    if json {
      let answer: JSON = .object([
        "place": installed != nil ? "module" : hasFile ? "file" : "none", "key": installed.map { .string($0.description) },
        "library": settings.map { .string($0.library) }, "token": settings.map { .string($0.token) },
        "interrupted": .boolean(installed == nil ? next != nil : hasFile), "failure": failure.map { .string($0) },
      ])
      return print(answer.text)
    }
    if let installed {
      let token = settings?.token ?? "?"
      Bilingual.say(
        "La clé racine \(installed) est dans le HSM, jeton « \(token) ».", "The root key \(installed) is in the HSM, token “\(token)”.")
      if let failure {
        Bilingual.say("Le HSM n'est pas disponible : \(failure)", "The HSM is not available: \(failure)")
      } else {
        Bilingual.say("Le HSM répond.", "The HSM answers.")
      }
    } else if hasFile {
      Bilingual.say("La clé racine est un fichier : \(data.directory.rootKey).", "The root key is a file: \(data.directory.rootKey).")
    } else {
      Bilingual.say("Pas encore de clé racine : « cocagne up » la crée.", "No root key yet: “cocagne up” makes it.")
    }
    if installed == nil ? next != nil : hasFile {
      Bilingual.say(
        "Un déplacement a été interrompu : relancez « cocagne root-key move ».", "A move was interrupted: run “cocagne root-key move” again.")
    }
  }

  private static func failure(_ key: GUID, _ settings: ModuleSettings?) throws -> String? {
    guard let settings else { return "hsm.json" }
    do {
      try ModuleRootKey(key, in: settings.module(logger: Logger.silent)).check()
      return nil
    } catch KeyringError.rootKeyUnavailable(let reason) {
      return reason
    }
  }
}

extension Logger {
  /// For commands, which say themselves what went wrong.
  static var silent: Logger { Logger(label: "cocagne") { _ in SwiftLogNoOpLogHandler() } }
}
