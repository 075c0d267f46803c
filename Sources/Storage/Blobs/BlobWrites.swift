internal import Base
internal import Edge
internal import Extents
internal import NIOHTTP1
internal import Records
internal import Wire

/// Put Blob: a whole blob in one request.
struct BlobWrites: Sendable {
  let records: any RecordStore
  let contents: BlobContents
  let limits: StorageLimits

  /// Source: Microsoft, "Put Blob", REST reference.
  @Sendable
  func putBlob(_ call: StorageCall) async throws -> EdgeResponse {
    try call.refuse(StorageCall.unservedWriteHeaders)
    let type = try Self.type(call)
    if type != .block { return try await create(type, call) }
    let length = try call.contentLength()
    guard length <= limits.putBlobBytes else { throw StorageError.requestBodyTooLarge(maximumBytes: limits.putBlobBytes) }
    var draft = try BlobDraft(call, properties: try BlobProperties(putBlob: call), tier: try AccessTier.requested(call), size: length)
    let digest = try ContentDigest(call, wanted: .md5, isContent: true)
    if length <= limits.inlineBytes {
      let (bytes, result) = try await small(call, length: length, digest: digest)
      draft.properties.contentMD5 = result.md5
      return try await commit(draft, result, call) { [contents, draft, id = contents.makeID(at: call.now)] container, transaction in
        let key = try draft.conditions.encryption.key(in: container, call.account, transaction)
        if bytes.isEmpty { return (.empty, key) }
        try contents.save(inline: bytes, id: id, account: call.account, key: key, in: transaction)
        return (.inline(id), key)
      }
    }
    let key = try await requireWritable(draft, call)
    let (extent, result) = try await contents.receive(call, length: length, digest: digest, key: key)
    draft.properties.contentMD5 = result.md5
    return try await commit(draft, result, call) { [contents] _, transaction in
      try contents.extents.commit(extent, in: transaction)
      return (.extent(extent.id), key)
    }
  }

  private func small(_ call: StorageCall, length: Int, digest: ContentDigest) async throws -> ([UInt8], ContentDigest.Result) {
    let bytes = try await call.smallBody(upTo: length)
    var digest = digest
    digest.update(bytes)
    return (bytes, try digest.finish())
  }

  /// Fails before the body is taken if the write could not succeed now, and gives the key for it. What counts is the same check at the commit.
  private func requireWritable(_ draft: BlobDraft, _ call: StorageCall) async throws -> BlobKey {
    try await records.read { reader in
      let container = try Container.require(call, in: reader)
      _ = try draft.requireReplaceable(container, call, in: reader)
      return try draft.conditions.encryption.key(in: container, call.account, reader)
    }
  }

  func commit(
    _ draft: BlobDraft, _ digest: ContentDigest.Result, _ call: StorageCall,
    content: @escaping @Sendable (Container, RecordTransaction) throws -> (BlobContent, BlobKey)
  ) async throws -> EdgeResponse {
    let blob = try await records.write { [contents] transaction in
      let container = try Container.require(call, in: transaction)
      let existing = try draft.requireReplaceable(container, call, in: transaction)
      let history = BlobHistory(contents: contents)
      if let existing, !history.keeps(existing, call) { try contents.release(existing.content, tenant: existing.tenant, in: transaction) }
      try contents.discardUncommitted(container, name: call.blob, in: transaction)
      let (content, key) = try content(container, transaction)
      let blob = draft.blob(in: container, replacing: existing, content: content, key: key, call)
      return try history.replace(existing, with: blob, call, in: transaction)
    }
    var headers = blob.stateHeaders
    blob.encryption.addRequestState(to: &headers)
    if let md5 = digest.md5 { headers.add(name: "Content-MD5", value: Base64.encode(md5)) }
    if let crc64 = digest.crc64 { headers.add(name: "x-ms-content-crc64", value: Base64.encode(crc64)) }
    return EdgeResponse(.created, headers: headers)
  }
}
