import Base
import Identity
import NIOHTTP1
import Records
import Simulation
import Testing
import Wire

@Suite struct UserGrantTests {
  @Test func aUserSignsInWithEverythingThatMSALReads() async throws {
    let fixture = try await IdentityFixture()
    for segment in ["organizations", "common", "adfs", fixture.tenant.id.description, "contoso.example"] {
      let answer = try await fixture.passwordGrant(tenant: segment)
      #expect(answer.status == 200, "\(answer.text)")
      #expect(answer.json["scope"]?.string == fixture.management + "/.default offline_access openid profile")
      let principal = try await fixture.verify(try answer.token)
      #expect(principal.objectID == fixture.user.id)
      #expect(principal.name == "Alice@contoso.example")
      let identity = try TokenParts(try #require(answer.json["id_token"]?.string)).payload
      #expect(identity["aud"]?.string == FirstPartyApplication.azureCLI.description)
      #expect(identity["tid"]?.string == fixture.tenant.id.description)
      #expect(identity["preferred_username"]?.string == "Alice@contoso.example")
      let client = try JSON(parsing: base64URLDecoded(try #require(answer.json["client_info"]?.string)))
      #expect(client["uid"]?.string == fixture.user.id.description)
      #expect(client["utid"]?.string == fixture.tenant.id.description)
    }
    try await fixture.close()
  }

  @Test func refusalsOfUsers() async throws {
    let fixture = try await IdentityFixture()
    let wrong = try await fixture.passwordGrant([("password", "wrong")])
    let unknown = try await fixture.passwordGrant([("username", "nobody@contoso.example")])
    #expect(wrong.number == 50126)
    #expect(unknown.number == 50126, "who exists is not told")
    #expect(wrong.status == unknown.status && wrong.error == unknown.error)
    #expect(try await fixture.passwordGrant([("username", "alice@elsewhere.example")]).number == 50034)
    #expect(try await fixture.passwordGrant([("username", "alice")]).number == 50034)
    #expect(try await fixture.passwordGrant([("username", "")]).number == 900_144)
    #expect(try await fixture.passwordGrant([("client_secret", "x")]).number == 700_025)
    #expect(try await fixture.passwordGrant([("client_id", FirstPartyApplication.graph.description)]).number == 700_016)
    #expect(try await fixture.passwordGrant([("client_id", fixture.application.appID.description)]).number == 7_000_218)
    let confidential = [("client_id", fixture.application.appID.description), ("client_secret", fixture.secret)]
    #expect(try await fixture.passwordGrant(confidential).status == 200)
    let other = try await fixture.makeTenant("Fabrikam")
    #expect(try await fixture.passwordGrant(tenant: other.id.description).number == 50020)
    #expect(try await fixture.passwordGrant([("password", "wrong")], tenant: other.id.description).number == 50126)
    try await fixture.close()
  }

  @Test func whatIsWrongWithAnAccountShowsOnlyToWhoKnowsItsPassword() async throws {
    let fixture = try await IdentityFixture()
    try await fixture.change { $0.accountEnabled = false }
    #expect(try await fixture.passwordGrant([("password", "wrong")]).number == 50126)
    #expect(try await fixture.passwordGrant().number == 50057)
    try await fixture.change {
      $0.accountEnabled = true
      $0.forceChangePasswordNextSignIn = true
    }
    #expect(try await fixture.passwordGrant([("password", "wrong")]).number == 50126)
    #expect(try await fixture.passwordGrant().number == 50055)
    try await fixture.close()
  }

  @Test(arguments: ["Alice@contoso.example", "nobody@contoso.example"])
  func tenWrongPasswordsLockANameForAMinuteWhetherItExistsOrNot(name: String) async throws {
    let fixture = try await IdentityFixture()
    for attempt in 0..<IdentityLimits.maximumUserFailures {
      let answer = try await fixture.passwordGrant([("username", name), ("password", "wrong \(attempt)")])
      #expect(answer.number == 50126, "\(attempt) \(answer.status) \(answer.text.prefix(300))")
    }
    #expect(try await fixture.passwordGrant([("username", name)]).number == 50053)
    #expect(try await fixture.passwordGrant([("username", name.uppercased())]).number == 50053)
    fixture.clock.advance(by: .seconds(IdentityLimits.lockoutSeconds + 1))
    let expected = name == fixture.user.userPrincipalName ? nil : 50126
    #expect(try await fixture.passwordGrant([("username", name)]).number == expected)
    try await fixture.close()
  }

  @Test func eachFurtherFailureDoublesTheLock() async throws {
    let fixture = try await IdentityFixture()
    for attempt in 0..<IdentityLimits.maximumUserFailures { _ = try await fixture.passwordGrant([("password", "wrong \(attempt)")]) }
    fixture.clock.advance(by: .seconds(IdentityLimits.lockoutSeconds + 1))
    #expect(try await fixture.passwordGrant([("password", "wrong again")]).number == 50126)
    fixture.clock.advance(by: .seconds(IdentityLimits.lockoutSeconds + 1))
    #expect(try await fixture.passwordGrant().number == 50053)
    fixture.clock.advance(by: .seconds(IdentityLimits.lockoutSeconds))
    #expect(try await fixture.passwordGrant().status == 200)
    try await fixture.close()
  }

  @Test func aRefreshTokenWorksForEveryResource() async throws {
    let fixture = try await IdentityFixture()
    let token = try await fixture.passwordGrant().refreshToken
    for resource in ["https://storage.azure.com", fixture.address.url("graph"), fixture.address.url("vault")] {
      let answer = try await fixture.refresh(token, scope: resource + "/.default offline_access openid profile")
      #expect(answer.status == 200, "\(answer.text)")
      #expect(try await fixture.verify(try answer.token, resource).objectID == fixture.user.id)
      #expect(try answer.refreshToken == token, "the same token goes back while it is young")
    }
    try await fixture.close()
  }

  @Test func aRefreshTokenWorksInEveryTenantWhereTheUserIsAGuest() async throws {
    let fixture = try await IdentityFixture()
    let other = try await fixture.makeTenant("Fabrikam")
    let token = try await fixture.passwordGrant().refreshToken
    #expect(try await fixture.refresh(token, tenant: other.id.description).number == 50020)
    let (service, user) = (fixture.service, fixture.user)
    let guest = try await fixture.records.write { try service.createGuest(of: user.id, homeTenant: user.tenant, in: other, transaction: $0) }
    let answer = try await fixture.refresh(token, tenant: other.id.description)
    let principal = try await fixture.verify(try answer.token)
    #expect(principal.tenant == other.id)
    #expect(principal.objectID == guest.id)
    let client = try JSON(parsing: base64URLDecoded(try #require(answer.json["client_info"]?.string)))
    #expect(client["uid"]?.string == user.id.description, "MSAL knows the account by its home")
    #expect(
      try await fixture.records.read { try service.tenants(ofUser: user.id, tenant: user.tenant, in: $0).map(\.id) } == [user.tenant, other.id])
    try await fixture.change { $0.accountEnabled = false }
    await #expect(throws: (any Error).self) { try await fixture.verify(try answer.token) }
    #expect(try await fixture.refresh(token, tenant: other.id.description).number == 50057)
    try await fixture.close()
  }

  @Test func aRefreshTokenRenewsItselfAndEnds() async throws {
    let fixture = try await IdentityFixture()
    let first = try await fixture.passwordGrant().refreshToken
    fixture.clock.advance(by: .seconds(IdentityLimits.refreshTokenRenewalSeconds + 1))
    let second = try await fixture.refresh(first).refreshToken
    #expect(second != first)
    #expect(try await fixture.refresh(first).status == 200, "another process may still hold the first")
    fixture.clock.advance(by: .seconds(IdentityLimits.refreshTokenSeconds - IdentityLimits.refreshTokenRenewalSeconds))
    let ended = try await fixture.refresh(first)
    #expect(ended.number == 700_082)
    #expect(ended.error == "invalid_grant")
    #expect(try await fixture.refresh(second).status == 200)
    try await fixture.close()
  }

  @Test func refreshTokensThatAreNotOursOrAnotherClientsAreRefused() async throws {
    let fixture = try await IdentityFixture()
    let token = try await fixture.passwordGrant().refreshToken
    for text in ["x", token + "A", String(token.dropLast()), String(token.dropLast(4) + "AAAA")] {
      #expect(try await fixture.refresh(text).error == "invalid_grant", "\(text)")
    }
    let other = try await fixture.post(
      "/organizations/oauth2/v2.0/token",
      [
        ("grant_type", "refresh_token"), ("client_id", FirstPartyApplication.azurePowerShell.description), ("refresh_token", token),
        ("scope", fixture.management + "/.default"),
      ])
    #expect(other.error == "invalid_grant")
    try await fixture.close()
  }

  @Test func anotherPasswordOrADisabledAccountEndsEverySession() async throws {
    let fixture = try await IdentityFixture()
    let token = try await fixture.passwordGrant().refreshToken
    fixture.clock.advance(by: .seconds(1))
    try await fixture.service.setPassword("Another-Horse-43", user: fixture.user.id, tenant: fixture.tenant.id)
    #expect(try await fixture.refresh(token).number == 50173)
    #expect(try await fixture.passwordGrant().number == 50126)
    let next = try await fixture.passwordGrant([("password", "Another-Horse-43")]).refreshToken
    fixture.clock.advance(by: .seconds(1))
    try await fixture.change { $0.accountEnabled = false }
    #expect(try await fixture.refresh(next).number == 50057)
    try await fixture.change { $0.accountEnabled = true }
    #expect(try await fixture.refresh(next).number == 50173, "being disabled ended the session")
    try await fixture.close()
  }

  @Test func realmsTellOfDomainsOnly() async throws {
    let fixture = try await IdentityFixture()
    for name in ["alice", "nobody"] {
      let answer = try await fixture.send(.GET, "/common/userrealm/\(name)%40contoso.example?api-version=1.0")
      #expect(answer.json["account_type"] == "Managed")
      #expect(answer.json["domain_name"] == "contoso.example")
    }
    #expect(try await fixture.send(.GET, "/common/UserRealm/a@b.example").json["account_type"] == "Unknown")
    try await fixture.close()
  }
}

extension IdentityFixture {
  /// Changes the user's record.
  func change(_ body: @escaping @Sendable (inout User) -> Void) async throws {
    let (service, id, tenant) = (service, user.id, tenant.id)
    try await records.write { transaction in
      var user = try #require(try service.user(id, tenant: tenant, in: transaction))
      body(&user)
      try service.updateUser(user, in: transaction)
    }
  }
}
