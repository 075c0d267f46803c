internal import Base
internal import Wire

/// What a client asks of the authorization endpoint, in the URL to which it sends the browser.
///
/// Source: RFC 6749 section 4.1.1; Microsoft identity platform, "OAuth 2.0 authorization code flow".
struct AuthorizationRequest: Sendable {
  enum ResponseMode: String {
    case query
    case fragment
    case formPost = "form_post"
  }

  var client: Client
  var redirectURI: String
  var scope: TokenScope
  var state: String?
  var mode: ResponseMode
  /// S256 of the verifier, base64url.
  var challenge: String?
  /// As received: it goes unchanged into the id token.
  var nonce: String?
  var loginHint: String?
  /// Whether nobody may be asked for anything.
  var isSilent: Bool
}

extension IdentityService {
  /// Reads the request. Throws for one whose answer must not be sent to its redirect URI.
  func authorizationRequest(_ query: Query, authority: Authority, version: TokenRequest.Version) async throws -> AuthorizationRequest {
    for (index, item) in query.items.enumerated() where query.items[..<index].contains(where: { $0.name == item.name }) {
      throw OAuthErrors.malformedRequest
    }
    func required(_ name: String) throws -> String {
      guard let value = query[name], !value.isEmpty else { throw OAuthErrors.missingParameter(name) }
      return value
    }
    let client = try await knownClient(try required("client_id"), authority: authority)
    let redirect = try required("redirect_uri")
    guard client.permitsRedirect(to: redirect) else { throw OAuthErrors.redirectMismatch(client.appID) }
    guard try required("response_type") == "code" else { throw OAuthErrors.unsupportedResponseType }
    guard let mode = AuthorizationRequest.ResponseMode(rawValue: query["response_mode"] ?? "query") else { throw OAuthErrors.malformedRequest }
    let scope: TokenScope
    if version == .v1 {
      scope = TokenScope(resource: try required("resource"))
    } else {
      // The query is decoded with its plus signs kept; in a scope they are spaces.
      scope = try TokenScope(parsing: try required("scope").replacing("+", with: " "), address: address)
    }
    let challenge = query["code_challenge"].flatMap { $0.isEmpty ? nil : $0 }
    guard challenge == nil || (query["code_challenge_method"] == "S256" && challenge?.utf8.count == 43) else { throw OAuthErrors.badChallenge }
    guard challenge != nil || !client.isPublic(redirectURI: redirect) else { throw OAuthErrors.challengeMissing }
    for name in ["state", "nonce"] where (query[name]?.utf8.count ?? 0) > 4096 { throw OAuthErrors.malformedRequest }
    return AuthorizationRequest(
      client: client, redirectURI: redirect, scope: scope, state: query["state"], mode: mode, challenge: challenge, nonce: query["nonce"],
      loginHint: query["login_hint"], isSilent: query["prompt"] == "none")
  }
}
