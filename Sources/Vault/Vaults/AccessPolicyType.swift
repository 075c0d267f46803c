internal import Base
internal import Records
internal import ResourceManager
internal import Wire

/// `Microsoft.KeyVault/vaults/accessPolicies`: what is put there changes the policies of the vault, and is nothing by itself.
///
/// Source: Microsoft, "Vaults - Update Access Policy", REST reference of the Key Vault resource provider.
struct AccessPolicyType: ProjectedResourceType {
  let vaults: Vaults

  var descriptor: ResourceTypeDescriptor {
    ResourceTypeDescriptor(
      type: "\(VaultType.name)/accessPolicies", apiVersions: VaultProvider.apiVersions, isTracked: false, supportsTags: false, createdStatus: 200)
  }

  func resource(_ id: ResourceID, tenant: GUID, in reader: any RecordReader) throws -> Resource? { nil }

  func resources(in parent: ResourceID, tenant: GUID, after: String?, limit: Int, in reader: any RecordReader) throws -> [Resource] { [] }

  func put(_ change: ResourceChange, in transaction: RecordTransaction) throws -> Resource {
    guard let kind = AccessPolicy.Change(rawValue: change.id.name.lowercased()) else { throw VaultSettings.invalid("operationKind") }
    guard var vault = try vault(above: change.id, tenant: change.context.tenant, in: transaction) else { throw VaultSettings.invalid("vaultName") }
    guard let given = change.body.member("properties", "accessPolicies") else { throw VaultSettings.missing("accessPolicies") }
    vault.accessPolicies = try kind.apply(try AccessPolicy.list(given, tenant: vault.tenant), to: vault.accessPolicies)
    try transaction.save(vault)
    vaults.invalidate(vault.name, after: transaction)
    return Resource(
      tenant: vault.tenant, id: change.id, location: nil, etag: .zero, createdTime: change.context.now, changedTime: change.context.now)
  }

  func delete(_ resource: Resource, context: OperationContext, in transaction: RecordTransaction) throws {}

  /// The policies of the vault, all of them.
  func render(_ resource: Resource, in reader: any RecordReader) throws -> JSON {
    let vault = try vault(above: resource.id, tenant: resource.tenant, in: reader)
    return ["accessPolicies": .array(vault?.accessPolicies.map(\.json) ?? [])]
  }

  private func vault(above id: ResourceID, tenant: GUID, in reader: any RecordReader) throws -> Vault? {
    guard let parent = id.parent, let vault = try reader.fetch(Vault.self, Vault.key(parent.name)) else { return nil }
    return vault.id == parent && vault.tenant == tenant && vault.deletion == nil ? vault : nil
  }
}
