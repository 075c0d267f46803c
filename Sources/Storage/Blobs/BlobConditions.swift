internal import Base
internal import Edge
internal import Wire

/// What a request demands of a blob before it is carried out: conditional headers, a lease, tags.
///
/// Source: Microsoft, "Specifying conditional headers for Blob service operations" and "Lease Blob", REST reference.
struct BlobConditions: Sendable {
  var headers: ConditionalHeaders
  /// The lease that the request says it holds.
  var lease: GUID?
  var tags: TagCondition?

  init(_ call: StorageCall) throws {
    headers = try call.conditions()
    lease = try call.leaseID()
    tags = try call.header("x-ms-if-tags").map { try TagCondition(parsing: $0) }
  }

  /// Throws what a read answers when they do not hold.
  func requireRead(_ blob: Blob, _ call: StorageCall) throws {
    try call.require(headers, etag: blob.etag, lastModified: blob.lastModified)
    if let tags, !tags.matches(blob.tags) { throw StorageError.conditionNotMet }
    if let lease { try requireHeld(lease, blob.lease, call) }
  }

  /// Throws what a write answers when they do not hold; `existsError` when it must create and the blob is there. `existing` is what
  /// would be changed or replaced.
  func requireWrite(_ existing: Blob?, _ call: StorageCall, existsError: CloudError = StorageError.conditionNotMet) throws {
    try requireLease(existing?.lease, call)
    try call.requireWrite(headers, etag: existing?.etag, lastModified: existing?.lastModified, existsError: existsError)
    if let tags, !tags.matches(existing?.tags ?? BlobTags()) { throw StorageError.conditionNotMet }
    if let existing { try existing.requireMutable(at: call.now) }
  }

  /// Throws unless the request holds the lease that keeps others out.
  func requireLease(_ present: Lease?, _ call: StorageCall) throws {
    if let lease { return try requireHeld(lease, present, call) }
    if let present, present.isLocked(at: call.now) { throw StorageError.leaseIdMissing }
  }

  private func requireHeld(_ lease: GUID, _ present: Lease?, _ call: StorageCall) throws {
    guard let present else { throw StorageError.leaseNotPresentWithBlob }
    guard present.isLocked(at: call.now) else {
      throw present.id == lease ? StorageError.leaseLost : StorageError.leaseNotPresentWithBlob
    }
    guard present.id == lease else { throw StorageError.leaseIdMismatchWithBlob }
  }
}

extension Blob {
  /// Throws while a policy or a legal hold protects the blob from every change of its bytes and from deletion.
  func requireMutable(at now: Timestamp) throws(CloudError) {
    if hasLegalHold || (immutability.map { $0.expires > now } ?? false) { throw StorageError.blobImmutableDueToPolicy }
  }
}
