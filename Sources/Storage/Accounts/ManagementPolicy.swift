internal import Base
internal import Records
internal import Wire

/// What an account's owner wants to become of its blobs with age: which move to a cheaper tier, and which are deleted.
///
/// Source: Microsoft, "Azure Blob Storage lifecycle management overview"; "Management Policies", REST reference of the storage resource provider.
struct ManagementPolicy: Record, Codable, Equatable, Sendable {
  static let kind = "storage.managementPolicy"

  var tenant: GUID
  /// The account's.
  var partition: String
  /// The account's name, by which whoever carries the rules out finds it.
  var account: String
  var rules: [LifecycleRule]
  var createdTime: Timestamp
  var lastModified: Timestamp

  var key: RecordKey { RecordKey(tenant: tenant, partition) }

  static func key(of account: StorageAccount) -> RecordKey {
    RecordKey(tenant: account.tenant, account.partition)
  }

  static let accountsIndex = "storage.managementPolicy.accounts"

  /// Finds the policies of the whole cloud.
  var indexes: [RecordIndex] { [RecordIndex(Self.accountsIndex, account, tenant: .zero)] }

  static let maximumRules = 100
}

/// One rule of a policy.
struct LifecycleRule: Codable, Equatable, Sendable {
  var name: String
  var isEnabled: Bool
  var filters: Filters
  var baseBlob: Actions?
  var snapshot: Actions?
  var version: Actions?

  /// All that are given must hold.
  struct Filters: Codable, Equatable, Sendable {
    /// `blockBlob` and `appendBlob`.
    var blobTypes: [String]
    /// `container/beginning of the name`; empty: every blob.
    var prefixes: [String] = []
    var tags: [TagMatch] = []
  }

  struct TagMatch: Codable, Equatable, Sendable {
    var name: String
    var value: String
  }

  struct Actions: Codable, Equatable, Sendable {
    var tierToHot: Condition?
    var tierToCool: Condition?
    var tierToCold: Condition?
    var tierToArchive: Condition?
    var delete: Condition?
    /// A blob that is read goes back to hot.
    var tiersToHotOnAccess = false
    /// Since when; nil in records of earlier days.
    var tiersToHotSince: Timestamp?
  }

  /// Days; the first three exclude one another.
  struct Condition: Codable, Equatable, Sendable {
    var afterModification: Int?
    var afterCreation: Int?
    var afterLastAccess: Int?
    var afterLastTierChange: Int?
  }
}
