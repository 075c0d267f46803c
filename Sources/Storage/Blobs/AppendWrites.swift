internal import Base
internal import Edge
internal import Extents
internal import NIOHTTP1
internal import Records
internal import Wire

/// Append Block and Append Blob Seal: a blob that only grows.
struct AppendWrites: Sendable {
  let records: any RecordStore
  let contents: BlobContents
  let limits: StorageLimits

  /// Source: Microsoft, "Append Block", REST reference.
  @Sendable
  func appendBlock(_ call: StorageCall) async throws -> EdgeResponse {
    try call.refuse(StorageCall.unservedWriteHeaders)
    let length = try call.contentLength()
    let limit = call.version >= "2022-11-02" ? limits.appendBlockBytes : limits.olderAppendBlockBytes
    guard length > 0 else { throw StorageError.invalidHeaderValue("Content-Length", "0") }
    guard length <= limit else { throw StorageError.requestBodyTooLarge(maximumBytes: limit) }
    let append = Append(conditions: try BlobConditions(call), position: try AppendConditions(call), limits: limits)
    let digest = try ContentDigest(call, wanted: .crc64)
    let key = try await requireAppendable(append, length: length, call)
    let (extent, result) = try await contents.receive(call, length: length, digest: digest, key: key)
    return try await commit(extent, result, append, call)
  }

  /// What a request to append demands.
  private struct Append: Sendable {
    var conditions: BlobConditions
    var position: AppendConditions
    var limits: StorageLimits

    /// The blob to append to. Throws when it may not be.
    func requireAppendable(_ length: Int, _ call: StorageCall, in reader: any RecordReader) throws -> (Blob, BlockListSummary) {
      let blob = try Blob.requireCurrent(call, in: reader)
      try blob.requireType(.append)
      try conditions.requireWrite(blob, for: .append, call)
      try conditions.encryption.requireWrite(blob)
      guard case .blocks(let summary) = blob.content else { throw StorageError.invalidBlobType }
      if blob.isSealed { throw StorageError.blobIsSealed }
      try position.require(blob, appending: length)
      guard summary.count < limits.committedBlocks else { throw StorageError.committedBlockCountExceedsLimit }
      return (blob, summary)
    }
  }

  /// Fails before the body is taken if the block could not be appended now. Gives the key to seal it with.
  private func requireAppendable(_ append: Append, length: Int, _ call: StorageCall) async throws -> BlobKey {
    try await records.read { reader in
      let (blob, _) = try append.requireAppendable(length, call, in: reader)
      return try append.conditions.encryption.key(of: blob, call.account, in: reader)
    }
  }

  private func commit(_ extent: SealedExtent, _ digest: ContentDigest.Result, _ append: Append, _ call: StorageCall) async throws -> EdgeResponse {
    let newID = contents.makeID(at: call.now)
    let (blob, offset, count) = try await records.write { [contents] transaction in
      var (blob, summary) = try append.requireAppendable(extent.length, call, in: transaction)
      try contents.extents.commit(extent, in: transaction)
      let block = CommittedBlock(id: [], extent: extent.id, size: extent.length, ownsExtent: true)
      summary = try contents.append(block, to: summary, size: blob.size, newID: newID, tenant: blob.tenant, in: transaction)
      let offset = blob.size
      blob.content = .blocks(summary)
      blob.size += extent.length
      blob.touch(call)
      try transaction.save(blob)
      return (blob, offset, summary.count)
    }
    var headers = StorageCall.stateHeaders(etag: blob.etag, lastModified: blob.lastModified)
    headers.add(name: "x-ms-blob-append-offset", value: String(offset))
    headers.add(name: "x-ms-blob-committed-block-count", value: String(count))
    digest.add(to: &headers)
    blob.encryption.addRequestState(to: &headers)
    return EdgeResponse(.created, headers: headers)
  }

  /// Neither the tag nor the time of the blob changes.
  ///
  /// Source: Microsoft, "Append Blob Seal", REST reference.
  @Sendable
  func seal(_ call: StorageCall) async throws -> EdgeResponse {
    let conditions = try BlobConditions(call)
    let position = try AppendConditions(call)
    let blob = try await records.write { transaction in
      var blob = try Blob.requireCurrent(call, in: transaction)
      try blob.requireType(.append)
      try conditions.requireWrite(blob, call)
      try position.require(blob, appending: 0)
      if !blob.isSealed {
        blob.isSealed = true
        try transaction.save(blob)
      }
      return blob
    }
    var headers = StorageCall.stateHeaders(etag: blob.etag, lastModified: blob.lastModified)
    headers.add(name: "x-ms-blob-sealed", value: "true")
    return EdgeResponse(.ok, headers: headers)
  }
}

extension BlobContents {
  /// Adds a block to the end of a list, at the cost of its last chunk. A list that others see too is left as it is: the blob goes on with one
  /// of its own, under `newID`, which has borrowed from it. `size` is that of all blocks up to now.
  func append(
    _ block: CommittedBlock, to summary: BlockListSummary, size: Int, newID: GUID, tenant: GUID, in transaction: RecordTransaction
  ) throws -> BlockListSummary {
    var summary = summary
    if try isShared(.blocks(summary), tenant: tenant, in: transaction) {
      let borrowed = try blocks(summary, tenant: tenant, in: transaction).map { block in
        CommittedBlock(id: block.id, extent: block.extent, size: block.size, ownsExtent: false)
      }
      try borrow(from: summary, for: newID, tenant: tenant, in: transaction)
      try release(.blocks(summary), tenant: tenant, in: transaction)
      summary = try save(blocks: borrowed, id: newID, tenant: tenant, in: transaction)
    }
    if let last = summary.chunkEnds.indices.last {
      var chunk = try chunk(summary, last, tenant: tenant, in: transaction)
      if chunk.blocks.count < BlockListChunk.maximumAppendedBlocks {
        chunk.blocks.append(block)
        try transaction.save(chunk)
        summary.chunkEnds[last] += block.size
        summary.count += 1
        return summary
      }
    }
    try transaction.save(BlockListChunk(tenant: tenant, list: summary.id, index: summary.chunkEnds.count, blocks: [block]))
    summary.chunkEnds.append(size + block.size)
    summary.count += 1
    return summary
  }
}

extension Blob {
  /// Throws `InvalidBlobType` for a blob of another type than an operation is for.
  func requireType(_ wanted: BlobType) throws(CloudError) {
    guard type == wanted else { throw StorageError.invalidBlobType }
  }

  /// Gives it the tag and the time of a change.
  mutating func touch(_ call: StorageCall) {
    lease = lease.afterChange(at: call.steady)
    etag = ETag(at: call.now, after: etag)
    lastModified = max(call.now, lastModified)
  }
}

extension ContentDigest.Result {
  /// What Append Block and Put Page answer.
  func add(to headers: inout HTTPHeaders) {
    if let md5, sentMD5 { headers.add(name: "Content-MD5", value: Base64.encode(md5)) }
    if let crc64 { headers.add(name: "x-ms-content-crc64", value: Base64.encode(crc64)) }
  }
}
