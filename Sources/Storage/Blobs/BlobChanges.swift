internal import Base
internal import Edge
internal import NIOHTTP1
internal import Records
internal import Wire

/// The operations that change a blob without its bytes.
struct BlobChanges: Sendable {
  let records: any RecordStore
  let contents: BlobContents
  let limits: StorageLimits

  /// Source: Microsoft, "Set Blob Metadata", REST reference.
  @Sendable
  func setMetadata(_ call: StorageCall) async throws -> EdgeResponse {
    let metadata = try Metadata(call.request.headers)
    var headers = try await change(call, makesVersion: true) { blob, _ in blob.metadata = metadata }
    headers.add(name: "x-ms-request-server-encrypted", value: "true")
    return EdgeResponse(.ok, headers: headers)
  }

  /// All properties are replaced: those that the request does not name are cleared.
  ///
  /// Source: Microsoft, "Set Blob Properties", REST reference.
  @Sendable
  func setProperties(_ call: StorageCall) async throws -> EdgeResponse {
    let properties = try BlobProperties(call)
    let pages = try PageBlobChange(call, limits: limits)
    let newID = contents.makeID(at: call.now)
    return EdgeResponse(
      .ok,
      headers: try await change(call) { [contents] blob, transaction in
        if let pages { try pages.apply(to: &blob, newID: newID, contents: contents, in: transaction) }
        if pages?.isAlone != true { blob.properties = properties }
      })
  }

  private func change(
    _ call: StorageCall, makesVersion: Bool = false, _ apply: @escaping @Sendable (inout Blob, RecordTransaction) throws -> Void
  ) async throws -> HTTPHeaders {
    let conditions = try BlobConditions(call)
    let blob = try await records.write { [contents] transaction in
      let existing = try Blob.requireCurrent(call, in: transaction)
      try conditions.requireWrite(existing, call)
      if makesVersion { try conditions.encryption.requireWrite(existing) }
      var blob = existing
      try apply(&blob, transaction)
      blob.lease = blob.lease.afterChange(at: call.steady)
      blob.etag = ETag(at: call.now, after: blob.etag)
      blob.lastModified = max(call.now, blob.lastModified)
      if makesVersion { return try BlobHistory(contents: contents).update(existing, to: blob, call, in: transaction) }
      try transaction.save(blob)
      try BlobChange.note(.propertiesUpdated, of: blob, call, in: transaction)
      return blob
    }
    var headers = blob.stateHeaders
    if blob.type == .page { headers.add(name: "x-ms-blob-sequence-number", value: String(blob.sequenceNumber)) }
    return headers
  }
}
