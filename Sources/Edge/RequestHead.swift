package import Base
internal import NIOCore
package import NIOHTTP1
internal import Wire

/// A request's head, taken apart as far as the front door needs it to choose a service and a path.
package struct RequestHead {
  var method: HTTPMethod
  /// Percent-encoded, beginning with `/`.
  var path: Substring
  /// Behind the `?`, still encoded; empty when there is none.
  var query: Substring
  var headers: HTTPHeaders
  var authority: String
  /// The host name without its port, lower-cased; an IPv6 address keeps its brackets.
  package let host: String

  /// Nil when the target is no absolute path, or there is not exactly one `Host`.
  package init?(method: HTTPMethod, target: String, headers: HTTPHeaders, authority: String?) {
    guard let authority, !authority.isEmpty else { return nil }
    self.method = method
    self.headers = headers
    self.authority = authority
    host = Self.host(of: authority)
    guard target.utf8.first == UInt8(ascii: "/") else { return nil }
    let mark = target.utf8.firstIndex(of: UInt8(ascii: "?"))
    path = target[..<(mark ?? target.endIndex)]
    query = mark.map { target[target.utf8.index(after: $0)...] } ?? ""
  }

  package init?(_ head: HTTPRequestHead) {
    let hosts = head.headers["host"]
    guard hosts.count == 1 else { return nil }
    self.init(method: head.method, target: head.uri, headers: head.headers, authority: hosts[0])
  }

  private static func host(of authority: String) -> String {
    let name: Substring
    if authority.hasPrefix("["), let end = authority.firstIndex(of: "]") {
      name = authority[...end]
    } else {
      name = authority.prefix { $0 != ":" }
    }
    return name.lowercased()
  }

  /// The request for a service; nil when the query holds a malformed escape.
  package func request(
    body: any EdgeBody, remoteAddress: String, connection: EdgeConnection = EdgeConnection(.tls13), random: any RandomSource
  ) -> EdgeRequest? {
    guard let items = Query(parsing: query) else { return nil }
    let client = headers.first(name: "x-ms-client-request-id").flatMap { text in
      text.utf8.count <= 1024 && text.utf8.allSatisfy { (0x20..<0x7F).contains($0) } ? text : nil
    }
    let correlation = headers.first(name: "x-ms-correlation-request-id").flatMap { GUID($0) }
    return EdgeRequest(
      method: method, path: String(path), query: items, headers: headers, authority: authority, host: host, remoteAddress: remoteAddress,
      connection: connection, identifiers: RequestIdentifiers(request: random.guid(), correlation: correlation, client: client), body: body)
  }
}

extension EdgeResponse {
  /// What a request gets that is no request for any service. The body is plain text, since no service's wire form applies.
  static func refusal(_ status: HTTPResponseStatus, _ message: String) -> EdgeResponse {
    EdgeResponse(
      status, headers: ["Content-Type": "text/plain; charset=utf-8", "Connection": "close"], body: .bytes(ByteBuffer(string: message + "\n")))
  }

  static let badRequest = refusal(.badRequest, "HTTP Error 400. The request URL or a header is invalid.")
  static let misdirected = refusal(.misdirectedRequest, "HTTP Error 421. No service of this cloud has this host name.")
}

extension Channel {
  /// The peer's IP address, for logs, network rules and the activity log.
  var peerAddress: String {
    remoteAddress?.ipAddress ?? "unknown"
  }
}
