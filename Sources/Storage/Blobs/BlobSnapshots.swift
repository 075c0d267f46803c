internal import Base
internal import Edge
internal import NIOHTTP1
internal import Records
internal import Wire

/// Snapshot Blob.
struct BlobSnapshots: Sendable {
  let records: any RecordStore
  let contents: BlobContents

  /// A lease keeps nobody from making a snapshot; a request that names one must hold it.
  ///
  /// Source: Microsoft, "Snapshot Blob", REST reference.
  @Sendable
  func snapshot(_ call: StorageCall) async throws -> EdgeResponse {
    let conditions = try BlobConditions(call)
    let metadata = try Metadata(call.request.headers)
    let (snapshot, current) = try await records.write { [contents] transaction in
      let blob = try Blob.requireCurrent(call, in: transaction)
      if conditions.lease != nil { try conditions.requireLease(blob.lease, call) }
      try call.requireWrite(conditions.headers, etag: blob.etag, lastModified: blob.lastModified)
      try conditions.encryption.requireWrite(blob)
      try blob.requireNoPendingCopy()
      try blob.requireAccessible()
      try blob.requireSnapshots()
      if let tags = conditions.tags, !tags.matches(blob.tags) { throw StorageError.conditionNotMet }
      return try BlobHistory(contents: contents).snapshot(blob, metadata: metadata.items.isEmpty ? nil : metadata, call, in: transaction)
    }
    var headers = current.stateHeaders
    if let time = snapshot.snapshot { headers.add(name: "x-ms-snapshot", value: time.iso8601Fractional) }
    headers.add(name: "x-ms-request-server-encrypted", value: metadata.items.isEmpty ? "false" : "true")
    return EdgeResponse(.created, headers: headers)
  }
}
