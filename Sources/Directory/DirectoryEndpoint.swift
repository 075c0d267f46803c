public import Access
public import Base
public import Edge
public import Identity
public import Ledger
public import Logging
internal import NIOHTTP1
public import Records
internal import Wire

/// Microsoft Graph v1.0, as far as a tenant's identities need it: users, groups, applications, service principals.
///
/// Source: Microsoft, "Microsoft Graph REST API v1.0 endpoint reference".
public struct DirectoryEndpoint: EdgeService {
  public let name = "graph"
  private let table: RouteTable
  private let address: CloudAddress
  private let clock: any WallClock
  private let notes: LedgerNotes?
  private let logger: Logger

  /// `access` decides on each request; `identity` verifies tokens and owns the records; refusals are noted in `notes`.
  public init(
    records: any RecordStore, access: AccessControl, identity: IdentityService, address: CloudAddress, notes: LedgerNotes? = nil,
    clock: any WallClock, random: any RandomSource, logger: Logger
  ) {
    self.init(
      records: records, access: access, identity: identity, verifier: identity, authorizer: access, address: address, notes: notes, clock: clock,
      random: random, logger: logger)
  }

  package init(
    records: any RecordStore, access: AccessControl, identity: IdentityService, verifier: any TokenVerifier, authorizer: any Authorizer,
    address: CloudAddress, notes: LedgerNotes? = nil, clock: any WallClock, random: any RandomSource, logger: Logger
  ) {
    self.address = address
    self.clock = clock
    self.notes = notes
    self.logger = logger
    let services = DirectoryServices(
      records: records, access: access, identity: identity, address: address, clock: clock, random: random, notes: notes)
    let routes =
      UserRoutes(services).routes + GroupRoutes(services).routes + ApplicationRoutes(services).routes
      + ServicePrincipalRoutes(services).routes + ObjectRoutes(services).routes + OrganizationRoutes(services).routes
      + DirectoryRoleRoutes(services).routes
    table = RouteTable(routes, verifier: verifier, authorizer: authorizer, audiences: Self.audiences(address)) { route, routed in
      guard case .action(let action, _) = route.access else { return }
      services.noteRefusal(
        services.call(routed, String(route.pattern.dropFirst(DirectoryServices.version.count)), action.name), code: GraphError.denied.code)
    }
  }

  /// Every route with its guard.
  package var routes: [Route] { table.routes }

  /// The `aud` values of Graph's tokens: this cloud's, and what clients ask for that know Microsoft's only.
  package static func audiences(_ address: CloudAddress) -> [String] {
    [address.url("graph"), "https://graph.microsoft.com", "00000003-0000-0000-c000-000000000000"]
  }

  public func respond(to request: EdgeRequest) async -> EdgeResponse {
    var response: EdgeResponse
    do {
      var normalized = request
      normalized.path = try Self.path(request.path)
      response = try await table.respond(to: normalized)
    } catch {
      response = failure(error, of: request)
    }
    response.headers.replaceOrAdd(name: "request-id", value: request.identifiers.request.description)
    response.headers.replaceOrAdd(name: "x-ms-request-id", value: request.identifiers.request.description)
    response.headers.replaceOrAdd(name: "client-request-id", value: clientRequestID(request) ?? request.identifiers.request.description)
    response.headers.replaceOrAdd(name: "Cache-Control", value: "no-cache")
    response.headers.replaceOrAdd(name: "OData-Version", value: "4.0")
    return response
  }

  /// Checks the version, of which there is one.
  private static func path(_ path: String) throws -> String {
    guard let normalized = GraphPath.normalized(path) else { throw RouteTable.Failure.malformedPath }
    let version = normalized.split(separator: "/").first.map(String.init) ?? ""
    guard version.lowercased() == "v1.0" else { throw GraphError.protocolError("Invalid version: \(percentDecoded(version) ?? "")") }
    return normalized
  }

  private func clientRequestID(_ request: EdgeRequest) -> String? {
    if let text = request.headers.first(name: "client-request-id"), let id = GUID(text) { return id.description }
    return request.identifiers.client
  }

  // MARK: Errors

  private func failure(_ error: any Error, of request: EdgeRequest) -> EdgeResponse {
    let known = cloudError(error, of: request)
    if known.status >= 500 {
      logger.error(
        "graph request failed",
        metadata: [
          "request": "\(request.identifiers.request)", "method": "\(request.method)", "code": "\(known.code)",
          "cause": "\(known.cause.map { String(describing: $0) } ?? known.message)",
        ])
    }
    let json = GraphError.json(known, requestID: request.identifiers.request, clientRequestID: clientRequestID(request), now: clock.now())
    var response = EdgeResponse.graph(json, status: HTTPResponseStatus(statusCode: known.status))
    for (name, value) in known.headers { response.headers.replaceOrAdd(name: name, value: value) }
    return response
  }

  private func cloudError(_ error: any Error, of request: EdgeRequest) -> CloudError {
    switch error {
    case let error as CloudError:
      return error.status == 500
        ? CloudError(500, "InternalServerError", "Unexpected exception returned from the service.", cause: error.cause) : error
    case let failure as RouteTable.Failure: return cloudError(failure, of: request)
    default:
      return CloudError.temporary(error) ?? CloudError(500, "InternalServerError", "Unexpected exception returned from the service.", cause: error)
    }
  }

  private func cloudError(_ failure: RouteTable.Failure, of request: EdgeRequest) -> CloudError {
    switch failure {
    case .notFound:
      let segments = (GraphPath.normalized(request.path) ?? "").split(separator: "/").dropFirst()
      let segment = segments.last.flatMap { percentDecoded($0) } ?? ""
      return GraphError.protocolError("Resource not found for the segment '\(segment)'.")
    case .methodNotAllowed:
      return CloudError(405, "Request_BadRequest", "Specified HTTP method is not allowed for the request target.")
    case .malformedPath: return GraphError.protocolError("The request URI is not valid.")
    case .denied: return GraphError.denied
    case .unauthenticated(let reason):
      if let reason { note(reason, request) }
      let challenge =
        #"Bearer realm="", authorization_uri="\#(address.url("login"))/common/oauth2/authorize", client_id="00000003-0000-0000-c000-000000000000""#
      return CloudError(
        401, "InvalidAuthenticationToken", Self.message(reason), headers: [("WWW-Authenticate", challenge)])
    }
  }

  /// A bad token speaks for nobody.
  private func note(_ reason: TokenError, _ request: EdgeRequest) {
    notes?.note(
      .authenticationFailure, tenant: .zero, subject: "/", request: request.identifiers.request,
      facts: ["service": name, "code": "\(reason)", "method": request.method.rawValue], personal: ["address": request.remoteAddress])
  }

  private static func message(_ reason: TokenError?) -> String {
    switch reason {
    case nil: "Access token is empty."
    case .malformed?: "IDX14100: JWT is not well formed."
    case .expired?: "Lifetime validation failed, the token is expired."
    case .notYetValid?: "Lifetime validation failed, the token is not yet valid."
    case .wrongAudience?: "Access token validation failure. Invalid audience."
    case .wrongIssuer?: "Access token validation failure. Invalid issuer."
    case .wrongAlgorithm?, .unknownKey?, .badSignature?: "Signature validation failed."
    case .unknownPrincipal?: "The identity of the calling application could not be established."
    }
  }
}
