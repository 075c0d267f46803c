internal import Base
internal import Ledger
internal import NIOHTTP1
internal import Records
internal import Wire

/// What can still be done with keys that are deleted.
struct DeletedKeyOperations: Sendable {
  let keys: VaultKeys

  private var objects: VaultObjects { keys.objects }
  private var services: VaultServices { keys.services }

  var operations: [VaultOperation] {
    [
      VaultOperation("Get Deleted Keys", .GET, "/deletedkeys", .data("keys/read", .keys, "list")) { try await list($0) },
      VaultOperation("Get Deleted Key", .GET, "/deletedkeys/{name}", .data("keys/read", .keys, "get")) { try await get($0) },
      VaultOperation("Recover Deleted Key", .POST, "/deletedkeys/{name}/recover", .data("keys/recover/action", .keys, "recover")) {
        try await recover($0)
      },
      VaultOperation("Purge Deleted Key", .DELETE, "/deletedkeys/{name}", .data("keys/purge/action", .keys, "purge")) { try await purge($0) },
    ]
  }

  /// Source: Microsoft, "Get Deleted Keys", Key Vault REST reference.
  private func list(_ call: VaultCall) async throws -> VaultAnswer {
    try await VaultLists(objects).things(call, deleted: true) { call.item(of: $0, $1, withVersion: false) }
  }

  /// Source: Microsoft, "Get Deleted Key", Key Vault REST reference.
  private func get(_ call: VaultCall) async throws -> VaultAnswer {
    try await services.records.read { reader in
      let object = try objects.deletedObject(call.name, in: call.vault, reader)
      return VaultAnswer(200, try call.bundle(of: object, try objects.version(nil, of: object, reader)))
    }
  }

  /// Source: Microsoft, "Recover Deleted Key", Key Vault REST reference.
  private func recover(_ call: VaultCall) async throws -> VaultAnswer {
    let recovered = try await services.records.write { transaction in
      let recovered = try objects.recover(call.name, in: call.vault, transaction)
      try KeyRotation.plan(recovered.object, recovered.version, in: call.vault, transaction)
      try call.entry(.controlWrite, subject: call.keyURL(recovered.object.name), random: services.random).append(in: transaction)
      return recovered
    }
    return VaultAnswer(200, try call.bundle(of: recovered.object, recovered.version))
  }

  /// Source: Microsoft, "Purge Deleted Key", Key Vault REST reference.
  private func purge(_ call: VaultCall) async throws -> VaultAnswer {
    try await services.records.write { transaction in
      let purged = try objects.purge(call.name, in: call.vault, transaction)
      keys.forget(purged, after: transaction)
      try call.entry(.controlWrite, subject: call.keyURL(purged.name), random: services.random).append(in: transaction)
    }
    return VaultAnswer(204, nil)
  }
}
