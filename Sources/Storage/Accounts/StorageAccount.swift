internal import Base
internal import Keyring
internal import Records
internal import Wire

/// A storage account as the data plane sees it: found by its name, which is unique in the whole cloud.
///
/// Written in the transaction of the ARM resource. Its keys rest sealed.
struct StorageAccount: Record, Codable, Sendable {
  static let kind = "storage.account"

  var name: String
  var tenant: GUID
  /// The ARM id, for access decisions: `/subscriptions/…/storageAccounts/name`.
  var id: ResourceID
  /// Wraps all of the account's bytes; destroyed with the account.
  var dataKey: DataKeyID
  var keys: [AccessKey]
  /// 32 bytes, sealed with context `storage.account/<name>/delegation`: user delegation keys are derived from it.
  var delegationSecret: [UInt8]
  var createdTime: Timestamp
  var allowsSharedKey: Bool
  var allowsPublicAccess: Bool
  var skuName: String
  var kindName: String
  var location: String
  // What follows is optional, as records of earlier days lack it.
  /// Nil: `true`.
  var requiresHTTPS: Bool?
  /// `TLS1_2` or `TLS1_3`; nil: `TLS1_2`.
  var minimumTLSVersion: String?
  /// Nil: everybody may come.
  var networkRules: NetworkRules?
  var signaturePolicy: SignaturePolicy?
  /// Of block blobs that have none of their own; nil: `Hot`.
  var accessTier: String?
  /// `AAD`: data is copied here from accounts of the same tenant only.
  var allowedCopyScope: String?
  /// Whether every container is made for versions with policies and legal holds of their own.
  var hasImmutableVersions: Bool?
  /// Whether an encryption scope of the account is or was under a customer's key.
  var hasCustomerScopes: Bool?

  struct AccessKey: Codable, Sendable {
    /// `key1` or `key2`.
    var name: String
    /// 64 bytes, sealed by the keyring with context `storage.account/<name>/<key name>`.
    var sealed: [UInt8]
    var createdTime: Timestamp
  }

  /// Filed under the platform, for a name belongs to one account in the whole cloud.
  var key: RecordKey { Self.key(name) }

  static func key(_ name: String) -> RecordKey {
    RecordKey(tenant: .zero, name)
  }

  /// Finds the accounts of a subscription by location.
  var indexes: [RecordIndex] {
    [RecordIndex(Self.placeIndex, id.subscription?.description ?? "", location, tenant: tenant)]
  }

  static let placeIndex = "place"

  /// The first component of the keys of everything that is in the account. It belongs to this account alone: one that is made
  /// later under the same name does not see what is left of this one.
  var partition: String { dataKey.description }

  /// The name of the secret from which user delegation keys are derived.
  static let delegation = "delegation"

  /// The context under which a secret of the account is sealed.
  static func sealingContext(_ account: String, _ secret: String) -> String {
    "storage.account/\(account)/\(secret)"
  }
}
