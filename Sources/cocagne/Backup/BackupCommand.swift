internal import ArgumentParser
internal import Base
internal import Keyring
internal import Logging
internal import Records
internal import SecNumCloud
internal import SecurityModule
internal import Wire

/// `cocagne backup …`
struct BackupCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "backup",
    abstract: "Sauvegarde du nuage, hors disques des machines. — Backup of the cloud, but for machines' disks.",
    subcommands: [BackupCreate.self, BackupVerify.self, BackupTest.self, BackupRestoreCommand.self])

  /// What the running cloud answers.
  static func ask(_ data: DataOptions, _ command: String, _ folder: String) throws -> JSON {
    guard let answer = try ControlSocket.ask(data.directory, command, ["folder": .string(DataDirectory(path: folder).path)]) else {
      throw OperatorError("Aucun nuage ne tourne dans \(data.directory.path).", "No cloud is running in \(data.directory.path).")
    }
    return answer
  }
}

/// `cocagne backup create --out FOLDER`
struct BackupCreate: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "create",
    abstract: "Sauvegarde le nuage qui tourne dans un dossier neuf, et l'inscrit au catalogue. — Backs the running cloud up into a new folder.",
    discussion: """
      La clé racine n'y est pas : gardez-la ailleurs, sans elle rien ne se restaure.
      The root key is not in it: keep it elsewhere, without it nothing can be restored.
      """)

  @OptionGroup var data: DataOptions
  @Option(help: "Le dossier, absent ou vide. — The folder, absent or empty.") var out: String
  @Flag(help: "En JSON. — As JSON.") var json = false

  func run() throws {
    let answer = try BackupCommand.ask(data, "backup create", out)
    if json { return print(answer.text) }
    let (files, bytes, sum) = (answer["files"]?.integer ?? 0, answer["bytes"]?.integer ?? 0, answer["sha256"]?.string ?? "")
    Bilingual.say(
      "Sauvegarde faite : \(files) fichiers, \(bytes) octets. Empreinte de SHA256SUMS : \(sum).",
      "Backup made: \(files) files, \(bytes) bytes. SHA-256 of SHA256SUMS: \(sum).")
  }
}

/// `cocagne backup verify FOLDER`
struct BackupVerify: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "verify",
    abstract: "Vérifie chaque octet d'une sauvegarde et sa signature, sans nuage. — Checks every byte of a backup, without a cloud.")

  @Argument(help: "Le dossier. — The folder.") var folder: String

  func run() throws {
    let summary = try operating { try BackupRestore(folder: DataDirectory(path: folder).path).verify() }
    Bilingual.say(
      "Sauvegarde \(summary.id) du \(summary.time) : \(summary.files) fichiers intacts, signés par la clé \(summary.signedBy).",
      "Backup \(summary.id) of \(summary.time): \(summary.files) files whole, signed by the key \(summary.signedBy).")
  }
}

/// `cocagne backup test FOLDER`
struct BackupTest: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "test",
    abstract: "Restaure une sauvegarde à côté du nuage, la relit, et inscrit l'essai au catalogue. — Restores a backup beside the cloud and reads it."
  )

  @OptionGroup var data: DataOptions
  @Argument(help: "Le dossier. — The folder.") var folder: String
  @Flag(help: "En JSON. — As JSON.") var json = false

  func run() throws {
    let answer = try BackupCommand.ask(data, "backup test", folder)
    if json { print(answer.text) }
    if let failure = answer["failure"]?.string {
      throw OperatorError("L'essai de restauration a échoué : \(failure)", "The restore test failed: \(failure)")
    }
    if json { return }
    let (records, extents) = (answer["records"]?.integer ?? 0, answer["extents"]?.integer ?? 0)
    Bilingual.say(
      "Essai réussi : \(records) enregistrements restaurés, \(extents) extents relus jusqu'au bout.",
      "The test succeeded: \(records) records restored, \(extents) extents read to their ends.")
  }
}

/// `cocagne backup restore FOLDER --root-key FILE`, or `--hsm FILE`
struct BackupRestoreCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "restore",
    abstract: "Restaure une sauvegarde dans un répertoire de données neuf. — Restores a backup into a new data directory.")

  @OptionGroup var data: DataOptions
  @Argument(help: "Le dossier. — The folder.") var folder: String
  @Option(help: "Le fichier de la clé racine du jour de la sauvegarde. — The file of the root key of the backup's day.") var rootKey: String?
  @Option(help: "Le hsm.json du HSM où était la clé racine ce jour-là. — The hsm.json of the HSM that had the root key on that day.") var hsm: String?

  func validate() throws {
    guard (rootKey == nil) != (hsm == nil) else { throw ValidationError("--root-key | --hsm") }
  }

  func run() async throws {
    let directory = data.directory
    let place = RootKeyPlace(directory: directory)
    guard try DataDirectory.read(directory.records) == nil, try !place.hasFile, try place.moduleKey() == nil else {
      throw OperatorError("\(directory.path) contient déjà un nuage.", "\(directory.path) holds a cloud already.")
    }
    let restore = BackupRestore(folder: DataDirectory(path: folder).path)
    let summary = try operating { try restore.verify() }
    let key = try key(of: summary)
    try directory.prepare()
    let count: Int
    do {
      count = try await restore.restore(records: directory.records, segments: directory.segments, rootKey: key)
    } catch let failure as ObservationFailure {
      throw OperatorError(failure.text.french, failure.text.english)
    }
    let records = try SQLiteRecordStore(path: directory.records)
    try await OperatorActions.enter("backup restore", subject: summary.id.description, in: records)
    try await records.close()
    let settings = try operating { try restore.settings(rootKey: key) }
    if let machines = settings["machines.json"] { try DataDirectory.write(machines, to: directory.machineSettings) }
    if let ledger = settings["ledger.json"] { try DataDirectory.write(ledger, to: directory.ledgerSettings) }
    // Last: without it the directory does not start, and this command can be given again once it is cleared.
    if let rootKey { try DataDirectory.write(try DataDirectory.read(rootKey) ?? [], to: directory.rootKey) }
    if let hsm, let name = summary.rootKey {
      try Self.settings(hsm).write(directory)
      try place.restore(name)
    }
    Bilingual.say(
      "Sauvegarde \(summary.id) restaurée dans \(directory.path) : \(count) enregistrements. « cocagne up » le démarre.",
      "Backup \(summary.id) restored into \(directory.path): \(count) records. “cocagne up” starts it.")
  }
}

extension BackupRestoreCommand {
  private func key(of summary: BackupRestore.Summary) throws -> RootKey {
    if let rootKey { return try RootKey(readingFrom: rootKey) }
    guard let hsm, let name = summary.rootKey else {
      throw OperatorError("Cette sauvegarde ne dit pas sous quelle clé racine elle est.", "This backup does not say which root key it is under.")
    }
    let settings = try Self.settings(hsm)
    let key = ModuleRootKey(name, in: try settings.module(logger: Logger.silent))
    do {
      try key.check()
    } catch KeyringError.rootKeyUnavailable(let reason) {
      throw settings.unavailable(reason)
    }
    return RootKey(key)
  }

  private static func settings(_ path: String) throws -> ModuleSettings {
    guard let bytes = try DataDirectory.read(path) else { throw OperatorError("\(path) manque.", "\(path) lacks.") }
    return try ModuleSettings(bytes, path: path)
  }
}

/// Runs what may find a fault, and tells it as an operator reads it.
private func operating<Value>(_ body: () throws -> Value) throws -> Value {
  do {
    return try body()
  } catch let failure as ObservationFailure {
    throw OperatorError(failure.text.french, failure.text.english)
  }
}
