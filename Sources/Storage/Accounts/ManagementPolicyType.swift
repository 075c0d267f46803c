internal import Base
internal import Records
internal import ResourceManager
internal import Wire

/// `Microsoft.Storage/storageAccounts/managementPolicies`: the one policy of an account, `default`.
///
/// Source: Microsoft, "Management Policies", REST reference of the storage resource provider.
struct ManagementPolicyType: ProjectedResourceType {
  static let name = "default"

  var descriptor: ResourceTypeDescriptor {
    ResourceTypeDescriptor(
      type: "Microsoft.Storage/storageAccounts/managementPolicies", apiVersions: StorageProvider.apiVersions, isTracked: false, supportsTags: false,
      createdStatus: 200)
  }

  func resource(_ id: ResourceID, tenant: GUID, in reader: any RecordReader) throws -> Resource? {
    guard id.name.lowercased() == Self.name, let account = try BlobServiceType.account(above: id, tenant: tenant, in: reader) else { return nil }
    return try reader.fetch(ManagementPolicy.self, ManagementPolicy.key(of: account)).map { Self.resource($0, account) }
  }

  func resources(in parent: ResourceID, tenant: GUID, after: String?, limit: Int, in reader: any RecordReader) throws -> [Resource] {
    guard after == nil, let account = try BlobServiceType.account(above: parent, tenant: tenant, in: reader) else { return [] }
    return try reader.fetch(ManagementPolicy.self, ManagementPolicy.key(of: account)).map { [Self.resource($0, account)] } ?? []
  }

  private static func resource(_ policy: ManagementPolicy, _ account: StorageAccount) -> Resource {
    Resource(
      tenant: policy.tenant, id: ServiceType.id(of: account, "managementPolicies"), location: nil, etag: account.dataKey,
      createdTime: policy.createdTime, changedTime: policy.lastModified)
  }

  func put(_ change: ResourceChange, in transaction: RecordTransaction) throws -> Resource {
    let context = change.context
    guard change.id.name.lowercased() == Self.name,
      let account = try BlobServiceType.account(above: change.id, tenant: context.tenant, in: transaction)
    else { throw StorageAccountSettings.invalid("managementPolicyName") }
    let existing = try transaction.fetch(ManagementPolicy.self, ManagementPolicy.key(of: account))
    let rules = try LifecycleRule.list(change.body["properties"]).map { $0.dated(at: context.now, replacing: existing?.rules ?? []) }
    let policy = ManagementPolicy(
      tenant: account.tenant, partition: account.partition, account: account.name, rules: rules,
      createdTime: existing?.createdTime ?? context.now, lastModified: context.now)
    try Self.check(policy, account, in: transaction)
    try transaction.save(policy)
    try transaction.save(LifecycleRun(of: policy))
    return Self.resource(policy, account)
  }

  /// Rules that go by what the account does not write down would never do anything.
  private static func check(_ policy: ManagementPolicy, _ account: StorageAccount, in reader: any RecordReader) throws {
    let usesAccess = policy.rules.contains { rule in
      let actions = rule.baseBlob
      return [actions?.tierToHot, actions?.tierToCool, actions?.tierToCold, actions?.tierToArchive, actions?.delete]
        .contains { $0?.afterLastAccess != nil }
    }
    guard usesAccess, try !BlobServiceProperties.of(account, in: reader).tracksLastAccess else { return }
    throw CloudError(
      409, "LastAccessTimeTrackingNotEnabled",
      "Last access time tracking must be enabled before the action daysAfterLastAccessTimeGreaterThan is used.", target: "properties.policy")
  }

  func delete(_ resource: Resource, context: OperationContext, in transaction: RecordTransaction) throws {
    guard let account = try BlobServiceType.account(above: resource.id, tenant: resource.tenant, in: transaction) else { return }
    try transaction.remove(ManagementPolicy.self, ManagementPolicy.key(of: account))
    try transaction.remove(LifecycleRun.self, LifecycleRun.key(tenant: account.tenant, account.partition))
  }

  func render(_ resource: Resource, in reader: any RecordReader) throws -> JSON {
    guard let account = try BlobServiceType.account(above: resource.id, tenant: resource.tenant, in: reader),
      let policy = try reader.fetch(ManagementPolicy.self, ManagementPolicy.key(of: account))
    else { return [:] }
    return ["lastModifiedTime": .string(policy.lastModified.iso8601Fractional), "policy": ["rules": .array(policy.rules.map(\.json))]]
  }
}
