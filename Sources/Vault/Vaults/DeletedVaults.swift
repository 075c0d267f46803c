internal import Base
internal import Records
internal import ResourceManager
internal import Wire

/// What Resource Manager shows of deleted vaults, and their purge.
///
/// Source: Microsoft, "Vaults - List Deleted", "Vaults - Get Deleted" and "Vaults - Purge Deleted", REST reference of the Key Vault resource provider.
struct DeletedVaults: Sendable {
  let vaults: Vaults
  let random: any RandomSource

  var actions: [ProviderAction] {
    [
      ProviderAction(method: .get, path: "deletedVaults", permission: "Microsoft.KeyVault/deletedVaults/read", run: { try Self.list($2, $3) }),
      ProviderAction(
        method: .get, path: "locations/{location}/deletedVaults/{name}", permission: "Microsoft.KeyVault/locations/deletedVaults/read",
        run: { parameters, _, context, reader in
          let (vault, deletion) = try Self.find(parameters, context, in: reader)
          return Self.json(vault, deletion)
        }),
      ProviderAction(
        post: "locations/{location}/deletedVaults/{name}/purge", permission: "Microsoft.KeyVault/locations/deletedVaults/purge/action",
        changing: { parameters, _, context, transaction in
          let (vault, _) = try Self.find(parameters, context, in: transaction)
          guard !vault.hasPurgeProtection else {
            throw CloudError(405, "MethodNotAllowed", "Operation 'DeletedVaultPurge' is not allowed.")
          }
          try vaults.purge(vault, purgeID: random.guid(), in: transaction)
          return .null
        }),
    ]
  }

  private static func list(_ context: OperationContext, _ reader: any RecordReader) throws -> JSON {
    let place = [context.subscription.description, Vault.deletedState]
    let after = try context.skipPosition().map { RecordIndexPosition(components: place + [$0], key: Vault.key($0)) }
    let limit = VaultLimits.maximumDeletedPage
    var page = try reader.list(Vault.self, index: Vault.subscriptionIndex, place, tenant: context.tenant, after: after, limit: limit + 1)
    var next: String?
    if page.count > limit {
      page.removeLast()
      next = page.last.map { context.nextLink(position: $0.name.lowercased()) }
    }
    return .object([
      "value": .array(page.compactMap { vault in vault.deletion.map { json(vault, $0) } }), "nextLink": JSON.string(next),
    ])
  }

  private static func find(
    _ parameters: [String: String], _ context: OperationContext, in reader: any RecordReader
  ) throws -> (Vault, Vault.Deletion) {
    let name = parameters["name"] ?? ""
    guard let vault = try reader.fetch(Vault.self, Vault.key(name)), let deletion = vault.deletion, vault.tenant == context.tenant,
      vault.id.subscription == context.subscription, vault.location == Location.normalized(parameters["location"] ?? "")
    else {
      throw CloudError(404, "DeletedVaultNotFound", "The specified deleted vault '\(name)' does not exist.")
    }
    return (vault, deletion)
  }

  private static func json(_ vault: Vault, _ deletion: Vault.Deletion) -> JSON {
    let subscription = vault.id.subscription?.description ?? ""
    return [
      "id": .string("/subscriptions/\(subscription)/providers/Microsoft.KeyVault/locations/\(vault.location)/deletedVaults/\(vault.name)"),
      "name": .string(vault.name), "type": "Microsoft.KeyVault/deletedVaults",
      "properties": .object([
        "vaultId": .string(vault.id.description), "location": .string(vault.location),
        "tags": .object(JSON.Object(deletion.tags.sorted { $0.key < $1.key }.map { (name: $0.key, value: .string($0.value)) })),
        "deletionDate": .string(deletion.time.iso8601), "scheduledPurgeDate": .string(deletion.purgeTime.iso8601),
        "purgeProtectionEnabled": vault.hasPurgeProtection ? true : nil,
      ]),
    ]
  }
}
