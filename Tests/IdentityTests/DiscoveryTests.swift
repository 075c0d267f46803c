import Access
import Base
import Identity
import NIOHTTP1
import Simulation
import Testing
import Wire

@Suite struct DiscoveryTests {
  @Test func configurationsNameTheEndpointsOfTheirShape() async throws {
    let fixture = try await IdentityFixture()
    let login = "https://login.cocagne.localhost:8443"
    let tenant = fixture.tenant.id.description
    let cases: [(path: String, segment: String, token: String, issuer: String)] = [
      ("/\(tenant)/v2.0", tenant, "/oauth2/v2.0/token", tenant), ("/contoso.example/v2.0", tenant, "/oauth2/v2.0/token", tenant),
      ("/organizations/v2.0", "organizations", "/oauth2/v2.0/token", "{tenantid}"), ("/\(tenant)", tenant, "/oauth2/token", tenant),
      ("/adfs", "adfs", "/oauth2/v2.0/token", "{tenantid}"),
    ]
    for (path, segment, token, issuer) in cases {
      let answer = try await fixture.send(.GET, path + "/.well-known/openid-configuration")
      #expect(answer.status == 200)
      #expect(answer.json["token_endpoint"]?.string == "\(login)/\(segment)\(token)", "\(path)")
      #expect(answer.json["issuer"]?.string == "\(login)/\(issuer)/v2.0")
      for name in ["authorization_endpoint", "device_authorization_endpoint", "jwks_uri"] {
        #expect(answer.json[name]?.string?.hasPrefix("\(login)/\(segment)/") == true)
      }
      let keys = String(try #require(answer.json["jwks_uri"]?.string).dropFirst(login.count))
      let key = try #require(try await fixture.send(.GET, keys).json["keys"]?.array?.first)
      #expect(key["kty"] == "RSA" && key["alg"] == "RS256" && key["d"] == nil)
    }
    #expect(try await fixture.send(.GET, "/unknown.example/v2.0/.well-known/openid-configuration").number == 90002)
    try await fixture.close()
  }

  @Test func instancesAreOurOwnOnly() async throws {
    let fixture = try await IdentityFixture()
    let path = "/common/discovery/instance?api-version=1.1&authorization_endpoint="
    let own = try await fixture.send(.GET, path + percentEncoded("https://login.cocagne.localhost:8443/contoso.example/oauth2/v2.0/authorize"))
    #expect(own.json["tenant_discovery_endpoint"]?.string?.contains(fixture.tenant.id.description) == true)
    #expect(try await fixture.send(.GET, path + percentEncoded("https://evil.example/common/oauth2/authorize")).number == 50049)
    try await fixture.close()
  }

  @Test func everyRouteIsOpenForAReason() async throws {
    let fixture = try await IdentityFixture()
    for route in fixture.endpoint.routes.routes {
      guard case .open(let reason) = route.access else {
        Issue.record("\(route.pattern) asks for a token, but tokens are had here")
        continue
      }
      #expect(!reason.isEmpty)
    }
    try await fixture.close()
  }
}
