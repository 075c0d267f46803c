import Base
import NIOHTTP1
import SecurityModule
import Simulation
import Testing
import Vault
import Wire
import X509

/// Certificates whose keys live in a hardware security module.
@Suite struct CertificateModuleTests {
  private static func policy(_ issuer: String, _ key: JSON) -> JSON {
    VaultFixture.policy(issuer, [("key_props", key), ("secret_props", ["contentType": "application/x-pkcs12"])])
  }

  private static func count(_ token: SoftToken?) async throws -> Int {
    try await KeyFixture.module(try #require(token)).keys(labelled: "cocagne vault").count
  }

  @Test(arguments: [["kty": "RSA-HSM", "reuse_key": true], ["kty": "EC-HSM", "crv": "P-384", "reuse_key": true]] as [JSON])
  func theModuleSignsAndTheKeyStaysInIt(_ key: JSON) async throws {
    let fixture = try await KeyFixture(.module)
    let policy = Self.policy("Self", key)
    for _ in 0..<2 { #expect(try await fixture.cloud.makeCertificate("c", policy, vault: KeyFixture.vault).status == 202) }
    let got = try await fixture.send(.GET, "/certificates/c")
    let certificate = try fixture.cloud.certificate(got)
    #expect(certificate.publicKey.isValidSignature(certificate.signature, for: certificate))
    #expect(got["policy"]?["key_props"]?["exportable"] == false)
    #expect(try await fixture.send(.GET, "/keys/c")["key"]?["kty"] == key["kty"])
    let openssl = OpenSSL()
    try openssl.write(try #require(Base64.decode(try await fixture.send(.GET, "/secrets/c")["value"]?.string ?? "")), "c.pfx")
    #expect(try !openssl.run("pkcs12", "-in", "c.pfx", "-passin", "pass:", "-nodes").contains("PRIVATE KEY"))
    #expect(try await Self.count(fixture.token) == 1, "both versions have the one key")
    try await fixture.send(.DELETE, "/certificates/c")
    #expect(try await fixture.send(.DELETE, "/deletedcertificates/c").status == 204)
    let cloud = fixture.cloud
    let purger = VaultPurger(
      VaultServices(vaults: cloud.vaults, address: cloud.address, clock: cloud.clock, random: cloud.random, logger: LogCatcher().logger))
    for _ in 0..<100 where try await purger.round() { break }
    try await fixture.cloud.endpoint.tendKeys()
    #expect(try await Self.count(fixture.token) == 0)
  }

  @Test func aKeyOfTheModuleWaitsForItsCertificateHoweverLongAndGoesWithItsOperation() async throws {
    let (openssl, fixture) = (OpenSSL(), try await KeyFixture(.module))
    let policy = Self.policy("Unknown", ["kty": "RSA-HSM"])
    let made = try await fixture.cloud.makeCertificate("c", policy, vault: KeyFixture.vault)
    #expect(made.status == 202, "\(made)")
    fixture.cloud.clock.advance(by: .seconds(30 * 86_400))
    try await fixture.cloud.endpoint.tendKeys()
    #expect(try await Self.count(fixture.token) == 1)
    try openssl.write(try #require(Base64.decode(made["csr"]?.string ?? "")), "r.der")
    try openssl.run("req", "-in", "r.der", "-inform", "DER", "-out", "r.pem", "-verify")
    try openssl.run("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=CA")
    try openssl.run(
      "x509", "-req", "-in", "r.pem", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "365", "-outform", "DER", "-out", "leaf.der")
    let merged = try await fixture.send(
      .POST, "/certificates/c/pending/merge", ["x5c": [.string(Base64.encode(try openssl.read("leaf.der")))]])
    #expect(merged.status == 201, "\(merged)")
    #expect(try await fixture.send(.DELETE, "/certificates/c/pending").status == 200)
    #expect(try await fixture.cloud.makeCertificate("d", policy, vault: KeyFixture.vault).status == 202)
    #expect(try await Self.count(fixture.token) == 2)
    #expect(try await fixture.send(.DELETE, "/certificates/d/pending").status == 200)
    try await fixture.cloud.endpoint.tendKeys()
    #expect(try await Self.count(fixture.token) == 1, "the key of the merged certificate stays")
  }
}
