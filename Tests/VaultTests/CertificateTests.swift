import Base
import Crypto
import Foundation
import Ledger
import NIOHTTP1
import Simulation
import SwiftASN1
import Testing
import Vault
import Wire
import X509

/// Certificates from their making to their end.
@Suite struct CertificateTests {
  @Test func aSelfSignedCertificateIsThereWithTheAnswerAndHasItsKeyAndItsSecret() async throws {
    let fixture = try await VaultFixture()
    let made = try await fixture.makeCertificate("Web-1", VaultFixture.policy(), [("tags", ["a": "b"])])
    #expect(made.status == 202 && made["status"] == "inProgress" && made["issuer"]?["name"] == "Self", "\(made)")
    #expect(made["id"] == "https://vault1.vault.cloud.test/certificates/Web-1/pending")
    let done = try await fixture.send(.GET, "/certificates/Web-1/pending")
    #expect(done["status"] == "completed" && done["target"] == "https://vault1.vault.cloud.test/certificates/Web-1", "\(done)")
    #expect(done["request_id"] == made["request_id"] && done["csr"] == made["csr"])
    let request = try CertificateSigningRequest(derEncoded: try #require(Base64.decode(made["csr"]?.string ?? "")))
    #expect(request.publicKey.isValidSignature(request.signature, for: request))
    let got = try await fixture.send(.GET, "/certificates/web-1/")
    #expect(got.status == 200, "\(got)")
    let certificate = try fixture.certificate(got)
    #expect(certificate.publicKey.isValidSignature(certificate.signature, for: certificate))
    #expect(certificate.subject == certificate.issuer)
    #expect(certificate.publicKey == request.publicKey)
    let identifier = try #require(got["id"]?.string)
    let version = try #require(identifier.split(separator: "/").last)
    #expect(got["kid"]?.string == "https://vault1.vault.cloud.test/keys/Web-1/\(version)")
    #expect(got["sid"]?.string == "https://vault1.vault.cloud.test/secrets/Web-1/\(version)")
    #expect(got["tags"] == ["a": "b"])
    #expect(got["attributes"]?["exp"]?.integer == 1_831_536_000, "a year of the calendar later")
    #expect(got["attributes"]?["nbf"]?.integer == 1_799_999_400)
    let key = try await fixture.send(.GET, "/keys/Web-1/\(version)")
    #expect(key.status == 200 && key["managed"] == true && key["key"]?["kty"] == "EC", "\(key)")
    #expect(key["key"]?["key_ops"] == ["sign", "verify"])
    let secret = try await fixture.send(.GET, "/secrets/Web-1/\(version)")
    #expect(secret["contentType"] == "application/x-pem-file" && secret["kid"] == got["kid"])
    let signed = try await fixture.send(
      .POST, "/keys/Web-1/\(version)/sign", ["alg": "ES256", "value": .string(Base64URL.encode(SHA256.hash(data: [1])))])
    let raw = try #require(Base64URL.decode(signed["value"]?.string ?? ""))
    let publicKey = try #require(P256.Signing.PublicKey(certificate.publicKey))
    #expect(publicKey.isValidSignature(try P256.Signing.ECDSASignature(rawRepresentation: raw), for: [1] as [UInt8]))
  }

  @Test func thePolicyIsInTheCertificate() async throws {
    let fixture = try await VaultFixture()
    let policy = VaultFixture.policy(
      "Self",
      [
        (
          "x509_props",
          [
            "subject": #"C=FR, O="Contoso, \"Inc.\"", OU=A+CN=www\2Econtoso.example"#, "ekus": ["1.3.6.1.5.5.7.3.1", "1.3.6.1.4.1.311.10.3.4"],
            "sans": [
              "dns_names": ["www.contoso.example", "*.contoso.example"], "emails": ["a@contoso.example"], "upns": ["a@contoso.example"],
              "ipAddresses": ["192.0.2.1", "2001:db8::1"], "uris": ["https://contoso.example/x"],
            ], "key_usage": ["digitalSignature", "keyCertSign"], "validity_months": 25,
          ]
        )
      ])
    #expect(try await fixture.makeCertificate("c", policy).status == 202)
    let got = try await fixture.send(.GET, "/certificates/c")
    let certificate = try fixture.certificate(got)
    let usage = try #require(try certificate.extensions.keyUsage)
    #expect(usage.digitalSignature && usage.keyCertSign && !usage.keyEncipherment)
    #expect(certificate.extensions[oid: .X509ExtensionID.keyUsage]?.critical == true)
    #expect(certificate.extensions[oid: .X509ExtensionID.basicConstraints]?.critical == true)
    #expect(try certificate.extensions.extendedKeyUsage?.map { "\(ASN1ObjectIdentifier($0))" } == ["1.3.6.1.5.5.7.3.1", "1.3.6.1.4.1.311.10.3.4"])
    #expect(try certificate.extensions.subjectAlternativeNames?.count == 7)
    #expect(try certificate.extensions.authorityKeyIdentifier?.keyIdentifier == certificate.extensions.subjectKeyIdentifier?.keyIdentifier)
    #expect(certificate.serialNumber.bytes.count == 20)
    #expect(Array(certificate.subject).last?.count == 1, "the first of the text is the last of the encoding")
    #expect(got["policy"]?["x509_props"]?["sans"] == policy["x509_props"]?["sans"])
    let openssl = OpenSSL()
    try openssl.write(try Array(serializing: certificate), "c.der")
    let text = try openssl.run("x509", "-in", "c.der", "-inform", "DER", "-noout", "-text")
    for part in [
      "DNS:www.contoso.example", "DNS:*.contoso.example", "email:a@contoso.example", "IP Address:192.0.2.1", "URI:https://contoso.example/x",
      "CN = www.contoso.example", "C = FR",
    ] {
      #expect(text.contains(part), "\(part)")
    }
    try openssl.run("x509", "-in", "c.der", "-inform", "DER", "-out", "c.pem")
    #expect(try openssl.run("verify", "-CAfile", "c.pem", "-partial_chain", "-no_check_time", "c.pem").contains("OK"))
  }

  @Test(
    arguments: [
      ["kty": "RSA", "key_size": 2048], ["kty": "RSA", "key_size": 3072], ["kty": "RSA", "key_size": 4096], ["kty": "EC", "crv": "P-256"],
      ["kty": "EC", "crv": "P-384"], ["kty": "EC", "key_size": 521],
    ] as [JSON])
  func everyKeyThatIsServedSignsAndIsGivenOutAsPKCS12(_ key: JSON) async throws {
    let (openssl, fixture) = (OpenSSL(), try await VaultFixture())
    let policy = VaultFixture.policy("Self", [("key_props", key), ("secret_props", ["contentType": "application/x-pkcs12"])])
    #expect(try await fixture.makeCertificate("c", policy).status == 202)
    let got = try await fixture.send(.GET, "/certificates/c")
    let certificate = try fixture.certificate(got)
    #expect(certificate.publicKey.isValidSignature(certificate.signature, for: certificate))
    let secret = try await fixture.send(.GET, "/secrets/c")
    try openssl.write(try #require(Base64.decode(secret["value"]?.string ?? "")), "c.pfx")
    try openssl.run("pkcs12", "-in", "c.pfx", "-passin", "pass:", "-nodes", "-out", "c.pem")
    #expect(try openssl.run("pkey", "-in", "c.pem", "-pubout") == openssl.run("x509", "-in", "c.pem", "-noout", "-pubkey"))
  }

  @Test(arguments: ["application/x-pkcs12", "application/x-pem-file"])
  func aKeyThatIsNotExportableStaysInTheVault(_ contentType: String) async throws {
    let (openssl, fixture) = (OpenSSL(), try await VaultFixture())
    let policy = VaultFixture.policy(
      "Self", [("key_props", ["kty": "RSA", "exportable": false]), ("secret_props", ["contentType": .string(contentType)])])
    #expect(try await fixture.makeCertificate("c", policy).status == 202)
    let value = try #require(try await fixture.send(.GET, "/secrets/c")["value"]?.string)
    if contentType == "application/x-pem-file" {
      #expect(value.contains("BEGIN CERTIFICATE") && !value.contains("PRIVATE KEY"))
    } else {
      try openssl.write(try #require(Base64.decode(value)), "c.pfx")
      let text = try openssl.run("pkcs12", "-in", "c.pfx", "-passin", "pass:", "-nodes")
      #expect(text.contains("BEGIN CERTIFICATE") && !text.contains("PRIVATE KEY"))
    }
  }

  @Test(arguments: ["Self", "Unknown"])
  func aKeyThatWasNotExportableDoesNotLeaveInALaterVersion(_ issuer: String) async throws {
    let fixture = try await VaultFixture()
    func policy(_ issuer: String, isExportable: Bool, reusesKey: Bool) -> JSON {
      VaultFixture.policy(
        issuer, [("key_props", ["kty": "EC", "crv": "P-256", "exportable": .boolean(isExportable), "reuse_key": .boolean(reusesKey)])])
    }
    #expect(try await fixture.makeCertificate("c", policy("Self", isExportable: false, reusesKey: false)).status == 202)
    let reused = policy(issuer, isExportable: true, reusesKey: true)
    // What the policy of the certificate says by now does not count.
    #expect(try await fixture.send(.PATCH, "/certificates/c/policy", reused).status == 200)
    for _ in 0..<2 {
      let refused = try await fixture.makeCertificate("c", reused)
      #expect(refused.status == 400 && refused.message?.contains("exportable") == true, "\(refused)")
      // Nor does a version in between.
      #expect(try await fixture.makeCertificate("c", policy("Self", isExportable: false, reusesKey: true)).status == 202)
    }
    #expect(try await fixture.send(.GET, "/secrets/c")["value"]?.string?.contains("PRIVATE KEY") == false)
    #expect(try await fixture.makeCertificate("c", policy("Self", isExportable: true, reusesKey: false)).status == 202)
    #expect(try await fixture.makeCertificate("c", policy("Self", isExportable: true, reusesKey: true)).status == 202)
    #expect(try await fixture.send(.GET, "/secrets/c")["value"]?.string?.contains("PRIVATE KEY") == true)
  }

  @Test(arguments: [
    ("CN", "subject"), ("CN=", "subject"), ("CN=a,", "subject"), ("XX=a", "subject"), ("CN=\"a", "subject"), ("CN=a\\", "subject"),
    ("C=France", "subject"), ("CN=a\u{7}b", "subject"), ("CN=#0401", "subject"), ("1.2.99999999999=a", "subject"), ("9.9=a", "subject"),
    ("E=é@a.b", "subject"), (String(repeating: "CN=a,", count: 40) + "CN=b", "subject"),
  ])
  func aBadSubjectIsRefused(_ subject: String, _ part: String) async throws {
    let fixture = try await VaultFixture()
    let reply = try await fixture.makeCertificate("c", VaultFixture.policy("Self", [("x509_props", ["subject": .string(subject)])]))
    #expect(reply.status == 400 && reply.code == "BadParameter" && reply.message?.contains(part) == true, "\(reply)")
  }

  @Test(
    arguments: [
      ("key_props", ["kty": "oct"], "kty"), ("key_props", ["kty": "RSA", "key_size": 1024], "key_size"),
      ("key_props", ["kty": "EC", "crv": "P-256K"], "crv"), ("key_props", ["kty": "EC", "crv": "P-256", "key_size": 384], "crv"),
      ("key_props", ["kty": "RSA-HSM", "exportable": true], "exportable"), ("key_props", ["kty": "RSA-HSM"], "Hardware"),
      ("secret_props", ["contentType": "text/plain"], "contentType"), ("x509_props", ["subject": "", "sans": ["dns_names": []]], "subject"),
      ("x509_props", ["subject": "CN=a", "sans": ["dns_names": ["a b"]]], "dns_names"),
      ("x509_props", ["subject": "CN=a", "sans": ["emails": ["é@a.b"]]], "emails"),
      ("x509_props", ["subject": "CN=a", "sans": ["ipAddresses": ["1.2.3"]]], "ipAddresses"),
      ("x509_props", ["subject": "CN=a", "ekus": ["1"]], "ekus"), ("x509_props", ["subject": "CN=a", "ekus": ["1.2.3", "1.2.3"]], "ekus"),
      ("x509_props", ["subject": "CN=a", "key_usage": ["flying"]], "key_usage"),
      ("x509_props", ["subject": "CN=a", "validity_months": 0], "validity_months"),
      ("x509_props", ["subject": "CN=a", "validity_months": 99_999_999_999_999], "validity_months"),
      ("lifetime_actions", [["trigger": ["lifetime_percentage": 100], "action": ["action_type": "AutoRenew"]]], "lifetime_percentage"),
      ("lifetime_actions", [["trigger": ["days_before_expiry": 1000], "action": ["action_type": "AutoRenew"]]], "days_before_expiry"),
      ("lifetime_actions", [["trigger": [:], "action": ["action_type": "AutoRenew"]]], "trigger"),
      ("lifetime_actions", [["trigger": ["lifetime_percentage": 80], "action": ["action_type": "Dance"]]], "action_type"),
      ("issuer", ["name": "nobody"], "nobody"), ("issuer", [:], "issuer"),
    ] as [(String, JSON, String)])
  func aBadPolicyIsRefused(_ name: String, _ value: JSON, _ part: String) async throws {
    let fixture = try await VaultFixture()
    let reply = try await fixture.makeCertificate("c", VaultFixture.policy("Self", [(name, value)]))
    #expect(reply.status == 400 && reply.code == "BadParameter" && reply.message?.contains(part) == true, "\(reply)")
    #expect(try await fixture.count("vault.certificateOperation") == 0)
  }

  @Test func aNameThatAKeyOrASecretHasIsNotTaken() async throws {
    let (openssl, fixture) = (OpenSSL(), try await VaultFixture())
    try openssl.makePair()
    try await fixture.set("one", "v")
    try await fixture.send(.POST, "/keys/two/create", ["kty": "EC"])
    for name in ["One", "two"] {
      for reply in [try await fixture.makeCertificate(name), try await fixture.importCertificate(name, try openssl.pkcs12("p"), password: "p")] {
        #expect(reply.status == 409 && reply.code == "Conflict", "\(reply)")
      }
    }
    // And the other way round.
    #expect(try await fixture.makeCertificate("three").status == 202)
    #expect(try await fixture.send(.PUT, "/secrets/three", ["value": "v"]).status == 403)
    #expect(try await fixture.send(.DELETE, "/secrets/three").status == 403)
    #expect(try await fixture.send(.DELETE, "/keys/three").status == 403)
  }

  @Test func versionsFollowEachOtherAndPoliciesAndAttributesAreChanged() async throws {
    let fixture = try await VaultFixture()
    #expect(try await fixture.makeCertificate("c").status == 202)
    let first = try await fixture.send(.GET, "/certificates/c")
    #expect(try await fixture.makeCertificate("c").status == 202)
    let second = try await fixture.send(.GET, "/certificates/c")
    #expect(first["id"] != second["id"] && first["x5t"] != second["x5t"])
    let versions = try await fixture.send(.GET, "/certificates/c/versions")
    #expect(versions["value"]?.array?.count == 2)
    #expect(try await fixture.send(.GET, "/certificates", query: [("maxresults", "1")])["value"]?.array?.count == 1)
    let changed = try await fixture.send(
      .PATCH, "/certificates/c/policy",
      [
        "key_props": ["reuse_key": true, "kty": "EC", "crv": "P-256"],
        "lifetime_actions": [["trigger": ["days_before_expiry": 30], "action": ["action_type": "EmailContacts"]]],
      ])
    #expect(
      changed.status == 200 && changed["key_props"]?["reuse_key"] == true && changed["x509_props"] == second["policy"]?["x509_props"], "\(changed)")
    #expect(try await fixture.send(.GET, "/certificates/c/policy").json == changed.json)
    // The policy of the certificate is taken where the request has none; now it keeps the key.
    #expect(try await fixture.send(.POST, "/certificates/c/create", [:]).status == 202)
    let third = try await fixture.send(.GET, "/certificates/c")
    #expect(try fixture.certificate(third).publicKey == fixture.certificate(second).publicKey)
    #expect(try fixture.certificate(third) != fixture.certificate(second))
    let disabled = try await fixture.send(.PATCH, "/certificates/c", ["attributes": ["enabled": false], "tags": ["x": "y"]])
    #expect(disabled["attributes"]?["enabled"] == false && disabled["tags"] == ["x": "y"], "\(disabled)")
    #expect(try await fixture.send(.GET, "/secrets/c").innerCode == "SecretDisabled")
    #expect(try await fixture.send(.GET, "/keys/c")["attributes"]?["enabled"] == false)
  }

  @Test func whatIsDeletedComesBackWithKeyAndSecretAndIsPurgedWithThem() async throws {
    let fixture = try await VaultFixture()
    #expect(try await fixture.makeCertificate("c").status == 202)
    let before = try await fixture.send(.GET, "/certificates/c")
    let deleted = try await fixture.send(.DELETE, "/certificates/c")
    #expect(deleted.status == 200 && deleted["recoveryId"] == "https://vault1.vault.cloud.test/deletedcertificates/c", "\(deleted)")
    for path in ["/certificates/c", "/keys/c", "/secrets/c"] { #expect(try await fixture.send(.GET, path).status == 404) }
    #expect(try await fixture.makeCertificate("c").innerCode == "ObjectIsDeletedButRecoverable")
    #expect(try await fixture.send(.GET, "/deletedcertificates")["value"]?.array?.count == 1)
    #expect(try await fixture.send(.POST, "/deletedsecrets/c/recover").status == 403)
    #expect(try await fixture.send(.DELETE, "/deletedkeys/c").status == 403)
    #expect(try await fixture.send(.POST, "/deletedcertificates/c/recover").status == 200)
    #expect(try await fixture.send(.GET, "/certificates/c").json == before.json)
    #expect(try await fixture.send(.GET, "/secrets/c").status == 200)
    try await fixture.send(.DELETE, "/certificates/c")
    #expect(try await fixture.send(.DELETE, "/deletedcertificates/c").status == 204)
    for path in ["/deletedcertificates/c", "/deletedkeys/c", "/deletedsecrets/c"] { #expect(try await fixture.send(.GET, path).status == 404) }
    #expect(try await fixture.makeCertificate("c").status == 202)
  }

  @Test func aBackupComesBackInAnotherVaultWithKeyAndSecret() async throws {
    let fixture = try await VaultFixture()
    try await fixture.makeVault("vault2")
    #expect(try await fixture.makeCertificate("c").status == 202)
    let before = try await fixture.send(.GET, "/certificates/c")
    let backup = try await fixture.send(.POST, "/certificates/c/backup")
    let restored = try await fixture.send(.POST, "/certificates/restore", ["value": backup["value"] ?? .null], vault: "vault2")
    #expect(restored.status == 200 && restored["cer"] == before["cer"], "\(restored)")
    let secret = try await fixture.send(.GET, "/secrets/c", vault: "vault2")
    #expect(secret["value"] == (try await fixture.send(.GET, "/secrets/c"))["value"])
    #expect(secret["kid"] == restored["kid"] && secret["kid"]?.string?.hasPrefix("https://vault2.") == true, "\(secret)")
    #expect(try await fixture.send(.POST, "/certificates/restore", ["value": backup["value"] ?? .null], vault: "vault2").status == 409)
  }

  @Test func changesAreInTheLedgerAndReadingTheKeyToo() async throws {
    let fixture = try await VaultFixture()
    #expect(try await fixture.makeCertificate("c").status == 202)
    _ = try await fixture.send(.GET, "/secrets/c")
    let entries = try await fixture.entries()
    #expect(entries.contains { $0.kind == .controlWrite && $0.facts["operation"] == "Create Certificate" && $0.subject.hasSuffix("/certificates/c") })
    #expect(entries.contains { $0.kind == .secretRead && $0.subject.contains("/secrets/c/") })
  }
}
