internal import Base
internal import Keyring
internal import Ledger
internal import Logging
internal import Records
internal import SecurityModule
internal import Wire

/// Gives keys their next versions, when somebody asks and when their policies say so.
struct KeyRotator: Sendable {
  let keys: VaultKeys

  private var services: VaultServices { keys.services }

  /// Makes the next version of a key, of the same kind and for the same operations; it expires as the key's policy says.
  ///
  /// Nil where `expected` is named and is not the current version any more. Throws 404, 403 for a key that a certificate owns.
  func rotate(
    _ name: String, in vault: Vault, expected: String? = nil, now: Timestamp,
    entry: @escaping @Sendable (VaultObject, VaultObjectVersion) -> LedgerEntry
  ) async throws -> (object: VaultObject, version: VaultObjectVersion)? {
    let request = try await services.records.read { reader -> KeyRequest? in
      let object = try keys.objects.object(name, in: vault, reader)
      guard !object.isManaged else { throw VaultObjects.managed(.keys) }
      let version = try keys.objects.version(nil, of: object, reader)
      if let expected, version.version != expected { return nil }
      guard let description = KeyDescription(version.publicPart) else { throw CloudError.internalError(KeyringError.corrupt) }
      guard description.externalID == nil else { throw ExternalKeyRefusal.notRotatable }
      return KeyRequest(following: description)
    }
    guard let request else { return nil }
    let key = try await keys.obtain(request, in: vault)
    return try await services.records.write { transaction in
      let object = try keys.objects.object(name, in: vault, transaction)
      let current = try keys.objects.version(nil, of: object, transaction)
      if let expected, current.version != expected { return nil }
      var draft = keys.draft(key, request.operations)
      draft.tags = current.tags
      draft.expires = KeyRotationPolicy(stored: object.policy)?.expiry?.after(now)
      let added = try keys.objects.add(draft, name: name, in: vault, now: now, transaction)
      try keys.settle(key.moduleKey, transaction)
      try KeyRotation.plan(added.object, added.version, in: vault, transaction)
      try entry(added.object, added.version).append(in: transaction)
      return added
    }
  }

  // MARK: By themselves

  /// Rotates keys whose time has come, a bounded number of them, each in a transaction of its own. Gives whether there may be more.
  func round(now: Timestamp) async throws -> Bool {
    let due = try await services.records.read { reader in
      try reader.list(KeyRotation.self, index: KeyRotation.dueIndex, [], tenant: .zero, limit: KeyLimits.maximumRound)
    }.filter { $0.due <= now }
    for rotation in due {
      do {
        try await carryOut(rotation, now: now)
      } catch let error as CloudError where error.status == 404 || error.status == 403 {
        // It is gone, deleted or owned by a certificate: whatever brings it back plans its rotation anew.
        try await replace(rotation, by: nil)
      } catch {
        services.logger.warning(
          "a key could not be rotated, and will be later",
          metadata: ["vault": "\(rotation.vaultName)", "key": "\(rotation.name)", "cause": "\(error)"])
        var later = rotation
        later.due = now.advanced(by: .seconds(KeyLimits.retrySeconds))
        try await replace(rotation, by: later)
      }
    }
    return due.count == KeyLimits.maximumRound
  }

  /// When the next key falls due; nil where none does.
  func next() async throws -> Timestamp? {
    try await services.records.read { reader in
      try reader.list(KeyRotation.self, index: KeyRotation.dueIndex, [], tenant: .zero, limit: 1).first?.due
    }
  }

  private func carryOut(_ rotation: KeyRotation, now: Timestamp) async throws {
    guard let vault = try await services.vaults.vault(named: rotation.vaultName), vault.deletion == nil, vault.partition == rotation.partition else {
      try await replace(rotation, by: nil)
      return
    }
    let services = services
    let added = try await rotate(rotation.name, in: vault, expected: rotation.version, now: now) { object, version in
      LedgerEntry(
        id: services.random.guid(), time: now, tenant: vault.tenant, kind: .controlWrite,
        subject: "\(vault.url(services.address))/keys/\(object.name)/\(version.version)", outcome: .succeeded,
        facts: ["operation": "Rotate Key", "vault": vault.id.description, "reason": "rotation policy"])
    }
    if added == nil { try await replace(rotation, by: nil) }
  }

  /// Only if nobody has planned anew meanwhile.
  private func replace(_ rotation: KeyRotation, by later: KeyRotation?) async throws {
    try await services.records.write { transaction in
      guard try transaction.fetch(KeyRotation.self, rotation.key) == rotation else { return }
      if let later { try transaction.save(later) } else { try transaction.remove(KeyRotation.self, rotation.key) }
    }
  }
}
