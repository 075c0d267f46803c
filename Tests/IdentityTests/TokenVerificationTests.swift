import Access
import Base
import Crypto
import CryptoExtras
import Identity
import NIOHTTP1
import Records
import Simulation
import Testing
import Wire

@Suite struct TokenVerificationTests {
  @Test func anApplicationsTokenSpeaksForItsServicePrincipal() async throws {
    let fixture = try await IdentityFixture()
    let answer = try await fixture.clientCredentials()
    #expect(answer.status == 200)
    #expect(answer.json["expires_in"] == .integer(3599))
    #expect(answer.headers.first(name: "cache-control")?.contains("no-store") == true)
    let principal = try await fixture.verify(try answer.token)
    #expect(principal.kind == .servicePrincipal)
    #expect(principal.objectID == fixture.principal.id)
    #expect(principal.tenant == fixture.tenant.id)
    #expect(principal.applicationID == fixture.application.appID)
    let claims = try TokenParts(try answer.token).payload
    #expect(claims["aud"]?.string == fixture.management, "the resource's own trailing slash is kept")
    #expect(claims["iss"]?.string == "https://login.cocagne.localhost:8443/\(fixture.tenant.id)/v2.0")
    #expect(claims["idtyp"]?.string == "app")
    #expect(claims["tid"]?.string == fixture.tenant.id.description)
    try await fixture.close()
  }

  @Test func whateverIsChangedInATokenIsNoticed() async throws {
    let fixture = try await IdentityFixture()
    let good = try TokenParts(try await fixture.applicationToken())
    var publicKey: [UInt8] = []
    let keySet = try await fixture.send(.GET, "/\(fixture.tenant.id)/discovery/v2.0/keys")
    let first = try #require(keySet.json["keys"]?.array?.first)
    publicKey = base64URLDecoded(try #require(first["n"]?.string))

    func refusal(_ change: (inout TokenParts) -> Void) async throws -> TokenError? {
      var parts = good
      change(&parts)
      return await refused(fixture, parts.text)
    }
    #expect(try await refusal { $0.setHeader("alg", "none") } == .wrongAlgorithm)
    #expect(
      try await refusal {
        $0.setHeader("alg", "none")
        $0.signature = []
      } == .wrongAlgorithm)
    #expect(
      try await refusal { parts in
        parts.setHeader("alg", "HS256")
        parts.signature = Array(HMAC<SHA256>.authenticationCode(for: Array(parts.signed.utf8), using: SymmetricKey(data: publicKey)))
      } == .wrongAlgorithm)
    #expect(try await refusal { $0.setHeader("alg", "PS256") } == .wrongAlgorithm)
    #expect(try await refusal { $0.setHeader("alg", nil) } == .wrongAlgorithm)
    #expect(try await refusal { $0.setHeader("kid", "another") } == .unknownKey)
    #expect(try await refusal { $0.setHeader("kid", nil) } == .unknownKey)
    #expect(try await refusal { $0.setHeader("crit", ["exp"]) } == .malformed)
    #expect(try await refusal { $0.set("oid", .string(fixture.user.id.description)) } == .badSignature)
    #expect(try await refusal { $0.set("exp", 4_000_000_000) } == .badSignature)
    #expect(try await refusal { $0.set("tid", .string(GUID.zero.description)) } == .badSignature)
    #expect(try await refusal { $0.signature[10] ^= 1 } == .badSignature)
    #expect(try await refusal { $0.signature = Array(repeating: 0, count: 256) } == .badSignature)
    #expect(try await refusal { $0.signature = [] } == .badSignature)
    for text in ["", ".", "..", "a.b", good.signed, good.text + ".", good.text + "=", good.text + " ", String(repeating: "A", count: 20_000)] {
      #expect(await refused(fixture, text) == .malformed, "\(text.prefix(40))")
    }
    #expect(await refused(fixture, good.text) == nil)
    try await fixture.close()
  }

  @Test func aTokenSignedByAnotherKeyUnderTheSameKidIsRefused() async throws {
    let fixture = try await IdentityFixture()
    var parts = try TokenParts(try await fixture.applicationToken())
    let digest = SHA256.hash(data: Array(parts.signed.utf8))
    parts.signature = Array(try ClientCertificate.other.key.signature(for: digest, padding: .insecurePKCS1v1_5).rawRepresentation)
    #expect(await refused(fixture, parts.text) == .badSignature)
    try await fixture.close()
  }

  @Test func anIssuerOfAnotherNameIsRefusedThoughItsKeysAreOurs() async throws {
    let fixture = try await IdentityFixture()
    let elsewhere = CloudAddress(domain: "elsewhere.localhost", port: 8443)
    let other = try await IdentityFixture.service(fixture.records, fixture.keyring, elsewhere, fixture.clock, fixture.random)
    let token = try await fixture.applicationToken()
    await #expect(throws: TokenError.wrongIssuer) {
      try await other.principal(bearer: token, audiences: [fixture.management])
    }
    try await fixture.close()
  }

  @Test func audiencesAreComparedWithoutTheirTrailingSlashAndNothingElse() async throws {
    let fixture = try await IdentityFixture()
    let token = try await fixture.applicationToken()
    let base = fixture.address.url("management")
    for good in [base, base + "/"] { _ = try await fixture.verify(token, good) }
    for bad in [base + "/x", base + "x", fixture.address.url("graph"), "https://management.cocagne.localhost", ""] {
      #expect(await refused(fixture, token, bad) == .wrongAudience)
    }
    try await fixture.close()
  }

  @Test func tokensHaveATimeWithASkewOfFiveMinutes() async throws {
    let fixture = try await IdentityFixture()
    let token = try await fixture.applicationToken()
    fixture.clock.advance(by: .seconds(3599 + 299))
    #expect(await refused(fixture, token) == nil)
    fixture.clock.advance(by: .seconds(2))
    #expect(await refused(fixture, token) == .expired)
    #expect(await refused(fixture, token) == .expired, "also when it is no longer in the cache")
    fixture.clock.advance(by: .seconds(-3599 - 301 - 299))
    #expect(await refused(fixture, token) == nil)
    fixture.clock.advance(by: .seconds(-2))
    #expect(await refused(fixture, token) == .notYetValid)
    try await fixture.close()
  }

  @Test func whoIsDeletedOrDisabledIsNobodyFromTheNextRequestOn() async throws {
    let fixture = try await IdentityFixture()
    let service = fixture.service
    let token = try await fixture.applicationToken()
    #expect(await refused(fixture, token) == nil)
    var disabled = fixture.principal
    disabled.accountEnabled = false
    let (off, on) = (disabled, fixture.principal)
    try await fixture.records.write { try service.updateServicePrincipal(off, in: $0) }
    #expect(await refused(fixture, token) == .unknownPrincipal)
    #expect(try await service.principal(tenant: fixture.tenant.id, objectID: fixture.principal.id) == nil)
    try await fixture.records.write { try service.updateServicePrincipal(on, in: $0) }
    #expect(await refused(fixture, token) == nil)
    try await fixture.records.write { try service.deleteServicePrincipal(on.id, tenant: on.tenant, in: $0) }
    #expect(await refused(fixture, token) == .unknownPrincipal)

    let userToken = try await fixture.passwordGrant().token
    #expect(try await fixture.verify(userToken).kind == .user)
    let user = fixture.user
    try await fixture.records.write { try service.deleteUser(user.id, tenant: user.tenant, in: $0) }
    #expect(await refused(fixture, userToken) == .unknownPrincipal)
    try await fixture.close()
  }

  @Test func aTokenOfATenantThatIsGoneIsRefused() async throws {
    let fixture = try await IdentityFixture()
    let token = try await fixture.applicationToken()
    let tenant = fixture.tenant
    try await fixture.records.write { try $0.remove(Tenant.self, tenant.key) }
    #expect(await refused(fixture, token) == .unknownPrincipal)
    try await fixture.close()
  }

  @Test func groupsAreThoseOfTheMomentOfTheRequest() async throws {
    let fixture = try await IdentityFixture()
    let (service, tenant, principal) = (fixture.service, fixture.tenant.id, fixture.principal.id)
    let token = try await fixture.applicationToken()
    #expect(try await fixture.verify(token).groups == [])
    let now = fixture.clock.now()
    let group = try await fixture.records.write { transaction in
      let group = try service.createGroup(Group(id: .zero, tenant: tenant, displayName: "g", mailNickname: "g", created: now), in: transaction)
      try service.addMember(principal, to: group.id, tenant: tenant, in: transaction)
      return group.id
    }
    #expect(try await fixture.verify(token).groups == [group])
    try await fixture.records.write { try service.removeMember(principal, from: group, tenant: tenant, in: $0) }
    #expect(try await fixture.verify(token).groups == [])
    try await fixture.close()
  }

  @Test func anIDTokenIsNoAccessToken() async throws {
    let fixture = try await IdentityFixture()
    let token = try #require(try await fixture.passwordGrant().json["id_token"]?.string)
    #expect(await refused(fixture, token, FirstPartyApplication.azureCLI.description) == .malformed)
    try await fixture.close()
  }

  @Test func aNewSigningKeyIsPublishedBeforeItSignsAndLogsNobodyOut() async throws {
    let fixture = try await IdentityFixture()
    func kids() async throws -> [String] {
      try await fixture.send(.GET, "/common/discovery/v2.0/keys").json["keys"]?.array?.compactMap { $0["kid"]?.string } ?? []
    }
    let old = try #require(try await kids().first)
    let before = try await fixture.applicationToken()
    try await fixture.service.rotateSigningKey()
    #expect(try await kids().count == 2)
    #expect(try TokenParts(try await fixture.applicationToken()).header["kid"]?.string == old, "the new key waits until relying parties know it")
    fixture.clock.advance(by: .seconds(IdentityLimits.signingKeyLeadSeconds - 60))
    let last = try await fixture.applicationToken()
    #expect(try TokenParts(last).header["kid"]?.string == old)
    #expect(await refused(fixture, before) == .expired)
    fixture.clock.advance(by: .seconds(61))
    let after = try await fixture.applicationToken()
    #expect(try TokenParts(after).header["kid"]?.string != old)
    #expect(await refused(fixture, last) == nil, "the old key's last tokens are good")
    #expect(await refused(fixture, after) == nil)
    fixture.clock.advance(by: .seconds(3500))
    #expect(await refused(fixture, last) == nil)
    fixture.clock.advance(by: .seconds(3600))
    #expect(try await kids() != [old])
    #expect(try await kids().count == 1)

    // A service that starts now has the same keys.
    let again = try await IdentityFixture.service(fixture.records, fixture.keyring, fixture.address, fixture.clock, fixture.random)
    let token = try await fixture.applicationToken()
    #expect(try await again.principal(bearer: token, audiences: [fixture.management]).objectID == fixture.principal.id)
    try await fixture.close()
  }

  private func refused(_ fixture: IdentityFixture, _ token: String, _ audience: String? = nil) async -> TokenError? {
    do {
      _ = try await fixture.verify(token, audience)
      return nil
    } catch let error as TokenError {
      return error
    } catch {
      Issue.record("\(error)")
      return nil
    }
  }
}
