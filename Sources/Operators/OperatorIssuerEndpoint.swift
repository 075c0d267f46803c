internal import Access
internal import Base
public import Edge
internal import Identity
public import Ledger
public import Logging
internal import NIOHTTP1
internal import Wire

/// The issuer of operators' tokens, at `https://operators.<domain>` on the operators' port: what MSAL asks of an authority, for certificates alone.
///
/// Source: OpenID Connect Discovery 1.0; RFC 7523; Microsoft identity platform, "OAuth 2.0 client credentials flow".
public struct OperatorIssuerEndpoint: EdgeService {
  public let name = "operators"
  private let tokens: OperatorTokens
  private let notes: LedgerNotes?
  private let logger: Logger

  private static let assertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

  private enum Page: CaseIterable {
    case configuration, keys, token

    var route: (method: HTTPMethod, pattern: String) {
      switch self {
      case .configuration: (.GET, "/operators/v2.0/.well-known/openid-configuration")
      case .keys: (.GET, "/operators/discovery/v2.0/keys")
      case .token: (.POST, "/operators/oauth2/v2.0/token")
      }
    }
  }

  private static let patterns = RoutePatterns(Page.allCases.map(\.route))

  /// What it serves, all of it to callers without a token: documents for everybody, and what a token is had by.
  public static var routes: [(method: String, pattern: String)] { Page.allCases.map { ($0.route.method.rawValue, $0.route.pattern) } }

  /// Refused sign-ins are noted in `notes`.
  public init(tokens: OperatorTokens, notes: LedgerNotes?, logger: Logger) {
    self.tokens = tokens
    self.notes = notes
    self.logger = logger
  }

  public func respond(to request: EdgeRequest) async -> EdgeResponse {
    let exchange = IdentityExchange(request, url: tokens.address.issuerURL, clock: tokens.clock)
    do {
      switch Page.allCases[try Self.patterns.match(request).index] {
      case .configuration: return exchange.complete(IdentityExchange.document(configuration, isPublic: true))
      case .keys: return exchange.complete(IdentityExchange.document(try await tokens.keySet(), isPublic: true))
      case .token: return exchange.complete(IdentityExchange.document(try await token(request)))
      }
    } catch let failure as RouteTable.Failure {
      return exchange.complete(exchange.answer(Self.refusal(failure, request)))
    } catch let error as CloudError {
      if error.status >= 500 { log(error, request) }
      return exchange.complete(exchange.answer(error))
    } catch is CancellationError {
      return exchange.complete(exchange.answer(CloudError.serverBusy()))
    } catch {
      let wrapped = CloudError.internalError(error)
      log(wrapped, request)
      return exchange.complete(exchange.answer(wrapped))
    }
  }

  private static func refusal(_ failure: RouteTable.Failure, _ request: EdgeRequest) -> CloudError {
    switch failure {
    case .notFound: return OAuthErrors.notFound
    case .methodNotAllowed:
      return OAuthErrors.wrongMethod(String(request.method.rawValue.prefix(16)), allowed: request.method == .POST ? "GET" : "POST")
    case .malformedPath, .unauthenticated, .denied: return OAuthErrors.malformedRequest
    }
  }

  private func log(_ error: CloudError, _ request: EdgeRequest) {
    logger.error(
      "operators' sign-in failed",
      metadata: ["request": "\(request.identifiers.request)", "error": "\(error)", "cause": "\(error.cause.map { String(describing: $0) } ?? "")"])
  }

  // MARK: The token

  private func token(_ request: EdgeRequest) async throws -> JSON {
    let form = try await TokenForm(reading: request)
    do {
      let token = try await token(form, request)
      let seconds = JSON.integer(OperatorLimits.tokenSeconds)
      return ["token_type": "Bearer", "expires_in": seconds, "ext_expires_in": seconds, "access_token": .string(token)]
    } catch let error as CloudError where error.status < 500 {
      note(error, form, request)
      throw error
    }
  }

  private func token(_ form: TokenForm, _ request: EdgeRequest) async throws -> String {
    let grant = try form.required("grant_type")
    guard grant == "client_credentials" else { throw OAuthErrors.unsupportedGrant(grant) }
    let client = try form.required("client_id")
    let scope = try TokenScope(parsing: try form.required("scope"), address: tokens.address.cloud)
    guard let resource = scope.resource else { throw OAuthErrors.missingParameter("scope") }
    guard scope.isDefault else { throw OAuthErrors.scopeNotDefault(scope.text) }
    // A secret is no credential here.
    guard let assertion = form["client_assertion"] else { throw OAuthErrors.credentialRequired }
    guard try form.required("client_assertion_type") == Self.assertionType else { throw OAuthErrors.malformedAssertion }
    return try await tokens.signIn(
      client: client, assertion: assertion, resource: resource, request: request.identifiers.request, remoteAddress: request.remoteAddress)
  }

  /// Whoever fails to sign in has proved nothing: of what was sent, an id alone is kept, and only where it has the form of one.
  private func note(_ error: CloudError, _ form: TokenForm, _ request: EdgeRequest) {
    var facts = ["service": "operators", "code": "AADSTS\(error.aadstsNumber)"]
    if let client = form["client_id"].flatMap({ GUID($0) }) { facts["client"] = client.description }
    notes?.note(
      .authenticationFailure, tenant: .zero, subject: "/operators/signIns", request: request.identifiers.request, facts: facts,
      personal: ["address": request.remoteAddress])
  }

  // MARK: Metadata

  private var configuration: JSON {
    let address = tokens.address
    return [
      "issuer": .string(address.issuer), "token_endpoint": .string(address.tokenEndpoint),
      // MSAL wants one, though nobody signs in by a page.
      "authorization_endpoint": .string(address.authority + "/oauth2/v2.0/authorize"),
      "jwks_uri": .string(address.authority + "/discovery/v2.0/keys"), "token_endpoint_auth_methods_supported": ["private_key_jwt"],
      "token_endpoint_auth_signing_alg_values_supported": ["PS256", "RS256", "ES256", "ES384"], "response_types_supported": ["token"],
      "grant_types_supported": ["client_credentials"], "subject_types_supported": ["public"], "id_token_signing_alg_values_supported": ["RS256"],
      "scopes_supported": [.string(address.operations + "/.default")],
      "claims_supported": ["sub", "iss", "aud", "exp", "iat", "nbf", "oid", "appid", "azp", "idtyp", "certificate", "ver", "uti"],
    ]
  }
}
