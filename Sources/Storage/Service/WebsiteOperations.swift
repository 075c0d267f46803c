internal import Access
internal import Base
internal import Edge
internal import NIOCore
internal import NIOHTTP1
internal import Wire

/// The static website of an account: what lies in `$web`, as browsers expect it of a web server. Anybody may read it.
///
/// Source: Microsoft, "Static website hosting in Azure Storage".
struct WebsiteOperations: Sendable {
  private let reads: BlobReads

  init(_ services: StorageServices, limits: StorageLimits) {
    reads = BlobReads(
      records: services.records, contents: BlobContents(services), limits: limits, logger: services.logger, accesses: services.accesses)
  }

  private static let read = Action(
    data: "Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read", signed: SignedRequirement("o", anyOf: "r"))

  var operations: [StorageOperation] {
    [HTTPMethod.GET, .HEAD].map { method in
      var operation = StorageOperation(
        name: "Get Page", method: method, level: .page, comp: nil, resourceType: nil, action: { _ in Self.read }, publicAccess: .blob, run: getPage)
      operation.service = .web
      return operation
    }
  }

  @Sendable
  private func getPage(_ call: StorageCall) async throws -> EdgeResponse {
    guard let website = call.properties.website else { return Self.notFound(call) }
    for name in website.documents(at: call.blob) {
      if let page = try await document(name, call, of: Self.bare(call.request, keeping: Self.passedOn)) { return page }
    }
    if let name = website.errorDocument, var page = try await document(name, call, of: Self.bare(call.request, keeping: [])) {
      page.status = .notFound
      return page
    }
    return Self.notFound(call)
  }

  /// The headers of a browser's request that say which state or part of a document it wants.
  private static let passedOn: Set<String> = ["range", "if-match", "if-none-match", "if-modified-since", "if-unmodified-since"]

  private static func bare(_ request: EdgeRequest, keeping names: Set<String>) -> EdgeRequest {
    var bare = request
    bare.query = Query()
    bare.headers = HTTPHeaders(request.headers.filter { names.contains($0.name.lowercased()) })
    return bare
  }

  /// Nil where there is none of that name.
  private func document(_ name: String, _ call: StorageCall, of request: EdgeRequest) async throws -> EdgeResponse? {
    var read = call
    read.request = request
    read.container = StaticWebsite.container
    read.blob = name
    do {
      try ResourceNames.checkBlob(name, container: StaticWebsite.container)
      var response = call.request.method == .HEAD ? try await reads.getProperties(read) : try await reads.getBlob(read)
      // What a blob says of itself beyond that, metadata above all, is not for the world.
      response.headers = HTTPHeaders(response.headers.filter { !$0.name.lowercased().hasPrefix("x-ms-") })
      return response
    } catch let error as CloudError where error.status == 404 || error.code == StorageError.invalidResourceName.code {
      return nil
    }
  }

  private static func notFound(_ call: StorageCall) -> EdgeResponse {
    let title = "The requested content does not exist."
    let page =
      "<!DOCTYPE html><html><head><title>WebContentNotFound</title></head><body><h1>\(title)</h1><p><ul><li>HttpStatusCode: 404</li>"
      + "<li>ErrorCode: WebContentNotFound</li><li>RequestId : \(call.request.identifiers.request)</li>"
      + "<li>TimeStamp : \(call.now.iso8601Fractional)</li></ul></p></body></html>"
    let headers: HTTPHeaders = ["Content-Type": "text/html", "x-ms-error-code": "WebContentNotFound"]
    let body: EdgeResponse.Body = call.request.method == .HEAD ? .head(length: page.utf8.count) : .bytes(ByteBuffer(string: page))
    return EdgeResponse(.notFound, headers: headers, body: body)
  }
}

extension StaticWebsite {
  /// What a path may mean, the likeliest first: the document of that name, or the index of the folder.
  func documents(at path: String) -> [String] {
    let isFolder = path.isEmpty || path.hasSuffix("/")
    let name = path.hasPrefix("/") ? String(path.dropFirst()) : path
    let index = defaultIndexDocumentPath ?? indexDocument.map { isFolder ? name + $0 : "\(name)/\($0)" }
    return (isFolder ? [] : [name]) + (index.map { [$0] } ?? [])
  }
}
