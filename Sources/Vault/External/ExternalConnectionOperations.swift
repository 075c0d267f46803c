internal import Access
internal import Base
internal import Edge
internal import ExternalKeys
internal import Ledger
internal import NIOHTTP1
internal import Records
internal import Wire

/// A vault's connection to its external key manager.
///
/// Source: Microsoft, "EKM", Key Vault REST reference, 2026-01-01-preview. Azure has it on managed HSMs; here vaults have it, at the same paths.
struct ExternalConnectionOperations: Sendable {
  let services: VaultServices

  var operations: [VaultOperation] {
    [
      VaultOperation("Get Ekm Connection", .GET, "/ekm", Self.permission("read")) { try await get($0) },
      VaultOperation("Create Ekm Connection", .POST, "/ekm/create", Self.permission("write")) { try await create($0) },
      VaultOperation("Update Ekm Connection", .PATCH, "/ekm", Self.permission("write")) { try await update($0) },
      VaultOperation("Delete Ekm Connection", .DELETE, "/ekm", Self.permission("delete")) { try await delete($0) },
      VaultOperation("Get Ekm Certificate", .GET, "/ekm/certificate", Self.permission("read")) { try await certificate($0) },
      VaultOperation("Check Ekm Connection", .POST, "/ekm/check", Self.permission("read")) { try await check($0) },
    ]
  }

  /// No access policy has such a permission: these are for vaults that go by roles.
  private static func permission(_ action: String) -> VaultPermission {
    VaultPermission(Action(data: "Microsoft.KeyVault/vaults/ekm/\(action)"), policy: nil)
  }

  private func key(_ call: VaultCall) -> RecordKey { ExternalConnection.key(tenant: call.vault.tenant, call.vault.partition) }

  /// Source: Microsoft, "Get Ekm Connection", Key Vault REST reference.
  private func get(_ call: VaultCall) async throws -> VaultAnswer {
    let key = key(call)
    guard let connection = try await services.records.read({ try $0.fetch(ExternalConnection.self, key) }) else {
      throw ExternalKeyRefusal.noConnection
    }
    return VaultAnswer(200, connection.json)
  }

  /// Source: Microsoft, "Create Ekm Connection", Key Vault REST reference.
  private func create(_ call: VaultCall) async throws -> VaultAnswer {
    let connection = try ExternalConnection(call.body, of: call.vault)
    try services.externalKeys.requireAllowed(connection.connection)
    try await services.records.write { transaction in
      _ = try VaultObjects(services, .keys).current(call.vault, transaction)
      guard try transaction.fetch(ExternalConnection.self, connection.key) == nil else {
        throw CloudError(409, "Conflict", "The vault has a connection to an external key manager already.")
      }
      try transaction.save(connection)
      try enter(call, connection, transaction)
    }
    return VaultAnswer(200, connection.json)
  }

  /// Source: Microsoft, "Update Ekm Connection", Key Vault REST reference.
  private func update(_ call: VaultCall) async throws -> VaultAnswer {
    let key = key(call)
    let changed = try await services.records.write { transaction in
      _ = try VaultObjects(services, .keys).current(call.vault, transaction)
      guard var connection = try transaction.fetch(ExternalConnection.self, key) else { throw ExternalKeyRefusal.noConnection }
      try connection.change(call.body)
      try services.externalKeys.requireAllowed(connection.connection)
      try transaction.save(connection)
      try enter(call, connection, transaction)
      return connection
    }
    return VaultAnswer(200, changed.json)
  }

  /// The keys that it led to stay named, and none of them can be used.
  ///
  /// Source: Microsoft, "Delete Ekm Connection", Key Vault REST reference.
  private func delete(_ call: VaultCall) async throws -> VaultAnswer {
    let key = key(call)
    let deleted = try await services.records.write { transaction in
      _ = try VaultObjects(services, .keys).current(call.vault, transaction)
      guard let connection = try transaction.fetch(ExternalConnection.self, key) else { throw ExternalKeyRefusal.noConnection }
      try transaction.remove(ExternalConnection.self, key)
      try enter(call, connection, transaction)
      return connection
    }
    return VaultAnswer(200, deleted.json)
  }

  /// What the external key manager is to know this vault by.
  ///
  /// Source: Microsoft, "Get Ekm Certificate", Key Vault REST reference.
  private func certificate(_ call: VaultCall) async throws -> VaultAnswer {
    let name = call.vault.clientName(services.address)
    let authority = try await services.records.write { transaction in
      try VaultClientAuthority.ready(for: try VaultObjects(services, .keys).current(call.vault, transaction), name, services, transaction)
    }
    return VaultAnswer(200, ["subject_common_name": .string(name), "ca_certificates": [.string(Base64.encode(authority.certificate))]])
  }

  /// Source: Microsoft, "Check Ekm Connection", Key Vault REST reference.
  private func check(_ call: VaultCall) async throws -> VaultAnswer {
    let context = ExternalKeyContext(
      request: call.identifiers.request, correlation: services.random.guid(), pool: call.vault.name, caller: call.principal.objectID,
      tenant: call.vault.tenant, time: call.now)
    return VaultAnswer(200, try await services.externalKeys.call(call.vault, services) { try await $0.info(context) }.json)
  }

  private func enter(_ call: VaultCall, _ connection: ExternalConnection, _ transaction: RecordTransaction) throws {
    var facts = ["host": connection.host]
    facts["pathPrefix"] = connection.pathPrefix
    try call.entry(.controlWrite, subject: call.vaultURL + "/ekm", facts: facts, random: services.random).append(in: transaction)
  }
}
