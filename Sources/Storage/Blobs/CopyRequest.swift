internal import Base
internal import Edge
internal import NIOHTTP1
internal import Records
internal import Wire

/// What Copy Blob and Copy Blob From URL ask for.
struct CopyRequest: Sendable {
  let source: CopySource
  let isSynchronous: Bool
  /// Nil: the source's.
  private let metadata: Metadata?
  private let tags: BlobTags
  private let isSealed: Bool?
  private let isHighPriority: Bool?
  private let conditions: BlobConditions
  private let sourceConditions: BlobConditions

  init(_ call: StorageCall, isSynchronous: Bool, records: any RecordStore) async throws {
    if let length = call.request.body.length, length > 0 { throw StorageError.invalidHeaderValue("Content-Length", String(length)) }
    self.isSynchronous = isSynchronous
    let metadata = try Metadata(call.request.headers)
    self.metadata = metadata.items.isEmpty ? nil : metadata
    isSealed = try call.flag("x-ms-seal-blob")
    isHighPriority = try Rehydration.isHighPriority(call)
    try call.refuse(["x-ms-encryption-key"])
    conditions = try BlobConditions(call)
    let own = try BlobTags(call)
    let copied = try CopyTags(call)
    source = try await CopySource(call, trustsCaller: !isSynchronous)
    tags = try await copied.ofSource(source, records: records) ?? own
    sourceConditions = try BlobConditions(source.call)
  }

  /// The source as it is now. Throws when it cannot be read, or is not what the request expects.
  func requireSource(in reader: any RecordReader) throws -> Blob {
    let blob: Blob
    do {
      blob = try Blob.require(source.call, in: reader)
      try sourceConditions.requireRead(blob, source.call)
      try sourceConditions.encryption.requireRead(blob)
      if isSynchronous || blob.tier != .archive { try blob.requireAccessible() }
    } catch let error as CloudError where error.code == StorageError.conditionNotMet.code && !isSynchronous {
      throw sourceConditions.tags == nil ? StorageError.sourceConditionNotMet : StorageError.conditionNotMet
    } catch {
      throw source.refused(error)
    }
    try blob.requireNoPendingCopy()
    if case .customer = blob.encryption { throw StorageError.usesCustomerEncryption }
    return blob
  }

  /// What the copy replaces. Throws when it must not.
  func requireReplaceable(by source: Blob, _ container: Container, _ call: StorageCall, in reader: any RecordReader) throws -> Blob? {
    let existing: Blob?
    do {
      existing = try draft(of: source, call).requireReplaceable(container, call, in: reader)
    } catch let error as CloudError where error.code == StorageError.conditionNotMet.code && !isSynchronous && conditions.tags == nil {
      throw StorageError.targetConditionNotMet
    }
    if let existing {
      guard existing.type == source.type else { throw StorageError.invalidBlobType }
      if !isSynchronous, conditions.lease != nil, existing.lease?.durationSeconds != nil { throw StorageError.infiniteLeaseDurationRequired }
    }
    return existing
  }

  /// The key under which the copy's bytes are to rest.
  func key(in container: Container, _ call: StorageCall, in reader: any RecordReader) throws -> BlobKey {
    try conditions.encryption.key(in: container, call.account, reader)
  }

  /// Whether that is the key of the source's bytes too, so that both can hold the same ones.
  func sharesContent(of source: Blob, under key: BlobKey, in reader: any RecordReader) throws -> Bool {
    try BlobKey(source.encryption, nil, self.source.call.account, in: reader).dataKey == key.dataKey
  }

  /// The copy of `source` with its bytes.
  func blob(
    of source: Blob, in container: Container, replacing existing: Blob?, content: BlobContent, key: BlobKey, copy: BlobCopy,
    limits: StorageLimits, _ call: StorageCall
  ) throws -> Blob {
    var blob = try draft(of: source, call).blob(in: container, replacing: existing, content: content, key: key, call)
    blob.copy = copy
    blob.isSealed = source.type == .append && isSealed ?? source.isSealed
    try setTier(of: &blob, source: source, existing: existing, limits: limits, call)
    return blob
  }

  private func draft(of source: Blob, _ call: StorageCall) throws -> BlobDraft {
    var draft = try BlobDraft(call, properties: source.properties, tier: nil, type: source.type, size: source.size)
    draft.metadata = metadata ?? source.metadata
    draft.tags = tags
    draft.sequenceNumber = source.sequenceNumber
    return draft
  }

  /// What comes out of the archive as a copy takes its time there.
  private func setTier(of blob: inout Blob, source: Blob, existing: Blob?, limits: StorageLimits, _ call: StorageCall) throws(CloudError) {
    let requested = try AccessTier.requested(call, type: source.type)
    guard source.tier == .archive else {
      blob.tier = requested ?? (source.type == .page ? source.tier : existing?.tier)
      blob.tierChangedTime = blob.tier == nil ? nil : requested == nil ? existing?.tierChangedTime ?? call.now : call.now
      if let maximum = blob.tier?.maximumPageBlobBytes, blob.size > maximum { throw StorageError.blobTierInadequateForContentLength }
      return
    }
    guard let requested, blob.key != source.key || !source.isCurrent else { throw StorageError.blobArchived }
    if source.rehydration != nil { throw StorageError.blobBeingRehydrated }
    (blob.tier, blob.tierChangedTime) = (.archive, call.now)
    try blob.move(to: requested, isHighPriority: isHighPriority, at: call.now, limits: limits)
  }
}

extension Blob {
  /// Throws while the blob is what a copy is under way to.
  func requireNoPendingCopy() throws(CloudError) {
    if copy?.status == .pending { throw StorageError.pendingCopyOperation }
  }
}
