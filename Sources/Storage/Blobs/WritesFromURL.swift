internal import Base
internal import Edge
internal import NIOHTTP1
internal import Records
internal import Wire

/// The writes whose bytes are those of another blob: each is the write that a client with those bytes would send.
struct WritesFromURL: Sendable {
  let records: any RecordStore

  typealias Run = @Sendable (StorageCall) async throws -> EdgeResponse

  /// Put Block, Append Block or Put Page with the bytes of a part of the source.
  ///
  /// Source: Microsoft, "Put Block From URL", "Append Block From URL", "Put Page From URL", REST reference.
  func from(_ write: @escaping Run) -> Run {
    { call in try await run(write, call) { _, _ in } }
  }

  /// Put Blob with the bytes of the source and, unless the request says otherwise, its properties.
  ///
  /// Source: Microsoft, "Put Blob From URL", REST reference.
  func putBlob(_ write: @escaping Run) -> Run {
    { call in
      if let type = call.header("x-ms-blob-type"), type != BlobType.block.rawValue { throw StorageError.invalidHeaderValue("x-ms-blob-type", type) }
      let takesProperties = try call.flag("x-ms-copy-source-blob-properties") ?? true
      return try await run(write, call) { source, inner in
        if takesProperties { Self.add(propertiesOf: source, to: &inner) }
      }
    }
  }

  private func run(
    _ write: Run, _ call: StorageCall, _ prepare: @Sendable (_ source: HTTPHeaders, _ inner: inout HTTPHeaders) -> Void
  ) async throws -> EdgeResponse {
    if let length = call.request.body.length, length > 0 { throw StorageError.invalidHeaderValue("Content-Length", String(length)) }
    let source = try await CopySource(call)
    let tags = try await CopyTags(call).ofSource(source, records: records)
    let read = try await source.read()
    let body = try SourceBody(read, call)
    var inner = call
    inner.request.body = body
    inner.request.headers = HTTPHeaders(call.request.headers.lazy.filter { !Self.isAboutSource($0.name) }.map { ($0.name, $0.value) })
    if let tags { inner.request.headers.replaceOrAdd(name: "x-ms-tags", value: tags.queryText) }
    prepare(read.headers, &inner.request.headers)
    var response = try await write(inner)
    if let digests = body.digests {
      response.headers.replaceOrAdd(name: "Content-MD5", value: Base64.encode(digests.md5))
      response.headers.replaceOrAdd(name: "x-ms-content-crc64", value: Base64.encode(digests.crc64))
    }
    return response
  }

  /// Headers that say how to get the bytes, and not what to do with them.
  private static func isAboutSource(_ name: String) -> Bool {
    let name = name.lowercased()
    return name.hasPrefix("x-ms-copy-source") || name.hasPrefix("x-ms-source-") || name == "x-ms-file-request-intent"
      || ["content-md5", "x-ms-content-crc64", "content-length", "x-ms-requires-sync"].contains(name)
  }

  private static func add(propertiesOf source: HTTPHeaders, to inner: inout HTTPHeaders) {
    for (name, own) in [
      ("Content-Type", "x-ms-blob-content-type"), ("Content-Encoding", "x-ms-blob-content-encoding"),
      ("Content-Language", "x-ms-blob-content-language"), ("Content-Disposition", "x-ms-blob-content-disposition"),
      ("Cache-Control", "x-ms-blob-cache-control"),
    ] {
      if let value = source.first(name: name), !inner.contains(name: own) { inner.add(name: own, value: value) }
    }
  }
}

/// Which tags a copy gets: those that the request brings, or the source's.
struct CopyTags: Sendable {
  private let copiesSource: Bool

  /// Throws for tags from two places.
  init(_ call: StorageCall) throws(CloudError) {
    switch call.header("x-ms-copy-source-tag-option")?.lowercased() {
    case nil, "replace": copiesSource = false
    case "copy":
      copiesSource = true
      if let tags = call.header("x-ms-tags"), !tags.isEmpty { throw StorageError.invalidHeaderValue("x-ms-tags", tags) }
    case .some: throw StorageError.invalidHeaderValue("x-ms-copy-source-tag-option", call.header("x-ms-copy-source-tag-option") ?? "")
    }
  }

  /// The source's, where they are wanted and the source's reader may see them; nil where the request brings the tags.
  func ofSource(_ source: CopySource, records: any RecordStore) async throws -> BlobTags? {
    guard copiesSource else { return nil }
    try await source.requireTagging()
    do {
      return try await records.read { try Blob.require(source.call, in: $0).tags }
    } catch {
      throw source.refused(error)
    }
  }
}

extension BlobTags {
  /// As `x-ms-tags` writes them.
  var queryText: String {
    items.map { "\(percentEncoded($0.key))=\(percentEncoded($0.value))" }.joined(separator: "&")
  }
}

extension StorageCall {
  /// A header that is true or false; nil when it is absent.
  func flag(_ name: String) throws(CloudError) -> Bool? {
    guard let text = header(name) else { return nil }
    switch text.lowercased() {
    case "true": return true
    case "false": return false
    default: throw StorageError.invalidHeaderValue(name, text)
    }
  }
}
