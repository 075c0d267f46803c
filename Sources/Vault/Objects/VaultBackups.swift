internal import Base
internal import Keyring
internal import Ledger
internal import Records
internal import Wire

/// Backups of things in vaults: blobs that any vault of the same tenant and subscription takes back, and that mean nothing elsewhere.
///
/// Source: Microsoft, "Azure Key Vault backup and restore".
struct VaultBackups: Sendable {
  let services: VaultServices
  /// Nil: keys of a security module are not backed up.
  let moduleKeys: (any VaultModuleKeys)?

  /// Names the layout of the blob: this byte, the id of the payload, the sealed backup.
  private static let layout: UInt8 = 1
  private static let headBytes = 17

  init(_ services: VaultServices, moduleKeys: (any VaultModuleKeys)? = nil) {
    self.services = services
    self.moduleKeys = moduleKeys
  }

  // MARK: Backing up

  /// The blob, in base64url, of things of the call's vault, the one that was asked for first. The ledger has `entry` before it is given out. Throws 404.
  func backUp(_ wanted: [(collection: VaultCollection, name: String)], _ call: VaultCall, _ entry: LedgerEntry) async throws -> String {
    let vault = call.vault
    guard let subscription = vault.id.subscription else { preconditionFailure("a vault lies in a subscription") }
    var backup = VaultBackup(
      subscription: subscription,
      things: try await services.records.read { reader in
        try wanted.map { try read($0.collection, $0.name, in: vault, reader) }
      })
    for thing in backup.things.indices {
      for version in backup.things[thing].versions.indices {
        guard let moduleKey = backup.things[thing].versions[version].version.moduleKey else { continue }
        guard let moduleKeys else { throw Self.notForBackup }
        backup.things[thing].versions[version].wrappedModuleKey = try await moduleKeys.backUp(moduleKey, of: vault)
      }
    }
    let (bytes, payload) = (backup.bytes, services.random.guid())
    guard bytes.count <= VaultLimits.maximumBackupBytes else { throw Self.tooLarge }
    return try await services.records.write { transaction in
      let key = try transaction.fetch(VaultBackupKey.self, RecordKey(tenant: vault.tenant))?.dataKey ?? makeKey(for: vault.tenant, transaction)
      let sealed = try services.keyring.sealPayload(bytes, id: payload, key: key, tenant: vault.tenant, in: transaction)
      try entry.append(in: transaction)
      return Base64URL.encode([Self.layout] + payload.bytes + sealed)
    }
  }

  private func read(_ collection: VaultCollection, _ name: String, in vault: Vault, _ reader: any RecordReader) throws -> VaultBackup.Thing {
    let objects = VaultObjects(services, collection)
    let object = try objects.object(name, in: vault, reader)
    let limit = VaultLimits.maximumBackedUpVersions
    let parent = RecordKey(tenant: vault.tenant, vault.partition, object.incarnation.description)
    let versions = try reader.list(VaultObjectVersion.self, under: parent, limit: limit + 1)
    guard versions.count <= limit else { throw Self.tooLarge }
    return VaultBackup.Thing(
      object: object,
      versions: try versions.map { version in
        var described = version
        described.sealed = nil
        return VaultBackup.Version(
          version: described, content: version.sealed == nil ? nil : try objects.content(of: version, in: vault, reader), wrappedModuleKey: nil)
      })
  }

  private func makeKey(for tenant: GUID, _ transaction: RecordTransaction) throws -> DataKeyID {
    let key = try services.keyring.makeDataKey(tenant: tenant, in: transaction)
    try transaction.save(VaultBackupKey(tenant: tenant, dataKey: key))
    return key
  }

  // MARK: Restoring

  /// Brings back what a backup of a thing of this collection holds, under its names and with its versions, and gives the things with their current ones.
  /// Throws 400 for what is no backup of this tenant and subscription, 409 where a name is taken.
  func restore(
    _ collection: VaultCollection, _ text: String, _ call: VaultCall, entry: @escaping @Sendable (VaultObject) -> LedgerEntry
  ) async throws -> [(object: VaultObject, version: VaultObjectVersion)] {
    let vault = call.vault
    var backup = try await open(text, for: vault)
    guard backup.things[0].object.collection == collection else { throw Self.invalid }
    // What must fail fills no module first.
    try await services.records.read { [things = backup.things] reader in
      for thing in things { try requireFree(thing.object, in: vault, call, reader) }
    }
    var made: [GUID] = []
    do {
      for thing in backup.things.indices {
        for version in backup.things[thing].versions.indices {
          guard let wrapped = backup.things[thing].versions[version].wrappedModuleKey else { continue }
          guard let moduleKeys else { throw Self.notForBackup }
          let moduleKey = try await moduleKeys.restore(wrapped, into: vault)
          made.append(moduleKey)
          backup.things[thing].versions[version].version.moduleKey = moduleKey
        }
      }
      return try await services.records.write { [backup] transaction in
        let restored = try backup.things.map { try restore($0, call, transaction) }
        try entry(restored[0].object).append(in: transaction)
        return restored
      }
    } catch {
      // Where this fails too, they go when they are taken for orphans.
      try? await moduleKeys?.abandon(made)
      throw error
    }
  }

  /// Throws 409 where the name of a thing is taken in a vault.
  private func requireFree(_ object: VaultObject, in vault: Vault, _ call: VaultCall, _ reader: any RecordReader) throws {
    let key = VaultObject.key(tenant: vault.tenant, vault.partition, object.collection, object.name)
    guard let existing = try reader.fetch(VaultObject.self, key) else { return }
    if existing.deletion != nil { throw VaultError.deletedButRecoverable(object.collection, object.name) }
    throw Self.conflict(object, call)
  }

  private func open(_ text: String, for vault: Vault) async throws -> VaultBackup {
    guard let blob = Base64URL.decode(text), blob.count > Self.headBytes, blob[0] == Self.layout else { throw Self.invalid }
    var reader = ByteReader(blob[1..<Self.headBytes])
    let payload = try reader.guid()
    let bytes = try await services.records.read { reader -> [UInt8] in
      guard let key = try reader.fetch(VaultBackupKey.self, RecordKey(tenant: vault.tenant)) else { throw Self.foreign }
      do {
        return try services.keyring.openPayload(Array(blob[Self.headBytes...]), id: payload, key: key.dataKey, tenant: vault.tenant, in: reader)
      } catch KeyringError.corrupt {
        throw Self.foreign
      }
    }
    do {
      let backup = try VaultBackup(bytes)
      guard backup.subscription == vault.id.subscription else { throw Self.foreign }
      return backup
    } catch is ByteReader.Malformed {
      throw Self.invalid
    }
  }

  private func restore(
    _ thing: VaultBackup.Thing, _ call: VaultCall, _ transaction: RecordTransaction
  ) throws -> (object: VaultObject, version: VaultObjectVersion) {
    let objects = VaultObjects(services, thing.object.collection)
    let vault = try objects.current(call.vault, transaction)
    var object = thing.object
    (object.tenant, object.partition, object.incarnation, object.deletion) = (vault.tenant, vault.partition, services.random.guid(), nil)
    try requireFree(object, in: vault, call, transaction)
    try objects.save(object, transaction)
    var current: VaultObjectVersion?
    for backedUp in thing.versions {
      var version = backedUp.version
      (version.tenant, version.partition, version.incarnation) = (vault.tenant, vault.partition, object.incarnation)
      version.payloadID = services.random.guid()
      // The key of a certificate's secret comes back beside it.
      if version.keyURL != nil { version.keyURL = call.keyURL(object.name, version.version) }
      version.sealed = try backedUp.content.map {
        try services.keyring.sealPayload($0, id: version.payloadID, key: vault.dataKey, tenant: vault.tenant, in: transaction)
      }
      try moduleKeys?.settle(version.moduleKey, transaction)
      try transaction.save(version)
      if version.version == object.currentVersion { current = version }
    }
    guard let current else { throw Self.invalid }
    if object.collection == .keys { try KeyRotation.plan(object, current, in: vault, transaction) }
    if object.collection == .certificates { try CertificateRenewal.plan(object, current, in: vault, transaction) }
    return (object, current)
  }

  // MARK: Errors

  private static let invalid = VaultError.badParameter("Backup blob contains invalid or corrupt version.")
  /// Observed of Azure where a backup comes from another subscription or geography.
  private static let foreign = VaultError.badParameter("Cannot decrypt backup blob.")
  private static let notForBackup = VaultError.badParameter("A key of this cloud's hardware security module cannot be backed up or restored here.")
  private static let tooLarge = VaultError.badParameter(
    "An object with more than \(VaultLimits.maximumBackedUpVersions) versions, or beyond \(VaultLimits.maximumBackupBytes >> 20) MB, cannot be "
      + "backed up.")

  private static func conflict(_ object: VaultObject, _ call: VaultCall) -> CloudError {
    let noun = object.collection.noun
    return CloudError(
      409, "Conflict",
      "There was a conflict restoring the \(noun) '\(call.id(object.collection, object.name, object.currentVersion))'. This can happen if either: a "
        + "second \(noun) with the same name was created after the first \(noun) was deleted; thus trying to restore a \(noun) whose name is already in "
        + "use. To fix this, rename the second \(noun) to something else so that the restore works. The second probable cause of this exception is when "
        + "multiple operations are performed in parallel against the \(noun). To avoid this error, perform operations against a \(noun) in a "
        + "sequential manner.")
  }
}
