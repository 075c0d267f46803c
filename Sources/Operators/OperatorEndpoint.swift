internal import Access
internal import Base
public import Edge
public import Ledger
public import Logging
internal import NIOCore
internal import NIOHTTP1
internal import Wire

/// The operators' API at `https://operations.<domain>` on the operators' port. Each call is in the ledger, with who made it and how it ended.
public struct OperatorEndpoint: EdgeService {
  public let name = "operations"
  /// Everything that it serves, each with what it demands.
  public let routes: [OperatorRoute]
  private let patterns: RoutePatterns
  private let tokens: OperatorTokens
  private let actions: ActionLog
  private let notes: LedgerNotes?
  private let logger: Logger

  /// Who is refused is noted in `notes`.
  public init(routes: [OperatorRoute], tokens: OperatorTokens, actions: ActionLog, notes: LedgerNotes?, logger: Logger) {
    self.routes = routes
    patterns = RoutePatterns(routes.map { ($0.method, $0.pattern) })
    self.tokens = tokens
    self.actions = actions
    self.notes = notes
    self.logger = logger
  }

  public func respond(to request: EdgeRequest) async -> EdgeResponse {
    var response: EdgeResponse
    do {
      response = try await answer(request)
    } catch {
      let known = error as? CloudError ?? .internalError(error)
      if known.status >= 500 {
        logger.error(
          "operators' request failed",
          metadata: ["request": "\(request.identifiers.request)", "error": "\(known)", "cause": "\(known.cause.map { "\($0)" } ?? "none")"])
      }
      response = OperatorAnswer.json(
        ["error": ["code": .string(known.code), "message": .string(known.message)]], HTTPResponseStatus(statusCode: known.status))
      for (name, value) in known.headers { response.headers.replaceOrAdd(name: name, value: value) }
      if known.status == 401 {
        let challenge = "Bearer authorization_uri=\"\(tokens.address.authority)\", resource=\"\(tokens.address.operations)\""
        response.headers.replaceOrAdd(name: "WWW-Authenticate", value: challenge)
      }
    }
    response.headers.replaceOrAdd(name: "x-ms-request-id", value: request.identifiers.request.description)
    response.headers.replaceOrAdd(name: "Strict-Transport-Security", value: "max-age=31536000; includeSubDomains")
    response.headers.replaceOrAdd(name: "X-Content-Type-Options", value: "nosniff")
    return response
  }

  private func answer(_ request: EdgeRequest) async throws -> EdgeResponse {
    let caller = try await caller(request)
    let (route, parameters) = try match(request)
    if let permission = route.permission, !caller.may(permission) {
      notes?.note(
        .refusal, tenant: .zero, subject: route.pattern, request: request.identifiers.request,
        facts: ["service": name, "method": route.method.rawValue, "permission": permission.rawValue],
        personal: caller.personal.merging(["address": request.remoteAddress]) { $1 })
      throw OperatorErrors.denied(permission)
    }
    let call = OperatorCall(request: request, parameters: parameters, caller: caller, now: tokens.clock.now())
    return try await actions.perform(
      "\(route.method.rawValue) \(route.pattern)", subject: route.pattern,
      personal: caller.personal.merging(["address": request.remoteAddress]) { $1 }, request: request.identifiers.request
    ) { try await route.run(call) }
  }

  private func match(_ request: EdgeRequest) throws -> (OperatorRoute, [String: String]) {
    do {
      let (index, parameters) = try patterns.match(request)
      return (routes[index], parameters)
    } catch {
      switch error {
      case .methodNotAllowed: throw OperatorErrors.methodNotAllowed
      case .malformedPath: throw OperatorErrors.malformedPath
      case .notFound, .unauthenticated, .denied: throw OperatorErrors.notFound
      }
    }
  }

  /// Who calls, before anything is told of what is served.
  private func caller(_ request: EdgeRequest) async throws -> OperatorPrincipal {
    let scheme = "bearer "
    guard let header = request.headers.first(name: "authorization"), header.prefix(scheme.count).lowercased() == scheme else {
      throw OperatorErrors.noToken
    }
    do {
      return try await tokens.principal(bearer: String(header.dropFirst(scheme.count)))
    } catch let error as TokenError {
      notes?.note(
        .authenticationFailure, tenant: .zero, subject: "/operators/calls", request: request.identifiers.request,
        facts: ["service": name, "code": "\(error)"], personal: ["address": request.remoteAddress])
      throw OperatorErrors.badToken
    }
  }
}
