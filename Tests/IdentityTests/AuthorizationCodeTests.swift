import Base
import Crypto
import Identity
import NIOHTTP1
import Records
import Simulation
import Testing
import Wire

@Suite struct AuthorizationCodeTests {
  private let verifier = String(repeating: "v", count: 43)

  @Test func aBrowserBringsACodeThatIsRedeemedOnce() async throws {
    let fixture = try await IdentityFixture()
    let page = try await fixture.send(.GET, url(fixture))
    #expect(page.status == 200, "\(page.text)")
    #expect(page.headers.first(name: "content-security-policy")?.contains("form-action 'self' http://localhost:4321") == true)
    let sent = try await signIn(fixture)
    #expect(sent.status == 200, "\(sent.text)")
    #expect(sent.text.contains("action=\"http://localhost:4321\""))
    #expect(sent.text.contains("name=\"state\" value=\"xyz&amp;\""))
    let code = try value("code", in: sent)
    #expect(try await redeem(fixture, code, [("code_verifier", String(repeating: "w", count: 43))]).number == 501_481)
    #expect(try await redeem(fixture, code, [("redirect_uri", "http://localhost:9")]).number == 50011)
    #expect(try await redeem(fixture, code, [("client_id", FirstPartyApplication.azurePowerShell.description)]).number == 70000)
    let answer = try await redeem(fixture, code)
    #expect(answer.status == 200, "\(answer.text)")
    #expect(try await fixture.verify(try answer.token).objectID == fixture.user.id)
    #expect(try TokenParts(try #require(answer.json["id_token"]?.string)).payload["nonce"]?.string == "hashed-nonce")
    let refresh = try answer.refreshToken
    #expect(try await fixture.refresh(refresh).status == 200)
    #expect(try await redeem(fixture, code).number == 54005)
    #expect(try await fixture.refresh(refresh).error == "invalid_grant", "a code that comes twice was stolen: what it gave is revoked")
    try await fixture.close()
  }

  @Test func codesExpire() async throws {
    let fixture = try await IdentityFixture()
    let code = try value("code", in: try await signIn(fixture))
    fixture.clock.advance(by: .seconds(601))
    #expect(try await redeem(fixture, code).number == 70008)
    try await fixture.close()
  }

  @Test func requestsThatMustNotBeAnsweredElsewhereAreRefusedHere() async throws {
    let fixture = try await IdentityFixture()
    let cases: [(String, String)] = [
      ("redirect_uri", "https://evil.example/"), ("redirect_uri", "http://localhost.evil.example/"),
      ("redirect_uri", "http://localhost:1@evil.example/"),
      ("redirect_uri", "javascript:alert(1)"), ("redirect_uri", ""), ("client_id", GUID.zero.description), ("response_type", "token"),
      ("response_mode", "web_message"), ("code_challenge", ""), ("code_challenge_method", "plain"), ("scope", ""),
    ]
    for (name, value) in cases {
      let page = try await fixture.send(.GET, url(fixture, [(name, value)]))
      #expect(page.status == 400, "\(name) \(value)")
      #expect(!page.headers.contains(name: "location"))
    }
    let silent = try await fixture.send(.GET, url(fixture, [("prompt", "none"), ("response_mode", "query")]))
    #expect(silent.status == 302)
    #expect(silent.headers.first(name: "location")?.hasPrefix("http://localhost:4321?error=interaction_required&") == true)
    try await fixture.close()
  }

  @Test func theWayBackMayBeAQueryAndTheUserMayCancel() async throws {
    let fixture = try await IdentityFixture()
    let query = try await signIn(fixture, request: [("response_mode", "query")])
    #expect(query.status == 302)
    #expect(query.headers.first(name: "location")?.hasPrefix("http://localhost:4321?code=") == true)
    #expect(query.headers.first(name: "location")?.hasSuffix("&state=xyz%26") == true)
    let cancelled = try await signIn(fixture, [("action", "decline")])
    #expect(try value("error", in: cancelled) == "access_denied")
    let wrong = try await signIn(fixture, [("password", "wrong")])
    #expect(wrong.status == 400)
    #expect(wrong.text.contains("role=\"alert\""))
    try await fixture.close()
  }

  @Test func aTenantsApplicationGoesToItsRegisteredAddressOnly() async throws {
    let fixture = try await IdentityFixture()
    let (service, id, tenant) = (fixture.service, fixture.application.id, fixture.tenant.id)
    try await fixture.records.write { transaction in
      var application = try #require(try service.application(id, tenant: tenant, in: transaction))
      application.webRedirectURIs = ["https://app.example/back"]
      application.publicClientRedirectURIs = ["http://localhost"]
      try service.updateApplication(application, in: transaction)
    }
    func status(_ redirect: String, challenge: Bool = true) async throws -> Int {
      var fields = [("client_id", fixture.application.appID.description), ("redirect_uri", redirect)]
      if !challenge { fields += [("code_challenge", ""), ("code_challenge_method", "")] }
      return try await fixture.send(.GET, url(fixture, fields)).status
    }
    #expect(try await status("https://app.example/back") == 200)
    #expect(try await status("https://app.example/back", challenge: false) == 200, "a confidential client redeems with its secret")
    #expect(try await status("https://app.example/back/") == 400)
    #expect(try await status("https://app.example/other") == 400)
    #expect(try await status("http://localhost:1234/") == 200)
    #expect(try await status("http://localhost:1234/", challenge: false) == 400)
    #expect(try await status("http://127.0.0.1:1234/") == 400)

    let web: [(String, String)] = [
      ("client_id", fixture.application.appID.description), ("redirect_uri", "https://app.example/back"), ("code_challenge", ""),
      ("code_challenge_method", ""),
    ]
    let code = try value("code", in: try await signIn(fixture, request: web))
    let bare = web + [("code_verifier", "")]
    #expect(try await redeem(fixture, code, bare).number == 7_000_218)
    #expect(try await redeem(fixture, code, web).number == 7_000_218, "a verifier that nobody asked for proves nothing")
    #expect(try await redeem(fixture, code, bare + [("client_secret", fixture.secret)]).status == 200)
    try await fixture.close()
  }

  // MARK: Helpers

  private func url(_ fixture: IdentityFixture, _ changes: [(String, String)] = []) -> String {
    var items = [
      ("client_id", FirstPartyApplication.azureCLI.description), ("response_type", "code"), ("redirect_uri", "http://localhost:4321"),
      ("scope", fixture.management + "/.default offline_access openid profile"), ("state", "xyz&"), ("response_mode", "form_post"),
      ("code_challenge", base64URL(SHA256.hash(data: Array(verifier.utf8)))), ("code_challenge_method", "S256"), ("nonce", "hashed-nonce"),
      ("client_info", "1"), ("prompt", "select_account"),
    ]
    for change in changes { items = items.filter { $0.0 != change.0 } + (change.1.isEmpty ? [] : [change]) }
    let query = items.map { "\($0.0)=\(percentEncoded($0.1).replacing("%20", with: "+"))" }.joined(separator: "&")
    return "/organizations/oauth2/v2.0/authorize?" + query
  }

  private func signIn(
    _ fixture: IdentityFixture, _ changes: [(String, String)] = [], request: [(String, String)] = []
  ) async throws -> Answer {
    let url = url(fixture, request)
    let page = try await fixture.send(.GET, url)
    let cookie = try #require(page.headers.first(name: "set-cookie")).prefix { $0 != ";" }
    var form = [
      ("csrf", String(cookie.drop { $0 != "=" }.dropFirst())), ("username", fixture.user.userPrincipalName), ("password", IdentityFixture.password),
      ("action", "approve"),
    ]
    for change in changes { form = form.filter { $0.0 != change.0 } + [change] }
    return try await fixture.post(url, form, headers: ["Cookie": String(cookie)])
  }

  private func value(_ name: String, in answer: Answer) throws -> String {
    let text = answer.text + (answer.headers.first(name: "location") ?? "")
    let mark = "name=\"\(name)\" value=\""
    let start = try #require(text.firstRange(of: mark), "\(text)").upperBound
    return String(text[start...].prefix { $0 != "\"" })
  }

  private func redeem(_ fixture: IdentityFixture, _ code: String, _ changes: [(String, String)] = []) async throws -> Answer {
    var form = [
      ("grant_type", "authorization_code"), ("client_id", FirstPartyApplication.azureCLI.description), ("code", code),
      ("redirect_uri", "http://localhost:4321"), ("code_verifier", verifier),
      ("scope", fixture.management + "/.default offline_access openid profile"),
    ]
    for change in changes { form = form.filter { $0.0 != change.0 } + (change.1.isEmpty ? [] : [change]) }
    return try await fixture.post("/organizations/oauth2/v2.0/token", form)
  }
}
