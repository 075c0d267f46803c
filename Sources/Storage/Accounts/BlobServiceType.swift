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
    properties.lastAccessTrackingSince = properties.tracksLastAccess ? properties.lastAccessTrackingSince ?? change.context.now : nil
    try transaction.save(properties)
    accounts.invalidate(account.name, after: transaction)
    return Self.resource(of: account)
  }

  private static func set(_ name: String, _ value: JSON, in properties: inout BlobServiceProperties) throws {
    switch name.lowercased() {
    case "cors": properties.crossOriginRules = try CrossOriginRule.list(value)
    case "defaultserviceversion":
      guard let version = value.string, StorageVersion.isKnown(version) else { throw StorageAccountSettings.invalid(name) }
      properties.defaultServiceVersion = version
    case "isversioningenabled": properties.versioning = try flag(value, name)
    // The name that it had before there were versions.
    case "automaticsnapshotpolicyenabled":
      guard value.boolean == false else { throw StorageAccountSettings.unsupported("Automatic snapshot", "properties.\(name)") }
    case "deleteretentionpolicy":
      properties.deleteRetentionDays = try retention(value, name)
      if let permanent = value.object?.member(ignoringCase: "allowPermanentDelete") {
        properties.permanentDelete = try flag(permanent, "\(name).allowPermanentDelete")
      }
    case "containerdeleteretentionpolicy": properties.containerDeleteRetentionDays = try retention(value, name)
    case "changefeed": properties.changeFeed = try changeFeed(value)
    case "lastaccesstimetrackingpolicy":
      guard let enabled = value.object?.member(ignoringCase: "enable") else { throw StorageAccountSettings.invalid("\(name).enable") }
      properties.lastAccessTracking = try flag(enabled, "\(name).enable")
    case "restorepolicy":
      guard !(value.object?.member(ignoringCase: "enabled")?.boolean ?? false) else {
        throw StorageAccountSettings.unsupported("Point-in-time restore", "properties.\(name)")
      }
    // Answers show it, and clients send it back.
    case "provisioningstate": return
    default: throw StorageAccountSettings.invalid(name)
    }
  }

  private static func flag(_ value: JSON, _ path: String) throws -> Bool {
    guard let flag = value.boolean else { throw StorageAccountSettings.invalid(path) }
    return flag
  }

  /// Days; nil where the policy is off.
  private static func retention(_ value: JSON, _ path: String) throws -> Int? {
    guard let enabled = value.object?.member(ignoringCase: "enabled") else { throw StorageAccountSettings.invalid("\(path).enabled") }
    guard try flag(enabled, "\(path).enabled") else { return nil }
    guard let days = value.object?.member(ignoringCase: "days")?.integer, RetentionPolicy.days.contains(Int(clamping: days)) else {
      throw StorageAccountSettings.invalid("\(path).days")
    }
    return Int(days)
  }

  private static func changeFeed(_ value: JSON) throws -> ChangeFeedSettings? {
    guard let enabled = value.object?.member(ignoringCase: "enabled") else { throw StorageAccountSettings.invalid("changeFeed.enabled") }
    guard try flag(enabled, "changeFeed.enabled") else { return nil }
    guard let days = value.object?.member(ignoringCase: "retentionInDays"), days != .null else { return ChangeFeedSettings() }
    guard let days = days.integer, ChangeFeedSettings.days.contains(Int(clamping: days)) else {
      throw StorageAccountSettings.invalid("changeFeed.retentionInDays")
    }
    return ChangeFeedSettings(retentionDays: Int(days))
  }

  func render(_ resource: Resource, in reader: any RecordReader) throws -> JSON {
    guard let account = try Self.account(above: resource.id, tenant: resource.tenant, in: reader) else { return [:] }
    let properties = try BlobServiceProperties.of(account, in: reader)
    var deleteRetention = properties.deleteRetention.json
    deleteRetention["allowPermanentDelete"] = .boolean(properties.allowsPermanentDelete)
    var changeFeed = JSON.Object([("enabled", .boolean(properties.changeFeed != nil))])
    if let days = properties.changeFeed?.retentionDays { changeFeed["retentionInDays"] = .integer(Int64(days)) }
    var object = JSON.Object()
    object["cors"] = ["corsRules": .array(properties.crossOriginRules.map(\.json))]
    object["defaultServiceVersion"] = .string(properties.defaultServiceVersion)
    object["deleteRetentionPolicy"] = .object(deleteRetention)
    object["containerDeleteRetentionPolicy"] = .object(properties.containerDeleteRetention.json)
    object["isVersioningEnabled"] = .boolean(properties.isVersioningEnabled)
    object["changeFeed"] = .object(changeFeed)
    object["restorePolicy"] = ["enabled": false]
    if properties.tracksLastAccess {
      object["lastAccessTimeTrackingPolicy"] = [
        "enable": true, "name": "AccessTimeTracking", "trackingGranularityInDays": 1, "blobType": ["blockBlob"],
      ]
    }
    return .object(object)
  }
}

extension RetentionPolicy {
  fileprivate var json: JSON.Object {
    var object = JSON.Object([("enabled", .boolean(isEnabled))])
    if let days { object["days"] = .integer(Int64(days)) }
    return object
  }
}
