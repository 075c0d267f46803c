internal import Base

/// A request to the token endpoint, read and not yet judged.
struct TokenRequest: Sendable {
  enum Version: Sendable {
    /// `resource` names what the token is for.
    case v1
    /// `scope` does.
    case v2
  }

  var form: TokenForm
  var authority: Authority
  var version: Version
  /// From an `Authorization: Basic` header; nil when there is none.
  var basic: (client: String, secret: String)?
  var remoteAddress: String

  /// The client id, in the body or in the header.
  func clientID() throws -> String {
    if let client = form["client_id"] ?? basic?.client { return client }
    throw OAuthErrors.missingParameter("client_id")
  }

  var clientSecret: String? { form["client_secret"] ?? basic?.secret }

  /// What the token is for; nil when the request does not say, as in polls and redemptions.
  func scope(address: CloudAddress) throws -> TokenScope? {
    if let resource = form["resource"], version == .v1 { return TokenScope(resource: resource) }
    return try form["scope"].map { try TokenScope(parsing: $0, address: address) }
  }
}
