import Base
import Foundation
import NIOHTTP1
import Records
import Simulation
import Testing
import Vault
import Wire
import X509

/// Certificates that somebody else signs, and those that the platform does.
@Suite struct CertificateOperationTests {
  /// What an authority of openssl makes of a request.
  private func signed(_ reply: VaultReply, _ openssl: OpenSSL, days: Int = 365) throws -> [UInt8] {
    try openssl.write(try #require(Base64.decode(reply["csr"]?.string ?? "")), "r.der")
    try openssl.run("req", "-in", "r.der", "-inform", "DER", "-out", "r.pem", "-verify")
    try openssl.run(
      "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=CA")
    try openssl.run(
      "x509", "-req", "-in", "r.pem", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "\(days)", "-copy_extensions", "copy",
      "-outform", "DER", "-out", "leaf.der")
    return try openssl.read("leaf.der")
  }

  @Test(arguments: ["EC", "RSA"]) func aRequestWaitsForItsCertificateAcrossARestartAndIsMerged(_ type: String) async throws {
    let openssl = OpenSSL()
    let policy = VaultFixture.policy(
      "Unknown", [("key_props", ["kty": .string(type)]), ("x509_props", ["subject": "CN=c", "sans": ["dns_names": ["c.example"]]])])
    let before = try await VaultFixture()
    let made = try await before.makeCertificate("c", policy, [("tags", ["a": "1"])])
    #expect(made.status == 202 && made["status"] == "inProgress" && made["target"] == nil, "\(made)")
    let fixture = try await before.reopened()
    #expect(try await fixture.send(.GET, "/certificates/c/pending").json == made.json)
    let pending = try await fixture.send(.GET, "/certificates/c")
    #expect(pending.status == 200 && pending["cer"] == nil && pending["attributes"]?["enabled"] == false, "\(pending)")
    #expect(try await fixture.send(.GET, "/certificates")["value"] == [])
    #expect(try await fixture.send(.GET, "/certificates", query: [("includePending", "true")])["value"]?.array?.count == 1)
    for reply in [try await fixture.makeCertificate("c"), try await fixture.makeCertificate("C", policy)] {
      #expect(reply.status == 409 && reply.message?.contains("inProgress") == true, "\(reply)")
    }
    let leaf = try signed(made, openssl)
    let merged = try await fixture.send(
      .POST, "/certificates/c/pending/merge", ["x5c": [.string(Base64.encode(leaf))], "tags": ["b": "2"], "attributes": ["enabled": true]])
    #expect(merged.status == 201 && merged["cer"]?.string == Base64.encode(leaf) && merged["tags"] == ["b": "2"], "\(merged)")
    #expect(merged["id"] == pending["id"])
    #expect(try fixture.certificate(merged).extensions.subjectAlternativeNames?.first == .dnsName("c.example"))
    let done = try await fixture.send(.GET, "/certificates/c/pending")
    #expect(done["status"] == "completed" && done["target"] == "https://vault1.vault.cloud.test/certificates/c", "\(done)")
    let value = try #require(try await fixture.send(.GET, "/secrets/c")["value"]?.string)
    try openssl.write(Array(value.utf8), "c.pem")
    #expect(try openssl.run("pkey", "-in", "c.pem", "-pubout") == openssl.run("x509", "-in", "c.pem", "-noout", "-pubkey"))
    let again = try await fixture.send(.POST, "/certificates/c/pending/merge", ["x5c": [.string(Base64.encode(leaf))]])
    #expect(again.status == 403 && again.code == "Forbidden", "\(again)")
    // The key that waited is not kept twice.
    #expect(try await fixture.makeCertificate("c", policy).status == 202)
  }

  @Test func aForeignCertificateIsNotMerged() async throws {
    let (openssl, fixture) = (OpenSSL(), try await VaultFixture())
    let made = try await fixture.makeCertificate("c", VaultFixture.policy("Unknown"))
    try openssl.makePair()
    try openssl.run("x509", "-in", "cert.pem", "-outform", "DER", "-out", "cert.der")
    let foreign = try openssl.read("cert.der")
    let cases: [(JSON, String)] = [
      ([.string(Base64.encode(foreign))], "does not match the public part"), ([], "X5C"), (["!"], "X5C"), ([5], "X5C"), ("x", "X5C"),
      ([.string(Base64.encode([0x30, 0x03, 1, 2, 3]))], "X.509"),
      (.array(Array(repeating: .string(Base64.encode(foreign)), count: 11)), "too large"),
    ]
    for (chain, part) in cases {
      let reply = try await fixture.send(.POST, "/certificates/c/pending/merge", ["x5c": chain])
      #expect(reply.status == 400 && reply.code == "BadParameter" && reply.message?.contains(part) == true, "\(chain) \(reply)")
    }
    let short = try signed(made, openssl, days: 1)
    let expired = try await fixture.send(.POST, "/certificates/c/pending/merge", ["x5c": [.string(Base64.encode(short))]])
    #expect(expired.status == 400 && expired.message?.contains("expired") == true, "\(expired)")
    #expect(
      try await fixture.send(.POST, "/certificates/none/pending/merge", ["x5c": [.string(Base64.encode(short))]]).code == "PendingCertificateNotFound"
    )
    // The chain may stand before its certificate.
    let leaf = try signed(made, openssl)
    try openssl.run("x509", "-in", "ca.pem", "-outform", "DER", "-out", "ca.der")
    let merged = try await fixture.send(
      .POST, "/certificates/c/pending/merge", ["x5c": [.string(Base64.encode(try openssl.read("ca.der"))), .string(Base64.encode(leaf))]])
    #expect(merged["cer"]?.string == Base64.encode(leaf), "\(merged)")
    #expect(try await fixture.send(.GET, "/secrets/c")["value"]?.string?.components(separatedBy: "BEGIN CERTIFICATE").count == 3)
  }

  @Test func anOperationIsCancelledAndDeletedAndItsKeyGoesWithIt() async throws {
    let fixture = try await VaultFixture()
    #expect(try await fixture.send(.GET, "/certificates/c/pending").code == "PendingCertificateNotFound")
    #expect(try await fixture.makeCertificate("c", VaultFixture.policy("Unknown")).status == 202)
    #expect(try await fixture.send(.PATCH, "/certificates/c/pending", ["cancellation_requested": 1]).status == 400)
    let cancelled = try await fixture.send(.PATCH, "/certificates/c/pending", ["cancellation_requested": true])
    #expect(cancelled.status == 200 && cancelled["cancellation_requested"] == true && cancelled["status"] == "cancelled", "\(cancelled)")
    #expect(try await fixture.send(.PATCH, "/certificates/c/pending", ["cancellation_requested": true]).status == 403)
    #expect(try await fixture.send(.DELETE, "/certificates/c/pending").status == 200)
    #expect(try await fixture.send(.DELETE, "/certificates/c/pending").status == 404)
    #expect(try await fixture.send(.GET, "/certificates/c").status == 404)
    #expect(try await fixture.count("vault.certificateOperation") == 0)
    #expect(try await fixture.makeCertificate("c", VaultFixture.policy("Unknown")).status == 202)
    let deleted = try await fixture.send(.DELETE, "/certificates/c")
    #expect(deleted.status == 200 && deleted["recoveryId"] == nil && deleted["policy"]?["issuer"]?["name"] == "Unknown", "\(deleted)")
    #expect(try await fixture.count("vault.certificateOperation") == 0)
  }

  @Test func aKeyThatGotTheNameMeanwhileIsNotTouchedByTheMerge() async throws {
    let (openssl, fixture) = (OpenSSL(), try await VaultFixture())
    let made = try await fixture.makeCertificate("c", VaultFixture.policy("Unknown"))
    try await fixture.send(.POST, "/keys/c/create", ["kty": "EC"])
    let leaf = try signed(made, openssl)
    let reply = try await fixture.send(.POST, "/certificates/c/pending/merge", ["x5c": [.string(Base64.encode(leaf))]])
    #expect(reply.status == 409 && reply.code == "Conflict", "\(reply)")
    #expect(try await fixture.send(.GET, "/keys/c")["managed"] == nil)
    #expect(try await fixture.send(.GET, "/secrets/c").status == 404)
  }

  @Test func onlyOneOfManyRequestsAtTheSameTimeWaits() async throws {
    let fixture = try await VaultFixture()
    let statuses = try await withThrowingTaskGroup(of: Int.self) { group in
      for _ in 0..<8 { group.addTask { try await fixture.makeCertificate("c", VaultFixture.policy("Unknown")).status } }
      return try await group.reduce(into: [Int]()) { $0.append($1) }
    }
    #expect(statuses.sorted() == [202] + Array(repeating: 409, count: 7))
  }

  // MARK: The platform's authority

  private func platform(_ domains: [String] = ["contoso.example"]) async throws -> (VaultFixture, TestAuthority) {
    let authority = try TestAuthority(domains: domains)
    let fixture = try await VaultFixture(authority: authority)
    #expect(try await fixture.send(.PUT, "/certificates/issuers/house", ["provider": "Cocagne"]).status == 200)
    return (fixture, authority)
  }

  @Test func thePlatformsAuthorityCertifiesTheTenantsOwnNames() async throws {
    let (fixture, authority) = try await platform()
    let properties: JSON = [
      "subject": "CN=www.contoso.example", "validity_months": 120, "key_usage": ["digitalSignature", "keyCertSign", "cRLSign"],
      "sans": ["dns_names": ["contoso.example", "*.a.contoso.example"], "emails": ["a@contoso.example"], "upns": ["b@mail.contoso.example"]],
    ]
    let made = try await fixture.makeCertificate("c", VaultFixture.policy("HOUSE", [("x509_props", properties)]))
    #expect(made.status == 202, "\(made)")
    let certificate = try fixture.certificate(try await fixture.send(.GET, "/certificates/c"))
    #expect(certificate.issuer == authority.root.subject)
    #expect(authority.root.publicKey.isValidSignature(certificate.signature, for: certificate))
    let usage = try #require(try certificate.extensions.keyUsage)
    #expect(usage.digitalSignature && !usage.keyCertSign && !usage.cRLSign)
    #expect(certificate.notValidAfter.timeIntervalSince(certificate.notValidBefore) <= 825 * 86_400)
    let value = try #require(try await fixture.send(.GET, "/secrets/c")["value"]?.string)
    #expect(value.components(separatedBy: "BEGIN CERTIFICATE").count == 3)
  }

  @Test(arguments: [
    ("www.contoso.example.evil", [String]()), ("CN=", ["notcontoso.example"]), ("", ["cloud.test"]), ("", ["login.cloud.test"]),
    ("", ["*.vault.cloud.test"]), ("", ["*.test"]), ("", ["LOGIN.Cloud.Test"]), ("", ["localhost"]), ("", ["example"]), ("", ["*.example"]),
    ("CN=login.cloud.test", []), ("CN=www.contoso.example, O=Contoso", []), ("CN=somebody", []), ("CN=127.0.0.1", []), ("CN=*.cloud.test", []),
    ("CN=www.contoso.example", ["www.contoso.example", "other.example"]), ("CN=a b.contoso.example", []), ("E=a@contoso.example", []),
  ])
  func thePlatformsAuthorityCertifiesNothingElse(_ subject: String, _ names: [String]) async throws {
    // Even a tenant to whom the operator gave the cloud's own domain stands for no part of the cloud.
    let (fixture, authority) = try await platform(["contoso.example", "cloud.test", "test"])
    let properties: JSON = [
      "subject": .string(subject == "CN=" ? "" : subject.contains("=") || subject.isEmpty ? subject : "CN=" + subject),
      "sans": ["dns_names": .array(names.map { .string($0) })],
    ]
    let reply = try await fixture.makeCertificate("c", VaultFixture.policy("house", [("x509_props", properties)]))
    #expect(reply.status == 403 && reply.innerCode == "CertificateIssuerPolicy", "\(reply)")
    #expect(authority.count == 0)
    // Nobody else is asked for a certificate that signs itself: nobody trusts it.
    #expect(try await fixture.makeCertificate("c", VaultFixture.policy("Self", [("x509_props", properties)])).status == 202)
  }

  @Test(
    arguments: [
      ["subject": "CN=www.contoso.example", "sans": ["ipAddresses": ["192.0.2.1"]]],
      ["subject": "CN=www.contoso.example", "sans": ["uris": ["https://www.contoso.example"]]],
      ["subject": "CN=www.contoso.example", "sans": ["emails": ["a@other.example"]]],
      ["subject": "CN=www.contoso.example", "sans": ["upns": ["admin@cloud.test"]]],
      ["subject": "CN=www.contoso.example", "ekus": ["1.3.6.1.5.5.7.3.3"]],
      ["subject": "CN=www.contoso.example", "ekus": []],
    ] as [JSON])
  func addressesForeignPeopleAndOtherPurposesAreNotCertified(_ properties: JSON) async throws {
    let (fixture, authority) = try await platform(["contoso.example", "cloud.test"])
    let reply = try await fixture.makeCertificate("c", VaultFixture.policy("house", [("x509_props", properties)]))
    #expect(reply.status == 403 && reply.innerCode == "CertificateIssuerPolicy", "\(reply)")
    #expect(authority.count == 0)
  }

  @Test func issuersAreKeptChangedListedAndDeleted() async throws {
    let fixture = try await VaultFixture()
    #expect(try await fixture.send(.GET, "/certificates/issuers/one").code == "CertificateIssuerNotFound")
    #expect(try await fixture.send(.PATCH, "/certificates/issuers/one", ["provider": "Cocagne"]).status == 404)
    #expect(try await fixture.send(.PUT, "/certificates/issuers/one", [:]).status == 400)
    #expect(try await fixture.send(.PUT, "/certificates/issuers/Self", ["provider": "Cocagne"]).status == 400)
    let set = try await fixture.send(
      .PUT, "/certificates/issuers/one",
      [
        "provider": "DigiCert", "credentials": ["account_id": "k", "pwd": "planted-password"],
        "org_details": ["id": "7", "admin_details": [["first_name": "A", "last_name": "B", "email": "a@b.example", "phone": "1"]]],
      ])
    #expect(set["credentials"] == ["account_id": "k"], "\(set)")
    #expect(set["org_details"]?["admin_details"] == [["first_name": "A", "last_name": "B", "email": "a@b.example", "phone": "1"]])
    let patched = try await fixture.send(.PATCH, "/certificates/issuers/ONE", ["attributes": ["enabled": false]])
    #expect(
      patched["provider"] == "DigiCert" && patched["attributes"]?["enabled"] == false && patched["org_details"] == set["org_details"], "\(patched)")
    #expect(try await fixture.makeCertificate("c", VaultFixture.policy("one")).message?.contains("disabled") == true)
    try await fixture.send(.PATCH, "/certificates/issuers/one", ["attributes": ["enabled": true]])
    #expect(try await fixture.makeCertificate("c", VaultFixture.policy("one")).message?.contains("not served") == true)
    try await fixture.send(.PUT, "/certificates/issuers/two", ["provider": "Cocagne"])
    let page = try await fixture.send(.GET, "/certificates/issuers", query: [("maxresults", "1")])
    #expect(page["value"] == [["id": "https://vault1.vault.cloud.test/certificates/issuers/one", "provider": "DigiCert"]], "\(page)")
    #expect(page["nextLink"]?.string?.contains("$skiptoken=one") == true)
    #expect(try await fixture.send(.GET, "/certificates/issuers", query: [("$skiptoken", "one")])["value"]?.array?.count == 1)
    #expect(try await fixture.send(.DELETE, "/certificates/issuers/one").status == 200)
    #expect(try await fixture.send(.DELETE, "/certificates/issuers/one").status == 404)
    #expect(try await fixture.count("planted-password") == 0)
  }

  @Test func contactsAreKept() async throws {
    let fixture = try await VaultFixture()
    #expect(try await fixture.send(.GET, "/certificates/contacts").code == "ContactsNotFound")
    #expect(try await fixture.send(.DELETE, "/certificates/contacts").code == "ContactsNotFound")
    for bad: JSON in [[:], ["contacts": []], ["contacts": [["name": "n"]]], ["contacts": [["email": "nobody"]]]] {
      #expect(try await fixture.send(.PUT, "/certificates/contacts", bad).status == 400)
    }
    let contacts: JSON = [["email": "a@b.example", "name": "n", "phone": "1"], ["email": "c@d.example"]]
    let set = try await fixture.send(.PUT, "/certificates/contacts", ["contacts": contacts])
    #expect(set.status == 200 && set["contacts"] == contacts && set["id"] == "https://vault1.vault.cloud.test/certificates/contacts", "\(set)")
    #expect(try await fixture.send(.GET, "/certificates/contacts").json == set.json)
    #expect(try await fixture.send(.DELETE, "/certificates/contacts").json == set.json)
    #expect(try await fixture.send(.GET, "/certificates/contacts").status == 404)
  }
}
