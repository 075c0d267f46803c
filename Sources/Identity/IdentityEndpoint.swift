public import Access
internal import Base
public import Edge
public import Logging
internal import NIOCore
internal import NIOHTTP1
internal import Wire

/// The token service on the host `login`, in both shapes of its paths: `/{tenant}`, where the tenant is an id, a domain, `organizations` or `common`,
/// and `/adfs`, which MSAL asks without first asking Microsoft whether the host may be trusted.
public struct IdentityEndpoint: EdgeService {
  public let name = "login"
  /// The routes with their guards: all open, for what is presented here are credentials, not tokens.
  public let routes: RouteTable
  let service: IdentityService
  let logger: Logger

  public init(service: IdentityService, authorizer: any Authorizer, logger: Logger) {
    self.service = service
    self.logger = logger
    let handlers = IdentityHandlers(service: service)
    routes = RouteTable(handlers.routes, verifier: service, authorizer: authorizer, audiences: [])
  }

  public func respond(to request: EdgeRequest) async -> EdgeResponse {
    let exchange = IdentityExchange(request, service: service)
    do {
      return exchange.complete(try await routes.respond(to: request))
    } catch let error as CloudError {
      if error.status >= 500 { log(error, request) }
      return exchange.complete(exchange.answer(error))
    } catch let failure as RouteTable.Failure {
      return exchange.complete(exchange.answer(refusal(failure, request)))
    } catch is CancellationError {
      return exchange.complete(exchange.answer(CloudError.serverBusy()))
    } catch {
      let wrapped = CloudError.internalError(error)
      log(wrapped, request)
      return exchange.complete(exchange.answer(wrapped))
    }
  }

  private func refusal(_ failure: RouteTable.Failure, _ request: EdgeRequest) -> CloudError {
    switch failure {
    case .notFound: return OAuthErrors.notFound
    case .methodNotAllowed:
      let allowed = request.method == .POST ? "GET" : "POST"
      return OAuthErrors.wrongMethod(String(request.method.rawValue.prefix(16)), allowed: allowed)
    case .malformedPath: return OAuthErrors.malformedRequest
    // No route asks for a token.
    case .unauthenticated, .denied: return OAuthErrors.malformedRequest
    }
  }

  private func log(_ error: CloudError, _ request: EdgeRequest) {
    logger.error(
      "login failed",
      metadata: ["request": "\(request.identifiers.request)", "error": "\(error)", "cause": "\(error.cause.map { String(describing: $0) } ?? "")"])
  }
}
