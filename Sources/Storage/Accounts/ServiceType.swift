internal import Base
internal import Records
internal import ResourceManager
internal import Wire

/// `Microsoft.Storage/storageAccounts/queueServices` and `…/tableServices`: the one queue or table service of an account, `default`.
///
/// Source: Microsoft, "Queue Services" and "Table Services", REST reference of the storage resource provider.
struct ServiceType: ProjectedResourceType {
  let accounts: StorageAccounts
  /// `.queue` or `.table`.
  let service: StorageService

  static let name = "default"

  private var segment: String { "\(service.rawValue)Services" }

  var descriptor: ResourceTypeDescriptor {
    ResourceTypeDescriptor(
      type: "Microsoft.Storage/storageAccounts/\(segment)", apiVersions: StorageProvider.apiVersions, isTracked: false, supportsTags: false,
      createdStatus: 200)
  }

  func resource(_ id: ResourceID, tenant: GUID, in reader: any RecordReader) throws -> Resource? {
    guard id.name.lowercased() == Self.name, let account = try BlobServiceType.account(above: id, tenant: tenant, in: reader) else { return nil }
    return resource(of: account)
  }

  func resources(in parent: ResourceID, tenant: GUID, after: String?, limit: Int, in reader: any RecordReader) throws -> [Resource] {
    guard after == nil, let account = try BlobServiceType.account(above: parent, tenant: tenant, in: reader) else { return [] }
    return [resource(of: account)]
  }

  private func resource(of account: StorageAccount) -> Resource {
    Resource(
      tenant: account.tenant, id: Self.id(of: account, segment), location: nil, etag: account.dataKey, createdTime: account.createdTime,
      changedTime: account.createdTime)
  }

  /// The id of the service `default` behind a segment such as `queueServices`.
  static func id(of account: StorageAccount, _ segment: String) -> ResourceID {
    var id = account.id
    id.provided[id.provided.count - 1].segments.append((type: segment, name: name))
    return id
  }

  func put(_ change: ResourceChange, in transaction: RecordTransaction) throws -> Resource {
    guard change.id.name.lowercased() == Self.name,
      let account = try BlobServiceType.account(above: change.id, tenant: change.context.tenant, in: transaction)
    else { throw StorageAccountSettings.invalid("\(service.rawValue)ServiceName") }
    var properties = try ServiceProperties.of(account, service, in: transaction)
    for (name, value) in change.body.object?.member(ignoringCase: "properties")?.object?.members ?? [] where value != .null {
      switch name.lowercased() {
      case "cors": properties.crossOriginRules = try CrossOriginRule.list(value)
      case "provisioningstate": continue
      default: throw StorageAccountSettings.invalid(name)
      }
    }
    try transaction.save(properties)
    accounts.invalidate(account.name, after: transaction)
    return resource(of: account)
  }

  func render(_ resource: Resource, in reader: any RecordReader) throws -> JSON {
    guard let account = try BlobServiceType.account(above: resource.id, tenant: resource.tenant, in: reader) else { return [:] }
    let properties = try ServiceProperties.of(account, service, in: reader)
    return ["cors": ["corsRules": .array(properties.crossOriginRules.map(\.json))]]
  }
}
