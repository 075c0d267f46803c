internal import Base

/// What a list of blobs shows beside the blobs that are there: the values of its `include`.
///
/// Source: Microsoft, "List Blobs", REST reference.
struct BlobListInclude: OptionSet, Sendable {
  let rawValue: Int

  static let metadata = BlobListInclude(rawValue: 1 << 0)
  static let uncommitted = BlobListInclude(rawValue: 1 << 1)
  static let snapshots = BlobListInclude(rawValue: 1 << 2)
  static let copy = BlobListInclude(rawValue: 1 << 3)
  static let deleted = BlobListInclude(rawValue: 1 << 4)
  static let tags = BlobListInclude(rawValue: 1 << 5)
  static let versions = BlobListInclude(rawValue: 1 << 6)
  static let deletedWithVersions = BlobListInclude(rawValue: 1 << 7)
  static let immutability = BlobListInclude(rawValue: 1 << 8)
  static let legalHold = BlobListInclude(rawValue: 1 << 9)

  private static let names: [String: BlobListInclude] = [
    "metadata": .metadata, "uncommittedblobs": .uncommitted, "snapshots": .snapshots, "copy": .copy, "deleted": .deleted, "tags": .tags,
    "versions": .versions, "deletedwithversions": .deletedWithVersions, "immutabilitypolicy": .immutability, "legalhold": .legalHold,
    // Owners, groups and POSIX permissions are those of accounts with directories.
    "permissions": [],
  ]

  /// What only generations of blobs can show.
  static let history: BlobListInclude = [.snapshots, .deleted, .versions, .deletedWithVersions]

  /// What is not there for those whom a container's public access lets in: what was deleted or replaced, and what is yet to be committed.
  static let unpublished: BlobListInclude = [.uncommitted, .deleted, .versions, .deletedWithVersions, .tags]

  init(rawValue: Int) {
    self.rawValue = rawValue
  }

  init(_ call: StorageCall) throws(CloudError) {
    self = []
    for name in try call.included(known: Set(Self.names.keys)) { formUnion(Self.names[name] ?? []) }
  }
}
