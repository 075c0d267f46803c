public import Base
internal import Crypto
internal import Records
internal import ResourceManager
internal import Wire

#if canImport(FoundationEssentials)
  internal import FoundationEssentials
#endif

/// The account of Microsoft's storage emulators, for applications that are written against them.
///
/// Its key is known to everybody, so that it is reached at the development ports only, and they on the loopback only.
/// Source: Microsoft, "Use the Azurite emulator for local Azure Storage development", "Well-known storage account and key".
public struct DevelopmentStorage: Sendable {
  public static let accountName = "devstoreaccount1"
  /// Base64 of 64 bytes.
  static let accountKey = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
  static let groupName = "development-storage"

  /// The ports by the services that they serve.
  public static let ports: KeyValuePairs<String, Int> = ["blob": 10000, "queue": 10001, "table": 10002]

  let accounts: StorageAccounts
  let random: any RandomSource
  let address: CloudAddress

  public init(accounts: StorageAccounts, random: any RandomSource, address: CloudAddress) {
    self.accounts = accounts
    self.random = random
    self.address = address
  }

  /// Makes the account where it is not there, and gives it its well-known key again where that was renewed.
  public func ready(tenant: GUID, subscription: GUID, location: String, now: Timestamp) async throws {
    let context = OperationContext(
      principal: Principal(kind: .servicePrincipal, tenant: tenant, name: "cocagne"), tenant: tenant, subscription: subscription,
      correlationID: random.guid(), now: now, apiVersion: StorageProvider.apiVersions[0])
    try await accounts.records.write { transaction in
      if try transaction.fetch(StorageAccount.self, StorageAccount.key(Self.accountName)) == nil {
        try make(context, location: location, in: transaction)
      }
      try giveKey(now: now, in: transaction)
    }
  }

  private func make(_ context: OperationContext, location: String, in transaction: RecordTransaction) throws {
    let (tenant, subscription) = (context.tenant, context.subscription)
    if try transaction.fetch(ResourceGroup.self, ResourceGroup.key(tenant: tenant, subscription, Self.groupName)) == nil {
      try transaction.save(
        ResourceGroup(
          tenant: tenant, subscription: subscription, name: Self.groupName, location: location, tags: [:], managedBy: nil,
          provisioningState: .succeeded, etag: random.guid(), createdTime: context.now, changedTime: context.now))
    }
    var type = StorageAccountType(accounts: accounts, random: random, address: address)
    type.makesReservedAccounts = true
    let body: JSON = [
      "location": .string(location), "kind": "StorageV2", "sku": ["name": "Standard_LRS"],
      "properties": ["supportsHttpsTrafficOnly": false, "allowBlobPublicAccess": true],
    ]
    let id = ResourceID(
      subscription: subscription, resourceGroup: Self.groupName, "Microsoft.Storage", ("storageAccounts", Self.accountName))
    var resource = try type.put(ResourceChange(method: .put, id: id, body: body, existing: nil, context: context), in: transaction)
    resource.etag = random.guid()
    try transaction.save(resource)
  }

  private func giveKey(now: Timestamp, in transaction: RecordTransaction) throws {
    guard var account = try transaction.fetch(StorageAccount.self, StorageAccount.key(Self.accountName)),
      let wanted = Data(base64Encoded: Self.accountKey).map({ Array($0) })
    else { preconditionFailure("the account was made by this very transaction, and its key is a constant") }
    let keys = StorageAccountKeys(accounts: accounts, random: random)
    for (index, key) in account.keys.enumerated() where try keys.open(key, account, in: transaction) != wanted {
      account.keys[index] = try keys.seal(wanted, as: key.name, account, now: now, in: transaction)
    }
    try transaction.save(account)
    accounts.invalidate(account.name, after: transaction)
  }
}
