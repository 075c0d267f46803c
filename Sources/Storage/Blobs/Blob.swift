internal import Base
internal import Extents
internal import Records
internal import Wire

/// A committed blob: the one that its name alone names. What was under the name before, or beside it, are `BlobGeneration`s.
///
/// Its bytes stand elsewhere (`BlobContent`), so that a list of blobs reads none of them.
struct Blob: Record, Sendable {
  static let kind = "storage.blob"
  static let format: UInt8 = 4

  var tenant: GUID
  /// `Container.id`.
  var container: GUID
  var name: String
  var etag: ETag
  var lastModified: Timestamp
  var createdTime: Timestamp
  /// Bytes.
  var size: Int
  var content: BlobContent
  var properties: BlobProperties
  var metadata: Metadata
  /// Nil until one is set: then it is the account's.
  var tier: AccessTier?
  var tierChangedTime: Timestamp?
  var type = BlobType.block
  /// The time that names this state of the blob; nil where the account kept no versions when it came to be.
  var version: Timestamp?
  /// The time that names this snapshot; nil for what is none.
  var snapshot: Timestamp?
  /// Set for what was deleted and can still be restored.
  var deletion: SoftDeletion?
  var lease: Lease?
  private(set) var tags = BlobTags()
  /// Where its tags are found; nil where it has none.
  private(set) var tagScope: TagScope?
  /// Of a page blob.
  var sequenceNumber = 0
  /// Of an append blob: nothing may be appended any longer.
  var isSealed = false
  var copy: BlobCopy?
  var immutability: ImmutabilityPolicy?
  var hasLegalHold = false
  var encryption = BlobEncryption.account
  var rehydration: Rehydration?
  /// The first use on the last day of any; nil unless the account tracks it.
  var lastAccessed: Timestamp?
  /// When the blob deletes itself.
  var expiry: Timestamp?
  /// When a lifecycle rule last moved it from cool to hot, as it was read.
  var returnedToHot: Timestamp?
  /// Whether its name alone names it. Not encoded: what is read from a `BlobGeneration` is not the current one.
  var isCurrent = true
  /// What its container says of it. Not encoded: set where the blob is read through the container.
  var terms = ContainerTerms()

  var key: RecordKey { RecordKey(tenant: tenant, container.description, name) }

  static func key(_ container: Container, name: String) -> RecordKey {
    RecordKey(tenant: container.tenant, container.id.description, name)
  }

  /// Finds the current blobs of an account by a tag's key and value, then by their container's name.
  static let tagIndex = "tag"

  var indexes: [RecordIndex] {
    guard let tagScope else { return rehydrationIndexes }
    return rehydrationIndexes + tags.items.map { RecordIndex(Self.tagIndex, tagScope.partition, $0.key, $0.value, tagScope.container) }
  }

  /// Replaces its tags and files them where they are found.
  mutating func set(_ tags: BlobTags, in container: Container) {
    self.tags = tags
    tagScope = tags.items.isEmpty ? nil : TagScope(partition: container.partition, container: container.name)
  }
}

enum BlobType: String, Sendable {
  case block = "BlockBlob"
  case append = "AppendBlob"
  case page = "PageBlob"
}

/// What a container lays down for the blobs in it.
struct ContainerTerms: Sendable {
  var immutability = ContainerImmutability()
  var defaultScope: String?
}

/// The account, by its `StorageAccount.partition`, and the container in which a blob's tags are looked for.
struct TagScope: Sendable, Equatable {
  var partition: String
  var container: String
}

/// The properties that a client sets and that are given back as headers.
struct BlobProperties: Sendable, Equatable {
  var contentType: String?
  var contentEncoding: String?
  var contentLanguage: String?
  var contentDisposition: String?
  var cacheControl: String?
  /// 16 bytes.
  var contentMD5: [UInt8]?
}

/// Source: Microsoft, "Access tiers for blob data".
enum AccessTier: String, Sendable, CaseIterable {
  case hot = "Hot"
  case cool = "Cool"
  case cold = "Cold"
  /// What is in it has to be rehydrated before it can be read.
  case archive = "Archive"
  case premium = "Premium"
  /// Hot, cool or cold, by how long nobody has used the blob.
  case smart = "Smart"
  // Of page blobs in premium accounts.
  case p4 = "P4"
  case p6 = "P6"
  case p10 = "P10"
  case p15 = "P15"
  case p20 = "P20"
  case p30 = "P30"
  case p40 = "P40"
  case p50 = "P50"
  case p60 = "P60"
  case p70 = "P70"
  case p80 = "P80"
}

/// When something was deleted, and until when it can be restored.
struct SoftDeletion: Sendable, Equatable {
  var deleted: Timestamp
  var expires: Timestamp
}

/// Under whose key a blob's bytes are encrypted.
enum BlobEncryption: Sendable, Hashable {
  case account
  /// A key of the customer, which comes with every request: its SHA-256.
  case customer(sha256: [UInt8])
  case scope(String)
}

/// A blob on its way from the archive tier.
struct Rehydration: Sendable, Equatable {
  var tier: AccessTier
  var isHighPriority: Bool
  var completes: Timestamp
}

/// Source: Microsoft, "Immutable storage for blobs".
struct ImmutabilityPolicy: Sendable, Equatable {
  var expires: Timestamp
  /// Else it is unlocked: it may be shortened and removed.
  var isLocked: Bool
}

extension Blob {
  func encode(to writer: inout ByteWriter) {
    writer.guid(tenant)
    writer.guid(container)
    writer.string(name)
    writer.unsigned(etag.ticks)
    writer.timestamp(lastModified)
    writer.timestamp(createdTime)
    writer.integer(size)
    content.encode(to: &writer)
    properties.encode(to: &writer)
    metadata.encode(to: &writer)
    writer.optional(tier) { $0.string($1.rawValue) }
    writer.optional(tierChangedTime) { $0.timestamp($1) }
    writer.string(type.rawValue)
    writer.optional(version) { $0.timestamp($1) }
    writer.optional(snapshot) { $0.timestamp($1) }
    writer.optional(deletion) { writer, deletion in
      writer.timestamp(deletion.deleted)
      writer.timestamp(deletion.expires)
    }
    writer.optional(lease) { writer, lease in lease.encode(to: &writer) }
    tags.encode(to: &writer)
    writer.integer(sequenceNumber)
    writer.flag(isSealed)
    writer.optional(copy) { writer, copy in copy.encode(to: &writer) }
    writer.optional(immutability) { writer, policy in
      writer.timestamp(policy.expires)
      writer.flag(policy.isLocked)
    }
    writer.flag(hasLegalHold)
    encryption.encode(to: &writer)
    writer.optional(rehydration) { writer, rehydration in
      writer.string(rehydration.tier.rawValue)
      writer.flag(rehydration.isHighPriority)
      writer.timestamp(rehydration.completes)
    }
    writer.optional(lastAccessed) { $0.timestamp($1) }
    writer.optional(expiry) { $0.timestamp($1) }
    writer.optional(tagScope) { writer, scope in
      writer.string(scope.partition)
      writer.string(scope.container)
    }
    writer.optional(returnedToHot) { $0.timestamp($1) }
  }

  init(from reader: inout ByteReader, format: UInt8) throws {
    tenant = try reader.guid()
    container = try reader.guid()
    name = try reader.string()
    etag = ETag(ticks: try reader.unsigned())
    lastModified = try reader.timestamp()
    createdTime = try reader.timestamp()
    size = try reader.integer()
    content = try BlobContent(from: &reader)
    properties = try BlobProperties(from: &reader)
    metadata = try Metadata(from: &reader)
    tier = try reader.optional { try AccessTier(from: &$0) }
    tierChangedTime = try reader.optional { try $0.timestamp() }
    guard format >= 2 else { return }
    guard let type = BlobType(rawValue: try reader.string()) else { throw ByteReader.Malformed() }
    self.type = type
    version = try reader.optional { try $0.timestamp() }
    snapshot = try reader.optional { try $0.timestamp() }
    deletion = try reader.optional { reader in SoftDeletion(deleted: try reader.timestamp(), expires: try reader.timestamp()) }
    lease = try reader.optional { try Lease(from: &$0) }
    tags = try BlobTags(from: &reader)
    sequenceNumber = try reader.integer()
    isSealed = try reader.flag()
    copy = try reader.optional { try BlobCopy(from: &$0) }
    immutability = try reader.optional { reader in ImmutabilityPolicy(expires: try reader.timestamp(), isLocked: try reader.flag()) }
    hasLegalHold = try reader.flag()
    encryption = try BlobEncryption(from: &reader)
    rehydration = try reader.optional { reader in
      Rehydration(tier: try AccessTier(from: &reader), isHighPriority: try reader.flag(), completes: try reader.timestamp())
    }
    lastAccessed = try reader.optional { try $0.timestamp() }
    expiry = try reader.optional { try $0.timestamp() }
    guard format >= 3 else { return }
    tagScope = try reader.optional { reader in TagScope(partition: try reader.string(), container: try reader.string()) }
    guard format >= 4 else { return }
    returnedToHot = try reader.optional { try $0.timestamp() }
  }
}

extension AccessTier {
  init(from reader: inout ByteReader) throws {
    guard let tier = AccessTier(rawValue: try reader.string()) else { throw ByteReader.Malformed() }
    self = tier
  }
}

extension BlobEncryption {
  func encode(to writer: inout ByteWriter) {
    switch self {
    case .account: writer.byte(0)
    case .customer(let digest):
      writer.byte(1)
      writer.blob(digest)
    case .scope(let name):
      writer.byte(2)
      writer.string(name)
    }
  }

  init(from reader: inout ByteReader) throws {
    switch try reader.byte() {
    case 0: self = .account
    case 1: self = .customer(sha256: try reader.blob())
    case 2: self = .scope(try reader.string())
    default: throw ByteReader.Malformed()
    }
  }
}

extension BlobProperties {
  func encode(to writer: inout ByteWriter) {
    for text in [contentType, contentEncoding, contentLanguage, contentDisposition, cacheControl] {
      writer.optional(text) { $0.string($1) }
    }
    writer.optional(contentMD5) { $0.blob($1) }
  }

  init(from reader: inout ByteReader) throws {
    contentType = try reader.optional { try $0.string() }
    contentEncoding = try reader.optional { try $0.string() }
    contentLanguage = try reader.optional { try $0.string() }
    contentDisposition = try reader.optional { try $0.string() }
    cacheControl = try reader.optional { try $0.string() }
    contentMD5 = try reader.optional { try $0.blob() }
  }
}
