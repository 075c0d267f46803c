public import Base
public import Edge
public import NIOHTTP1

/// One route with the permission that it needs: a route cannot be written without one.
public struct Route: Sendable {
  public typealias Handler = @Sendable (RoutedRequest) async throws -> EdgeResponse

  public var method: HTTPMethod
  /// Segments that are literal or `{parameter}`; literals match in any case: `/v1.0/users/{id}`.
  public var pattern: String
  public var access: RouteAccess
  public var handler: Handler

  public init(_ method: HTTPMethod, _ pattern: String, _ access: RouteAccess, handler: @escaping Handler) {
    self.method = method
    self.pattern = pattern
    self.access = access
    self.handler = handler
  }
}

/// What a route demands of its caller before its handler runs.
public enum RouteAccess: Sendable {
  /// Anybody; the reason says why that is right. A test holds the list of these against a golden file.
  case open(reason: String)
  /// Anybody with a valid token.
  case authenticated(reason: String)
  /// A principal that `Authorizer.decide` allows the action on this path of its own tenant (see `AccessScope.path`).
  case action(Action, on: String)
}

/// A request that matched a route and passed its guard.
public struct RoutedRequest: Sendable {
  public var request: EdgeRequest
  /// The decoded values of the pattern's parameters.
  public var parameters: [String: String]
  /// Anonymous on open routes.
  public var principal: Principal

  public init(request: EdgeRequest, parameters: [String: String], principal: Principal) {
    self.request = request
    self.parameters = parameters
    self.principal = principal
  }
}

/// A service's routes, and the one place where their guards are applied.
public struct RouteTable: Sendable {
  public let routes: [Route]
  private let patterns: RoutePatterns
  private let verifier: any TokenVerifier
  private let authorizer: any Authorizer
  private let audiences: [String]
  private let onDenial: (@Sendable (Route, RoutedRequest) -> Void)?

  /// `audiences` are the `aud` values that this service's tokens may carry. `onDenial` learns of each caller whom a guard denies a route.
  public init(
    _ routes: [Route], verifier: any TokenVerifier, authorizer: any Authorizer, audiences: [String],
    onDenial: (@Sendable (Route, RoutedRequest) -> Void)? = nil
  ) {
    self.routes = routes
    patterns = RoutePatterns(routes.map { ($0.method, $0.pattern) })
    self.verifier = verifier
    self.authorizer = authorizer
    self.audiences = audiences
    self.onDenial = onDenial
  }

  public enum Failure: Error, Sendable {
    /// No route has this path.
    case notFound
    /// The path exists, but not for this method.
    case methodNotAllowed
    /// The path holds a malformed escape.
    case malformedPath
    /// The route needs a token and none, or a bad one, came. Nil when none came.
    case unauthenticated(TokenError?)
    case denied(Action)
  }

  /// Finds the route, applies its guard and runs it. Throws `Failure`, or what the handler throws.
  public func respond(to request: EdgeRequest) async throws -> EdgeResponse {
    let (route, parameters) = try match(request)
    let principal = try await admit(request, to: route, parameters)
    return try await route.handler(RoutedRequest(request: request, parameters: parameters, principal: principal))
  }

  private func match(_ request: EdgeRequest) throws -> (Route, [String: String]) {
    let (index, parameters) = try patterns.match(request)
    return (routes[index], parameters)
  }

  private func admit(_ request: EdgeRequest, to route: Route, _ parameters: [String: String]) async throws -> Principal {
    if case .open = route.access { return Principal(kind: .anonymous, tenant: .zero) }
    let principal = try await request.bearerPrincipal(verifier: verifier, audiences: audiences)
    if case .action(let action, let path) = route.access {
      let scope = AccessScope(tenant: principal.tenant, path: path)
      guard try await authorizer.decide(principal, action, on: scope) == .allowed else {
        onDenial?(route, RoutedRequest(request: request, parameters: parameters, principal: principal))
        throw Failure.denied(action)
      }
    }
    return principal
  }
}

extension EdgeRequest {
  /// The principal of the `Authorization: Bearer` token. Throws `RouteTable.Failure.unauthenticated`.
  public func bearerPrincipal(verifier: any TokenVerifier, audiences: [String]) async throws -> Principal {
    guard let header = headers.first(name: "authorization"), header.prefix("bearer ".count).lowercased() == "bearer " else {
      throw RouteTable.Failure.unauthenticated(nil)
    }
    do {
      return try await verifier.principal(bearer: String(header.dropFirst("bearer ".count)), audiences: audiences)
    } catch let error as TokenError {
      throw RouteTable.Failure.unauthenticated(error)
    }
  }
}
