internal import Base
internal import Keyring
internal import Records
internal import ResourceManager
internal import Wire

#if canImport(FoundationEssentials)
  internal import FoundationEssentials
#endif

/// `Microsoft.Storage/storageAccounts`.
///
/// Source: Microsoft, "Storage Accounts", REST reference of the storage resource provider.
struct StorageAccountType: PreparedResourceType {
  let accounts: StorageAccounts
  let random: any RandomSource
  let address: CloudAddress
  /// Nil: accounts have no identities.
  var identities: ManagedServiceIdentity?
  /// Whether it may make the account of development storage.
  var makesReservedAccounts = false

  /// Accounts of one subscription in one location.
  static let maximumAccounts = 250
  /// Bytes of an account key, and of the secret behind user delegation keys.
  static let keyBytes = 64
  static let delegationSecretBytes = 32

  var descriptor: ResourceTypeDescriptor {
    ResourceTypeDescriptor(
      type: "Microsoft.Storage/storageAccounts", apiVersions: StorageProvider.apiVersions, createdStatus: 200, updatedStatus: 200)
  }

  var actions: [ResourceAction] { StorageAccountKeys(accounts: accounts, random: random).actions }

  // MARK: Create and update

  func put(_ change: ResourceChange, in transaction: RecordTransaction) throws -> Resource {
    let body = change.body.object ?? JSON.Object()
    try Self.checkUnsupported(body)
    guard let existing = change.existing else { return try create(change, body, in: transaction) }
    return try update(existing, change, body, in: transaction)
  }

  private static func checkUnsupported(_ body: JSON.Object) throws {
    if let extended = body.member(ignoringCase: "extendedLocation"), extended != .null {
      throw StorageAccountSettings.unsupported("Extended location", "extendedLocation")
    }
  }

  private func create(_ change: ResourceChange, _ body: JSON.Object, in transaction: RecordTransaction) throws -> Resource {
    let (name, context) = (change.id.name, change.context)
    try StorageAccountName.check(name)
    guard makesReservedAccounts || !StorageAccountName.isReserved(name) else { throw StorageAccountName.alreadyTaken(name) }
    let location = StorageAccountName.normalizedLocation(body.member(ignoringCase: "location")?.string ?? "")
    let (sku, kind) = try StorageSku.select(
      name: body.member(ignoringCase: "sku")?["name"]?.string, kind: body.member(ignoringCase: "kind")?.string, location: location)
    let settings = try StorageAccountSettings.merging(
      body.member(ignoringCase: "properties"), into: StorageAccountSettings.initial(kind: kind), kind: kind)
    if let other = try transaction.fetch(StorageAccount.self, StorageAccount.key(name)) {
      throw other.id.subscription == change.id.subscription ? StorageAccountName.alreadyExists(name) : StorageAccountName.alreadyTaken(name)
    }
    guard try Self.count(in: context, location: location, transaction) < Self.maximumAccounts else {
      throw CloudError(
        409, "MaxStorageAccountsCountPerSubscriptionExceeded",
        "Exceeded the maximum number of storage accounts (\(Self.maximumAccounts)) in location '\(location)' for the subscription.")
    }
    let identity = try identity(change, body, in: transaction)
    let wish = try protectionWish(settings, identity)
    var account = StorageAccount(
      name: name, tenant: context.tenant, id: change.id,
      dataKey: try accounts.protection.make(wish, change.prepared, tenant: context.tenant, in: transaction),
      keys: [], delegationSecret: [], createdTime: context.now, allowsSharedKey: true, allowsPublicAccess: false, skuName: sku.name, kindName: kind,
      location: location)
    let keys = StorageAccountKeys(accounts: accounts, random: random)
    account.keys = try ["key1", "key2"].map { try keys.make($0, account, now: context.now, in: transaction) }
    account.delegationSecret = try keys.makeDelegationSecret(account, in: transaction)
    apply(settings, to: &account)
    try transaction.save(account)
    accounts.invalidate(name, after: transaction)
    return Resource(
      tenant: context.tenant, id: change.id, location: location, sku: sku.json, kindName: kind, identity: identity, properties: .object(settings),
      etag: .zero, createdTime: context.now, changedTime: context.now)
  }

  private func update(
    _ existing: Resource, _ change: ResourceChange, _ body: JSON.Object, in transaction: RecordTransaction
  ) throws -> Resource {
    var resource = existing
    var account = try Self.account(of: existing, in: transaction)
    if let name = body.member(ignoringCase: "sku")?["name"]?.string, name.lowercased() != account.skuName.lowercased() {
      _ = try StorageSku.named(name, location: account.location)
      throw StorageAccountSettings.cannotBeUpdated("sku.name")
    }
    if let kind = body.member(ignoringCase: "kind")?.string, kind.lowercased() != account.kindName.lowercased() {
      let isUpgrade = kind.lowercased() == "storagev2" && ["Storage", "BlobStorage"].contains(account.kindName)
      guard isUpgrade else { throw StorageAccountSettings.cannotBeUpdated("kind") }
      account.kindName = "StorageV2"
    }
    var settings = existing.properties.object ?? JSON.Object()
    if account.kindName == "StorageV2", settings["accessTier"] == nil { settings["accessTier"] = "Hot" }
    settings = try StorageAccountSettings.merging(body.member(ignoringCase: "properties"), into: settings, kind: account.kindName)
    guard settings["immutableStorageWithVersioning"] == existing.properties["immutableStorageWithVersioning"] else {
      throw StorageAccountSettings.cannotBeUpdated("immutableStorageWithVersioning")
    }
    if AccountEncryption(settings).accountServices != AccountEncryption(existing.properties.object ?? JSON.Object()).accountServices {
      throw StorageAccountSettings.cannotBeUpdated("encryption.services")
    }
    resource.identity = try identity(change, body, in: transaction)
    try accounts.protection.apply(
      protectionWish(settings, resource.identity), to: account.dataKey, change.prepared, tenant: account.tenant, in: transaction)
    apply(settings, to: &account)
    try transaction.save(account)
    accounts.invalidate(account.name, after: transaction)
    resource.kindName = account.kindName
    resource.properties = .object(settings)
    return resource
  }

  /// What the data plane must know of the settings.
  private func apply(_ settings: JSON.Object, to account: inout StorageAccount) {
    account.allowsSharedKey = settings["allowSharedKeyAccess"]?.boolean ?? true
    account.allowsPublicAccess = settings["allowBlobPublicAccess"]?.boolean ?? false
    account.requiresHTTPS = settings["supportsHttpsTrafficOnly"]?.boolean
    account.minimumTLSVersion = settings["minimumTlsVersion"]?.string
    account.networkRules = NetworkRules(settings)
    account.accessTier = settings["accessTier"]?.string
    account.signaturePolicy = SignaturePolicy(settings)
    account.allowedCopyScope = settings["allowedCopyScope"]?.string
    account.hasImmutableVersions = settings["immutableStorageWithVersioning"]?["enabled"]?.boolean
  }

  /// The services of which an account of a kind has an endpoint.
  private static func services(of kindName: String) -> [StorageService] {
    switch kindName {
    case "StorageV2": [.blob, .queue, .table, .web]
    case "Storage": [.blob, .queue, .table]
    case "BlockBlobStorage": [.blob, .web]
    default: [.blob]
    }
  }

  private func url(_ service: StorageService, _ account: StorageAccount) -> String {
    "https://\(account.name).\(service.rawValue).\(address.storageSuffix)/"
  }

  static func account(of resource: Resource, in reader: any RecordReader) throws -> StorageAccount {
    guard let account = try reader.fetch(StorageAccount.self, StorageAccount.key(resource.id.name)), account.id == resource.id else {
      throw CloudError.internalError(StorageAccountMissing(id: resource.id.description))
    }
    return account
  }

  /// The resource is there and its account is not: they are written together, so this is a defect.
  struct StorageAccountMissing: Error {
    var id: String
  }

  static func count(in context: OperationContext, location: String, _ reader: any RecordReader) throws -> Int {
    try reader.list(
      StorageAccount.self, index: StorageAccount.placeIndex, [context.subscription.description, location], tenant: context.tenant,
      limit: maximumAccounts
    ).count
  }

  // MARK: Delete

  /// The data key goes at once, and with it every byte's meaning; the records and the space follow in the background.
  func delete(_ resource: Resource, context: OperationContext, in transaction: RecordTransaction) throws {
    let account = try Self.account(of: resource, in: transaction)
    try account.requireRemovable(in: transaction)
    try EncryptionScopeType(accounts: accounts).destroyAll(of: account, in: transaction)
    try accounts.keyring.destroyDataKey(account.dataKey, tenant: account.tenant, in: transaction)
    try identities?.removed(resource, in: transaction)
    try transaction.remove(StorageAccount.self, account.key)
    try transaction.remove(BlobServiceProperties.self, BlobServiceProperties.key(of: account))
    try transaction.remove(ManagementPolicy.self, ManagementPolicy.key(of: account))
    try transaction.remove(LifecycleRun.self, LifecycleRun.key(tenant: account.tenant, account.partition))
    for service in [StorageService.queue, .table] { try transaction.remove(ServiceProperties.self, ServiceProperties.key(of: account, service)) }
    try transaction.save(PurgeTask(id: random.guid(), tenant: account.tenant, subject: .account(account.partition)))
    accounts.invalidate(account.name, after: transaction)
  }

  // MARK: Read

  func render(_ resource: Resource, in reader: any RecordReader) throws -> JSON {
    let account = try Self.account(of: resource, in: reader)
    var properties = resource.properties.object ?? JSON.Object()
    properties["provisioningState"] = .string(resource.provisioningState.rawValue)
    properties["creationTime"] = .string(account.createdTime.iso8601Fractional)
    properties["keyCreationTime"] = .object(JSON.Object(account.keys.map { ($0.name, .string($0.createdTime.iso8601Fractional)) }))
    properties["primaryLocation"] = .string(account.location)
    properties["statusOfPrimary"] = "available"
    // Only what is served: a client that finds no endpoint says so, where one that finds a dead one hangs.
    properties["primaryEndpoints"] = .object(JSON.Object(Self.services(of: account.kindName).map { ($0.rawValue, .string(url($0, account))) }))
    properties["privateEndpointConnections"] = []
    let protection = try Keyring.protection(of: account.dataKey, tenant: account.tenant, in: reader)
    properties["encryption"] = AccountEncryption(properties).json(protection, created: account.createdTime)
    return .object(properties)
  }
}
