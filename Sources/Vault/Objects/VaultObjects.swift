internal import Base
internal import Keyring
internal import Records
internal import Wire

/// Things with versions in vaults: what keys, secrets and certificates have in common. Every function runs in the caller's transaction.
struct VaultObjects: Sendable {
  let services: VaultServices
  let collection: VaultCollection

  init(_ services: VaultServices, _ collection: VaultCollection) {
    self.services = services
    self.collection = collection
  }

  // MARK: Reading

  /// A version of a thing (an empty or missing `version`: the current one), from memory where it was looked at before. Throws 404.
  func find(_ name: String, _ version: String?, in vault: Vault) async throws -> (object: VaultObject, version: VaultObjectVersion) {
    let place = VaultObjectCache.Place(vault.partition, collection, name)
    let wanted = version.flatMap { $0.isEmpty ? nil : $0.lowercased() }
    let (known, generation) = services.vaults.objects.find(place, wanted)
    if let known { return known }
    let found = try await services.records.read { reader in
      let object = try self.object(name, in: vault, reader)
      return (object, try self.version(wanted, of: object, reader))
    }
    services.vaults.objects.insert(found.0, found.1, at: place, generation: generation)
    return found
  }

  /// The thing of a name. Throws 404 where it is not there or deleted.
  func object(_ name: String, in vault: Vault, _ reader: any RecordReader) throws -> VaultObject {
    let found = try reader.fetch(VaultObject.self, VaultObject.key(tenant: vault.tenant, vault.partition, collection, name))
    guard let found, found.deletion == nil else { throw VaultError.notFound(collection, name) }
    return found
  }

  /// The deleted thing of a name. Throws 404.
  func deletedObject(_ name: String, in vault: Vault, _ reader: any RecordReader) throws -> VaultObject {
    let found = try reader.fetch(VaultObject.self, VaultObject.key(tenant: vault.tenant, vault.partition, collection, name))
    guard let found, found.deletion != nil else { throw VaultError.deletedNotFound(collection, name) }
    return found
  }

  /// A version of a thing; an empty or missing `version` is the current one. Throws 404.
  func version(_ version: String?, of object: VaultObject, _ reader: any RecordReader) throws -> VaultObjectVersion {
    let wanted = version.flatMap { $0.isEmpty ? nil : $0 } ?? object.currentVersion
    let key = VaultObjectVersion.key(tenant: object.tenant, object.partition, object.incarnation, wanted)
    guard let found = try reader.fetch(VaultObjectVersion.self, key) else { throw VaultError.notFound(collection, "\(object.name)/\(wanted)") }
    return found
  }

  /// The sealed part of a version, opened. Throws `KeyringError` where there is none or its key is gone.
  func content(of version: VaultObjectVersion, in vault: Vault, _ reader: any RecordReader) throws -> [UInt8] {
    guard let sealed = version.sealed else { throw KeyringError.noSuchKey }
    return try services.keyring.openPayload(sealed, id: version.payloadID, key: vault.dataKey, tenant: vault.tenant, in: reader)
  }

  /// The same, of a version that was found outside of a transaction; without a read where the vault's key is in memory.
  func content(of version: VaultObjectVersion, in vault: Vault) async throws -> [UInt8] {
    guard let sealed = version.sealed else { throw KeyringError.noSuchKey }
    let open = try services.keyring.openPayloadFromMemory(sealed, id: version.payloadID, key: vault.dataKey, tenant: vault.tenant)
    if let open { return open }
    return try await services.records.read { try content(of: version, in: vault, $0) }
  }

  // MARK: Writing

  /// Saves a thing; what was in memory of it is forgotten with the commit. Whoever changes a thing or a version of it goes by here or by `save(_:of:)`.
  func save(_ object: VaultObject, _ transaction: RecordTransaction) throws {
    services.vaults.objects.invalidate(VaultObjectCache.Place(object.partition, object.collection, object.name), after: transaction)
    try transaction.save(object)
  }

  /// Saves a version of a thing.
  func save(_ version: VaultObjectVersion, of object: VaultObject, _ transaction: RecordTransaction) throws {
    services.vaults.objects.invalidate(VaultObjectCache.Place(object.partition, object.collection, object.name), after: transaction)
    try transaction.save(version)
  }

  /// The vault as it is now: nothing is written into one that was deleted since the request was let in. Throws 404.
  func current(_ vault: Vault, _ transaction: RecordTransaction) throws -> Vault {
    guard let current = try transaction.fetch(Vault.self, vault.key), current.deletion == nil, current.partition == vault.partition else {
      throw CloudError(404, "VaultNotFound", "The vault '\(vault.name)' does not exist.")
    }
    return current
  }

  /// Adds a version and makes it the current one; makes the thing where there is none. Throws 409 where a deleted thing holds the name, 403 where
  /// a certificate owns it (unless `asManaged`).
  func add(
    _ draft: VaultVersionDraft, name: String, in vault: Vault, now: Timestamp, version: String? = nil, asManaged: Bool = false,
    _ transaction: RecordTransaction
  ) throws -> (object: VaultObject, version: VaultObjectVersion) {
    let vault = try current(vault, transaction)
    let key = VaultObject.key(tenant: vault.tenant, vault.partition, collection, name)
    let existing = try transaction.fetch(VaultObject.self, key)
    if existing?.deletion != nil { throw VaultError.deletedButRecoverable(collection, name) }
    if let existing, existing.isManaged, !asManaged { throw Self.managed(collection) }
    var object =
      existing
      ?? VaultObject(
        tenant: vault.tenant, partition: vault.partition, collection: collection, name: name, incarnation: services.random.guid(), currentVersion: "",
        isManaged: asManaged)
    let payloadID = services.random.guid()
    let added = VaultObjectVersion(
      tenant: vault.tenant, partition: vault.partition, incarnation: object.incarnation,
      version: version ?? services.random.bytes(16).hexadecimal, isEnabled: draft.isEnabled, notBefore: draft.notBefore, expires: draft.expires,
      created: now, updated: now, tags: draft.tags, contentType: draft.contentType, publicPart: draft.publicPart,
      sealed: try draft.content.map {
        try services.keyring.sealPayload($0, id: payloadID, key: vault.dataKey, tenant: vault.tenant, in: transaction)
      }, payloadID: payloadID, moduleKey: draft.moduleKey, keyURL: draft.keyURL)
    object.currentVersion = added.version
    try save(object, transaction)
    try transaction.save(added)
    return (object, added)
  }

  /// Changes a version of a thing (nil: the current one). Throws 404, or 403 where a certificate owns it (unless `asManaged`).
  func update(
    _ name: String, _ version: String?, in vault: Vault, asManaged: Bool = false, _ transaction: RecordTransaction,
    _ change: (inout VaultObjectVersion) throws -> Void
  ) throws -> (object: VaultObject, version: VaultObjectVersion) {
    let vault = try current(vault, transaction)
    let object = try object(name, in: vault, transaction)
    if object.isManaged, !asManaged { throw Self.managed(collection) }
    var changed = try self.version(version, of: object, transaction)
    try change(&changed)
    try save(changed, of: object, transaction)
    return (object, changed)
  }

  /// Deletes a thing: it can be recovered until its purge time. Throws 404, or 403 where a certificate owns it (unless `asManaged`).
  func delete(
    _ name: String, in vault: Vault, now: Timestamp, asManaged: Bool = false, _ transaction: RecordTransaction
  ) throws -> (object: VaultObject, version: VaultObjectVersion) {
    let vault = try current(vault, transaction)
    var object = try object(name, in: vault, transaction)
    if object.isManaged, !asManaged { throw Self.managed(collection) }
    object.deletion = VaultObject.Deletion(time: now, purgeTime: now.advanced(by: .seconds(vault.retentionDays * 86_400)))
    try save(object, transaction)
    return (object, try version(nil, of: object, transaction))
  }

  /// Brings a deleted thing back. Throws 404, or 403 where a certificate owns it (unless `asManaged`).
  func recover(
    _ name: String, in vault: Vault, asManaged: Bool = false, _ transaction: RecordTransaction
  ) throws -> (object: VaultObject, version: VaultObjectVersion) {
    let vault = try current(vault, transaction)
    var object = try deletedObject(name, in: vault, transaction)
    if object.isManaged, !asManaged { throw Self.managed(collection) }
    object.deletion = nil
    try save(object, transaction)
    return (object, try version(nil, of: object, transaction))
  }

  /// Ends a deleted thing for good; its versions go in the background. Throws 404, 403 under purge protection or where a certificate owns it (unless
  /// `asManaged`).
  @discardableResult
  func purge(_ name: String, in vault: Vault, asManaged: Bool = false, _ transaction: RecordTransaction) throws -> VaultObject {
    let vault = try current(vault, transaction)
    let object = try deletedObject(name, in: vault, transaction)
    if object.isManaged, !asManaged { throw Self.managed(collection) }
    guard !vault.hasPurgeProtection else {
      throw VaultError.inner(
        403, "Forbidden", "PurgeProtectionEnabled", "Operation \"purge\" is not allowed because purge protection is enabled for this vault.")
    }
    try transaction.remove(VaultObject.self, object.key)
    try transaction.save(
      VaultPurge(id: services.random.guid(), tenant: vault.tenant, partition: vault.partition, incarnation: object.incarnation))
    services.vaults.purgeWaker.wake(after: transaction)
    return object
  }

  /// Source: Microsoft, "About Azure Key Vault certificates", addressable key and secret.
  static func managed(_ collection: VaultCollection) -> CloudError {
    VaultError.inner(
      403, "Forbidden", "\(collection.noun.capitalizedFirst)OperationForbidden",
      "Operation is not allowed on a \(collection.noun) that is managed by a certificate.")
  }
}
