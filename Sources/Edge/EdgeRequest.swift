public import Base
public import NIOCore
public import NIOHTTP1
public import Wire

/// One HTTP request as a service sees it, whichever path through the front door it took.
public struct EdgeRequest: Sendable {
  public var method: HTTPMethod
  /// The path as the client sent it: still percent-encoded, starting with `/`, without the query.
  public var path: String
  /// The query's items in their order, decoded.
  public var query: Query
  public var headers: HTTPHeaders
  /// The `Host` header as sent, with its port if it has one.
  public var authority: String
  /// The lower-cased host name without its port.
  public var host: String
  /// The peer's IP address.
  public var remoteAddress: String
  public var connection: EdgeConnection
  public var identifiers: RequestIdentifiers
  public var body: any EdgeBody

  public init(
    method: HTTPMethod, path: String, query: Query = Query(), headers: HTTPHeaders = [:], authority: String = "", host: String = "",
    remoteAddress: String = "127.0.0.1", connection: EdgeConnection = EdgeConnection(.tls13), identifiers: RequestIdentifiers,
    body: any EdgeBody = EmptyBody()
  ) {
    self.method = method
    self.path = path
    self.query = query
    self.headers = headers
    self.authority = authority
    self.host = host
    self.remoteAddress = remoteAddress
    self.connection = connection
    self.identifiers = identifiers
    self.body = body
  }
}

/// The ids that follow a request through logs, answers and the activity log.
public struct RequestIdentifiers: Sendable {
  /// Made by the platform: `x-ms-request-id`.
  public var request: GUID
  /// The caller's `x-ms-correlation-request-id` where it is well-formed, else the request's.
  public var correlation: GUID
  /// The caller's `x-ms-client-request-id`, at most 1,024 visible characters; echoed.
  public var client: String?

  public init(request: GUID, correlation: GUID? = nil, client: String? = nil) {
    self.request = request
    self.correlation = correlation ?? request
    self.client = client
  }
}

/// The bytes of a request's body, taken as they arrive: nothing is read from the socket until the service asks.
public protocol EdgeBody: Sendable {
  /// The announced length in bytes; nil when the body is chunked.
  var length: Int? { get }
  /// The next piece, or nil at the end. Throws when the client went away or was too slow. Called by one task at a time.
  func next() async throws -> ByteBuffer?
}

public struct EmptyBody: EdgeBody {
  public init() {}
  public var length: Int? { 0 }
  public func next() async throws -> ByteBuffer? { nil }
}

extension EdgeBody {
  /// The whole body when it has at most `limit` bytes; 413 `RequestEntityTooLarge` otherwise.
  public func collect(upTo limit: Int) async throws -> ByteBuffer {
    let tooLarge = CloudError(413, "RequestBodyTooLarge", "The request body is too large and exceeds the maximum permissible limit (\(limit) bytes).")
    if let length, length > limit { throw tooLarge }
    var whole = ByteBuffer()
    while var piece = try await next() {
      guard whole.readableBytes + piece.readableBytes <= limit else { throw tooLarge }
      whole.writeBuffer(&piece)
    }
    return whole
  }
}
