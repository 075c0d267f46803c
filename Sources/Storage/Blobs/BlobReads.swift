internal import Base
internal import Edge
internal import Logging
internal import NIOCore
internal import NIOHTTP1
internal import Records
internal import Wire

/// The operations that read a blob.
struct BlobReads: Sendable {
  let records: any RecordStore
  let contents: BlobContents
  let limits: StorageLimits
  let logger: Logger
  let accesses: BlobAccesses

  /// The bytes are found in the same snapshot as the blob, so that what is sent is one state of it, whatever happens meanwhile.
  ///
  /// Source: Microsoft, "Get Blob", REST reference.
  @Sendable
  func getBlob(_ call: StorageCall) async throws -> EdgeResponse {
    let conditions = try BlobConditions(call)
    let wanted = try RangeRequest(call)
    let (blob, range, source) = try await records.read { [contents, limits] reader in
      let blob = try Blob.require(call, in: reader)
      try conditions.requireRead(blob, call)
      try conditions.encryption.requireRead(blob)
      try blob.requireAccessible()
      let range = try wanted.resolve(size: blob.size, limits: limits)
      let customerKey = conditions.encryption.customerKey
      return (blob, range, try contents.source(blob, range: range, account: call.account, customerKey: customerKey, in: reader))
    }
    accesses.note(blob, call)
    var headers = blob.headers(call)
    if wanted.range == nil {
      blob.addMD5(named: "Content-MD5", to: &headers)
    } else {
      headers.add(name: "Content-Range", value: "bytes \(range.lowerBound)-\(range.upperBound - 1)/\(blob.size)")
      blob.addMD5(named: "x-ms-blob-content-md5", to: &headers)
    }
    for header in call.overrides { headers.replaceOrAdd(name: header.name, value: header.value) }
    let status: HTTPResponseStatus = wanted.range == nil ? .ok : .partialContent
    let body = try await body(source, length: range.count, call)
    guard let digest = wanted.digest else { return EdgeResponse(status, headers: headers, body: body) }
    let bytes = try await Self.collect(body)
    switch digest {
    case .md5:
      headers.add(name: "Content-MD5", value: Base64.encode(ContentDigest.md5(of: bytes)))
    case .crc64:
      var crc64 = CRC64()
      crc64.update(bytes.readableBytesView)
      headers.add(name: "x-ms-content-crc64", value: Base64.encode(crc64.bytes))
    }
    return EdgeResponse(status, headers: headers, body: .bytes(bytes))
  }

  /// The first piece is read before the head is sent: damage there still gets a status of its own.
  private func body(_ source: BlobContents.Source, length: Int, _ call: StorageCall) async throws -> EdgeResponse.Body {
    switch source {
    case .bytes(let bytes): return .bytes(bytes)
    case .extents(let reader):
      let blob = "\(call.account.name)/\(call.container)/\(call.blob)"
      let stream = BlobStream(reader: reader, blob: blob, logger: logger)
      let first = try await stream.next() ?? ByteBuffer()
      if first.readableBytes == length { return .bytes(first) }
      stream.pushBack(first)
      return .stream(length: length, stream)
    }
  }

  /// The bytes of a range whose length is bounded by `StorageLimits.rangeDigestBytes`.
  private static func collect(_ body: EdgeResponse.Body) async throws -> ByteBuffer {
    switch body {
    case .bytes(let bytes): return bytes
    case .head: return ByteBuffer()
    case .stream(let length, let source):
      var whole = ByteBuffer()
      whole.reserveCapacity(length ?? 0)
      while var piece = try await source.next() { whole.writeBuffer(&piece) }
      return whole
    }
  }

  /// Source: Microsoft, "Get Blob Properties", REST reference.
  @Sendable
  func getProperties(_ call: StorageCall) async throws -> EdgeResponse {
    let blob = try await blob(call)
    var headers = blob.headers(call)
    blob.addMD5(named: "Content-MD5", to: &headers)
    for header in call.overrides { headers.replaceOrAdd(name: header.name, value: header.value) }
    return EdgeResponse(.ok, headers: headers, body: .head(length: blob.size))
  }

  /// Source: Microsoft, "Get Blob Metadata", REST reference.
  @Sendable
  func getMetadata(_ call: StorageCall) async throws -> EdgeResponse {
    let blob = try await blob(call)
    var headers = blob.stateHeaders
    blob.metadata.add(to: &headers)
    return EdgeResponse(.ok, headers: headers)
  }

  private func blob(_ call: StorageCall) async throws -> Blob {
    let conditions = try BlobConditions(call)
    return try await records.read { reader in
      let blob = try Blob.require(call, in: reader)
      try conditions.requireRead(blob, call)
      try conditions.encryption.requireRead(blob)
      return blob
    }
  }

  /// Source: Microsoft, "Get Block List", REST reference.
  @Sendable
  func getBlockList(_ call: StorageCall) async throws -> EdgeResponse {
    let type = call.request.query["blocklisttype"]?.lowercased() ?? "committed"
    guard ["committed", "uncommitted", "all"].contains(type) else { throw StorageError.invalidQueryParameterValue("blocklisttype", type) }
    let conditions = try BlobConditions(call)
    let (blob, committed, uncommitted) = try await records.read { [contents] reader in
      let (blob, stage) = try Self.listed(call, in: reader)
      try blob?.requireType(.block)
      if let blob { try conditions.requireRead(blob, call) }
      var committed: [CommittedBlock] = []
      if type != "uncommitted", let blob, case .blocks(let summary) = blob.content {
        committed = try contents.blocks(summary, tenant: blob.tenant, in: reader)
      }
      var uncommitted: [UncommittedBlock] = []
      // Readers who were let in by the container's public access see only what was published.
      if type != "committed", !call.isAnonymous, let stage {
        uncommitted = try stage.blocks(in: reader)
      }
      return (blob, committed, uncommitted)
    }
    var writer = XMLWriter()
    writer.element("BlockList") { writer in
      if type != "uncommitted" { Self.write("CommittedBlocks", committed.map { ($0.id, $0.size) }, to: &writer) }
      if type != "committed" { Self.write("UncommittedBlocks", uncommitted.map { ($0.id, $0.size) }, to: &writer) }
    }
    var headers = blob?.stateHeaders ?? HTTPHeaders()
    headers.add(name: "Content-Type", value: "application/xml")
    headers.add(name: "x-ms-blob-content-length", value: String(blob?.size ?? 0))
    return EdgeResponse(.ok, headers: headers, body: .bytes(ByteBuffer(bytes: writer.bytes)))
  }

  /// The blob whose blocks are listed and what waits to be committed to it: to the current one only.
  private static func listed(_ call: StorageCall, in reader: any RecordReader) throws -> (Blob?, UncommittedBlob?) {
    if call.request.query["snapshot"] != nil || call.request.query["versionid"] != nil { return (try Blob.require(call, in: reader), nil) }
    let container = try Container.require(call, in: reader)
    let blob = try reader.fetch(Blob.self, Blob.key(container, name: call.blob))
    let stage = try reader.fetch(UncommittedBlob.self, UncommittedBlob.key(container, name: call.blob))
    guard blob != nil || stage != nil else { throw StorageError.blobNotFound }
    return (blob, stage)
  }

  private static func write(_ name: String, _ blocks: [(id: [UInt8], size: Int)], to writer: inout XMLWriter) {
    guard !blocks.isEmpty else { return writer.element(name, "") }
    writer.element(name) { writer in
      for block in blocks {
        writer.element("Block") { writer in
          writer.element("Name", Base64.encode(block.id))
          writer.element("Size", block.size)
        }
      }
    }
  }
}

/// The part of a blob that a request asks for.
private struct RangeRequest: Sendable {
  enum Digest {
    case md5
    case crc64
  }

  var range: ByteRange?
  var digest: Digest?

  /// `x-ms-range` comes before `Range`. A `Range` that the service does not understand is passed over, as HTTP has it.
  init(_ call: StorageCall) throws(CloudError) {
    if let text = call.header("x-ms-range") {
      guard let parsed = ByteRange(text) else { throw StorageError.invalidHeaderValue("x-ms-range", text) }
      range = parsed
    } else if let text = call.header("Range") {
      range = ByteRange(text)
    }
    let wantsMD5 = try Self.flag(call, "x-ms-range-get-content-md5")
    let wantsCRC64 = try Self.flag(call, "x-ms-range-get-content-crc64")
    if wantsMD5 && wantsCRC64 { throw StorageError.bothDigestsPresent }
    digest = wantsMD5 ? .md5 : wantsCRC64 ? .crc64 : nil
    if digest != nil && range == nil { throw StorageError.missingRequiredHeader("Range") }
  }

  private static func flag(_ call: StorageCall, _ name: String) throws(CloudError) -> Bool {
    guard let text = call.header(name) else { return false }
    switch text.lowercased() {
    case "true": return true
    case "false": return false
    default: throw StorageError.invalidHeaderValue(name, text)
    }
  }

  func resolve(size: Int, limits: StorageLimits) throws(CloudError) -> Range<Int> {
    guard let range else { return 0..<size }
    guard let bytes = range.resolve(size: size) else {
      var error = StorageError.invalidRange
      error.headers = [("Content-Range", "bytes */\(size)")]
      throw error
    }
    if digest != nil && bytes.count > limits.rangeDigestBytes { throw StorageError.outOfRangeInput }
    return bytes
  }
}
