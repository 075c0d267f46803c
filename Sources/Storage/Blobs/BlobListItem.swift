internal import Base
internal import Wire

/// The XML of what a list of blobs shows.
///
/// Source: Microsoft, "List Blobs", REST reference.
extension BlobListing.Item {
  func write(_ include: BlobListInclude, _ call: StorageCall, to writer: inout XMLWriter) {
    switch self {
    case .prefix(let prefix):
      writer.element("BlobPrefix") { $0.name("Name", prefix) }
    case .uncommitted(let blob):
      writer.element("Blob") { writer in
        writer.name("Name", blob.name)
        writer.element("Properties") { writer in
          writer.element("Creation-Time", blob.createdTime.httpDate)
          writer.element("Last-Modified", blob.createdTime.httpDate)
          writer.element("Etag", ETag(at: blob.createdTime).text)
          writer.element("Content-Length", 0)
          writer.element("BlobType", BlobType.block.rawValue)
        }
      }
    case .blob(let blob): blob.write(include, hasVersionsOnly: false, call, to: &writer)
    case .versionOnly(let blob): blob.write(include, hasVersionsOnly: true, call, to: &writer)
    }
  }
}

extension Blob {
  fileprivate func write(_ include: BlobListInclude, hasVersionsOnly: Bool, _ call: StorageCall, to writer: inout XMLWriter) {
    writer.element("Blob") { writer in
      writer.name("Name", name)
      if deletion != nil { writer.element("Deleted", true) }
      if let snapshot { writer.element("Snapshot", snapshot.iso8601Fractional) }
      if let version, snapshot == nil {
        writer.element("VersionId", version.iso8601Fractional)
        if isCurrent { writer.element("IsCurrentVersion", true) }
      }
      writer.element("Properties") { writeProperties(include, call, to: &$0) }
      if include.contains(.metadata) { writeMetadata(to: &writer) }
      if include.contains(.tags), !tags.items.isEmpty { writeTags(to: &writer) }
      if hasVersionsOnly { writer.element("HasVersionsOnly", true) }
      writer.element("OrMetadata", "")
    }
  }

  private func writeMetadata(to writer: inout XMLWriter) {
    guard case .customer = encryption, !metadata.items.isEmpty else { return metadata.write(to: &writer) }
    // Whoever lists need not hold the key under which the blob was written.
    writer.element("Metadata", ["Encrypted": "true"]) { _ in }
  }

  private func writeTags(to writer: inout XMLWriter) {
    writer.element("Tags") { writer in
      writer.element("TagSet") { writer in
        for tag in tags.items {
          writer.element("Tag") { writer in
            writer.element("Key", tag.key)
            writer.element("Value", tag.value)
          }
        }
      }
    }
  }

  private func writeProperties(_ include: BlobListInclude, _ call: StorageCall, to writer: inout XMLWriter) {
    writer.element("Creation-Time", createdTime.httpDate)
    writer.element("Last-Modified", lastModified.httpDate)
    writer.element("Etag", etag.text)
    writer.element("Content-Length", size)
    writer.element("Content-Type", properties.contentType ?? BlobProperties.defaultContentType)
    writer.element("Content-Encoding", properties.contentEncoding ?? "")
    writer.element("Content-Language", properties.contentLanguage ?? "")
    writer.element("Content-CRC64", "")
    writer.element("Content-MD5", properties.contentMD5.map { Base64.encode($0) } ?? "")
    writer.element("Cache-Control", properties.cacheControl ?? "")
    writer.element("Content-Disposition", properties.contentDisposition ?? "")
    if type == .page { writer.element("x-ms-blob-sequence-number", sequenceNumber) }
    writer.element("BlobType", type.rawValue)
    writeTier(call, to: &writer)
    if isCurrent { lease.writeState(at: call.steady, to: &writer) }
    if include.contains(.copy), let copy { copy.write(to: &writer) }
    writer.element("ServerEncrypted", true)
    switch encryption {
    case .account: break
    case .customer(let digest): writer.element("CustomerProvidedKeySha256", Base64.encode(digest))
    case .scope(let name): writer.element("EncryptionScope", name)
    }
    if type == .append, isSealed { writer.element("Sealed", true) }
    if let expiry { writer.element("Expiry-Time", expiry.httpDate) }
    if let deletion {
      writer.element("DeletedTime", deletion.deleted.httpDate)
      writer.element("RemainingRetentionDays", deletion.remainingDays(at: call.now))
    }
    if let lastAccessed { writer.element("LastAccessTime", lastAccessed.httpDate) }
    if !tags.items.isEmpty { writer.element("TagCount", tags.items.count) }
    if include.contains(.immutability), let immutability {
      writer.element("ImmutabilityPolicyUntilDate", immutability.expires.httpDate)
      writer.element("ImmutabilityPolicyMode", immutability.mode)
    }
    if include.contains(.legalHold), hasLegalHold { writer.element("LegalHold", true) }
  }

  private func writeTier(_ call: StorageCall, to writer: inout XMLWriter) {
    guard let shown = shownTier(call.account) else { return }
    writer.element("AccessTier", shown.rawValue)
    if tier == nil { writer.element("AccessTierInferred", true) }
    if let tierChangedTime { writer.element("AccessTierChangeTime", tierChangedTime.httpDate) }
    if let smart = smartTier(at: call.now) { writer.element("SmartAccessTier", smart.rawValue) }
    guard let rehydration else { return }
    writer.element("ArchiveStatus", rehydration.status)
    writer.element("RehydratePriority", rehydration.priority)
  }
}

extension BlobCopy {
  fileprivate func write(to writer: inout XMLWriter) {
    writer.element("CopyId", id.description)
    writer.element("CopyStatus", status.rawValue)
    writer.element("CopySource", source)
    writer.element("CopyProgress", progress)
    if let completed { writer.element("CopyCompletionTime", completed.httpDate) }
    if let statusDescription { writer.element("CopyStatusDescription", statusDescription) }
    guard isIncremental else { return }
    writer.element("IncrementalCopy", true)
    if let incrementalSnapshot { writer.element("CopyDestinationSnapshot", incrementalSnapshot.iso8601Fractional) }
  }
}

extension SoftDeletion {
  /// Whole days; none on the last.
  func remainingDays(at now: Timestamp) -> Int {
    max(0, Int((expires.seconds - now.seconds) / 86400))
  }
}
