import Base
import Crypto
import Foundation
import NIOHTTP1
import NIOSSL
import Simulation
import Testing
import Vault
import Wire
import X509

/// What strangers' programs write is taken in, and what is wrong with it is told.
@Suite struct CertificateImportTests {
  @Test(arguments: [
    (["rsa:2048"], [String]()), (["rsa:4096"], []), (["ec", "ec_paramgen_curve:P-256"], []), (["ec", "ec_paramgen_curve:P-384"], []),
    (["ec", "ec_paramgen_curve:P-521"], []), (["rsa:2048"], ["-legacy"]), (["ec", "ec_paramgen_curve:P-256"], ["-legacy"]),
    (["rsa:2048"], ["-keypbe", "PBE-SHA1-3DES", "-certpbe", "PBE-SHA1-3DES", "-macalg", "sha1"]),
    (["rsa:2048"], ["-keypbe", "AES-128-CBC", "-certpbe", "AES-192-CBC", "-macalg", "sha512"]),
    (["rsa:2048"], ["-keypbe", "NONE", "-certpbe", "NONE"]),
  ])
  func aFileOfOpenSSLIsTakenInAndItsKeyComesBackByTheSecret(_ key: [String], _ options: [String]) async throws {
    let (openssl, fixture) = (OpenSSL(), try await VaultFixture())
    try openssl.makePair(key)
    for password in ["secret", ""] {
      let file = try openssl.pkcs12(password, options)
      let name = "c\(password.count)"
      let made = try await fixture.importCertificate(name, file, password: password)
      #expect(made.status == 200, "\(made)")
      try openssl.run("x509", "-in", "cert.pem", "-outform", "DER", "-out", "cert.der")
      let der = try openssl.read("cert.der")
      #expect(made["cer"]?.string == Base64.encode(der))
      #expect(made["x5t"]?.string == Base64URL.encode(Insecure.SHA1.hash(data: der)))
      #expect(made["policy"]?["issuer"]?["name"] == "Unknown")
      #expect(made["policy"]?["x509_props"]?["subject"] == "CN=stranger.example")
      #expect(made["policy"]?["x509_props"]?["sans"]?["dns_names"] == ["stranger.example"])
      let secret = try await fixture.send(.GET, "/secrets/\(name)")
      #expect(secret["contentType"] == "application/x-pkcs12" && secret["managed"] == true && secret["kid"] == made["kid"], "\(secret)")
      let pfx = try #require(Base64.decode(secret["value"]?.string ?? ""))
      try openssl.write(pfx, "back.pfx")
      try openssl.run("pkcs12", "-in", "back.pfx", "-passin", "pass:", "-nodes", "-nocerts", "-out", "back.pem")
      #expect(try openssl.run("pkey", "-in", "back.pem", "-outform", "PEM") == openssl.run("pkey", "-in", "key.pem", "-outform", "PEM"))
      let again = try await fixture.importCertificate("again\(password.count)", pfx)
      #expect(again.status == 200 && again["cer"] == made["cer"], "\(again)")
    }
  }

  @Test func aWrongPasswordIsTold() async throws {
    let (openssl, fixture) = (OpenSSL(), try await VaultFixture())
    try openssl.makePair()
    for options in [[], ["-legacy"]] {
      let file = try openssl.pkcs12("right", options)
      for wrong in ["wrong", "", "rïght", "right\u{0}"] {
        let refused = try await fixture.importCertificate("c1", file, password: wrong)
        #expect(refused.status == 400 && refused.code == "BadParameter" && refused.message?.contains("password") == true, "\(refused)")
        #expect(refused.message?.contains("wrong") == false)
      }
    }
    #expect(try await fixture.send(.GET, "/certificates/c1").status == 404)
  }

  @Test func aPasswordBeyondASCIIOpensWhatIsEncryptedWithAESAndIsRefusedWith3DES() async throws {
    let (openssl, fixture) = (OpenSSL(), try await VaultFixture())
    try openssl.makePair()
    #expect(try await fixture.importCertificate("c1", try openssl.pkcs12("clé€𝄞"), password: "clé€𝄞").status == 200)
    let refused = try await fixture.importCertificate("c2", try openssl.pkcs12("clé", ["-legacy"]), password: "clé")
    #expect(refused.status == 400 && refused.message?.contains("not supported") == true, "\(refused)")
  }

  @Test func filesWithoutAKeyWithoutACertificateOrWithAnothersAreRefused() async throws {
    let (openssl, fixture) = (OpenSSL(), try await VaultFixture())
    try openssl.makePair()
    for legacy in [false, true] {
      let further = legacy ? ["-legacy"] : []
      try openssl.run(["pkcs12", "-export", "-nokeys", "-in", "cert.pem", "-out", "nokeys.pfx", "-passout", "pass:p"] + further)
      let nokeys = try await fixture.importCertificate("c1", try openssl.read("nokeys.pfx"), password: "p")
      #expect(nokeys.status == 400 && nokeys.code == "BadParameter", "\(nokeys)")
      try openssl.run(["pkcs12", "-export", "-nocerts", "-inkey", "key.pem", "-out", "nocerts.pfx", "-passout", "pass:p"] + further)
      let nocerts = try await fixture.importCertificate("c1", try openssl.read("nocerts.pfx"), password: "p")
      #expect(nocerts.status == 400 && nocerts.code == "BadParameter", "\(nocerts)")
    }
    let certificate = try openssl.read("cert.pem")
    try openssl.makePair()
    let foreign = try await fixture.importCertificate("c1", try openssl.read("key.pem") + certificate)
    #expect(foreign.status == 400 && foreign.message?.contains("does not match the public part") == true, "\(foreign)")
  }

  /// No byte of a file may end the process; whatever is still taken in holds a key with its certificate.
  @Test(arguments: [false, true]) func aBrokenFileIsRefusedAndNothingElse(_ isLegacy: Bool) async throws {
    let (openssl, fixture) = (OpenSSL(), try await VaultFixture())
    try openssl.makePair(["ec", "ec_paramgen_curve:P-256"])
    let file = try openssl.pkcs12("p", isLegacy ? ["-legacy"] : [])
    let random = SeededRandom(seed: 7)
    for length in stride(from: 0, to: file.count, by: 97) {
      let reply = try await fixture.importCertificate("c1", Array(file.prefix(length)), password: "p")
      #expect(reply.status == 400, "\(length) \(reply)")
    }
    for _ in 0..<150 {
      var broken = file
      let place = random.number(below: broken.count)
      broken[place] ^= UInt8(1 + random.number(below: 255))
      let reply = try await fixture.importCertificate("c1", broken, password: "p")
      #expect([200, 400].contains(reply.status), "\(place) \(reply)")
    }
  }

  @Test func pemIsTakenInWithItsChainInOrder() async throws {
    let (openssl, fixture) = (OpenSSL(), try await VaultFixture())
    try openssl.run("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=CA", "-days", "400")
    try openssl.run("req", "-new", "-newkey", "rsa:2048", "-nodes", "-keyout", "key.pem", "-out", "leaf.csr", "-subj", "/CN=leaf/O=Contoso, Inc.")
    try openssl.run("x509", "-req", "-in", "leaf.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-out", "leaf.pem", "-days", "365", "-CAcreateserial")
    let text = Array("Bag Attributes: none\r\n".utf8) + (try openssl.read("ca.pem")) + (try openssl.read("key.pem")) + (try openssl.read("leaf.pem"))
    let made = try await fixture.importCertificate("c1", text, [("policy", ["secret_props": ["contentType": "application/x-pem-file"]])])
    #expect(made.status == 200, "\(made)")
    #expect(made["policy"]?["x509_props"]?["subject"]?.string == #"O=Contoso\, Inc., CN=leaf"#)
    let secret = try #require(try await fixture.send(.GET, "/secrets/c1")["value"]?.string)
    let documents = secret.components(separatedBy: "-----BEGIN ").dropFirst().map { $0.prefix { $0 != "-" } }
    #expect(documents == ["PRIVATE KEY", "CERTIFICATE", "CERTIFICATE"])
    try openssl.write(Array(secret.utf8), "secret.pem")
    #expect(try openssl.run("x509", "-in", "secret.pem", "-noout", "-subject").contains("leaf"))
    // The text itself, as some clients send it; and an encrypted key.
    let raw = try await fixture.send(.POST, "/certificates/c2/import", ["value": .string(String(decoding: text, as: UTF8.self))])
    #expect(raw.status == 200 && raw["cer"] == made["cer"], "\(raw)")
    try openssl.run("pkcs8", "-topk8", "-in", "key.pem", "-out", "encrypted.pem", "-passout", "pass:geheim", "-v2", "aes-256-cbc")
    let encrypted = try openssl.read("encrypted.pem") + openssl.read("leaf.pem")
    #expect(try await fixture.importCertificate("c3", encrypted, password: "geheim").status == 200)
    #expect(try await fixture.importCertificate("c4", encrypted, password: "other").message?.contains("password") == true)
  }

  @Test func malformedExpiredOversizedAndUnfitContentIsRefused() async throws {
    let (openssl, fixture) = (OpenSSL(), try await VaultFixture())
    try openssl.makePair()
    func refused(_ reply: VaultReply, _ part: String, line: Int = #line) {
      #expect(reply.status == 400 && reply.code == "BadParameter" && reply.message?.contains(part) == true, "\(line) \(reply)")
    }
    refused(try await fixture.send(.POST, "/certificates/c/import", [:]), "value")
    refused(try await fixture.send(.POST, "/certificates/c/import", ["value": "!!!"]), "PKCS#12")
    refused(try await fixture.importCertificate("c", Array("hello".utf8)), "PKCS#12")
    refused(try await fixture.importCertificate("c", Array("-----BEGIN CERTIFICATE-----\nAAAA\n".utf8)), "PEM")
    let noPEM: JSON = ["secret_props": ["contentType": "application/x-pem-file"]]
    refused(try await fixture.importCertificate("c", try openssl.pkcs12(""), [("policy", noPEM)]), "PEM")
    refused(try await fixture.importCertificate("c", [UInt8](repeating: 0x30, count: 100_000)), "too large")
    refused(
      try await fixture.importCertificate(
        "c", Array("-----BEGIN CERTIFICATE-----\nMAAA\n-----END CERTIFICATE-----\n".utf8) + (try openssl.read("key.pem"))), "X.509")
    refused(try await fixture.importCertificate("c", try openssl.pkcs12("p", ["-iter", "1000001"]), password: "p"), "rounds")
    // Each derivation is within its bound; a code, a key and certificates together are not.
    refused(try await fixture.importCertificate("c", try openssl.pkcs12("p", ["-iter", "700000"]), password: "p"), "rounds in all")
    fixture.clock.advance(by: .seconds(3 * 365 * 86_400))
    refused(try await fixture.importCertificate("c", try openssl.pkcs12("p"), password: "p"), "expired")
    fixture.clock.advance(by: .seconds(-3 * 365 * 86_400))
    try openssl.run("req", "-x509", "-newkey", "rsa:1024", "-nodes", "-keyout", "key.pem", "-out", "cert.pem", "-subj", "/CN=small", "-days", "400")
    refused(try await fixture.importCertificate("c", try openssl.pkcs12("p"), password: "p"), "invalid")
  }
}
