internal import Access
internal import Base
internal import Edge
internal import NIOCore
internal import NIOHTTP1
internal import Wire

/// Blob Batch: deletions or changes of tiers, many in one request, each authorized and carried out on its own.
struct BatchOperations: Sendable {
  private let limits: StorageLimits
  private let random: any RandomSource

  init(_ services: StorageServices, limits: StorageLimits) {
    random = services.random
    self.limits = limits
  }

  /// What a batch may hold. All of its requests are of the same kind.
  private enum Kind {
    case delete
    case setTier
  }

  private static let blobs = "Microsoft.Storage/storageAccounts/blobServices/containers/blobs"
  /// Every permission will do for the batch: each of its requests needs its own.
  private static let action = Action(data: "\(blobs)/write", signed: SignedRequirement("o", anyOf: "racwdxyltmeopif"))

  var operations: [StorageOperation] {
    [
      StorageOperation(
        name: "Blob Batch", method: .POST, level: .account, comp: "batch", resourceType: nil, action: { _ in Self.action }, run: batch),
      StorageOperation(
        name: "Blob Batch", method: .POST, level: .container, comp: "batch", resourceType: "container", action: { _ in Self.action },
        run: { call in
          try ResourceNames.checkContainer(call.container)
          return try await batch(call)
        }),
    ]
  }

  /// The answer is 202 whatever becomes of the requests in it; what is wrong with the batch itself is its one part.
  ///
  /// Source: Microsoft, "Blob Batch", REST reference.
  @Sendable
  private func batch(_ call: StorageCall) async throws -> EdgeResponse {
    guard let type = call.header("Content-Type"), let boundary = BatchRequest.boundary(contentType: type) else {
      throw StorageError.invalidHeaderValue("Content-Type", call.header("Content-Type") ?? "")
    }
    let body = try await call.smallBody(upTo: limits.batchBytes)
    var answer = BatchAnswer(boundary: "batchresponse_\(random.guid())")
    do {
      let parts = try BatchRequest(body, boundary: boundary, maximumParts: limits.batchRequests).parts
      let requests = try requests(parts, call)
      for (part, request) in zip(parts, requests) {
        answer.add(await call.pipeline.respond(to: request, version: call.version), contentID: part.contentID)
      }
    } catch {
      answer.add(StorageErrorResponse.render(StorageErrorResponse.cloudError(error), to: call.request, now: call.now), contentID: nil)
    }
    return answer.response
  }

  /// The requests of a batch, as if each had come by itself. Throws when the batch cannot hold one of them.
  private func requests(_ parts: [BatchRequest.Part], _ call: StorageCall) throws -> [EdgeRequest] {
    var kinds: Set<Kind> = []
    let requests = try parts.map { part in
      var request = call.request
      let path = part.target.prefix { $0 != "?" }
      guard let query = Query(parsing: part.target.dropFirst(path.count + 1)) else { throw StorageError.invalidInput }
      (request.path, request.query, request.method) = (String(path), query, HTTPMethod(rawValue: part.method))
      request.headers = HTTPHeaders(part.headers.map { ($0.name, $0.value) })
      request.identifiers = RequestIdentifiers(
        request: random.guid(), correlation: call.request.identifiers.correlation, client: request.headers.first(name: "x-ms-client-request-id"))
      request.body = EmptyBody()
      kinds.insert(try kind(of: request, call))
      return request
    }
    guard kinds.count == 1 else { throw StorageError.invalidInput }
    return requests
  }

  private func kind(of request: EdgeRequest, _ call: StorageCall) throws -> Kind {
    // Its version is the batch's.
    if let version = request.headers.first(name: "x-ms-version"), version != call.version {
      throw StorageError.invalidHeaderValue("x-ms-version", version)
    }
    let target = try call.pipeline.target(of: request)
    guard target.level == .blob, target.account == call.account.name, call.container.isEmpty || target.container == call.container,
      request.query["restype"] == nil
    else { throw StorageError.invalidInput }
    switch (request.method, request.query["comp"]?.lowercased()) {
    case (.DELETE, nil): return .delete
    case (.PUT, "tier"): return .setTier
    default: throw StorageError.invalidInput
    }
  }
}

/// The answers to the requests of a batch, in their order.
private struct BatchAnswer {
  let boundary: String
  private var body = ByteBuffer()

  init(boundary: String) {
    self.boundary = boundary
  }

  mutating func add(_ response: EdgeResponse, contentID: String?) {
    body.writeString("--\(boundary)\r\nContent-Type: application/http\r\n")
    if let contentID { body.writeString("Content-ID: \(contentID)\r\n") }
    body.writeString("\r\nHTTP/1.1 \(response.status.code) \(response.status.reasonPhrase)\r\n")
    for header in response.headers { body.writeString("\(header.name): \(header.value)\r\n") }
    // What a batch holds answers with few bytes.
    if case .bytes(var bytes) = response.body {
      if bytes.readableBytes > 0 { body.writeString("Content-Length: \(bytes.readableBytes)\r\n") }
      body.writeString("\r\n")
      body.writeBuffer(&bytes)
      body.writeString("\r\n")
    } else {
      body.writeString("\r\n\r\n")
    }
  }

  var response: EdgeResponse {
    var body = body
    body.writeString("--\(boundary)--\r\n")
    return EdgeResponse(.accepted, headers: ["Content-Type": "multipart/mixed; boundary=\(boundary)"], body: .bytes(body))
  }
}
