internal import Base
internal import Keyring
internal import Records
internal import ResourceManager
internal import Wire

/// `Microsoft.Storage/storageAccounts/encryptionScopes`. A scope is never deleted: it can be disabled.
///
/// Source: Microsoft, "Encryption Scopes", REST reference of the storage resource provider.
struct EncryptionScopeType: ProjectedResourceType, PreparedResourceType {
  let accounts: StorageAccounts

  static let nameLength = 3...63
  static let maximumScopes = EncryptionScope.maximumPerAccount

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
    let wanted = try Wanted(change.body["properties"] ?? [:])
    let present = try existing.flatMap { try Keyring.protection(of: $0.dataKey, tenant: $0.tenant, in: transaction) }
    let wish = try Self.wish(wanted, present, account, in: transaction)
    var scope: EncryptionScope
    if let existing {
      scope = existing
      try accounts.protection.apply(wish, to: scope.dataKey, change.prepared, tenant: account.tenant, in: transaction)
    } else {
      let parent = RecordKey(tenant: account.tenant, account.partition)
      guard try transaction.count(EncryptionScope.self, under: parent, limit: Self.maximumScopes) < Self.maximumScopes else {
        throw CloudError(
          409, "MaxEncryptionScopesCountExceeded",
          "The maximum number of encryption scopes (\(Self.maximumScopes)) of the storage account is reached.")
      }
      scope = EncryptionScope(
        tenant: account.tenant, partition: account.partition, name: name,
        dataKey: try accounts.protection.make(wish, change.prepared, tenant: account.tenant, in: transaction), createdTime: context.now,
        changedTime: context.now)
    }
    scope.isEnabled = wanted.isEnabled ?? scope.isEnabled
    scope.changedTime = context.now
    try transaction.save(scope)
    if wish != nil, account.hasCustomerScopes != true {
      var account = account
      account.hasCustomerScopes = true
      try transaction.save(account)
    }
    // What is in memory of the account tells which scopes need a customer's key.
    if wish != nil || present != nil { accounts.invalidate(account.name, after: transaction) }
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

  func delete(_ resource: Resource, context: OperationContext, in transaction: RecordTransaction) throws {
    throw CloudError(405, "MethodNotAllowed", "The requested resource does not support http method 'DELETE'.")
  }

  func render(_ resource: Resource, in reader: any RecordReader) throws -> JSON {
    guard let account = try BlobServiceType.account(above: resource.id, tenant: resource.tenant, in: reader),
      let scope = try reader.fetch(EncryptionScope.self, EncryptionScope.key(account, name: resource.id.name))
    else { return [:] }
    let protection = try Keyring.protection(of: scope.dataKey, tenant: scope.tenant, in: reader)
    var shown = JSON.Object()
    shown["source"] = .string((protection == nil ? Source.storage : .vault).rawValue)
    shown["state"] = .string(scope.isEnabled ? "Enabled" : "Disabled")
    shown["creationTime"] = .string(scope.createdTime.iso8601Fractional)
    shown["lastModifiedTime"] = .string(scope.changedTime.iso8601Fractional)
    if let protection {
      var properties = JSON.Object()
      properties["keyUri"] = .string(protection.key.url)
      protection.show(in: &properties)
      shown["keyVaultProperties"] = .object(properties)
    }
    return .object(shown)
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
