public import Base
public import Keyring
public import Records
internal import ResourceManager
internal import Wire

/// What holds keys in the storage service, without opening any.
extension StorageAccounts {
  public struct KeyHolder: Hashable, Sendable {
    public var name: String
    public var tenant: GUID
    /// Wraps all of the account's bytes.
    public var dataKey: DataKeyID
    public var created: Timestamp
    /// When each of the keys that clients use was made.
    public var accessKeys: [Timestamp]
  }

  /// Every account of the cloud, up to `limit`.
  public static func keyHolders(limit: Int, in reader: any RecordReader) throws -> [KeyHolder] {
    try reader.list(StorageAccount.self, under: RecordKey(tenant: .zero), limit: limit).map { account in
      KeyHolder(
        name: account.name, tenant: account.tenant, dataKey: account.dataKey, created: account.createdTime,
        accessKeys: account.keys.map(\.createdTime))
    }
  }

  /// An account whose settings name a customer's key.
  public struct CustomerKeyed: Sendable {
    public var name: String
    public var wanted: CustomerKey
    /// What protects its data key; nil where nothing of the customer's does.
    public var protection: CustomerProtection?
  }

  /// Every account that is to be under a customer's key, among the first `limit` of all. What a tenant's own key over its records hides is left out.
  public static func customerKeyed(limit: Int, in reader: any RecordReader) throws -> [CustomerKeyed] {
    try reader.list(StorageAccount.self, under: RecordKey(tenant: .zero), limit: limit).compactMap { account in
      guard let settings = try reader.fetch(Resource.self, Resource.key(tenant: account.tenant, account.id))?.properties.object,
        let wanted = AccountEncryption(settings).customerKey
      else { return nil }
      let dataKey = try Keyring.description(ofDataKey: account.dataKey, tenant: account.tenant, in: reader)
      return CustomerKeyed(name: account.name, wanted: wanted, protection: dataKey?.protection)
    }
  }

  /// Bits of an access key.
  public static let accessKeyBits = StorageAccountType.keyBytes * 8

  /// Bytes of small blobs as they rest in the records, of one tenant from an id on.
  public static func restingPayloads(tenant: GUID, after id: GUID, limit: Int, in reader: any RecordReader) throws -> [[UInt8]] {
    try reader.list(BlobPayload.self, under: RecordKey(tenant: tenant), after: BlobPayload.key(tenant: tenant, id), limit: limit).map(\.sealed)
  }
}
