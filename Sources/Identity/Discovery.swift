internal import Base
internal import Wire

/// The openid-configuration of an authority.
///
/// Source: OpenID Connect Discovery 1.0; Microsoft identity platform, "OpenID Connect", metadata document.
struct Discovery {
  let address: CloudAddress
  let authority: Authority
  let version: TokenRequest.Version

  /// The `iss` of the tokens; with `{tenantid}` in its place where the authority names no tenant, as in Entra.
  var issuer: String {
    "\(address.url("login"))/\(authority.tenant?.id.description ?? "{tenantid}")/v2.0"
  }

  var document: JSON {
    let base = "\(address.url("login"))/\(authority.segment)"
    // The adfs authority has no v2.0 in the path of its configuration, but MSAL sends it v2 requests.
    let isV2 = version == .v2 || authority.segment == "adfs"
    let oauth = base + (isV2 ? "/oauth2/v2.0" : "/oauth2")
    return [
      "issuer": .string(issuer),
      "authorization_endpoint": .string(oauth + "/authorize"),
      "token_endpoint": .string(oauth + "/token"),
      "device_authorization_endpoint": .string(oauth + "/devicecode"),
      "jwks_uri": .string(base + (isV2 ? "/discovery/v2.0/keys" : "/discovery/keys")),
      "token_endpoint_auth_methods_supported": ["client_secret_post", "private_key_jwt", "client_secret_basic"],
      "token_endpoint_auth_signing_alg_values_supported": ["RS256", "PS256"],
      "response_modes_supported": ["query", "fragment", "form_post"],
      "response_types_supported": ["code"],
      "grant_types_supported": [
        "authorization_code", "client_credentials", "password", "refresh_token", "urn:ietf:params:oauth:grant-type:device_code",
      ],
      "code_challenge_methods_supported": ["S256"],
      "subject_types_supported": ["pairwise"],
      "id_token_signing_alg_values_supported": ["RS256"],
      "scopes_supported": ["openid", "profile", "email", "offline_access"],
      "request_uri_parameter_supported": false,
      "claims_supported": [
        "sub", "iss", "aud", "exp", "iat", "nbf", "nonce", "preferred_username", "name", "tid", "oid", "upn", "email", "ver", "uti",
      ],
      "tenant_region_scope": .null,
      "cloud_instance_name": .string(String(address.url("login").dropFirst("https://".count))),
      "cloud_graph_host_name": .string(String(address.url("graph").dropFirst("https://".count))),
      "msgraph_host": .string(String(address.url("graph").dropFirst("https://".count))),
    ]
  }
}
