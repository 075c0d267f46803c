internal import Base
internal import Keyring
internal import Logging
internal import Records
internal import SecurityModule

/// Keys of vaults, wherever they live: made, taken, found and used. One instance serves the operations on keys, certificates (whose keys these are too)
/// and rotation.
final class VaultKeys: Sendable {
  let services: VaultServices
  let objects: VaultObjects
  let software: SoftwareKeyEngine
  /// Nil where the operator has given the cloud no hardware security module.
  let module: ModuleKeyEngine?

  init(_ services: VaultServices) {
    self.services = services
    objects = VaultObjects(services, .keys)
    software = SoftwareKeyEngine(clock: services.clock)
    module = services.module.map { ModuleKeyEngine(module: $0) }
  }

  /// The engine for new keys. Throws 400 where the vault or the cloud has none such.
  func engine(isHardware: Bool, in vault: Vault) throws -> any KeyEngine {
    guard isHardware else { return software }
    guard vault.isPremium else { throw KeyError.hardwareInStandardVault }
    guard let module else { throw KeyError.noModule }
    return module
  }

  func engine(of key: StoredKey) throws -> any KeyEngine {
    switch key.place {
    case .open, .content: software
    case .module: try requireModule()
    case .external: ExternalKeyEngine(services: services)
    }
  }

  // MARK: Making

  /// Makes or takes a key, outside of any transaction: it may take seconds. The transaction that records it calls `settle`.
  func obtain(_ request: KeyRequest, in vault: Vault) async throws -> MadeKey {
    let engine = try engine(isHardware: request.isHardware, in: vault)
    let kind = try request.kind
    guard engine.makes(kind) else {
      if case .ec(let curve) = kind { throw KeyError.unsupportedCurve(curve.rawValue) }
      throw KeyError.unsupportedType(kind.family)
    }
    let id = request.isHardware ? try await announce(for: vault.tenant) : services.random.guid()
    return switch request.source {
    case .make(let kind): try await engine.make(kind, id: id, for: vault.tenant)
    case .take(let material): try await engine.take(material, id: id, for: vault.tenant)
    }
  }

  /// A name for a key that the module is about to get, and a promise to take the key away again unless `settle` follows.
  private func announce(for tenant: GUID) async throws -> GUID {
    let removal = ModuleKeyRemoval(
      id: services.random.guid(), due: services.clock.now().advanced(by: .seconds(KeyLimits.orphanSeconds)), tenant: tenant)
    try await services.records.write { try $0.save(removal) }
    return removal.id
  }

  /// What a version is made of that holds the key.
  func draft(_ key: MadeKey, _ operations: [KeyOperation]) -> VaultVersionDraft {
    var draft = VaultVersionDraft()
    draft.publicPart = KeyDescription(key, operations: operations).text
    draft.content = key.content
    draft.moduleKey = key.moduleKey
    return draft
  }

  /// Says that a record holds a key which a module made, in the transaction of that record. Throws 503 where it took so long that the key was given up.
  func settle(_ moduleKey: GUID?, _ transaction: RecordTransaction) throws {
    guard let moduleKey else { return }
    let removal = try transaction.fetch(ModuleKeyRemoval.self, ModuleKeyRemoval.key(moduleKey))
    guard let removal, removal.isDoomed != true else { throw CloudError.serverBusy() }
    try transaction.remove(ModuleKeyRemoval.self, removal.key)
  }

  // MARK: Finding

  /// The key of a version.
  func stored(_ object: VaultObject, _ version: VaultObjectVersion, _ description: KeyDescription, in vault: Vault) async throws -> StoredKey {
    let place: StoredKey.Place =
      if let moduleKey = version.moduleKey {
        .module(moduleKey)
      } else if let id = description.externalID {
        .external(ExternalKeyReference(id: id, vault: vault))
      } else if let open = software.openKeys[version.payloadID] {
        .open(open)
      } else {
        .content(try await objects.content(of: version, in: vault))
      }
    return StoredKey(kind: description.kind, tenant: vault.tenant, incarnation: object.incarnation, id: version.payloadID, place: place)
  }

  /// Forgets a key's versions that are open, once it is durable that nobody may use them.
  func forget(_ object: VaultObject, after transaction: RecordTransaction) {
    let incarnation = object.incarnation
    transaction.afterCommit { [software] in software.openKeys.forget(incarnation: incarnation) }
  }
}

// MARK: Backups

extension VaultKeys: VaultModuleKeys {
  func backUp(_ moduleKey: GUID, of vault: Vault) async throws -> [UInt8] {
    let engine = try requireModule()
    return try await engine.call(for: vault.tenant) { try await engine.module.export(moduleKey) }
  }

  func restore(_ wrapped: [UInt8], into vault: Vault) async throws -> GUID {
    guard vault.isPremium else { throw KeyError.hardwareInStandardVault }
    let engine = try requireModule()
    let id = try await announce(for: vault.tenant)
    try await engine.call(for: vault.tenant) { _ = try await engine.module.importExported(wrapped, id: id, label: ModuleKeyEngine.label) }
    return id
  }

  func abandon(_ moduleKeys: [GUID]) async throws {
    guard !moduleKeys.isEmpty else { return }
    let now = services.clock.now()
    try await services.records.write { transaction in
      for moduleKey in moduleKeys {
        guard var removal = try transaction.fetch(ModuleKeyRemoval.self, ModuleKeyRemoval.key(moduleKey)), removal.due > now else { continue }
        removal.due = now
        try transaction.save(removal)
      }
    }
  }

  private func requireModule() throws -> ModuleKeyEngine {
    guard let module else { throw KeyError.unavailable(SecurityModuleError.unavailable("none is configured")) }
    return module
  }
}

// MARK: In the background

extension VaultKeys {
  /// Rotates keys and destroys what the module keeps for nobody. Gives how long there is nothing to do.
  func round() async throws -> Duration {
    let now = services.clock.now()
    let rotator = KeyRotator(keys: self)
    let remover = ModuleKeyRemover(keys: self)
    let hasMoreRotations = try await rotator.round(now: now)
    let hasMoreRemovals = try await remover.round(now: now)
    if hasMoreRotations || hasMoreRemovals { return .zero }
    let next = [try await rotator.next(), try await remover.next()].compactMap { $0 }.min()
    let longest = Duration.seconds(KeyLimits.longestRestSeconds)
    return next.map { min(longest, max(.zero, now.duration(to: $0))) } ?? longest
  }

  /// That work, until its task is cancelled.
  func run() async throws {
    while true {
      var rest = Duration.seconds(KeyLimits.longestRestSeconds)
      do {
        rest = max(.milliseconds(100), try await round())
      } catch let error where !(error is CancellationError) {
        services.logger.warning("rotation of keys", metadata: ["cause": "\(error)"])
      }
      try await Task.sleep(for: rest)
    }
  }
}
