internal import Base
internal import Edge
internal import Extents
internal import NIOCore
internal import NIOHTTP1
internal import Records
internal import Wire

/// Put Page, and the changes of a page blob's size and sequence number.
struct PageWrites: Sendable {
  let records: any RecordStore
  let contents: BlobContents
  let limits: StorageLimits

  /// Source: Microsoft, "Put Page", REST reference.
  @Sendable
  func putPage(_ call: StorageCall) async throws -> EdgeResponse {
    try call.refuse(StorageCall.unservedWriteHeaders)
    guard let action = call.header("x-ms-page-write") else { throw StorageError.missingRequiredHeader("x-ms-page-write") }
    let length = try call.contentLength()
    let range = try Self.range(call)
    let write = Write(range: range, conditions: try BlobConditions(call), sequence: try SequenceNumberConditions(call))
    switch action.lowercased() {
    case "update":
      guard range.count <= limits.putPageBytes, length <= limits.putPageBytes else {
        throw StorageError.requestBodyTooLarge(maximumBytes: limits.putPageBytes)
      }
      guard length == range.count else { throw StorageError.invalidHeaderValue("Content-Length", String(length)) }
      return try await update(write, try ContentDigest(call, wanted: .crc64), call)
    case "clear":
      guard length == 0 else { throw StorageError.invalidHeaderValue("Content-Length", String(length)) }
      return try await clear(write, call)
    default: throw StorageError.invalidHeaderValue("x-ms-page-write", action)
    }
  }

  /// What a request to write pages demands.
  private struct Write: Sendable {
    var range: Range<Int>
    var conditions: BlobConditions
    var sequence: SequenceNumberConditions

    /// The blob to write to. Throws when it may not be.
    func requireWritable(_ call: StorageCall, in reader: any RecordReader) throws -> (Blob, PageMap) {
      let blob = try Blob.requireCurrent(call, in: reader)
      try blob.requireType(.page)
      try conditions.requireWrite(blob, call)
      try conditions.encryption.requireWrite(blob)
      try sequence.require(blob)
      guard case .pages(let map) = blob.content else { throw StorageError.invalidBlobType }
      guard range.upperBound <= blob.size else { throw StorageError.invalidPageRange }
      return (blob, map)
    }
  }

  /// The whole pages that a request names.
  private static func range(_ call: StorageCall) throws(CloudError) -> Range<Int> {
    let name = call.header("x-ms-range") == nil ? "Range" : "x-ms-range"
    guard let text = call.header(name) else { throw StorageError.missingRequiredHeader("x-ms-range") }
    guard let range = ByteRange(text), let last = range.last, last < .max else { throw StorageError.invalidHeaderValue(name, text) }
    guard range.first % PageWindow.pageBytes == 0, (last + 1) % PageWindow.pageBytes == 0 else { throw StorageError.invalidPageRange }
    return range.first..<last + 1
  }

  private func update(_ write: Write, _ digest: ContentDigest, _ call: StorageCall) async throws -> EdgeResponse {
    // Fails before the body is taken if the pages could not be written now.
    let key = try await records.read { reader in
      let (blob, _) = try write.requireWritable(call, in: reader)
      return try write.conditions.encryption.key(of: blob, call.account, in: reader)
    }
    let (extents, result) = try await contents.receive(pages: write.range, call, digest: digest, key: key)
    var (runs, position) = ([PageRun](), write.range.lowerBound)
    for extent in extents {
      runs.append(PageRun(range: position..<position + extent.length, location: .init(extent: extent.id, offset: 0)))
      position += extent.length
    }
    return try await commit(write, result, call) { [contents, runs, newID = contents.makeID(at: call.now)] blob, map, transaction in
      for extent in extents { try contents.extents.commit(extent, in: transaction) }
      return try contents.write(runs, to: map, newID: newID, tenant: blob.tenant, in: transaction)
    }
  }

  private func clear(_ write: Write, _ call: StorageCall) async throws -> EdgeResponse {
    try await commit(write, nil, call) { [contents, newID = contents.makeID(at: call.now)] blob, map, transaction in
      try contents.clear(write.range, of: map, newID: newID, tenant: blob.tenant, in: transaction)
    }
  }

  private func commit(
    _ write: Write, _ digest: ContentDigest.Result?, _ call: StorageCall,
    _ change: @escaping @Sendable (Blob, PageMap, RecordTransaction) throws -> PageMap
  ) async throws -> EdgeResponse {
    let blob = try await records.write { transaction in
      var (blob, map) = try write.requireWritable(call, in: transaction)
      map = try change(blob, map, transaction)
      blob.content = .pages(map)
      blob.touch(call)
      try transaction.save(blob)
      return blob
    }
    var headers = StorageCall.stateHeaders(etag: blob.etag, lastModified: blob.lastModified)
    headers.add(name: "x-ms-blob-sequence-number", value: String(blob.sequenceNumber))
    digest?.add(to: &headers)
    blob.encryption.addRequestState(to: &headers)
    return EdgeResponse(.created, headers: headers)
  }
}

extension BlobContents {
  /// Streams a request's body into extents that nothing refers to yet, one for each window that `range` touches. Whatever goes wrong,
  /// nothing is left behind.
  func receive(
    pages range: Range<Int>, _ call: StorageCall, digest: ContentDigest, key: BlobKey
  ) async throws -> (extents: [SealedExtent], digest: ContentDigest.Result) {
    var digest = digest
    var writers: [ExtentWriter] = []
    do {
      var rest = PageWindow.indexes(of: range).map { PageWindow.range(of: $0).clamped(to: range).count }[...]
      // Bytes that the writer at hand still waits for.
      var open = 0
      while var piece = try await call.request.body.next() {
        digest.update(piece)
        while piece.readableBytes > 0 {
          if open == 0 {
            guard let length = rest.popFirst() else { throw StorageError.incompleteBody }
            writers.append(
              try await extents.write(length: length, tenant: call.account.tenant, key: key.dataKey, callerKey: key.customerKey?.key))
            open = length
          }
          guard let part = piece.readSlice(length: min(open, piece.readableBytes)) else { break }
          open -= part.readableBytes
          try await writers.last?.append(part)
        }
      }
      guard open == 0, rest.isEmpty else { throw StorageError.incompleteBody }
      return (try await Self.finish(writers), try digest.finish())
    } catch {
      for writer in writers { writer.cancel() }
      throw error
    }
  }

  /// All of them wait for the same sync.
  static func finish(_ writers: [ExtentWriter]) async throws -> [SealedExtent] {
    if let only = writers.first, writers.count == 1 { return [try await only.finish()] }
    return try await withThrowingTaskGroup(of: (Int, SealedExtent).self) { group in
      for (index, writer) in writers.enumerated() { group.addTask { (index, try await writer.finish()) } }
      var finished: [(Int, SealedExtent)] = []
      for try await extent in group { finished.append(extent) }
      return finished.sorted { $0.0 < $1.0 }.map(\.1)
    }
  }
}
