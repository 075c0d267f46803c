internal import Base
internal import Keyring
internal import Records
internal import ResourceManager
internal import Wire

/// `Microsoft.Storage/storageAccounts/encryptionScopes`. A scope is never deleted: it can be disabled.
///
/// Source: Microsoft, "Encryption Scopes", REST reference of the storage resource provider.
struct EncryptionScopeType: ProjectedResourceType {
  let accounts: StorageAccounts

  static let nameLength = 3...63
  /// Scopes of one account. All of their keys go in the transaction that deletes it.
  static let maximumScopes = 5000

  var descriptor: ResourceTypeDescriptor {
    ResourceTypeDescriptor(
      type: "Microsoft.Storage/storageAccounts/encryptionScopes", apiVersions: StorageProvider.apiVersions, isTracked: false, supportsTags: false)
  }

  func resource(_ id: ResourceID, tenant: GUID, in reader: any RecordReader) throws -> Resource? {
    guard let account = try BlobServiceType.account(above: id, tenant: tenant, in: reader) else { return nil }
    return try reader.fetch(EncryptionScope.self, EncryptionScope.key(account, name: id.name)).map { Self.resource($0, account) }
  }

  func resources(in parent: ResourceID, tenant: GUID, after: String?, limit: Int, in reader: any RecordReader) throws -> [Resource] {
    guard let account = try BlobServiceType.account(above: parent, tenant: tenant, in: reader) else { return [] }
    let parent = RecordKey(tenant: account.tenant, account.partition)
    let scopes = try reader.list(
      EncryptionScope.self, under: parent, after: after.map { EncryptionScope.key(account, name: $0) }, limit: limit)
    return scopes.map { Self.resource($0, account) }
  }

  private static func resource(_ scope: EncryptionScope, _ account: StorageAccount) -> Resource {
    var id = account.id
    id.provided[id.provided.count - 1].segments.append((type: "encryptionScopes", name: scope.name))
    return Resource(
      tenant: scope.tenant, id: id, location: nil, etag: scope.dataKey, createdTime: scope.createdTime, changedTime: scope.changedTime)
  }

  func put(_ change: ResourceChange, in transaction: RecordTransaction) throws -> Resource {
    let context = change.context
    guard let account = try BlobServiceType.account(above: change.id, tenant: context.tenant, in: transaction) else {
      throw StorageAccountSettings.invalid("accountName")
    }
    let name = change.id.name
    guard Self.isValid(name) else { throw StorageAccountSettings.invalid("encryptionScopeName") }
    let existing = try transaction.fetch(EncryptionScope.self, EncryptionScope.key(account, name: name))
    let isEnabled = try Self.isEnabled(change.body["properties"] ?? [:])
    var scope: EncryptionScope
    if let existing {
      scope = existing
    } else {
      let parent = RecordKey(tenant: account.tenant, account.partition)
      guard try transaction.count(EncryptionScope.self, under: parent, limit: Self.maximumScopes) < Self.maximumScopes else {
        throw CloudError(
          409, "MaxEncryptionScopesCountExceeded",
          "The maximum number of encryption scopes (\(Self.maximumScopes)) of the storage account is reached.")
      }
      scope = EncryptionScope(
        tenant: account.tenant, partition: account.partition, name: name,
        dataKey: try accounts.keyring.makeDataKey(tenant: account.tenant, in: transaction), createdTime: context.now, changedTime: context.now)
    }
    scope.isEnabled = isEnabled ?? scope.isEnabled
    scope.changedTime = context.now
    try transaction.save(scope)
    return Self.resource(scope, account)
  }

  private static func isValid(_ name: String) -> Bool {
    nameLength.contains(name.utf8.count)
      && name.utf8.allSatisfy { byte in
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"):
          true
        default: false
        }
      }
  }

  /// What a body says of the state; nil where it says nothing. Keys of a vault are refused.
  private static func isEnabled(_ properties: JSON) throws -> Bool? {
    var isEnabled: Bool?
    for (name, value) in properties.object?.members ?? [] where value != .null {
      switch name.lowercased() {
      case "source":
        switch value.string?.lowercased() {
        case "microsoft.storage": break
        case "microsoft.keyvault": throw StorageAccountSettings.unsupported("Customer-managed key", "properties.source")
        default: throw StorageAccountSettings.invalid("source")
        }
      case "state":
        switch value.string?.lowercased() {
        case "enabled": isEnabled = true
        case "disabled": isEnabled = false
        default: throw StorageAccountSettings.invalid("state")
        }
      case "keyvaultproperties":
        guard value == [:] || value["keyUri"]?.string == nil else {
          throw StorageAccountSettings.unsupported("Customer-managed key", "properties.keyVaultProperties")
        }
      case "requireinfrastructureencryption":
        guard value.boolean == false else {
          throw StorageAccountSettings.unsupported("Infrastructure encryption", "properties.requireInfrastructureEncryption")
        }
      case "creationtime", "lastmodifiedtime": break
      default: throw StorageAccountSettings.invalid(name)
      }
    }
    return isEnabled
  }

  func delete(_ resource: Resource, context: OperationContext, in transaction: RecordTransaction) throws {
    throw CloudError(405, "MethodNotAllowed", "The requested resource does not support http method 'DELETE'.")
  }

  func render(_ resource: Resource, in reader: any RecordReader) throws -> JSON {
    guard let account = try BlobServiceType.account(above: resource.id, tenant: resource.tenant, in: reader),
      let scope = try reader.fetch(EncryptionScope.self, EncryptionScope.key(account, name: resource.id.name))
    else { return [:] }
    return [
      "source": "Microsoft.Storage", "state": scope.isEnabled ? "Enabled" : "Disabled",
      "creationTime": .string(scope.createdTime.iso8601Fractional), "lastModifiedTime": .string(scope.changedTime.iso8601Fractional),
    ]
  }

  /// Destroys the keys of a deleted account's scopes, so that nothing under them can be read again.
  func destroyAll(of account: StorageAccount, in transaction: RecordTransaction) throws {
    let parent = RecordKey(tenant: account.tenant, account.partition)
    for scope in try transaction.list(EncryptionScope.self, under: parent, limit: Self.maximumScopes) {
      try accounts.keyring.destroyDataKey(scope.dataKey, tenant: scope.tenant, in: transaction)
      try transaction.remove(EncryptionScope.self, scope.key)
    }
  }
}
