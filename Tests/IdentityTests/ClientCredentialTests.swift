import Base
import Identity
import NIOHTTP1
import Records
import Simulation
import Testing
import Wire

@Suite struct ClientCredentialTests {
  @Test func bothShapesOfTheAuthorityAndBothVersionsAnswer() async throws {
    let fixture = try await IdentityFixture()
    for segment in [fixture.tenant.id.description, "contoso.example", "CONTOSO.TEST", "adfs", "organizations"] {
      #expect(try await fixture.clientCredentials(tenant: segment).status == 200, "\(segment)")
    }
    for path in ["/\(fixture.tenant.id)/oauth2/token", "/adfs/oauth2/token"] {
      let answer = try await fixture.post(
        path,
        [
          ("grant_type", "client_credentials"), ("client_id", fixture.application.appID.description), ("client_secret", fixture.secret),
          ("resource", "https://storage.azure.com"),
        ])
      #expect(answer.json["expires_in"] == "3599", "the older protocol writes numbers as strings")
      #expect(answer.json["resource"] == "https://storage.azure.com")
      _ = try await fixture.verify(try answer.token, "https://storage.azure.com/")
    }
    try await fixture.close()
  }

  @Test func theSecretMayComeInTheAuthorizationHeader() async throws {
    let fixture = try await IdentityFixture()
    let pair = "\(fixture.application.appID):\(percentEncoded(fixture.secret))"
    let form = [("grant_type", "client_credentials"), ("scope", fixture.management + ".default")]
    let path = "/\(fixture.tenant.id)/oauth2/v2.0/token"
    let good = try await fixture.post(path, form, headers: ["Authorization": "Basic \(Base64.encode(pair.utf8))"])
    #expect(good.status == 200)
    let bad = try await fixture.post(path, form, headers: ["Authorization": "Basic \(Base64.encode((pair + "x").utf8))"])
    #expect(bad.number == 7_000_215)
    #expect(bad.status == 401)
    #expect(bad.headers.contains(name: "www-authenticate"))
    try await fixture.close()
  }

  @Test func refusalsHaveEntrasNumbers() async throws {
    let fixture = try await IdentityFixture()
    let stranger = GUID(high: 1, low: 2).description
    let cases: [(fields: [(String, String)], tenant: String?, error: String, number: Int, status: Int)] = [
      ([("client_secret", "wrong")], nil, "invalid_client", 7_000_215, 401),
      ([("client_secret", "")], nil, "invalid_client", 7_000_216, 401),
      ([("client_id", stranger)], nil, "unauthorized_client", 700_016, 400),
      ([("client_id", "not-a-guid")], nil, "unauthorized_client", 700_016, 400),
      ([("client_id", "")], nil, "invalid_request", 900_144, 400),
      ([("client_id", FirstPartyApplication.azureCLI.description)], nil, "invalid_client", 700_025, 401),
      ([("grant_type", "")], nil, "invalid_request", 900_144, 400),
      ([("grant_type", "magic")], nil, "unsupported_grant_type", 70003, 400),
      ([("scope", "")], nil, "invalid_request", 900_144, 400),
      ([("scope", "https://unknown.example/.default")], nil, "invalid_resource", 500_011, 400),
      ([("scope", fixture.management + "user_impersonation")], nil, "invalid_scope", 1_002_012, 400),
      ([("scope", "a b c/d e<f")], nil, "invalid_scope", 70011, 400),
      ([("scope", "https://a.example/.default https://b.example/.default")], nil, "invalid_scope", 28000, 400),
      ([("client_assertion", "x")], nil, "invalid_request", 90023, 400),
      ([], stranger, "invalid_request", 90002, 400),
      ([], "unknown.example", "invalid_request", 90002, 400),
      ([], "consumers", "invalid_request", 90002, 400),
    ]
    for (fields, tenant, error, number, status) in cases {
      let answer = try await fixture.clientCredentials(fields, tenant: tenant)
      #expect(answer.error == error && answer.number == number && answer.status == status, "\(fields) \(answer.status) \(answer.text)")
      #expect(answer.json["error_description"]?.string?.hasPrefix("AADSTS\(number): ") == true)
      for member in ["timestamp", "trace_id", "correlation_id", "error_uri"] { #expect(answer.json[member]?.string != nil) }
      #expect(answer.headers.contains(name: "x-ms-request-id"))
      #expect(!answer.text.contains(fixture.secret))
    }
    try await fixture.close()
  }

  @Test func anApplicationOfAnotherTenantIsUnknownHere() async throws {
    let fixture = try await IdentityFixture()
    let other = try await fixture.makeTenant("Fabrikam")
    #expect(try await fixture.clientCredentials(tenant: other.id.description).number == 700_016)
    try await fixture.close()
  }

  @Test func secretsBeginAndEndAndOthersOfTheSameApplicationGoOn() async throws {
    let fixture = try await IdentityFixture()
    let now = fixture.clock.now()
    let (credential, later) = try await fixture.service.addPassword(
      toApplication: fixture.application.id, tenant: fixture.tenant.id, displayName: nil, start: now.advanced(by: .seconds(3600)),
      end: now.advanced(by: .seconds(7200)))
    #expect(later.count == 40)
    #expect(credential.hint == String(later.prefix(3)))
    #expect(!credential.hash.contains(later))
    #expect(try await fixture.clientCredentials([("client_secret", later)]).number == 7_000_222)
    fixture.clock.advance(by: .seconds(3600))
    #expect(try await fixture.clientCredentials([("client_secret", later)]).status == 200)
    fixture.clock.advance(by: .seconds(3600))
    #expect(try await fixture.clientCredentials([("client_secret", later)]).number == 7_000_222)
    #expect(try await fixture.clientCredentials().status == 200)
    try await fixture.close()
  }

  @Test func aServicePrincipalsOwnSecretWorksAndADisabledOneDoesNotSignIn() async throws {
    let fixture = try await IdentityFixture()
    let service = fixture.service
    let (_, own) = try await service.addPassword(toServicePrincipal: fixture.principal.id, tenant: fixture.tenant.id, displayName: nil)
    #expect(try await fixture.clientCredentials([("client_secret", own)]).status == 200)
    let (id, tenant) = (fixture.principal.id, fixture.tenant.id)
    try await fixture.records.write { transaction in
      var principal = try #require(try service.servicePrincipal(id, tenant: tenant, in: transaction))
      principal.accountEnabled = false
      try service.updateServicePrincipal(principal, in: transaction)
    }
    #expect(try await fixture.clientCredentials([("client_secret", own)]).number == 7_000_112)
    #expect(try await fixture.clientCredentials([("client_secret", "wrong")]).number == 7_000_215)
    try await fixture.records.write { try service.deleteServicePrincipal(id, tenant: tenant, in: $0) }
    #expect(try await fixture.clientCredentials().number == 7_000_229)
    try await fixture.close()
  }

  @Test func tooManyWrongSecretsFromOneAddressAreHeldBackThereOnly() async throws {
    let fixture = try await IdentityFixture()
    for attempt in 0..<IdentityLimits.maximumApplicationFailures {
      #expect(try await fixture.clientCredentials([("client_secret", "wrong \(attempt)")]).status == 401)
    }
    let held = try await fixture.clientCredentials()
    #expect(held.status == 429)
    #expect(held.number == 50196)
    #expect(held.headers.first(name: "retry-after").flatMap { Int($0) }.map { (1...61).contains($0) } == true)
    #expect(try await fixture.clientCredentials(from: "192.0.2.1").status == 200)
    fixture.clock.advance(by: .seconds(IdentityLimits.lockoutSeconds + 1))
    #expect(try await fixture.clientCredentials().status == 200)
    try await fixture.close()
  }

  @Test func theSameWrongSecretAgainIsAMachineAndNotAGuesser() async throws {
    let fixture = try await IdentityFixture()
    for _ in 0..<(2 * IdentityLimits.maximumApplicationFailures) {
      #expect(try await fixture.clientCredentials([("client_secret", "rotated away")]).status == 401)
    }
    #expect(try await fixture.clientCredentials().status == 200)
    try await fixture.close()
  }

  @Test func everyNameOfAServiceIsAResourceAndNoOther() async throws {
    let fixture = try await IdentityFixture()
    let names = [
      "https://management.cocagne.localhost:8443/", "https://management.cocagne.localhost:8443", "https://management.azure.com/",
      "https://management.core.windows.net/", "https://graph.cocagne.localhost:8443", "https://graph.microsoft.com", "https://storage.azure.com",
      "https://acct.blob.core.cocagne.localhost:8443", "https://acct-secondary.queue.core.cocagne.localhost:8443/",
      "https://vault.cocagne.localhost:8443", fixture.application.appID.description,
    ]
    for name in names {
      let answer = try await fixture.clientCredentials([("scope", name + "/.default")])
      #expect(answer.status == 200, "\(name) \(answer.text)")
      #expect(try TokenParts(try answer.token).payload["aud"]?.string == name)
    }
    let byID = try await fixture.clientCredentials([("scope", "\(FirstPartyApplication.resourceManager)/.default")])
    #expect(try TokenParts(try byID.token).payload["aud"]?.string == fixture.management)
    for name in [
      "https://management.cocagne.localhost", "http://management.cocagne.localhost:8443", "https://evil.blob.core.cocagne.localhost:8443.example",
      "https://a.b.blob.core.cocagne.localhost:8443", "https://blob.core.cocagne.localhost:8443", "https://acct.evil.core.cocagne.localhost:8443",
      "api://robot",
    ] {
      #expect(try await fixture.clientCredentials([("scope", name + "/.default")]).number == 500_011, "\(name)")
    }
    let (service, id, tenant) = (fixture.service, fixture.application.id, fixture.tenant.id)
    try await fixture.records.write { transaction in
      var application = try #require(try service.application(id, tenant: tenant, in: transaction))
      application.identifierURIs = ["api://robot"]
      try service.updateApplication(application, in: transaction)
    }
    #expect(try await fixture.clientCredentials([("scope", "api://robot/.default")]).status == 200)
    try await fixture.close()
  }

  @Test func malformedFormsAreRefused() async throws {
    let fixture = try await IdentityFixture()
    let path = "/\(fixture.tenant.id)/oauth2/v2.0/token"
    #expect(try await fixture.send(.POST, path, body: "{}", contentType: "application/json").number == 900_144)
    #expect(try await fixture.send(.POST, path, body: "grant_type=password&grant_type=refresh_token").number == 9_002_313)
    #expect(try await fixture.send(.POST, path, body: "grant_type=%zz").number == 9_002_313)
    #expect(try await fixture.send(.POST, path, body: "grant_type=%ff").number == 9_002_313)
    #expect(try await fixture.send(.POST, path, body: "grant_type=a%00b").number == 9_002_313)
    let large = try await fixture.send(.POST, path, body: "grant_type=" + String(repeating: "a", count: IdentityLimits.maximumFormBytes))
    #expect(large.status == 413)
    let many = (0...IdentityLimits.maximumFormFields).map { "f\($0)=1" }.joined(separator: "&")
    #expect(try await fixture.send(.POST, path, body: many).number == 9_002_313)
    let wrongMethod = try await fixture.send(.GET, path)
    #expect(wrongMethod.number == 900_561)
    #expect(try await fixture.send(.GET, "/nothing").status == 404)
    try await fixture.close()
  }

  @Test func theCallersIDComesBackWhenAskedFor() async throws {
    let fixture = try await IdentityFixture()
    let id = "6f1d6d3a-6b2e-4c7e-9d5a-000000000001"
    let path = "/\(fixture.tenant.id)/oauth2/v2.0/token"
    let asked = try await fixture.post(path, [], headers: ["client-request-id": id, "return-client-request-id": "true"])
    #expect(asked.headers.first(name: "client-request-id") == id)
    #expect(asked.json["correlation_id"]?.string == id)
    let silent = try await fixture.post(path, [], headers: ["client-request-id": id])
    #expect(!silent.headers.contains(name: "client-request-id"))
    try await fixture.close()
  }
}
