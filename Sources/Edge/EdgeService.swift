public import NIOHTTP1

/// What stands behind a host name.
public protocol EdgeService: Sendable {
  /// For logs, for example `management`.
  var name: String { get }

  /// Whether this request's bodies should take the fast path ahead of the router. Decided on the head alone.
  func prefersFastPath(method: HTTPMethod, path: String, query: Substring) -> Bool

  /// Answers, always: an error is rendered in the service's own wire form.
  func respond(to request: EdgeRequest) async -> EdgeResponse
}

extension EdgeService {
  public func prefersFastPath(method: HTTPMethod, path: String, query: Substring) -> Bool { false }
}
