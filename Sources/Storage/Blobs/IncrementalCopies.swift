internal import Base
internal import Edge
internal import NIOHTTP1
internal import Records
internal import Wire

/// Incremental Copy Blob: the snapshots of a page blob, one after the other, as snapshots of another.
///
/// Within an account each costs nothing, however much of it is new. The job that every request begins makes the snapshot.
struct IncrementalCopies: Sendable {
  let records: any RecordStore
  let contents: BlobContents
  let copier: BlobCopier

  /// Source: Microsoft, "Incremental Copy Blob", REST reference.
  @Sendable
  func copy(_ call: StorageCall) async throws -> EdgeResponse {
    if let length = call.request.body.length, length > 0 { throw StorageError.invalidHeaderValue("Content-Length", String(length)) }
    try call.refuse(["x-ms-encryption-key"])
    guard call.header("x-ms-copy-source").map({ BlobLocation($0) != nil }) ?? true else { throw StorageError.invalidSourceBlobUrl }
    let source = try await CopySource(call, trustsCaller: true)
    let conditions = try BlobConditions(call)
    let id = contents.random.guid()
    let blob = try await records.write { transaction in try begin(source, conditions, id: id, call, in: transaction) }
    var headers = blob.stateHeaders
    headers.add(name: "x-ms-copy-id", value: id.description)
    headers.add(name: "x-ms-copy-status", value: BlobCopy.Status.pending.rawValue)
    return EdgeResponse(.accepted, headers: headers)
  }

  private func begin(
    _ source: CopySource, _ conditions: BlobConditions, id: GUID, _ call: StorageCall, in transaction: RecordTransaction
  ) throws -> Blob {
    let container = try Container.require(call, in: transaction)
    try container.immutability.requireUnprotected()
    let original = try Self.original(source, in: transaction)
    let existing = try transaction.fetch(Blob.self, Blob.key(container, name: call.blob))?.read(through: container)
    // What only incremental copies change is changed by this one.
    var changeable = existing
    changeable?.copy?.isIncremental = false
    try conditions.requireWrite(changeable, call)
    if let existing {
      try call.requireOverwrite()
      try Self.requireSuccession(from: existing, to: source.url)
    }
    let newID = contents.makeID(at: call.now)
    let copy = BlobCopy(
      id: id, source: source.url, status: .pending, copied: 0, total: original.size, incrementalSnapshot: existing?.copy?.incrementalSnapshot,
      isIncremental: true)
    var draft = try BlobDraft(call, properties: original.properties, tier: nil, type: .page, size: original.size)
    (draft.metadata, draft.sequenceNumber) = (original.metadata, original.sequenceNumber)
    let key = try conditions.encryption.key(in: container, call.account, transaction)
    var blob = draft.blob(in: container, replacing: existing, content: .empty, key: key, call)
    blob.copy = copy
    if let existing { try contents.release(existing.content, tenant: existing.tenant, in: transaction) }
    try CopyJob.empty(&blob, size: original.size, id: newID, contents: contents, in: transaction)
    blob.lease = existing?.lease
    try transaction.save(blob)
    try transaction.save(CopyJob(id: id, from: original, source.call.account, to: blob, call, list: contents.makeID(at: call.now)))
    copier.wake(after: transaction)
    return blob
  }

  private static func original(_ source: CopySource, in reader: any RecordReader) throws -> Blob {
    let blob: Blob
    do {
      blob = try Blob.require(source.call, in: reader)
    } catch {
      throw source.refused(error)
    }
    guard blob.type == .page else { throw StorageError.invalidSourceBlobType }
    guard blob.snapshot != nil else { throw StorageError.incrementalCopySourceMustBeSnapshot }
    if case .customer = blob.encryption { throw StorageError.usesCustomerEncryption }
    return blob
  }

  /// Throws unless the source is a later snapshot of the blob that the last copy came from.
  private static func requireSuccession(from existing: Blob, to source: String) throws(CloudError) {
    guard let last = existing.copy, last.isIncremental, let former = BlobLocation(last.source), let next = BlobLocation(source),
      former.authority.lowercased() == next.authority.lowercased(), former.path == next.path
    else { throw StorageError.incrementalCopyBlobMismatch }
    guard let formerTime = former.query["snapshot"].flatMap({ Timestamp(iso8601: $0) }),
      let nextTime = next.query["snapshot"].flatMap({ Timestamp(iso8601: $0) })
    else { throw StorageError.incrementalCopySourceMustBeSnapshot }
    guard nextTime >= formerTime else { throw StorageError.incrementalCopyOfEarlierSnapshotNotAllowed }
  }
}

extension Blob {
  /// Ends an incremental copy: what was copied becomes a snapshot.
  mutating func keepIncrementalSnapshot(at now: Timestamp, contents: BlobContents, in transaction: RecordTransaction) throws {
    var kept = self
    (kept.lease, kept.version) = (nil, nil)
    kept.snapshot = try BlobHistory.freeTime(after: now, above: nil, tenant: tenant, self, in: transaction)
    try contents.share(content, tenant: tenant, in: transaction)
    try transaction.save(BlobGeneration(blob: kept))
    copy?.incrementalSnapshot = kept.snapshot
  }
}
