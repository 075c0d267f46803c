internal import Base
internal import Ledger
internal import NIOHTTP1
internal import Wire

/// Backup and restore of keys.
struct KeyBackupOperations: Sendable {
  let keys: VaultKeys

  private var services: VaultServices { keys.services }
  private var backups: VaultBackups { VaultBackups(services, moduleKeys: keys) }

  var operations: [VaultOperation] {
    [
      VaultOperation("Backup Key", .POST, "/keys/{name}/backup", .data("keys/backup/action", .keys, "backup")) { try await backUp($0) },
      VaultOperation(
        "Restore Key", .POST, "/keys/restore", .data("keys/restore/action", .keys, "restore"), maximumBodyBytes: VaultLimits.maximumBackupBodyBytes
      ) { try await restore($0) },
    ]
  }

  /// Source: Microsoft, "Backup Key", Key Vault REST reference.
  private func backUp(_ call: VaultCall) async throws -> VaultAnswer {
    let object = try await keys.objects.find(call.name, nil, in: call.vault).object
    guard !object.isManaged else { throw VaultObjects.managed(.keys) }
    // Who holds the backup can bring the key into another vault of the tenant: as good as having read it.
    let entry = call.entry(.secretRead, subject: call.keyURL(object.name), random: services.random)
    return VaultAnswer(200, ["value": .string(try await backups.backUp([(.keys, call.name)], call, entry))])
  }

  /// Source: Microsoft, "Restore Key", Key Vault REST reference.
  private func restore(_ call: VaultCall) async throws -> VaultAnswer {
    guard let text = call.body.member("value")?.string else { throw KeyError.missing("value") }
    let random = services.random
    let restored = try await backups.restore(.keys, text, call) { object in
      call.entry(.controlWrite, subject: call.keyURL(object.name), random: random)
    }
    guard let (object, version) = restored.first else { throw KeyError.invalid("value") }
    return VaultAnswer(200, try call.bundle(of: object, version))
  }
}
