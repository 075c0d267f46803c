internal import Base
internal import Keyring
internal import Ledger
internal import NIOHTTP1
internal import Records
internal import Wire

/// The operations on keys: what they are. What they do is in `CryptographicOperations`.
struct KeyOperations: Sendable {
  let keys: VaultKeys

  private var objects: VaultObjects { keys.objects }
  private var services: VaultServices { keys.services }

  init(_ keys: VaultKeys) {
    self.keys = keys
  }

  var operations: [VaultOperation] {
    CryptographicOperations(keys: keys).operations + KeyPolicyOperations(keys: keys).operations + DeletedKeyOperations(keys: keys).operations
      + KeyBackupOperations(keys: keys).operations
      + [
        VaultOperation("Create Key", .POST, "/keys/{name}/create", .data("keys/create/action", .keys, "create")) { try await create($0) },
        VaultOperation("Import Key", .PUT, "/keys/{name}", .data("keys/import/action", .keys, "import")) { try await importKey($0) },
        VaultOperation("Get Keys", .GET, "/keys", .data("keys/read", .keys, "list")) { try await list($0) },
        VaultOperation("Get Key Versions", .GET, "/keys/{name}/versions", .data("keys/read", .keys, "list")) { try await versions($0) },
        VaultOperation("Delete Key", .DELETE, "/keys/{name}", .data("keys/delete", .keys, "delete")) { try await delete($0) },
        VaultOperation("Release", .POST, "/keys/{name}/release", .data("keys/release/action", .keys, "release")) { try await release($0) },
        VaultOperation("Release", .POST, "/keys/{name}/{version}/release", .data("keys/release/action", .keys, "release")) { try await release($0) },
      ]
      + ["/keys/{name}", "/keys/{name}/{version}"].flatMap { pattern in
        [
          VaultOperation("Get Key", .GET, pattern, .data("keys/read", .keys, "get")) { try await get($0) },
          VaultOperation("Update Key", .PATCH, pattern, .data("keys/update/action", .keys, "update")) { try await update($0) },
        ]
      }
  }

  // MARK: Making

  /// Source: Microsoft, "Create Key", Key Vault REST reference.
  private func create(_ call: VaultCall) async throws -> VaultAnswer {
    if let external = try ExternalKeyRequest(call.body) { return try await add(external, call) }
    return try await add(try KeyRequest(creating: call.body), call)
  }

  /// Source: Microsoft, "Import Key", Key Vault REST reference.
  private func importKey(_ call: VaultCall) async throws -> VaultAnswer {
    guard try ExternalKeyRequest(call.body) == nil else { throw KeyError.invalid("external_key") }
    return try await add(try KeyRequest(importing: call.body), call)
  }

  private func add(_ request: KeyRequest, _ call: VaultCall) async throws -> VaultAnswer {
    let attributes = try VaultAttributes(parsing: call.body)
    try KeyRelease.refuse(call, isHardware: request.isHardware)
    // Asked before the work; the transaction asks again.
    try await services.records.read { try requireRoom(call, isExternal: false, $0) }
    let key = try await keys.obtain(request, in: call.vault)
    return try await add(keys.draft(key, request.operations), attributes, isExternal: false, call) { try keys.settle(key.moduleKey, $0) }
  }

  /// A key that its customer holds.
  private func add(_ request: ExternalKeyRequest, _ call: VaultCall) async throws -> VaultAnswer {
    let attributes = try VaultAttributes(parsing: call.body)
    try await services.records.read { try requireRoom(call, isExternal: true, $0) }
    var draft = VaultVersionDraft()
    draft.publicPart = try await keys.externalDescription(request, call).text
    return try await add(draft, attributes, isExternal: true, call) { _ in }
  }

  private func add(
    _ draft: VaultVersionDraft, _ attributes: VaultAttributes, isExternal: Bool, _ call: VaultCall,
    settling: @escaping @Sendable (RecordTransaction) throws -> Void
  ) async throws -> VaultAnswer {
    let made = try await services.records.write { transaction in
      try requireRoom(call, isExternal: isExternal, transaction)
      var draft = draft
      attributes.apply(to: &draft)
      let added = try objects.add(draft, name: call.name, in: call.vault, now: call.now, transaction)
      try settling(transaction)
      try KeyRotation.plan(added.object, added.version, in: call.vault, transaction)
      let url = call.keyURL(added.object.name, added.version.version)
      let facts = isExternal ? ["external": KeyDescription(added.version.publicPart)?.externalID ?? ""] : [:]
      try call.entry(.controlWrite, subject: url, facts: facts, random: services.random).append(in: transaction)
      return added
    }
    return VaultAnswer(200, try call.bundle(of: made.object, made.version))
  }

  /// Throws 409 where a deleted key holds the name, 403 where a certificate owns it, 400 where it is of the other sort: held by the customer, or not.
  private func requireRoom(_ call: VaultCall, isExternal: Bool, _ reader: any RecordReader) throws {
    let key = VaultObject.key(tenant: call.vault.tenant, call.vault.partition, .keys, call.name)
    guard let object = try reader.fetch(VaultObject.self, key) else { return }
    if object.deletion != nil { throw VaultError.deletedButRecoverable(.keys, object.name) }
    if object.isManaged { throw VaultObjects.managed(.keys) }
    let current = KeyDescription(try objects.version(nil, of: object, reader).publicPart)
    guard (current?.externalID != nil) == isExternal else { throw ExternalKeyRefusal.mixed }
  }

  // MARK: Reading

  /// Source: Microsoft, "Get Key", Key Vault REST reference.
  private func get(_ call: VaultCall) async throws -> VaultAnswer {
    try await services.records.read { reader in
      let object = try objects.object(call.name, in: call.vault, reader)
      return VaultAnswer(200, try call.bundle(of: object, try objects.version(call.parameters["version"], of: object, reader)))
    }
  }

  /// Source: Microsoft, "Get Keys", Key Vault REST reference.
  private func list(_ call: VaultCall) async throws -> VaultAnswer {
    try await VaultLists(objects).things(call) { call.item(of: $0, $1, withVersion: false) }
  }

  /// Source: Microsoft, "Get Key Versions", Key Vault REST reference.
  private func versions(_ call: VaultCall) async throws -> VaultAnswer {
    try await VaultLists(objects).versions(call) { call.item(of: $0, $1, withVersion: true) }
  }

  // MARK: Changing

  /// Source: Microsoft, "Update Key", Key Vault REST reference.
  private func update(_ call: VaultCall) async throws -> VaultAnswer {
    let attributes = try VaultAttributes(parsing: call.body)
    let operations = try KeyRequest.operations(call.body)
    guard call.body.member("release_policy") == nil else { throw KeyRelease.notExportable }
    let external = call.body.member("attributes", "external_key")
    let changed = try await services.records.write { transaction in
      let changed = try objects.update(call.name, call.parameters["version"], in: call.vault, transaction) { version in
        try attributes.apply(to: &version, now: call.now)
        if let external, external.member("id")?.string != KeyDescription(version.publicPart)?.externalID { throw ExternalKeyRefusal.immutable }
        guard let operations else { return }
        guard var description = KeyDescription(version.publicPart) else { throw CloudError.internalError(KeyringError.corrupt) }
        guard Set(operations).isSubset(of: description.possibleOperations) else { throw KeyError.invalid("key_ops") }
        description.operations = operations
        version.publicPart = description.text
      }
      let (object, version) = changed
      if !version.isEnabled { keys.forget(object, after: transaction) }
      if version.version == object.currentVersion { try KeyRotation.plan(object, version, in: call.vault, transaction) }
      try call.entry(.controlWrite, subject: call.keyURL(object.name, version.version), random: services.random).append(in: transaction)
      return changed
    }
    return VaultAnswer(200, try call.bundle(of: changed.object, changed.version))
  }

  /// Source: Microsoft, "Delete Key", Key Vault REST reference.
  private func delete(_ call: VaultCall) async throws -> VaultAnswer {
    let deleted = try await services.records.write { transaction in
      let deleted = try objects.delete(call.name, in: call.vault, now: call.now, transaction)
      keys.forget(deleted.object, after: transaction)
      try KeyRotation.plan(deleted.object, deleted.version, in: call.vault, transaction)
      try call.entry(.controlWrite, subject: call.keyURL(deleted.object.name), random: services.random).append(in: transaction)
      return deleted
    }
    return VaultAnswer(200, try call.bundle(of: deleted.object, deleted.version))
  }

  // MARK: Release

  /// No key of these vaults can be exported, so none is released.
  ///
  /// Source: Microsoft, "Release", Key Vault REST reference.
  private func release(_ call: VaultCall) async throws -> VaultAnswer {
    _ = try await services.records.read { reader in
      try objects.version(call.parameters["version"], of: try objects.object(call.name, in: call.vault, reader), reader)
    }
    throw KeyRelease.notReleasable
  }
}
