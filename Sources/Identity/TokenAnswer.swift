internal import Base
internal import Wire

/// The documents that the token endpoint answers with.
enum TokenAnswer {
  struct UserTokens {
    var accessToken: String
    var refreshToken: String?
    var idToken: String
    var home: User.HomeAccount
  }

  static func application(_ token: String, resource: String, version: TokenRequest.Version, now: Timestamp) -> JSON {
    .object(JSON.Object(common(token, resource: resource, version: version, now: now)))
  }

  static func user(_ tokens: UserTokens, scope: TokenScope, resource: String, version: TokenRequest.Version, now: Timestamp) -> JSON {
    var members = common(tokens.accessToken, resource: resource, version: version, now: now)
    // The request's own scopes: MSAL files the token under them and looks it up by them.
    members.append((name: "scope", value: .string(version == .v1 ? "user_impersonation" : scope.text)))
    if let refresh = tokens.refreshToken { members.append((name: "refresh_token", value: .string(refresh))) }
    if version == .v1 || scope.hasOpenID { members.append((name: "id_token", value: .string(tokens.idToken))) }
    let client: JSON = ["uid": .string(tokens.home.user.description), "utid": .string(tokens.home.tenant.description)]
    members.append((name: "client_info", value: .string(Base64URL.encode(client.bytes))))
    return .object(JSON.Object(members))
  }

  private static func common(
    _ token: String, resource: String, version: TokenRequest.Version, now: Timestamp
  ) -> [(name: String, value: JSON)] {
    let seconds = IdentityLimits.accessTokenSeconds
    switch version {
    case .v2:
      return [
        (name: "token_type", value: "Bearer"), (name: "expires_in", value: .integer(seconds)), (name: "ext_expires_in", value: .integer(seconds)),
        (name: "access_token", value: .string(token)),
      ]
    case .v1:
      // The older protocol writes numbers as strings.
      return [
        (name: "token_type", value: "Bearer"), (name: "expires_in", value: .string(String(seconds))),
        (name: "ext_expires_in", value: .string(String(seconds))), (name: "expires_on", value: .string(String(now.seconds + seconds))),
        (name: "not_before", value: .string(String(now.seconds))), (name: "resource", value: .string(resource)),
        (name: "access_token", value: .string(token)),
      ]
    }
  }
}
