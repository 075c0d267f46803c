package import Edge
package import NIOHTTP1
internal import Wire

/// Finds the route of a request among patterns of whole segments.
package struct RoutePatterns: Sendable {
  /// The segments of each route's pattern, literals in lower case.
  private let routes: [(method: HTTPMethod, segments: [String])]

  /// Segments are literal or `{parameter}`; literals match in any case.
  package init(_ routes: [(method: HTTPMethod, pattern: String)]) {
    self.routes = routes.map { route in
      (route.method, route.pattern.split(separator: "/").map { $0.hasPrefix("{") ? String($0) : $0.lowercased() })
    }
  }

  /// The place of the route, and the decoded values of its parameters.
  package func match(_ request: EdgeRequest) throws(RouteTable.Failure) -> (index: Int, parameters: [String: String]) {
    var segments: [String] = []
    for segment in request.path.split(separator: "/") {
      guard let decoded = percentDecoded(segment) else { throw .malformedPath }
      segments.append(decoded)
    }
    let lowered = segments.map { $0.lowercased() }
    var pathExists = false
    for (index, route) in routes.enumerated() {
      guard let parameters = Self.parameters(of: segments, lowered, in: route.segments) else { continue }
      if route.method == request.method { return (index, parameters) }
      pathExists = true
    }
    throw pathExists ? .methodNotAllowed : .notFound
  }

  private static func parameters(of segments: [String], _ lowered: [String], in pattern: [String]) -> [String: String]? {
    guard segments.count == pattern.count else { return nil }
    var parameters: [String: String] = [:]
    for (index, expected) in pattern.enumerated() {
      if expected.hasPrefix("{") {
        parameters[String(expected.dropFirst().dropLast())] = segments[index]
      } else if lowered[index] != expected {
        return nil
      }
    }
    return parameters
  }
}
