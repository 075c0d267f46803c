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
  var encryption: EncryptionRequest

  init(_ call: StorageCall) throws {
    headers = try call.conditions()
    lease = try call.leaseID()
    tags = try call.header("x-ms-if-tags").map { try TagCondition(parsing: $0) }
    encryption = try EncryptionRequest(call)
  }

  /// Throws what a read answers when they do not hold.
  func requireRead(_ blob: Blob, _ call: StorageCall) throws {
    try call.require(headers, etag: blob.etag, lastModified: blob.lastModified)
    if let tags, !tags.matches(blob.tags) { throw StorageError.conditionNotMet }
    if let lease { try blob.lease.requireHeld(lease, at: call.steady, .blob) }
  }

  /// Throws what a write answers when they do not hold; `existsError` when it must create and the blob is there. `existing` is what
  /// would be changed or replaced.
  func requireWrite(
    _ existing: Blob?, for change: Blob.Change = .write, _ call: StorageCall, existsError: CloudError = StorageError.conditionNotMet
  ) throws {
    try requireLease(existing?.lease, call)
    var headers = headers
    // Who holds the lease knows that the blob is there: the service lets them replace it all the same.
    if lease != nil, headers.ifNoneMatch == ["*"] { headers.ifNoneMatch = [] }
    try call.requireWrite(headers, etag: existing?.etag, lastModified: existing?.lastModified, existsError: existsError)
    if let tags, !tags.matches(existing?.tags ?? BlobTags()) { throw StorageError.conditionNotMet }
    if let existing {
      try existing.requireMutable(for: change, at: call.now)
      try existing.requireNoPendingCopy()
      if change != .delete { try existing.requireAccessible() }
    }
  }

  /// Throws when the conditions on a blob's state do not hold, whoever has its lease.
  func requireState(_ blob: Blob, _ call: StorageCall) throws {
    try call.requireWrite(headers, etag: blob.etag, lastModified: blob.lastModified)
    if let tags, !tags.matches(blob.tags) { throw StorageError.conditionNotMet }
  }

  /// Throws unless the request holds the lease that keeps others out.
  func requireLease(_ present: Lease?, _ call: StorageCall) throws {
    if let lease { return try present.requireHeld(lease, at: call.steady, .blob) }
    if present.state(at: call.steady).isLocked { throw LeaseErrors.blob.operationIDMissing }
  }
}
