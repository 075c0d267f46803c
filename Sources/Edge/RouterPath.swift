internal import Base
internal import HTTPTypes
internal import HummingbirdCore
internal import Logging
internal import NIOCore
internal import NIOHTTP1

/// The path of every request that the fast path does not take: Hummingbird's request in, the service's answer out.
struct RouterPath: Sendable {
  let door: DoorContext

  func respond(to request: Request, with writer: consuming ResponseWriter, peer: String, connection: EdgeConnection) async throws {
    if request.headers[.expect]?.lowercased() == "100-continue" {
      try await writer.writeInformationalHead(HTTPResponse(status: .continue))
    }
    let started = ContinuousClock.now
    let (response, identifiers) = await answer(request, peer: peer, connection: connection)
    log(request, response, identifiers, elapsed: ContinuousClock.now - started)
    var fields = HTTPFields()
    for (name, value) in door.answers.complete(response) {
      // A service's header names are constants of this house; one that is not a token would be a bug.
      guard let name = HTTPField.Name(name) else { preconditionFailure("header name \(name)") }
      fields.append(HTTPField(name: name, value: value))
    }
    let head = HTTPResponse(
      status: HTTPResponse.Status(code: Int(response.status.code), reasonPhrase: response.status.reasonPhrase), headerFields: fields)
    switch response.body {
    case .head: try await writer.writeResponse(head)
    case .bytes(let buffer) where buffer.readableBytes == 0: try await writer.writeResponse(head)
    case .bytes(let buffer): try await writer.write(response: head, body: ResponseBody(byteBuffer: buffer))
    case .stream(_, let source):
      var body = try await writer.writeHead(head)
      while let piece = try await source.next() { try await body.write(piece) }
      try await body.finish(nil)
    }
  }

  private func answer(_ request: Request, peer: String, connection: EdgeConnection) async -> (EdgeResponse, RequestIdentifiers?) {
    var headers = HTTPHeaders()
    for field in request.headers { headers.add(name: field.name.rawName, value: field.value) }
    guard
      let head = RequestHead(
        method: HTTPMethod(rawValue: request.method.rawValue), target: request.head.path ?? "", headers: headers, authority: request.head.authority)
    else { return (.badRequest, nil) }
    guard let service = door.hosts.service(for: head.host) else { return (.misdirected, nil) }
    let length = headers.contains(name: "transfer-encoding") ? nil : headers.first(name: "content-length").map { Int($0) ?? 0 } ?? 0
    let body = RouterBody(length: length, iterator: request.body.makeAsyncIterator())
    guard let edgeRequest = head.request(body: body, remoteAddress: peer, connection: connection, random: door.random) else {
      return (.badRequest, nil)
    }
    return (await service.respond(to: edgeRequest), edgeRequest.identifiers)
  }

  private func log(_ request: Request, _ response: EdgeResponse, _ identifiers: RequestIdentifiers?, elapsed: Duration) {
    // The query is left out: it may carry a signature or a code.
    let path = request.head.path?.prefix { $0 != "?" } ?? ""
    var metadata: Logger.Metadata = [
      "method": "\(request.method.rawValue)", "host": "\(request.head.authority ?? "")", "path": "\(path)", "status": "\(response.status.code)",
      "milliseconds": "\(elapsed.components.seconds * 1000 + elapsed.components.attoseconds / 1_000_000_000_000_000)",
    ]
    if let identifiers { metadata["request"] = "\(identifiers.request)" }
    door.logger.info("request", metadata: metadata)
  }
}

/// A body that Hummingbird delivers.
///
/// Unchecked, because the iterator is not `Sendable`: `EdgeBody` promises that one task at a time calls `next`.
private final class RouterBody: EdgeBody, @unchecked Sendable {
  let length: Int?
  private var iterator: RequestBody.AsyncIterator

  init(length: Int?, iterator: RequestBody.AsyncIterator) {
    self.length = length
    self.iterator = iterator
  }

  func next() async throws -> ByteBuffer? {
    try await iterator.next()
  }
}
