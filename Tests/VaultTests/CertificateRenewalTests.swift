import Base
import Ledger
import NIOHTTP1
import Records
import Simulation
import Testing
import Vault
import Wire
import X509

/// Certificates get their next versions by themselves.
@Suite struct CertificateRenewalTests {
  private static func policy(_ trigger: JSON, _ action: String = "AutoRenew", reuse: Bool = false, issuer: String = "Self") -> JSON {
    VaultFixture.policy(
      issuer,
      [
        ("key_props", ["kty": "EC", "reuse_key": .boolean(reuse)]),
        ("lifetime_actions", [["trigger": trigger, "action": ["action_type": .string(action)]]]),
      ])
  }

  private static let day: Duration = .seconds(86_400)

  @Test(arguments: [(["days_before_expiry": 30] as JSON, 334, 336), (["lifetime_percentage": 80] as JSON, 291, 293)])
  func aCertificateIsRenewedWhenItsPolicySaysSoAndNotBefore(_ trigger: JSON, _ before: Int, _ after: Int) async throws {
    let fixture = try await VaultFixture()
    #expect(try await fixture.makeCertificate("c", Self.policy(trigger), [("tags", ["a": "1"])]).status == 202)
    let first = try await fixture.send(.GET, "/certificates/c")
    fixture.clock.advance(by: Self.day * before)
    try await fixture.endpoint.tendCertificates()
    #expect(try await fixture.send(.GET, "/certificates/c").json == first.json)
    fixture.clock.advance(by: Self.day * (after - before))
    try await fixture.endpoint.tendCertificates()
    let second = try await fixture.send(.GET, "/certificates/c")
    #expect(second["id"] != first["id"] && second["tags"] == ["a": "1"], "\(second)")
    #expect(try fixture.certificate(second).publicKey != fixture.certificate(first).publicKey)
    #expect(try await fixture.send(.GET, "/secrets/c")["kid"] == second["kid"])
    try await fixture.endpoint.tendCertificates()
    #expect(try await fixture.send(.GET, "/certificates/c").json == second.json, "once")
    #expect(try await fixture.entries().contains { $0.facts["operation"] == "Renew Certificate" && $0.facts["reason"] == "lifetime action" })
    fixture.clock.advance(by: Self.day * after)
    try await fixture.endpoint.tendCertificates()
    #expect(try await fixture.send(.GET, "/certificates/c")["id"] != second["id"])
  }

  @Test func theKeyIsKeptWhereThePolicyWantsIt() async throws {
    let fixture = try await VaultFixture()
    #expect(try await fixture.makeCertificate("c", Self.policy(["days_before_expiry": 30], reuse: true)).status == 202)
    let first = try await fixture.send(.GET, "/certificates/c")
    fixture.clock.advance(by: Self.day * 340)
    try await fixture.endpoint.tendCertificates()
    let second = try await fixture.send(.GET, "/certificates/c")
    #expect(second["id"] != first["id"])
    #expect(try fixture.certificate(second).publicKey == fixture.certificate(first).publicKey)
    #expect(try fixture.certificate(second).serialNumber != fixture.certificate(first).serialNumber)
  }

  @Test func nothingIsRenewedThatIsOnlyToldOrDisabledOrDeletedOrSomebodyElses() async throws {
    let fixture = try await VaultFixture()
    let trigger: JSON = ["days_before_expiry": 30]
    #expect(try await fixture.makeCertificate("told", Self.policy(trigger, "EmailContacts")).status == 202)
    #expect(try await fixture.makeCertificate("disabled", Self.policy(trigger)).status == 202)
    #expect(try await fixture.makeCertificate("deleted", Self.policy(trigger)).status == 202)
    try await fixture.send(.PATCH, "/certificates/disabled", ["attributes": ["enabled": false]])
    try await fixture.send(.DELETE, "/certificates/deleted")
    #expect(try await fixture.count("vault.certificateRenewal") == 0)
    // What brings it back plans it anew.
    try await fixture.send(.POST, "/deletedcertificates/deleted/recover")
    #expect(try await fixture.count("vault.certificateRenewal") > 0)
    fixture.clock.advance(by: Self.day * 340)
    try await fixture.endpoint.tendCertificates()
    for (name, count) in [("told", 1), ("disabled", 1), ("deleted", 2)] {
      #expect(try await fixture.send(.GET, "/certificates/\(name)/versions")["value"]?.array?.count == count, "\(name)")
    }
  }

  @Test func anIssuerThatDoesNotSignAnyMoreIsAskedAgainLater() async throws {
    let authority = try TestAuthority(domains: ["contoso.example"])
    let fixture = try await VaultFixture(authority: authority)
    try await fixture.send(.PUT, "/certificates/issuers/house", ["provider": "Cocagne"])
    #expect(try await fixture.makeCertificate("c", Self.policy(["days_before_expiry": 30], issuer: "house")).status == 202)
    try await fixture.send(.PATCH, "/certificates/issuers/house", ["attributes": ["enabled": false]])
    fixture.clock.advance(by: Self.day * 340)
    try await fixture.endpoint.tendCertificates()
    #expect(authority.count == 1)
    try await fixture.send(.PATCH, "/certificates/issuers/house", ["attributes": ["enabled": true]])
    try await fixture.endpoint.tendCertificates()
    #expect(authority.count == 1, "not at once")
    fixture.clock.advance(by: .seconds(3601))
    try await fixture.endpoint.tendCertificates()
    #expect(authority.count == 2)
    #expect(try await fixture.send(.GET, "/certificates/c/versions")["value"]?.array?.count == 2)
  }
}
