import Base
import Identity
import Records
import Simulation
import Testing
import Wire

@Suite struct ClientAssertionTests {
  @Test(arguments: ["RS256", "PS256"])
  func aCertificateSignsIn(algorithm: String) async throws {
    let fixture = try await fixtureWithCertificate()
    for (number, segment) in [fixture.tenant.id.description, "adfs", "contoso.example"].enumerated() {
      let endpoint = "\(fixture.address.url("login"))/\(segment)/oauth2/v2.0/token"
      let assertion = try ClientCertificate.registered.assertion(
        client: fixture.application.appID, audience: endpoint, now: fixture.clock.now(), identifier: "\(number)", algorithm: algorithm)
      let answer = try await present(assertion, to: fixture, segment: segment)
      #expect(answer.status == 200, "\(answer.text)")
    }
    try await fixture.close()
  }

  @Test func anAssertionIsGoodForEachResourceOnce() async throws {
    let fixture = try await fixtureWithCertificate()
    let assertion = try self.assertion(fixture, "once")
    #expect(try await present(assertion, to: fixture).status == 200)
    let replayed = try await present(assertion, to: fixture)
    #expect(replayed.number == 700_027)
    #expect(replayed.status == 401)
    // MSAL keeps an assertion for some minutes and asks for other resources with it.
    #expect(try await present(assertion, to: fixture, scope: "https://storage.azure.com/.default").status == 200)
    #expect(try await present(assertion, to: fixture, scope: "https://storage.azure.com//.default").number == 700_027)
    let sameIdentifier = try self.assertion(fixture, "once") { $0.set("extra", "x") }
    #expect(try await present(sameIdentifier, to: fixture, scope: "https://graph.microsoft.com/.default").number == 700_027)

    // The mark outlives a restart of the service.
    let again = try await IdentityFixture.service(fixture.records, fixture.keyring, fixture.address, fixture.clock, fixture.random)
    _ = again
    #expect(try await present(assertion, to: fixture).number == 700_027)
    try await fixture.close()
  }

  @Test func refusalsOfAssertions() async throws {
    let fixture = try await fixtureWithCertificate()
    let now = Double(fixture.clock.now().seconds)
    let good = ClientCertificate.registered
    let endpoint = self.endpoint(fixture)
    let client = fixture.application.appID
    func number(_ assertion: String) async throws -> Int? { try await present(assertion, to: fixture).number }
    var count = 0
    func number(change: (inout TokenParts) -> Void) async throws -> Int? {
      count += 1
      return try await number(try self.assertion(fixture, "changed \(count)", change: change))
    }
    #expect(try await number { $0.set("aud", "https://login.cocagne.localhost:8443/other/oauth2/v2.0/token") } == 700_023)
    #expect(try await number { $0.set("aud", "https://login.microsoftonline.com/\(fixture.tenant.id)/oauth2/v2.0/token") } == 700_023)
    #expect(try await number { $0.set("aud", nil) } == 700_023)
    #expect(try await number { $0.set("iss", "someone") } == 700_021)
    #expect(try await number { $0.set("sub", .string(GUID.zero.description)) } == 700_021)
    #expect(try await number { $0.set("exp", .number(now - 301)) } == 700_024)
    #expect(try await number { $0.set("exp", nil) } == 700_024)
    #expect(try await number { $0.set("exp", .number(now + 90_000)) } == 700_024)
    #expect(try await number { $0.set("exp", .number(1e300)) } == 700_024)
    #expect(try await number { $0.set("nbf", .number(now + 301)) } == 700_024)
    #expect(try await number { $0.set("iat", .number(now + 301)) } == 700_024)
    #expect(try await number { $0.set("jti", nil) } == 50027)
    #expect(try await number { $0.setHeader("alg", "none") } == 700_027)
    #expect(try await number { $0.setHeader("alg", "HS256") } == 700_027)
    #expect(try await number { $0.setHeader("alg", "PS256") } == 700_027)
    #expect(try await number { $0.setHeader("x5t", nil) } == 700_027)
    #expect(try await number("garbage") == 50027)

    let other = try ClientCertificate.other.assertion(client: client, audience: endpoint, now: fixture.clock.now(), identifier: "other")
    #expect(try await number(other) == 700_027, "an unregistered certificate")
    let registeredName = try TokenParts(try self.assertion(fixture, "name")).header["x5t"]
    let forged = try ClientCertificate.other.assertion(
      client: client, audience: endpoint, now: fixture.clock.now(), identifier: "forged", header: ["x5t": try #require(registeredName)])
    #expect(try await number(forged) == 700_027, "another key under the name of the registered certificate")

    var tampered = try TokenParts(try self.assertion(fixture, "tampered"))
    tampered.set("jti", "new")
    #expect(try await number(tampered.text) == 700_027)
    fixture.clock.set(Timestamp(seconds: 1_900_000_001))
    let late = try good.assertion(client: client, audience: endpoint, now: fixture.clock.now(), identifier: "late")
    #expect(try await number(late) == 700_027, "the certificate has ended")
    try await fixture.close()
  }

  @Test func onlyStrongCertificatesAreTaken() async throws {
    #expect(throws: CloudError.self) { try KeyCredential(keyID: .zero, displayName: nil, certificateDER: [1, 2, 3]) }
    #expect(throws: CloudError.self) {
      try KeyCredential(keyID: .zero, displayName: nil, certificateDER: ClientCertificate.registered.der, start: Timestamp(seconds: 1_900_000_000))
    }
    let credential = try KeyCredential(keyID: .zero, displayName: nil, certificateDER: ClientCertificate.registered.der)
    #expect(credential.start == Timestamp(seconds: 1_790_000_000))
    #expect(credential.end == Timestamp(seconds: 1_900_000_000))
    #expect(credential.certificateDER == ClientCertificate.registered.der)
  }

  // MARK: Helpers

  private func fixtureWithCertificate() async throws -> IdentityFixture {
    let fixture = try await IdentityFixture()
    let (service, id, tenant) = (fixture.service, fixture.application.id, fixture.tenant.id)
    try await fixture.records.write {
      try service.addKey(certificateDER: ClientCertificate.registered.der, toApplication: id, tenant: tenant, displayName: nil, in: $0)
    }
    return fixture
  }

  private func endpoint(_ fixture: IdentityFixture) -> String {
    "\(fixture.address.url("login"))/\(fixture.tenant.id)/oauth2/v2.0/token"
  }

  private func assertion(
    _ fixture: IdentityFixture, _ identifier: String, change: (inout TokenParts) -> Void = { _ in }
  ) throws -> String {
    try ClientCertificate.registered.assertion(
      client: fixture.application.appID, audience: endpoint(fixture), now: fixture.clock.now(), identifier: identifier, change: change)
  }

  private func present(
    _ assertion: String, to fixture: IdentityFixture, segment: String? = nil, scope: String? = nil
  ) async throws -> Answer {
    try await fixture.clientCredentials(
      [
        ("client_secret", ""), ("client_assertion", assertion),
        ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"), ("scope", scope ?? fixture.management + "/.default"),
      ], tenant: segment)
  }
}
