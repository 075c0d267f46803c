internal import Base
internal import Keyring
internal import Ledger
internal import Records
internal import SecurityModule
internal import Wire

/// Where a cloud's root key is: in a file, or in its security module. Files in `keys` say which, and each change of them is one durable step.
struct RootKeyPlace {
  let directory: DataDirectory

  /// The name of the key in the module; nil where the root key is a file.
  func moduleKey() throws -> GUID? { try name(in: directory.moduleRootKey) }

  /// The name of the key that a move into the module has begun with, and not ended.
  func nextModuleKey() throws -> GUID? { try name(in: directory.nextModuleRootKey) }

  var hasFile: Bool { get throws { try DataDirectory.read(directory.rootKey) != nil } }

  /// Notes the name of a key before it is made, so that a move which is cut short goes on with the same key.
  func begin(_ key: GUID) throws { try write(key, to: directory.nextModuleRootKey) }

  /// From here on the root key is the module's.
  func install() throws {
    do {
      try RootKey.move(directory.nextModuleRootKey, to: directory.moduleRootKey)
    } catch {
      throw OperatorError("\(directory.moduleRootKey) ne peut pas être écrit : \(error)", "\(directory.moduleRootKey) cannot be written: \(error)")
    }
  }

  /// Puts a restored cloud under a key of the module.
  func restore(_ key: GUID) throws { try write(key, to: directory.moduleRootKey) }

  /// The root key. It is made where the cloud is new. Throws `OperatorError` where the key's module is away.
  func open(isNew: Bool, settings: ModuleSettings?, module: SecurityModule?, random: any RandomSource) throws -> RootKey {
    guard let id = try moduleKey() else {
      if isNew, try !hasFile { return try RootKey(creatingAt: directory.rootKey, random: random) }
      return try RootKey(readingFrom: directory.rootKey)
    }
    guard let settings, let module else {
      throw OperatorError(
        "La clé racine est dans un HSM, et \(directory.moduleSettings) manque : le nuage ne démarre pas sans lui.",
        "The root key is in an HSM, and \(directory.moduleSettings) lacks: the cloud does not start without it.")
    }
    let key = ModuleRootKey(id, in: module)
    do {
      try key.check()
    } catch KeyringError.rootKeyUnavailable(let reason) {
      throw OperatorError(
        "La clé racine \(id) est dans le HSM (jeton « \(settings.token) »), qui n'est pas disponible : le nuage ne démarre pas sans lui. \(reason)",
        "The root key \(id) is in the HSM (token “\(settings.token)”), which is not available: the cloud does not start without it. \(reason)")
    }
    return RootKey(key)
  }

  /// Ends a move into the module that was cut short after the module's key was installed: wrappings by the old key go, then its file.
  func finishMove(_ keyring: Keyring, settings: ModuleSettings?, records: any RecordStore) async throws {
    guard let key = try moduleKey(), let settings, try hasFile else { return }
    try await keyring.retireOldRootKeys(records: records) { try Self.enter(key, settings, $0) }
    try RootKey.destroy(directory.rootKey, random: SystemRandom())
  }

  /// In the transaction that ends the move.
  static func enter(_ key: GUID, _ settings: ModuleSettings, _ transaction: RecordTransaction) throws {
    try LedgerEntry(
      id: SystemRandom().guid(), time: SystemClock().now(), tenant: .zero, kind: .operatorAction, subject: "root-key", outcome: .succeeded,
      facts: ["operation": "root-key move", "key": key.description, "token": settings.token], personal: OperatorAccount.own.personal
    ).append(in: transaction)
  }

  private func name(in path: String) throws -> GUID? {
    guard let bytes = try DataDirectory.read(path) else { return nil }
    guard let json = try? JSON(parsing: bytes), let id = json["key"]?.string.flatMap({ GUID($0) }) else {
      throw OperatorError("\(path) n'est pas lisible.", "\(path) cannot be read.")
    }
    return id
  }

  private func write(_ key: GUID, to path: String) throws {
    let json: JSON = ["key": .string(key.description)]
    try DataDirectory.write(json.bytes + [UInt8(ascii: "\n")], to: path)
  }
}
