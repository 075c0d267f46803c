import Access
import Base
import Crypto
import CryptoExtras
import Edge
import Identity
import Ledger
import Logging
import NIOHTTP1
import Operators
import Records
import Simulation
import Testing
import Wire

@Suite struct OperatorTokenTests {
  @Test func aCertificateSignsInAndTheCallerIsKnown() async throws {
    let fixture = try await OperatorFixture()
    let key = OperatorKey()
    let person = try await fixture.add(key, roles: [.support])
    let reply = await fixture.call(.GET, "/whoami", token: try await fixture.signIn(person, key))
    #expect(reply.status == 200)
    #expect(reply.json["id"]?.string == person.id.description)
    #expect(reply.json["roles"]?.array?.map(\.string) == ["support"])
    let entries = try await fixture.entries()
    let signIn = try #require(entries.first { $0.facts["operation"] == "operator sign-in" })
    #expect(signIn.subject == "/operators/\(person.id)" && signIn.personal["caller"] == person.email && signIn.outcome == .succeeded)
    try await fixture.close()
  }

  @Test func theIssuerSaysWhereItsKeysAndItsTokensAre() async throws {
    let fixture = try await OperatorFixture()
    let document = await fixture.send(fixture.issuer, .GET, "/operators/v2.0/.well-known/openid-configuration").json
    #expect(document["issuer"]?.string == "https://operators.cocagne.localhost:8444/operators/v2.0")
    #expect(document["token_endpoint"]?.string == fixture.address.tokenEndpoint)
    let keys = await fixture.send(fixture.issuer, .GET, "/operators/discovery/v2.0/keys").json["keys"]?.array ?? []
    #expect(keys.count == 1)
    let modulus = try #require(keys.first?["n"]?.string.flatMap { Base64URL.decode($0) })
    #expect(modulus.count * 8 == 3072)
    #expect(await fixture.send(fixture.issuer, .GET, "/common/oauth2/v2.0/token").status == 404)
    #expect(await fixture.send(fixture.issuer, .GET, "/operators/oauth2/v2.0/token").status == 405)
    try await fixture.close()
  }

  @Test func anAssertionIsGoodOnce() async throws {
    let fixture = try await OperatorFixture()
    let key = OperatorKey()
    let person = try await fixture.add(key)
    let assertion = try self.assertion(fixture, person, key)
    #expect(await fixture.present(assertion, client: person.id.description).status == 200)
    let replayed = await fixture.present(assertion, client: person.id.description)
    #expect(replayed.status == 401 && replayed.number == 700_027)
    #expect(await fixture.present(assertion, client: person.id.description, scope: fixture.address.operations + "//.default").number == 700_027)
    try await fixture.close()
  }

  @Test func ofAnAssertionThatIsPresentedManyTimesAtOnceOneTokenComes() async throws {
    let fixture = try await OperatorFixture()
    let key = OperatorKey()
    let person = try await fixture.add(key)
    let assertion = try self.assertion(fixture, person, key)
    let given = await withTaskGroup(of: Bool.self) { group in
      for _ in 0..<8 { group.addTask { await fixture.present(assertion, client: person.id.description).status == 200 } }
      return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
    }
    #expect(given == 1)
    #expect(try await fixture.entries().filter { $0.facts["operation"] == "operator sign-in" }.count == 1)
    try await fixture.close()
  }

  @Test func badAssertionsAreRefusedAndNoted() async throws {
    let fixture = try await OperatorFixture()
    let key = OperatorKey()
    let person = try await fixture.add(key)
    let now = fixture.clock.now().seconds
    func number(
      _ key: OperatorKey = key, seconds: Int64 = 600, header: [String: JSON] = [:], claims: [String: JSON] = [:], client: String? = nil
    ) async throws -> Int? {
      let text = try key.assertion(
        of: person, at: fixture.clock.now(), to: fixture.address.tokenEndpoint, random: fixture.random, seconds: seconds, header: header,
        claims: claims)
      return await fixture.present(text, client: client ?? person.id.description).number
    }
    #expect(try await number(OperatorKey()) == 700_027, "another's key")
    #expect(try await number(header: ["x5t#S256": "AAAA"]) == 700_027)
    #expect(try await number(header: ["alg": "none"]) == 700_027)
    #expect(try await number(header: ["alg": "HS256"]) == 700_027)
    #expect(try await number(header: ["alg": "RS256"]) == 700_027)
    #expect(try await number(seconds: -301) == 700_024)
    #expect(try await number(seconds: OperatorLimits.maximumAssertionSeconds + 301) == 700_024, "too long")
    #expect(try await number(claims: ["nbf": .integer(now + 301)]) == 700_024)
    #expect(try await number(claims: ["jti": .null]) == 50027)
    #expect(try await number(claims: ["iss": "someone"]) == 700_021)
    #expect(try await number(claims: ["aud": .string("\(fixture.tenants.url("login"))/organizations/oauth2/v2.0/token")]) == 700_023)
    #expect(try await number(client: GUID.zero.description) == 700_016)
    #expect(try await number(client: "camille") == 700_016)
    #expect(await fixture.present("a.b.c", client: person.id.description).number == 50027)
    let good = try assertion(fixture, person, key)
    #expect(await fixture.present(good, client: person.id.description, scope: "https://management.azure.com/.default").number == 500_011)
    #expect(await fixture.present(good, client: person.id.description, scope: fixture.address.operations + "/read").number == 1_002_012)
    #expect(await fixture.present(good, client: person.id.description).status == 200, "what was refused did not use it up")

    let refused = try await fixture.entries().filter { $0.kind == .authenticationFailure }
    #expect(refused.count == 16)
    #expect(refused.allSatisfy { $0.tenant == .zero && $0.facts["service"] == "operators" && $0.outcome == .refused })
    try await fixture.close()
  }

  @Test func aCertificateThatHasEndedSignsNobodyInAndEndsItsTokens() async throws {
    let fixture = try await OperatorFixture()
    let key = OperatorKey()
    let person = try await fixture.add(key, days: 1)
    fixture.clock.advance(by: .seconds(86400 - 60))
    let token = try await fixture.signIn(person, key)
    #expect(await fixture.call(.GET, "/whoami", token: token).status == 200)
    fixture.clock.advance(by: .seconds(60))
    #expect(await fixture.call(.GET, "/whoami", token: token).status == 401)
    #expect(await fixture.present(try assertion(fixture, person, key), client: person.id.description).number == 700_027)
    try await fixture.close()
  }

  // MARK: Tokens

  @Test func aTokenEndsByItselfAndLivesAnHourAtMost() async throws {
    let fixture = try await OperatorFixture()
    let key = OperatorKey()
    let person = try await fixture.add(key)
    let token = try await fixture.signIn(person, key)
    fixture.clock.advance(by: .seconds(OperatorLimits.tokenSeconds - 1))
    #expect(await fixture.call(.GET, "/whoami", token: token).status == 200)
    fixture.clock.advance(by: .seconds(1))
    await #expect(throws: TokenError.expired) { try await fixture.tokens.principal(bearer: token) }
    #expect(OperatorLimits.tokenSeconds <= 3600)
    try await fixture.close()
  }

  @Test func falsifiedTokensAreRefused() async throws {
    let fixture = try await OperatorFixture()
    let key = OperatorKey()
    let person = try await fixture.add(key, roles: [.support])
    let other = try await fixture.add(OperatorKey(), name: "Dominique Roy", email: "dominique@cocagne.example", roles: [.securite])
    let token = try await fixture.signIn(person, key)
    let parts = token.split(separator: ".").map(String.init)
    let payload = try JSON(parsing: try #require(Base64URL.decode(parts[1])))
    func falsified(_ name: String, _ value: JSON) -> String {
      var object = payload.object ?? JSON.Object([])
      object[name] = value
      return "\(parts[0]).\(Base64URL.encode(JSON.object(object).bytes)).\(parts[2])"
    }
    func refusal(_ token: String) async -> TokenError? {
      do {
        _ = try await fixture.tokens.principal(bearer: token)
        return nil
      } catch {
        return error as? TokenError
      }
    }
    #expect(await refusal(token) == nil)
    #expect(await refusal(falsified("oid", .string(other.id.description))) == .badSignature)
    #expect(await refusal(falsified("exp", .integer(9_999_999_999))) == .badSignature)
    let (noneHeader, otherHeader): (JSON, JSON) = (["alg": "none", "typ": "JWT"], ["alg": "RS256", "typ": "JWT", "kid": "elsewhere"])
    let unsigned = Base64URL.encode(noneHeader.bytes)
    #expect(await refusal("\(unsigned).\(parts[1]).") == .wrongAlgorithm)
    let named = Base64URL.encode(otherHeader.bytes)
    #expect(await refusal("\(named).\(parts[1]).\(parts[2])") == .unknownKey)
    #expect(await refusal("") == .malformed)
    #expect(await refusal(String(repeating: "A", count: 100_000)) == .malformed)
    for bad in [falsified("oid", .string(other.id.description)), "", "x.y.z"] {
      let reply = await fixture.call(.GET, "/status", token: bad)
      #expect(reply.status == 401 && reply.code == "InvalidAuthenticationToken")
      #expect(reply.headers.first(name: "www-authenticate")?.contains("operators.cocagne.localhost") == true)
    }
    #expect(try await fixture.entries().filter { $0.kind == .authenticationFailure && $0.subject == "/operators/calls" }.count == 3)
    try await fixture.close()
  }

  enum Ending: CaseIterable { case removed, disabled, renewed }

  @Test(arguments: Ending.allCases) func tokensEndAtOnceWith(ending: Ending) async throws {
    let fixture = try await OperatorFixture()
    let key = OperatorKey()
    let person = try await fixture.add(key)
    let token = try await fixture.signIn(person, key)
    let unused = try assertion(fixture, person, key)
    #expect(await fixture.call(.GET, "/status", token: token).status == 200)
    switch ending {
    case .removed: _ = try await fixture.register.remove(person.email, by: OperatorFixture.account)
    case .disabled: _ = try await fixture.register.setDisabled(true, person.email, by: OperatorFixture.account)
    case .renewed: _ = try await fixture.register.renew(person.email, request: try OperatorKey().request(), by: OperatorFixture.account)
    }
    #expect(await fixture.call(.GET, "/status", token: token).status == 401)
    await #expect(throws: TokenError.unknownPrincipal) { try await fixture.tokens.principal(bearer: token) }
    #expect(await fixture.present(unused, client: person.id.description).status >= 400)
    if ending == .disabled {
      #expect(try await fixture.records.read { try OperatorRegister.principal(person.id, in: $0) } == nil)
      _ = try await fixture.register.setDisabled(false, person.email, by: OperatorFixture.account)
      #expect(await fixture.call(.GET, "/status", token: try await fixture.signIn(person, key)).status == 200)
      #expect(await fixture.call(.GET, "/status", token: token).status == 401)
    }
    try await fixture.close()
  }

  @Test func whoSetsARoleAnewChangesWhatATokenMayAtOnce() async throws {
    let fixture = try await OperatorFixture()
    let key = OperatorKey()
    let person = try await fixture.add(key, roles: [.exploitation])
    let token = try await fixture.signIn(person, key)
    #expect(await fixture.call(.GET, "/operators", token: token).status == 403)
    _ = try await fixture.register.setRoles([.auditeur], of: person.email, by: OperatorFixture.account)
    #expect(await fixture.call(.GET, "/operators", token: token).status == 200)
    try await fixture.close()
  }

  // MARK: Two issuers

  @Test func aTenantsTokenIsNoneForOperatorsAndAnOperatorsIsNoneForTenants() async throws {
    let fixture = try await OperatorFixture()
    let key = OperatorKey()
    let person = try await fixture.add(key, roles: Set(OperatorRole.allCases))
    let operatorsToken = try await fixture.signIn(person, key)
    for audience in [fixture.tenants.url("management"), fixture.tenants.url("graph"), "https://vault.azure.net", fixture.address.operations] {
      await #expect(throws: TokenError.unknownKey) { try await fixture.identity.principal(bearer: operatorsToken, audiences: [audience]) }
    }
    // A user of a tenant, who is its global administrator or not: the issuer does not know.
    let login = IdentityEndpoint(
      service: fixture.identity, authorizer: AccessControl(records: fixture.records), logger: .init(label: "test"))
    let tenantsToken = try await tenantsToken(fixture, login)
    _ = try await fixture.identity.principal(bearer: tenantsToken, audiences: [fixture.tenants.url("management")])
    await #expect(throws: TokenError.unknownKey) { try await fixture.tokens.principal(bearer: tenantsToken) }
    #expect(await fixture.call(.GET, "/tenants", token: tenantsToken).status == 401)
    // Neither signs in at the other's token endpoint.
    let assertion = try self.assertion(fixture, person, key)
    let form = "grant_type=client_credentials&client_id=\(person.id)&scope=\(percentEncoded(fixture.tenants.url("management") + "//.default"))"
    let proof = "&client_assertion_type=\(percentEncoded("urn:ietf:params:oauth:client-assertion-type:jwt-bearer"))&client_assertion=\(assertion)"
    let reply = await fixture.send(
      login, .POST, "/organizations/oauth2/v2.0/token", headers: ["content-type": "application/x-www-form-urlencoded"], body: form + proof)
    #expect(reply.status == 400 && reply.number == 700_016)
    // The key sets have nothing in common.
    let tenants = await fixture.send(login, .GET, "/organizations/discovery/v2.0/keys").json["keys"]?.array?.compactMap { $0["kid"]?.string } ?? []
    let operators =
      await fixture.send(fixture.issuer, .GET, "/operators/discovery/v2.0/keys").json["keys"]?.array?.compactMap { $0["kid"]?.string } ?? []
    #expect(tenants.count == 1 && operators.count == 1 && tenants != operators)
    try await fixture.close()
  }

  @Test func theSigningKeyOutlivesARestartAndTokensWithIt() async throws {
    let fixture = try await OperatorFixture()
    let key = OperatorKey()
    let person = try await fixture.add(key)
    let token = try await fixture.signIn(person, key)
    let again = OperatorTokens(address: fixture.address, identity: fixture.identity, logger: .init(label: "test"))
    // Nobody has asked for a key yet: a token is judged all the same.
    #expect(try await again.principal(bearer: token).id == person.id)
    let elsewhere = OperatorTokens(
      address: OperatorAddress(domain: "autre.localhost", port: 8444), identity: fixture.identity, logger: .init(label: "test"))
    await #expect(throws: TokenError.wrongIssuer) { try await elsewhere.principal(bearer: token) }
    try await fixture.close()
  }

  // MARK: Helpers

  private func assertion(_ fixture: OperatorFixture, _ person: Operator, _ key: OperatorKey) throws -> String {
    try key.assertion(of: person, at: fixture.clock.now(), to: fixture.address.tokenEndpoint, random: fixture.random)
  }

  private func tenantsToken(_ fixture: OperatorFixture, _ login: IdentityEndpoint) async throws -> String {
    let (identity, now) = (fixture.identity, fixture.clock.now())
    let tenant = try await fixture.records.write {
      try identity.createTenant(displayName: "Contoso", domains: ["contoso.example"], country: "FR", in: $0)
    }
    let application = try await fixture.records.write { transaction in
      let made = try identity.createApplication(
        Application(id: .zero, tenant: tenant.id, appID: .zero, displayName: "Robot", created: now), in: transaction)
      _ = try identity.createServicePrincipal(appID: made.appID, tenant: tenant.id, in: transaction)
      return made
    }
    let secret = try await identity.addPassword(toApplication: application.id, tenant: tenant.id, displayName: "first").secretText
    let scope = percentEncoded(fixture.tenants.url("management") + "/.default")
    let reply = await fixture.send(
      login, .POST, "/\(tenant.id)/oauth2/v2.0/token", headers: ["content-type": "application/x-www-form-urlencoded"],
      body: "grant_type=client_credentials&client_id=\(application.appID)&client_secret=\(percentEncoded(secret))&scope=\(scope)")
    return try #require(reply.json["access_token"]?.string, "\(reply.text)")
  }
}
