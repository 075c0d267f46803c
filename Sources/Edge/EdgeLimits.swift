/// The bounds that the front door enforces on every connection.
public struct EdgeLimits: Sendable {
  /// Open connections; further ones wait in the kernel's queue.
  public var maximumConnections = 4096
  /// Bytes of one header field, and of the request line.
  public var maximumHeaderFieldBytes = 32 << 10
  /// Bytes of all header fields together.
  public var maximumHeaderListBytes = 64 << 10
  public var maximumHeaderFields = 128
  /// From accepting a connection to the end of the first request's head, with the TLS handshake between them.
  public var firstHeadSeconds: Int64 = 15
  /// From the end of an answer to the end of the next request's head.
  public var keepAliveSeconds: Int64 = 75
  /// How often the progress of a body or an answer is looked at.
  public var progressIntervalSeconds: Int64 = 30
  /// Bytes that a body or an answer must move in each interval in which the other side was waited for.
  public var minimumProgressBytes = 16 << 10
  /// Body bytes held for a service that is slower than its client, before the socket is no longer read.
  public var bodyHighWaterBytes = 512 << 10
  /// Unread body that is thrown away after an early answer to keep the connection; with more, the connection is closed.
  public var maximumDrainedBytes = 4 << 20
  /// How long a connection that will be closed goes on taking what the client still sends, so that the client reads the answer.
  public var lingerSeconds: Int64 = 2

  public init() {}
}
