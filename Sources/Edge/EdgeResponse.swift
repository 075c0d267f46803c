public import NIOCore
public import NIOHTTP1

/// An answer. The front door adds `Date`, `Server` and the length of the body; the service sets everything else.
public struct EdgeResponse: Sendable {
  public var status: HTTPResponseStatus
  public var headers: HTTPHeaders
  public var body: Body

  public enum Body: Sendable {
    case bytes(ByteBuffer)
    /// `length` bytes (nil: it shows at the end) that are fetched as the client takes them. A source that fails midway closes the connection, so that the client sees it.
    case stream(length: Int?, any EdgeBodySource)
    /// The answer to HEAD: no bytes, but the length that GET would have.
    case head(length: Int)
  }

  public init(_ status: HTTPResponseStatus, headers: HTTPHeaders = [:], body: Body = .bytes(ByteBuffer())) {
    self.status = status
    self.headers = headers
    self.body = body
  }
}

/// Where the bytes of a streamed answer come from.
public protocol EdgeBodySource: Sendable {
  /// The next piece, or nil at the end. Called by one task at a time.
  func next() async throws -> ByteBuffer?
}
