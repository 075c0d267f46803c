internal import Base
internal import Records
internal import ResourceManager
internal import Wire

/// `Microsoft.Storage/storageAccounts/blobServices`: the one blob service of an account, `default`.
///
/// Source: Microsoft, "Blob Services", REST reference of the storage resource provider.
struct BlobServiceType: ProjectedResourceType {
  let accounts: StorageAccounts

  static let name = "default"

  var descriptor: ResourceTypeDescriptor {
    ResourceTypeDescriptor(
      type: "Microsoft.Storage/storageAccounts/blobServices", apiVersions: StorageProvider.apiVersions, isTracked: false, supportsTags: false,
      createdStatus: 200)
  }

  func resource(_ id: ResourceID, tenant: GUID, in reader: any RecordReader) throws -> Resource? {
    guard id.name.lowercased() == Self.name, let account = try Self.account(above: id, tenant: tenant, in: reader) else { return nil }
    return Self.resource(of: account)
  }

  func resources(in parent: ResourceID, tenant: GUID, after: String?, limit: Int, in reader: any RecordReader) throws -> [Resource] {
    guard after == nil, let account = try Self.account(parent, tenant: tenant, in: reader) else { return [] }
    return [Self.resource(of: account)]
  }

  private static func resource(of account: StorageAccount) -> Resource {
    Resource(
      tenant: account.tenant, id: id(of: account), location: nil, sku: StorageSku.offered.first { $0.name == account.skuName }?.json,
      etag: account.dataKey, createdTime: account.createdTime, changedTime: account.createdTime)
  }

  static func id(of account: StorageAccount) -> ResourceID {
    var id = account.id
    id.provided[id.provided.count - 1].segments.append((type: "blobServices", name: name))
    return id
  }

  /// The account of which an id names the blob service, or something below it.
  static func account(above id: ResourceID, tenant: GUID, in reader: any RecordReader) throws -> StorageAccount? {
    var account = id
    guard let segments = account.provided.last?.segments, let outermost = segments.first else { return nil }
    account.provided[account.provided.count - 1].segments = [outermost]
    return try self.account(account, tenant: tenant, in: reader)
  }

  private static func account(_ id: ResourceID, tenant: GUID, in reader: any RecordReader) throws -> StorageAccount? {
    let account = try reader.fetch(StorageAccount.self, StorageAccount.key(id.name.lowercased()))
    return account?.tenant == tenant && account?.id == id ? account : nil
  }

  // MARK: Settings

  func put(_ change: ResourceChange, in transaction: RecordTransaction) throws -> Resource {
    guard change.id.name.lowercased() == Self.name, let account = try Self.account(above: change.id, tenant: change.context.tenant, in: transaction)
    else { throw StorageAccountSettings.invalid("blobServicesName") }
    var properties = try BlobServiceProperties.of(account, in: transaction)
    for (name, value) in change.body.object?.member(ignoringCase: "properties")?.object?.members ?? [] where value != .null {
      try Self.set(name, value, in: &properties)
    }
    try transaction.save(properties)
    accounts.invalidate(account.name, after: transaction)
    return Self.resource(of: account)
  }

  private static func set(_ name: String, _ value: JSON, in properties: inout BlobServiceProperties) throws {
    /// Features that are not there, by the member that would turn each on.
    let absent: [String: (feature: String, member: String)] = [
      "deleteretentionpolicy": ("Blob soft delete", "enabled"), "containerdeleteretentionpolicy": ("Container soft delete", "enabled"),
      "changefeed": ("Change feed", "enabled"), "restorepolicy": ("Point-in-time restore", "enabled"),
      "lastaccesstimetrackingpolicy": ("Last access time tracking", "enable"),
    ]
    switch name.lowercased() {
    case "cors": properties.crossOriginRules = try rules(value)
    case "defaultserviceversion":
      guard let version = value.string, StorageVersion.isKnown(version) else { throw StorageAccountSettings.invalid(name) }
      properties.defaultServiceVersion = version
    case "isversioningenabled", "automaticsnapshotpolicyenabled":
      guard value.boolean == false else { throw StorageAccountSettings.unsupported("Versioning", "properties.\(name)") }
    case let lowered:
      guard let (feature, member) = absent[lowered] else { throw StorageAccountSettings.invalid(name) }
      guard !(value.object?.member(ignoringCase: member)?.boolean ?? false) else {
        throw StorageAccountSettings.unsupported(feature, "properties.\(name)")
      }
    }
  }

  private static func rules(_ value: JSON) throws -> [CrossOriginRule] {
    let list = value.object?.member(ignoringCase: "corsRules")?.array ?? []
    guard list.count <= CrossOriginRule.maximumRules else { throw StorageAccountSettings.invalid("cors.corsRules") }
    return try list.map { rule in
      func element(_ name: String) -> XMLElement? {
        guard let value = rule.object?.member(ignoringCase: name) else { return nil }
        let text = value.array.map { $0.compactMap(\.string).joined(separator: ",") } ?? value.integer.map { String($0) } ?? ""
        return XMLElement(name: name == "maxAgeInSeconds" ? "MaxAgeInSeconds" : name.prefix(1).uppercased() + name.dropFirst(), text: text)
      }
      let names = ["allowedOrigins", "allowedMethods", "allowedHeaders", "exposedHeaders", "maxAgeInSeconds"]
      do {
        return try CrossOriginRule(XMLElement(name: "CorsRule", children: names.compactMap(element)))
      } catch is CloudError {
        throw StorageAccountSettings.invalid("cors.corsRules")
      }
    }
  }

  func render(_ resource: Resource, in reader: any RecordReader) throws -> JSON {
    guard let account = try Self.account(above: resource.id, tenant: resource.tenant, in: reader) else { return [:] }
    let properties = try BlobServiceProperties.of(account, in: reader)
    return .object([
      "cors": ["corsRules": .array(properties.crossOriginRules.map(\.json))],
      "defaultServiceVersion": .string(properties.defaultServiceVersion),
      "deleteRetentionPolicy": ["enabled": false, "allowPermanentDelete": false],
      "containerDeleteRetentionPolicy": ["enabled": false],
      "isVersioningEnabled": false,
      "changeFeed": ["enabled": false],
      "restorePolicy": ["enabled": false],
    ])
  }
}

extension CrossOriginRule {
  fileprivate var json: JSON {
    func list(_ values: [String]) -> JSON { .array(values.map { .string($0) }) }
    return [
      "allowedOrigins": list(allowedOrigins), "allowedMethods": list(allowedMethods), "allowedHeaders": list(allowedHeaders),
      "exposedHeaders": list(exposedHeaders), "maxAgeInSeconds": .integer(Int64(maximumAgeSeconds)),
    ]
  }
}
