internal import Base
internal import Records
internal import ResourceManager
internal import Wire

/// `Microsoft.Storage/storageAccounts/objectReplicationPolicies`: none can be made, for there is one place only, and a copy beside the original
/// would protect from nothing that the original does not survive.
///
/// Source: Microsoft, "Object Replication Policies", REST reference of the storage resource provider.
struct ObjectReplicationPolicyType: ProjectedResourceType {
  var descriptor: ResourceTypeDescriptor {
    ResourceTypeDescriptor(
      type: "Microsoft.Storage/storageAccounts/objectReplicationPolicies", apiVersions: StorageProvider.apiVersions, isTracked: false,
      supportsTags: false, createdStatus: 200)
  }

  func resource(_ id: ResourceID, tenant: GUID, in reader: any RecordReader) throws -> Resource? { nil }

  func resources(in parent: ResourceID, tenant: GUID, after: String?, limit: Int, in reader: any RecordReader) throws -> [Resource] { [] }

  func put(_ change: ResourceChange, in transaction: RecordTransaction) throws -> Resource {
    throw StorageAccountSettings.unsupported("Object replication", "properties")
  }
}
