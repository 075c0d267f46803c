internal import ArgumentParser
internal import Base
internal import Keyring
internal import Logging
internal import Records
internal import SecurityModule

#if canImport(Glibc)
  internal import Glibc
#endif

/// `cocagne root-key move`
///
/// A rotation to a key that was made inside of the module; then the file is overwritten and removed. Each step is durable before the next begins, and the
/// command goes on where an earlier one was cut short.
struct RootKeyMove: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "move",
    abstract: "Passe la clé racine dans un HSM, pour toujours. — Moves the root key into an HSM, for good.",
    discussion: """
      Le nuage doit être arrêté. Une nouvelle clé racine est créée dans le HSM, qui ne la rend jamais ; l'ancienne, un fichier, est écrasée et supprimée.
      Le code du jeton vient d'un fichier de mode 0600 (--pin-file) ou de la variable COCAGNE_HSM_PIN. Interrompue, la commande se relance.
      The cloud must be stopped. A new root key is made in the HSM, which never gives it out; the old one, a file, is overwritten and removed. The token's \
      PIN comes from a file of mode 0600 (--pin-file) or from the variable COCAGNE_HSM_PIN. After an interruption, give the command again.
      """)

  @OptionGroup var data: DataOptions
  @Option(help: "La bibliothèque PKCS#11, un chemin absolu ; sinon celle de hsm.json. — The PKCS#11 library; by default that of hsm.json.")
  var library: String?
  @Option(help: "L'étiquette du jeton ; sinon celle de hsm.json. — The token's label; by default that of hsm.json.") var token: String?
  @Option(help: "Un fichier de mode 0600 avec le code du jeton. — A file of mode 0600 with the token's PIN.") var pinFile: String?

  func run() async throws {
    let directory = data.directory
    guard try DataDirectory.read(directory.records) != nil else {
      throw OperatorError("Aucun nuage dans \(directory.path).", "There is no cloud in \(directory.path).")
    }
    if try ControlSocket.ask(directory, "status") != nil { throw Self.mustStop(directory) }
    let settings = try chosenSettings(directory)
    let records: SQLiteRecordStore
    do {
      records = try SQLiteRecordStore(path: directory.records)
    } catch RecordStoreError.inUse {
      throw Self.mustStop(directory)
    }
    do {
      try await move(directory, settings, records)
    } catch {
      try? await records.close()
      throw error
    }
    try await records.close()
  }

  private func move(_ directory: DataDirectory, _ settings: ModuleSettings, _ records: SQLiteRecordStore) async throws {
    let place = RootKeyPlace(directory: directory)
    let module = try settings.module(logger: Logger.silent)
    let steps = MoveSteps()
    if try place.moduleKey() != nil {
      guard try place.hasFile else {
        throw OperatorError(
          "La clé racine est déjà dans le HSM ; elle n'en sort pas.", "The root key is in the HSM already; it does not come out of it.")
      }
      let root = try place.open(isNew: false, settings: settings, module: module, random: SystemRandom())
      try await place.finishMove(Keyring(rootKey: root, random: SystemRandom()), settings: settings, records: records)
    } else {
      guard try place.hasFile else {
        throw OperatorError("\(directory.rootKey) manque.", "\(directory.rootKey) lacks.")
      }
      let old = try RootKey(readingFrom: directory.rootKey)
      let id = try place.nextModuleKey() ?? SystemRandom().guid()
      steps.next("begin")
      try place.begin(id)
      let key = ModuleRootKey(id, in: module)
      steps.next("make")
      do {
        try key.make()
      } catch KeyringError.rootKeyUnavailable(let reason) {
        throw settings.unavailable(reason)
      }
      steps.next("settings")
      try settings.write(directory)
      steps.next("rotate")
      try await Keyring(rootKey: old, random: SystemRandom()).rotateRootKey(to: RootKey(key), records: records) {
        steps.next("install")
        try place.install()
        steps.next("retire")
      } ended: {
        try RootKeyPlace.enter(id, settings, $0)
      }
      steps.next("destroy")
      try RootKey.destroy(directory.rootKey, random: SystemRandom())
      steps.next("end")
    }
    let key = try place.moduleKey().map(\.description) ?? ""
    Bilingual.say(
      """
      La clé racine \(key) est dans le HSM, jeton « \(settings.token) ». Le fichier \(directory.rootKey) a été écrasé et supprimé.
      Les sauvegardes faites avant ne s'ouvrent qu'avec l'ancienne clé : refaites-en une, puis détruisez les copies de ce fichier.
      """,
      """
      The root key \(key) is in the HSM, token “\(settings.token)”. The file \(directory.rootKey) was overwritten and removed.
          Earlier backups open with the old key alone: make a new one, then destroy the copies of that file.
      """)
  }

  private func chosenSettings(_ directory: DataDirectory) throws -> ModuleSettings {
    let known = try ModuleSettings.read(directory)
    guard let library = library ?? known?.library, let token = token ?? known?.token else {
      throw OperatorError("Il manque --library et --token.", "--library and --token lack.")
    }
    guard library.hasPrefix("/") else {
      throw OperatorError("--library : un chemin absolu est attendu.", "--library: an absolute path is expected.")
    }
    return ModuleSettings(library: library, token: token, pinFile: pinFile.map { DataDirectory(path: $0).path } ?? known?.pinFile)
  }

  private static func mustStop(_ directory: DataDirectory) -> OperatorError {
    OperatorError(
      "Un nuage tourne dans \(directory.path) : arrêtez-le d'abord par « cocagne down ».",
      "A cloud is running in \(directory.path): stop it first by “cocagne down”.")
  }
}

/// The steps of a move. Tests end the process before each of them, as a cut of the power would.
private final class MoveSteps: Sendable {
  private static let variable = "COCAGNE_KILLED_BEFORE_STEP"
  private let lethal = getenv(variable).map { String(cString: $0) }

  func next(_ name: String) {
    if name == lethal { kill(getpid(), SIGKILL) }
  }
}
