internal import Base
internal import Edge
internal import Extents
internal import NIOCore
internal import NIOHTTP1
internal import Records
internal import Wire

/// Copy Blob, Copy Blob From URL and Abort Copy Blob.
///
/// Within an account a copy holds the bytes that its source holds, whatever their number. From another account they are read, and encrypted again
/// under the copy's key: a few before the answer, more than that by a `CopyJob`.
struct BlobCopies: Sendable {
  let records: any RecordStore
  let contents: BlobContents
  let limits: StorageLimits
  let copier: BlobCopier

  /// Source: Microsoft, "Copy Blob", REST reference.
  @Sendable
  func copy(_ call: StorageCall) async throws -> EdgeResponse {
    let request = try await CopyRequest(call, isSynchronous: false, records: records)
    return try await carryOut(request, call)
  }

  /// Source: Microsoft, "Copy Blob From URL", REST reference.
  @Sendable
  func copyFromURL(_ call: StorageCall) async throws -> EdgeResponse {
    let request = try await CopyRequest(call, isSynchronous: true, records: records)
    let digests = try await verify(request, call)
    var response = try await carryOut(request, call)
    if let digests {
      response.headers.add(name: "Content-MD5", value: Base64.encode(digests.md5))
      response.headers.add(name: "x-ms-content-crc64", value: Base64.encode(digests.crc64))
    }
    return response
  }

  /// Reads the source where the request says what its bytes must be.
  private func verify(_ request: CopyRequest, _ call: StorageCall) async throws -> SourceBody.Digests? {
    guard call.header("x-ms-source-content-md5") != nil || call.header("x-ms-source-content-crc64") != nil else { return nil }
    let body = try SourceBody(try await request.source.read(), call)
    while try await body.next() != nil {}
    return body.digests
  }

  private func carryOut(_ request: CopyRequest, _ call: StorageCall) async throws -> EdgeResponse {
    let id = contents.random.guid()
    var outcome = try await records.write { transaction in try commit(request, nil, id: id, call, in: transaction) }
    if case .bytes(let original, let key) = outcome {
      let copy: ContentCopy
      do {
        copy = try await contents.copy(original.bytes, tenant: call.account.tenant, key: key, inlineBytes: limits.inlineBytes)
      } catch let error as UnreadableOriginal {
        throw request.source.refused(error.cause)
      }
      let copied = Copied(bytes: copy, etag: original.etag, key: key)
      outcome = try await records.write { transaction in try commit(request, copied, id: id, call, in: transaction) }
    }
    guard case .done(let blob) = outcome else { throw request.source.refused(StorageError.conditionNotMet) }
    var headers = blob.stateHeaders
    headers.add(name: "x-ms-copy-id", value: id.description)
    headers.add(name: "x-ms-copy-status", value: (blob.copy?.status ?? .success).rawValue)
    blob.encryption.addRequestState(to: &headers)
    return EdgeResponse(.accepted, headers: headers)
  }

  private enum Outcome: Sendable {
    /// The blob is there, or what will become it.
    case done(Blob)
    /// Nothing was done yet: these bytes have to be copied before.
    case bytes(Original, BlobKey)
  }

  private struct Original: Sendable {
    var bytes: ContentOriginal
    var etag: ETag
  }

  private struct Copied: Sendable {
    var bytes: ContentCopy
    var etag: ETag
    var key: BlobKey
  }

  private func commit(
    _ request: CopyRequest, _ copied: Copied?, id: GUID, _ call: StorageCall, in transaction: RecordTransaction
  ) throws -> Outcome {
    let container = try Container.require(call, in: transaction)
    let source = try request.requireSource(in: transaction)
    let existing = try request.requireReplaceable(by: source, container, call, in: transaction)
    if request.isSynchronous {
      guard source.type == .block else { throw StorageError.invalidSourceBlobType }
      guard source.size <= limits.synchronousCopyBytes else { throw StorageError.copySourceTooLarge(maximumBytes: limits.synchronousCopyBytes) }
    }
    let key = try request.key(in: container, call, in: transaction)
    let newID = contents.makeID(at: call.now)
    var copy = BlobCopy(id: id, source: request.source.url, status: .success, copied: source.size, total: source.size, completed: call.now)
    var content = BlobContent.empty
    if try request.sharesContent(of: source, under: key, in: transaction) {
      content = source.content
      try contents.share(content, tenant: source.tenant, in: transaction)
    } else if let copied {
      guard copied.etag == source.etag, copied.key.dataKey == key.dataKey else { throw request.source.refused(StorageError.conditionNotMet) }
      content = try contents.save(copied.bytes, id: newID, account: call.account, key: key, in: transaction)
    } else if request.isSynchronous || isSmall(source) {
      if case .blocks(let summary) = source.content, summary.count > limits.synchronousCopyBlocks {
        throw StorageError.copySourceTooFragmented(maximumBlocks: limits.synchronousCopyBlocks)
      }
      let bytes = try ContentOriginal(source, account: request.source.call.account, contents: contents, in: transaction)
      return .bytes(Original(bytes: bytes, etag: source.etag), key)
    } else {
      (copy.status, copy.copied, copy.completed) = (.pending, 0, nil)
    }
    var blob = try request.blob(
      of: source, in: container, replacing: existing, content: content, key: key, copy: copy, limits: limits, call)
    if copy.status == .pending {
      try CopyJob.empty(&blob, size: source.size, id: newID, contents: contents, in: transaction)
      try transaction.save(CopyJob(id: id, from: source, request.source.call.account, to: blob, call, list: contents.makeID(at: call.now)))
      copier.wake(after: transaction)
    }
    let history = BlobHistory(contents: contents)
    if let existing, !history.keeps(existing, call) { try contents.release(existing.content, tenant: existing.tenant, in: transaction) }
    try contents.discardUncommitted(container, name: call.blob, in: transaction)
    return .done(try history.replace(existing, with: blob, call, in: transaction))
  }

  /// Whether a source is copied before the answer.
  private func isSmall(_ source: Blob) -> Bool {
    guard source.size <= limits.promptCopyBytes else { return false }
    switch source.content {
    case .empty, .inline, .extent: return true
    case .blocks(let summary): return summary.count <= Self.promptBlocks
    case .pages: return false
    }
  }

  /// Blocks of a source that is copied before the answer.
  private static let promptBlocks = 64

  /// The copy stays as an empty blob.
  ///
  /// Source: Microsoft, "Abort Copy Blob", REST reference.
  @Sendable
  func abort(_ call: StorageCall) async throws -> EdgeResponse {
    guard call.header("x-ms-copy-action")?.lowercased() == "abort" else {
      guard let action = call.header("x-ms-copy-action") else { throw StorageError.missingRequiredHeader("x-ms-copy-action") }
      throw StorageError.invalidHeaderValue("x-ms-copy-action", action)
    }
    guard let text = call.request.query["copyid"] else { throw StorageError.missingRequiredQueryParameter("copyid") }
    guard let id = GUID(text) else { throw StorageError.invalidQueryParameterValue("copyid", text) }
    let conditions = try BlobConditions(call)
    try await records.write { [contents] transaction in
      let blob = try Blob.requireCurrent(call, in: transaction)
      try conditions.requireLease(blob.lease, call)
      guard let copy = blob.copy, copy.status == .pending else { throw StorageError.noPendingCopyOperation }
      guard copy.id == id else { throw StorageError.copyIdMismatch }
      try CopyJob.end(blob, as: .aborted, description: nil, at: call.now, contents: contents, in: transaction)
    }
    return EdgeResponse(.noContent)
  }
}
