import Base
import Identity
import Ledger
import Records
import Simulation
import Testing
import Wire

/// Sign-ins that fail are noted for the ledger, with nobody's secret.
@Suite(.timeLimit(.minutes(1))) struct LedgerNoteTests {
  private func noted(_ fixture: IdentityFixture) async throws -> [LedgerEntry] {
    await fixture.notes.finish()
    return try await fixture.records.read { try LedgerEntry.waiting(in: $0) }
  }

  @Test func aWrongPasswordIsNotedUnderItsUsersTenant() async throws {
    let fixture = try await IdentityFixture()
    #expect(try await fixture.passwordGrant([("password", "planted-password")]).status == 400)
    let entry = try #require(try await noted(fixture).first)
    #expect((entry.kind, entry.tenant, entry.outcome) == (.authenticationFailure, fixture.tenant.id, .refused))
    #expect(entry.facts["code"] == "AADSTS50126")
    #expect(entry.facts["grant"] == "password")
    #expect(entry.personal["caller"] == fixture.user.userPrincipalName)
    #expect(entry.personal["address"] == "127.0.0.1")
    try await fixture.close()
  }

  @Test func aWrongSecretIsNotedUnderItsApplicationsTenant() async throws {
    let fixture = try await IdentityFixture()
    #expect(try await fixture.clientCredentials([("client_secret", String(fixture.secret.prefix(3)) + "planted-secret")]).status == 401)
    let entry = try #require(try await noted(fixture).first)
    #expect(entry.tenant == fixture.tenant.id)
    #expect(entry.facts["code"] == "AADSTS7000215")
    #expect(entry.facts["client"] == fixture.application.appID.description)
    try await fixture.close()
  }

  /// People type passwords where their names belong.
  @Test(arguments: ["planted-password", "planted@nowhere.example", "planted password@contoso.example", ""])
  func whatIsNoNameOfThisCloudIsNotKept(name: String) async throws {
    let fixture = try await IdentityFixture()
    _ = try await fixture.passwordGrant([("username", name), ("password", "planted-too")])
    for entry in try await noted(fixture) {
      #expect(entry.personal["caller"] == nil)
      #expect(!"\(entry)".contains("planted"))
    }
    try await fixture.close()
  }

  @Test func noSecretOfAnyGrantIsKept() async throws {
    let fixture = try await IdentityFixture()
    let token = "/\(fixture.tenant.id)/oauth2/v2.0/token"
    let client = [("client_id", FirstPartyApplication.azureCLI.description), ("scope", fixture.management + "/.default")]
    let secrets: [(String, String)] = [
      ("refresh_token", "planted-refresh"), ("code", "planted-code"), ("device_code", "planted-device"),
      ("client_assertion", "planted.jwt.assertion"),
    ]
    for (field, secret) in secrets {
      let grant = ["refresh_token": "refresh_token", "code": "authorization_code", "device_code": "device_code"][field] ?? "client_credentials"
      var form = client + [("grant_type", grant), (field, secret), ("redirect_uri", "http://localhost")]
      if field == "client_assertion" {
        form = form.filter { $0.0 != "client_id" }
        form += [
          ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"), ("client_id", fixture.application.appID.description),
        ]
      }
      #expect(try await fixture.post(token, form).status >= 400)
    }
    let entries = try await noted(fixture)
    #expect(entries.count == secrets.count, "\(entries.map(\.facts))")
    for entry in entries { #expect(!"\(entry)".contains("planted"), "\(entry)") }
    try await fixture.close()
  }

  @Test func whatLacksACredentialOrSucceedsIsNotNoted() async throws {
    let fixture = try await IdentityFixture()
    #expect(try await fixture.passwordGrant().status == 200)
    #expect(try await fixture.clientCredentials().status == 200)
    #expect(try await fixture.clientCredentials([("client_secret", "")]).status == 401)
    #expect(try await fixture.post("/organizations/oauth2/v2.0/token", [("grant_type", "password")]).status == 400)
    #expect(try await noted(fixture).isEmpty)
    try await fixture.close()
  }
}
