internal import Base
internal import Edge
internal import NIOHTTP1
internal import Records
internal import Wire

/// The operations that change a blob without its bytes, and the one that deletes it.
struct BlobChanges: Sendable {
  let records: any RecordStore
  let contents: BlobContents

  /// Source: Microsoft, "Set Blob Metadata", REST reference.
  @Sendable
  func setMetadata(_ call: StorageCall) async throws -> EdgeResponse {
    let metadata = try Metadata(call.request.headers)
    var headers = try await change(call) { $0.metadata = metadata }
    headers.add(name: "x-ms-request-server-encrypted", value: "true")
    return EdgeResponse(.ok, headers: headers)
  }

  /// All properties are replaced: those that the request does not name are cleared.
  ///
  /// Source: Microsoft, "Set Blob Properties", REST reference.
  @Sendable
  func setProperties(_ call: StorageCall) async throws -> EdgeResponse {
    for name in ["x-ms-blob-content-length", "x-ms-sequence-number-action", "x-ms-blob-sequence-number"] where call.header(name) != nil {
      throw StorageError.invalidBlobType
    }
    let properties = try BlobProperties(call)
    return EdgeResponse(.ok, headers: try await change(call) { $0.properties = properties })
  }

  private func change(_ call: StorageCall, _ apply: @escaping @Sendable (inout Blob) -> Void) async throws -> HTTPHeaders {
    try call.refuse(["x-ms-encryption-key", "x-ms-encryption-scope"])
    let conditions = try BlobConditions(call)
    let blob = try await records.write { transaction in
      var blob = try Blob.requireCurrent(call, in: transaction)
      try conditions.requireWrite(blob, call)
      apply(&blob)
      blob.etag = ETag(at: call.now, after: blob.etag)
      blob.lastModified = call.now
      try transaction.save(blob)
      return blob
    }
    return StorageCall.stateHeaders(etag: blob.etag, lastModified: blob.lastModified)
  }

  /// A tier is kept and shown; it does not move the bytes. It changes neither the tag nor the time of the blob.
  ///
  /// Source: Microsoft, "Set Blob Tier", REST reference.
  @Sendable
  func setTier(_ call: StorageCall) async throws -> EdgeResponse {
    let conditions = try BlobConditions(call)
    guard let tier = try AccessTier.requested(call) else { throw StorageError.missingRequiredHeader("x-ms-access-tier") }
    try await records.write { transaction in
      var blob = try Blob.requireCurrent(call, in: transaction)
      try conditions.requireLease(blob.lease, call)
      if blob.tier != tier { blob.tierChangedTime = call.now }
      blob.tier = tier
      try transaction.save(blob)
    }
    return EdgeResponse(.ok)
  }

  /// Source: Microsoft, "Delete Blob", REST reference.
  @Sendable
  func delete(_ call: StorageCall) async throws -> EdgeResponse {
    let conditions = try BlobConditions(call)
    let snapshots = call.header("x-ms-delete-snapshots")?.lowercased()
    if let snapshots, snapshots != "include" && snapshots != "only" {
      throw StorageError.invalidHeaderValue("x-ms-delete-snapshots", snapshots)
    }
    try await records.write { [contents] transaction in
      let blob = try Blob.requireCurrent(call, in: transaction)
      try conditions.requireWrite(blob, call)
      // There are no snapshots, so with `only` there is nothing to do.
      if snapshots == "only" { return }
      try transaction.remove(Blob.self, blob.key)
      try contents.release(blob.content, tenant: blob.tenant, in: transaction)
      try contents.discardUncommitted(try Container.require(call, in: transaction), name: blob.name, in: transaction)
    }
    return EdgeResponse(.accepted, headers: ["x-ms-delete-type-permanent": "true"])
  }
}
