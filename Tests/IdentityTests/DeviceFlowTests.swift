import Base
import Identity
import NIOHTTP1
import Records
import Simulation
import Testing
import Wire

@Suite struct DeviceFlowTests {
  @Test func aDeviceIsSignedInOnceAndOnceOnly() async throws {
    let fixture = try await IdentityFixture()
    let begun = try await begin(fixture)
    #expect(begun.json["interval"] == .integer(5))
    #expect(begun.json["expires_in"] == .integer(900))
    #expect(begun.json["verification_uri"]?.string == "https://login.cocagne.localhost:8443/device")
    #expect(try await poll(fixture, begun).error == "authorization_pending")
    fixture.clock.advance(by: .seconds(5))
    let done = try await submit(fixture, userCode: code(begun))
    #expect(done.status == 200, "\(done.text)")
    #expect(done.text.contains("Microsoft Azure CLI"))
    let answer = try await poll(fixture, begun)
    #expect(answer.status == 200, "\(answer.text)")
    #expect(try await fixture.verify(try answer.token).objectID == fixture.user.id)
    #expect(answer.json["scope"]?.string == scope(fixture), "the scope of the first request is remembered")
    #expect(try answer.refreshToken != "")
    #expect(try await poll(fixture, begun).error == "bad_verification_code")
    #expect(try await submit(fixture, userCode: code(begun)).status == 400)
    try await fixture.close()
  }

  @Test func pollingFasterThanTheIntervalIsSlowedDown() async throws {
    let fixture = try await IdentityFixture()
    let begun = try await begin(fixture)
    #expect(try await poll(fixture, begun).error == "authorization_pending")
    fixture.clock.advance(by: .seconds(3))
    #expect(try await poll(fixture, begun).error == "slow_down")
    fixture.clock.advance(by: .milliseconds(4_200))
    #expect(try await poll(fixture, begun).error == "authorization_pending", "networks jitter")
    try await fixture.close()
  }

  @Test func codesExpireAndCanBeDeclined() async throws {
    let fixture = try await IdentityFixture()
    let declined = try await begin(fixture)
    #expect(try await submit(fixture, userCode: code(declined), [("action", "decline"), ("username", ""), ("password", "")]).status == 200)
    let answer = try await poll(fixture, declined)
    #expect(answer.error == "authorization_declined")
    let expired = try await begin(fixture)
    fixture.clock.advance(by: .seconds(901))
    #expect(try await submit(fixture, userCode: code(expired)).status == 400)
    let late = try await poll(fixture, expired)
    #expect(late.error == "expired_token")
    #expect(late.number == 70020)
    #expect(try await poll(fixture, expired, client: FirstPartyApplication.azurePowerShell).error == "bad_verification_code")
    try await fixture.close()
  }

  @Test func theFormNeedsItsTokenAndItsOrigin() async throws {
    let fixture = try await IdentityFixture()
    let begun = try await begin(fixture)
    let (cookie, csrf) = try await open(fixture)
    let userCode = try code(begun)
    func submit(_ csrf: String, _ headers: HTTPHeaders) async throws -> Int {
      let fields = [("csrf", csrf), ("user_code", userCode), ("username", fixture.user.userPrincipalName), ("password", IdentityFixture.password)]
      return try await fixture.post("/device", fields, headers: headers).status
    }
    #expect(try await submit(csrf, [:]) == 400)
    #expect(try await submit("", ["Cookie": cookie]) == 400)
    #expect(try await submit(csrf + "x", ["Cookie": cookie]) == 400)
    #expect(try await submit(csrf, ["Cookie": cookie, "Origin": "https://evil.example"]) == 400)
    #expect(try await submit(csrf, ["Cookie": cookie, "Origin": "null"]) == 400)
    #expect(try await submit(csrf, ["Cookie": cookie, "Sec-Fetch-Site": "cross-site"]) == 400)
    #expect(try await poll(fixture, begun).error == "authorization_pending")
    #expect(
      try await submit(
        csrf, ["Cookie": "a=b; " + cookie, "Origin": "https://login.cocagne.localhost:8443", "Sec-Fetch-Site": "same-origin"]) == 200)
    try await fixture.close()
  }

  @Test func thePageLetsNothingInAndEscapesWhatItRepeats() async throws {
    let fixture = try await IdentityFixture()
    let page = try await fixture.send(.GET, "/device?user_code=%22%3E%3Cscript%3Ealert(1)%3C/script%3E")
    #expect(page.status == 200)
    #expect(!page.text.contains("<script"))
    let policy = try #require(page.headers.first(name: "content-security-policy"))
    #expect(policy.contains("default-src 'none'") && policy.contains("script-src 'none'") && policy.contains("frame-ancestors 'none'"))
    #expect(page.text.contains("<html lang=\"fr\">") && page.text.contains("lang=\"en\""))
    #expect(page.headers.first(name: "set-cookie")?.hasPrefix("__Host-") == true)
    let wrong = try await submit(fixture, userCode: "BBBB-BBBB", [("username", "\"><script>")])
    #expect(wrong.status == 400)
    #expect(!wrong.text.contains("<script"))
    #expect(!wrong.text.contains(IdentityFixture.password))
    try await fixture.close()
  }

  @Test func guessingUserCodesIsHeldBack() async throws {
    let fixture = try await IdentityFixture()
    let begun = try await begin(fixture)
    for number in 0..<IdentityLimits.maximumUserCodeFailures { #expect(try await submit(fixture, userCode: "GUESS\(number)").status == 400) }
    #expect(try await submit(fixture, userCode: code(begun)).status == 400)
    #expect(try await poll(fixture, begun).error == "authorization_pending")
    try await fixture.close()
  }

  @Test func aPasswordThatMustBeChangedIsChangedOnThePage() async throws {
    let fixture = try await IdentityFixture()
    try await fixture.change { $0.forceChangePasswordNextSignIn = true }
    let begun = try await begin(fixture)
    let asked = try await submit(fixture, userCode: code(begun))
    #expect(asked.text.contains("name=\"new_password\""))
    let weak = try await submit(fixture, userCode: code(begun), [("new_password", "weak")])
    #expect(weak.text.contains("name=\"new_password\""))
    #expect(try await submit(fixture, userCode: code(begun), [("new_password", "Fresh-Horse-44")]).status == 200)
    #expect(try await poll(fixture, begun).status == 200)
    #expect(try await fixture.passwordGrant([("password", "Fresh-Horse-44")]).status == 200)
    #expect(try await fixture.passwordGrant().number == 50126)
    try await fixture.close()
  }

  @Test func onlyPublicClientsBegin() async throws {
    let fixture = try await IdentityFixture()
    let fields = [("client_id", fixture.application.appID.description), ("scope", scope(fixture))]
    #expect(try await fixture.post("/organizations/oauth2/v2.0/devicecode", fields).number == 7_000_218)
    #expect(
      try await fixture.post("/organizations/oauth2/v2.0/devicecode", [("client_id", FirstPartyApplication.azureCLI.description)]).number == 900_144)
    #expect(try await begin(fixture, segment: "adfs").status == 200)
    try await fixture.close()
  }

  // MARK: Helpers

  private func scope(_ fixture: IdentityFixture) -> String { fixture.management + "/.default offline_access openid profile" }

  private func begin(_ fixture: IdentityFixture, segment: String = "organizations") async throws -> Answer {
    try await fixture.post(
      "/\(segment)/oauth2/v2.0/devicecode", [("client_id", FirstPartyApplication.azureCLI.description), ("scope", scope(fixture))])
  }

  private func code(_ begun: Answer) throws -> String { try #require(begun.json["user_code"]?.string) }

  private func poll(_ fixture: IdentityFixture, _ begun: Answer, client: GUID = FirstPartyApplication.azureCLI) async throws -> Answer {
    let code = try #require(begun.json["device_code"]?.string)
    return try await fixture.post(
      "/organizations/oauth2/v2.0/token",
      [
        ("grant_type", "urn:ietf:params:oauth:grant-type:device_code"), ("client_id", client.description), ("code", code), ("device_code", code),
      ])
  }

  /// The cookie and the form's token of a fresh page.
  private func open(_ fixture: IdentityFixture) async throws -> (cookie: String, csrf: String) {
    let page = try await fixture.send(.GET, "/common/oauth2/deviceauth")
    let cookie = try #require(page.headers.first(name: "set-cookie")).prefix { $0 != ";" }
    return (String(cookie), String(cookie.drop { $0 != "=" }.dropFirst()))
  }

  private func submit(_ fixture: IdentityFixture, userCode: String, _ fields: [(String, String)] = []) async throws -> Answer {
    let (cookie, csrf) = try await open(fixture)
    var form = [
      ("csrf", csrf), ("user_code", userCode.lowercased()), ("username", fixture.user.userPrincipalName), ("password", IdentityFixture.password),
      ("action", "approve"),
    ]
    for field in fields { form = form.filter { $0.0 != field.0 } + [field] }
    return try await fixture.post("/device", form, headers: ["Cookie": cookie])
  }
}
