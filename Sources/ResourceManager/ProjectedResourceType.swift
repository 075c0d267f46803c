public import Base
public import Records
public import Wire

/// A type whose resources are kept elsewhere by its service, such as the containers of a blob service: Resource Manager stores no
/// record of them and asks the type instead.
///
/// They stand in no list over all types, and go with their parent through the parent's own `delete`.
public protocol ProjectedResourceType: ResourceType {
  /// The resource of an id whose parent is known to exist, or nil.
  func resource(_ id: ResourceID, tenant: GUID, in reader: any RecordReader) throws -> Resource?

  /// Up to `limit` resources right below a parent, in the order of their names, from behind the name `after`.
  func resources(in parent: ResourceID, tenant: GUID, after: String?, limit: Int, in reader: any RecordReader) throws -> [Resource]
}

extension ResourceCatalog {
  /// The resource of an id: its record or, for a projected type, what the type says of it.
  func resource(_ id: ResourceID, tenant: GUID, in reader: any RecordReader) throws -> Resource? {
    guard let type = type(id.type ?? "") as? any ProjectedResourceType else {
      return try reader.fetch(Resource.self, Resource.key(tenant: tenant, id))
    }
    guard let parent = id.parent, try isThere(parent, tenant: tenant, in: reader) else { return nil }
    return try type.resource(id, tenant: tenant, in: reader)
  }

  /// Whether a resource, group or subscription exists for something to lie in.
  private func isThere(_ scope: ResourceID, tenant: GUID, in reader: any RecordReader) throws -> Bool {
    if !scope.provided.isEmpty { return try resource(scope, tenant: tenant, in: reader) != nil }
    guard let subscription = scope.subscription else { return false }
    guard let group = scope.resourceGroup else { return try reader.fetch(Subscription.self, Subscription.key(tenant: tenant, subscription)) != nil }
    return try reader.fetch(ResourceGroup.self, ResourceGroup.key(tenant: tenant, subscription, group)) != nil
  }
}
