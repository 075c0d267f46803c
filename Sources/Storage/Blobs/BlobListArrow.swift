internal import Base
internal import Wire

/// A page of a list of blobs as an Arrow table, whose columns are named as the elements of the XML are.
///
/// Source: Microsoft, "List Blobs", REST reference; the columns are those that `azure-storage-blob` reads.
struct BlobListArrow {
  var items: [BlobListing.Item]
  var next: ListMarker?
  var include: BlobListInclude
  var call: StorageCall

  var bytes: [UInt8] {
    var columns = Self.texts.map { name, value in (name: name, column: ArrowStream.Column.strings(blobs.map { $0.flatMap { value($0, call) } })) }
    columns.insert(("Name", .strings(items.map(\.name))), at: 0)
    columns.append(("ResourceType", .strings(items.map { if case .prefix = $0 { "blobprefix" } else { "blob" } })))
    columns += Self.flags.map { name, value in (name, .booleans(blobs.map { $0.flatMap { value($0, call) } })) }
    columns += Self.numbers.map { name, value in (name, .integers(blobs.map { $0.flatMap { value($0, call) }.map { Int64($0) } })) }
    columns += Self.times.map { name, value in (name, .seconds(blobs.map { $0.flatMap(value)?.seconds })) }
    columns.append(("HasVersionsOnly", .booleans(items.map { if case .versionOnly = $0 { true } else { nil } })))
    if include.contains(.copy) { columns += Self.copies.map { name, value in (name, .strings(blobs.map { $0?.copy.flatMap(value) })) } }
    if include.contains(.metadata) { columns.append(("Metadata", .maps(blobs.map { $0.map { $0.metadata.items.map { ($0.name, $0.value) } } }))) }
    if include.contains(.tags) { columns.append(("Tags", .maps(blobs.map { $0.map { $0.tags.items.map { ($0.key, $0.value) } } }))) }
    return ArrowStream(columns: columns, metadata: [("NextMarker", next?.text ?? "")]).bytes
  }

  /// What each row tells of; nil for a prefix. Uncommitted blocks are told of as an empty blob.
  private var blobs: [Blob?] {
    items.map { item in
      switch item {
      case .blob(let blob), .versionOnly(let blob): blob
      case .uncommitted(let other):
        Blob(
          tenant: other.tenant, container: other.container, name: other.name, etag: ETag(at: other.createdTime), lastModified: other.createdTime,
          createdTime: other.createdTime, size: 0, content: .empty, properties: BlobProperties(), metadata: Metadata())
      case .prefix: nil
      }
    }
  }

  private static let texts: [(String, @Sendable (Blob, StorageCall) -> String?)] = [
    ("Snapshot", { blob, _ in blob.snapshot?.iso8601Fractional }),
    ("VersionId", { blob, _ in blob.snapshot == nil ? blob.version?.iso8601Fractional : nil }),
    ("Etag", { blob, _ in blob.etag.text }),
    ("BlobType", { blob, _ in blob.type.rawValue }),
    ("Content-Type", { blob, _ in blob.properties.contentType ?? BlobProperties.defaultContentType }),
    ("Content-Encoding", { blob, _ in blob.properties.contentEncoding }),
    ("Content-Language", { blob, _ in blob.properties.contentLanguage }),
    ("Content-MD5", { blob, _ in blob.properties.contentMD5.map { Base64.encode($0) } }),
    ("Content-Disposition", { blob, _ in blob.properties.contentDisposition }),
    ("Cache-Control", { blob, _ in blob.properties.cacheControl }),
    ("AccessTier", { blob, call in blob.shownTier(call.account)?.rawValue }),
    ("SmartAccessTier", { blob, call in blob.smartTier(at: call.now)?.rawValue }),
    ("ArchiveStatus", { blob, _ in blob.rehydration?.status }),
    ("RehydratePriority", { blob, _ in blob.rehydration?.priority }),
    ("LeaseStatus", { blob, call in blob.isCurrent ? blob.lease.state(at: call.steady).status : nil }),
    ("LeaseState", { blob, call in blob.isCurrent ? blob.lease.state(at: call.steady).rawValue : nil }),
    ("LeaseDuration", { blob, call in blob.lease?.durationName(at: call.steady) }),
    ("EncryptionScope", { blob, _ in if case .scope(let name) = blob.encryption { name } else { nil } }),
    ("CustomerProvidedKeySha256", { blob, _ in if case .customer(let digest) = blob.encryption { Base64.encode(digest) } else { nil } }),
    ("ImmutabilityPolicyMode", { blob, _ in blob.immutability?.mode }),
  ]

  private static let flags: [(String, @Sendable (Blob, StorageCall) -> Bool?)] = [
    ("Deleted", { blob, _ in blob.deletion != nil }),
    ("IsCurrentVersion", { blob, _ in blob.version != nil && blob.isCurrent ? true : nil }),
    ("ServerEncrypted", { _, _ in true }),
    ("AccessTierInferred", { blob, call in blob.shownTier(call.account).map { _ in blob.tier == nil } }),
    ("Sealed", { blob, _ in blob.type == .append && blob.isSealed ? true : nil }),
    ("LegalHold", { blob, _ in blob.hasLegalHold ? true : nil }),
  ]

  private static let numbers: [(String, @Sendable (Blob, StorageCall) -> Int?)] = [
    ("Content-Length", { blob, _ in blob.size }),
    ("x-ms-blob-sequence-number", { blob, _ in blob.type == .page ? blob.sequenceNumber : nil }),
    ("TagCount", { blob, _ in blob.tags.items.isEmpty ? nil : blob.tags.items.count }),
    ("RemainingRetentionDays", { blob, call in blob.deletion?.remainingDays(at: call.now) }),
  ]

  private static let times: [(String, @Sendable (Blob) -> Timestamp?)] = [
    ("Creation-Time", { $0.createdTime }),
    ("Last-Modified", { $0.lastModified }),
    ("AccessTierChangeTime", { $0.tierChangedTime }),
    ("DeletedTime", { $0.deletion?.deleted }),
    ("LastAccessTime", { $0.lastAccessed }),
    ("ImmutabilityPolicyUntilDate", { $0.immutability?.expires }),
  ]

  private static let copies: [(String, @Sendable (BlobCopy) -> String?)] = [
    ("CopyId", { $0.id.description }),
    ("CopySource", { $0.source }),
    ("CopyStatus", { $0.status.rawValue }),
    ("CopyProgress", { $0.progress }),
    ("CopyCompletionTime", { $0.completed?.httpDate }),
    ("CopyStatusDescription", { $0.statusDescription }),
  ]
}

extension BlobListing.Item {
  fileprivate var name: String {
    switch self {
    case .blob(let blob), .versionOnly(let blob): blob.name
    case .uncommitted(let blob): blob.name
    case .prefix(let prefix): prefix
    }
  }
}
