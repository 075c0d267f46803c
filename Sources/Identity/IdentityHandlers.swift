internal import Access
internal import Base
internal import Edge
internal import NIOHTTP1
internal import Records
internal import Wire

/// What the routes of the token service do.
struct IdentityHandlers: Sendable {
  let service: IdentityService

  var routes: [Route] {
    let metadata = RouteAccess.open(reason: "what every client reads before anybody signs in")
    let grant = RouteAccess.open(reason: "the request carries the credentials that a token is given for")
    let page = RouteAccess.open(reason: "a person signs in on this page")
    return [
      Route(.GET, "/{tenant}/v2.0/.well-known/openid-configuration", metadata) { try await configuration($0, .v2) },
      Route(.GET, "/{tenant}/.well-known/openid-configuration", metadata) { try await configuration($0, .v1) },
      Route(.GET, "/{tenant}/discovery/v2.0/keys", metadata) { try await keys($0) },
      Route(.GET, "/{tenant}/discovery/keys", metadata) { try await keys($0) },
      Route(.GET, "/{tenant}/discovery/instance", metadata) { try await instance($0) },
      Route(.GET, "/{tenant}/userrealm/{user}", metadata) { try await userRealm($0) },
      Route(.GET, "/{tenant}/userrealm", metadata) { try await userRealm($0) },
      Route(.POST, "/{tenant}/oauth2/v2.0/token", grant) { try await token($0, .v2) },
      Route(.POST, "/{tenant}/oauth2/token", grant) { try await token($0, .v1) },
      Route(.POST, "/{tenant}/oauth2/v2.0/devicecode", grant) { try await deviceCode($0, .v2) },
      Route(.POST, "/{tenant}/oauth2/devicecode", grant) { try await deviceCode($0, .v1) },
      Route(.GET, "/{tenant}/oauth2/deviceauth", page) { try await DevicePage(service: service).show($0.request) },
      Route(.POST, "/{tenant}/oauth2/deviceauth", page) { try await DevicePage(service: service).submit($0.request) },
      Route(.GET, "/device", page) { try await DevicePage(service: service).show($0.request) },
      Route(.POST, "/device", page) { try await DevicePage(service: service).submit($0.request) },
      Route(.GET, "/{tenant}/oauth2/v2.0/authorize", page) { try await authorize($0, .v2) },
      Route(.POST, "/{tenant}/oauth2/v2.0/authorize", page) { try await authorize($0, .v2) },
      Route(.GET, "/{tenant}/oauth2/authorize", page) { try await authorize($0, .v1) },
      Route(.POST, "/{tenant}/oauth2/authorize", page) { try await authorize($0, .v1) },
      Route(.GET, "/error", page) { ErrorPage.explain($0.request) },
    ]
  }

  private func authority(_ routed: RoutedRequest) async throws -> Authority {
    try await service.authority(routed.parameters["tenant"] ?? "")
  }

  // MARK: Grants

  private func token(_ routed: RoutedRequest, _ version: TokenRequest.Version) async throws -> EdgeResponse {
    let authority = try await authority(routed)
    let request = TokenRequest(
      form: try await TokenForm(reading: routed.request), authority: authority, version: version, basic: try Self.basic(routed.request),
      remoteAddress: routed.request.remoteAddress)
    do {
      return IdentityExchange.document(try await service.token(request))
    } catch let error as CloudError where error.status < 500 {
      await service.noteFailure(error, form: request.form, tenant: authority.tenant, request: routed.request)
      throw error
    }
  }

  /// The client's id and secret of an `Authorization: Basic` header, each form-encoded before base64 (RFC 6749 section 2.3.1).
  private static func basic(_ request: EdgeRequest) throws -> (client: String, secret: String)? {
    guard let header = request.headers.first(name: "authorization"), header.lowercased().hasPrefix("basic ") else { return nil }
    guard let bytes = Base64.decode(String(header.dropFirst("basic ".count))), let colon = bytes.firstIndex(of: UInt8(ascii: ":")),
      let client = percentDecoded(bytes[..<colon], plusIsSpace: true), let secret = percentDecoded(bytes[(colon + 1)...], plusIsSpace: true)
    else { throw OAuthErrors.malformedRequest }
    return (client, secret)
  }

  private func deviceCode(_ routed: RoutedRequest, _ version: TokenRequest.Version) async throws -> EdgeResponse {
    let authority = try await authority(routed)
    let form = try await TokenForm(reading: routed.request)
    return IdentityExchange.document(try await service.beginDeviceAuthorization(form, authority: authority, version: version))
  }

  private func authorize(_ routed: RoutedRequest, _ version: TokenRequest.Version) async throws -> EdgeResponse {
    let page = AuthorizePage(service: service, version: version)
    return try await page.respond(to: routed.request, authoritySegment: routed.parameters["tenant"] ?? "")
  }

  // MARK: Metadata

  private func configuration(_ routed: RoutedRequest, _ version: TokenRequest.Version) async throws -> EdgeResponse {
    let authority = try await authority(routed)
    return IdentityExchange.document(Discovery(address: service.address, authority: authority, version: version).document, isPublic: true)
  }

  private func keys(_ routed: RoutedRequest) async throws -> EdgeResponse {
    let authority = try await authority(routed)
    let issuer = Discovery(address: service.address, authority: authority, version: .v2).issuer
    return IdentityExchange.document(service.signingKeys.keySet(at: service.clock.now(), issuer: issuer), isPublic: true)
  }

  private func instance(_ routed: RoutedRequest) async throws -> EdgeResponse {
    let host = service.address.url("login").dropFirst("https://".count)
    let asked = routed.request.query["authorization_endpoint"] ?? ""
    let prefix = service.address.url("login") + "/"
    guard asked.lowercased().hasPrefix(prefix) else { throw OAuthErrors.unknownInstance }
    let segment = asked.dropFirst(prefix.count).prefix { $0 != "/" }
    let authority = try await service.authority(String(segment))
    return IdentityExchange.document(
      [
        "tenant_discovery_endpoint": "\(prefix)\(authority.segment)/v2.0/.well-known/openid-configuration",
        "api-version": .string(routed.request.query["api-version"]?.bounded ?? "1.1"),
        "metadata": [
          ["preferred_network": .string(String(host)), "preferred_cache": .string(String(host)), "aliases": [.string(String(host))]]
        ],
      ], isPublic: true)
  }

  /// How the users of a domain sign in. It depends on the domain alone, so it tells nothing of who exists.
  private func userRealm(_ routed: RoutedRequest) async throws -> EdgeResponse {
    let user = routed.parameters["user"] ?? routed.request.query["user"] ?? ""
    let domain = user.split(separator: "@").last.map { $0.lowercased() } ?? ""
    let tenant = try await service.records.read { try service.tenant(domain: domain, in: $0) }
    let host = service.address.url("login").dropFirst("https://".count)
    return IdentityExchange.document([
      "ver": "1.0", "account_type": tenant == nil ? "Unknown" : "Managed", "domain_name": .string(domain.bounded),
      "cloud_instance_name": .string(String(host)), "cloud_audience_urn": "urn:federation:MicrosoftOnline",
    ])
  }
}
