import Base
import Crypto
import CryptoExtras
import Identity
import Ledger
import Operators
import Records
import Simulation
import SwiftASN1
import Testing
import Wire
import X509

#if canImport(FoundationEssentials)
  import FoundationEssentials
#endif

@Suite struct OperatorRegisterTests {
  @Test func aPersonGetsACertificateForTheirOwnKeyFromTheOperatorsAuthority() async throws {
    let fixture = try await OperatorFixture()
    let key = OperatorKey()
    let person = try await fixture.register.add(
      name: "Zoë d'Arc-Lévy", email: "Zoe@cocagne.example", roles: [.support, .auditeur], request: try key.request(name: "root"), days: 90,
      by: OperatorFixture.account)
    let certificate = try Certificate(derEncoded: person.certificateDER)
    let authority = try Certificate(pemEncoded: try await fixture.register.authorityCertificate())
    #expect(certificate.publicKey == Certificate.PublicKey(key.key.publicKey))
    #expect(authority.publicKey.isValidSignature(certificate.signature, for: certificate))
    #expect(certificate.subject.description.contains("Zoë d'Arc-Lévy"), "\(certificate.subject)")
    #expect(!certificate.subject.description.contains("root"), "what the request calls itself counts for nothing")
    #expect(try certificate.extensions.extendedKeyUsage == ExtendedKeyUsage([.clientAuth]))
    #expect(try certificate.extensions.basicConstraints == .notCertificateAuthority)
    #expect(person.notAfter.seconds == fixture.clock.now().seconds + 90 * 86400)
    #expect(person.addedBy == "root")
    #expect(try await fixture.register.find("zoe@COCAGNE.example") == person)
    #expect(try await fixture.register.find(person.id.description) == person)
    #expect(try await fixture.register.list() == [person])
    try await fixture.close()
  }

  @Test func oneAddressAndOneKeyAreOnePerson() async throws {
    let fixture = try await OperatorFixture()
    let key = OperatorKey()
    let first = try await fixture.add(key)
    await #expect(throws: OperatorRefusal.self) {
      try await fixture.add(OperatorKey(), name: "Camille Martin", email: "CAMILLE.durand@cocagne.example")
    }
    await #expect(throws: OperatorRefusal.self) { try await fixture.add(key, name: "Dominique Roy", email: "dominique@cocagne.example") }
    await #expect(throws: OperatorRefusal.self, "a renewal wants a new key") {
      try await fixture.register.renew(first.email, request: try key.request(), by: OperatorFixture.account)
    }
    #expect(try await fixture.register.list() == [first])
    // Whoever left makes room.
    _ = try await fixture.register.remove(first.email, by: OperatorFixture.account)
    let again = try await fixture.add(key)
    #expect(again.id != first.id)
    try await fixture.close()
  }

  @Test func ofManyWhoAreEnteredAtOnceUnderOneAddressOneIsRegistered() async throws {
    let fixture = try await OperatorFixture()
    let entered = await withTaskGroup(of: Bool.self) { group in
      for _ in 0..<8 { group.addTask { (try? await fixture.add(OperatorKey())) != nil } }
      return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
    }
    #expect(entered == 1)
    #expect(try await fixture.register.list().count == 1)
    try await fixture.close()
  }

  @Test(arguments: [
    ("Exploitation", "camille@cocagne.example"), ("Camille  Durand", "camille@cocagne.example"), ("Équipe 24/7", "camille@cocagne.example"),
    ("", "camille@cocagne.example"), ("Camille Durand", "ops@cocagne.example"), ("Camille Durand", "ROOT@cocagne.example"),
    ("Camille Durand", "camille"), ("Camille Durand", "a@b@cocagne.example"), ("Camille Durand", "@cocagne.example"),
    ("Camille Durand", "camille@local"), ("Camille Durand", "ca mille@cocagne.example"), ("Camille\u{0}Durand X", "camille@cocagne.example"),
    (String(repeating: "A", count: 40) + " " + String(repeating: "B", count: 40), "camille@cocagne.example"),
  ])
  func whatIsNoNamedPersonIsRefused(name: String, email: String) async throws {
    let fixture = try await OperatorFixture()
    await #expect(throws: OperatorRefusal.self) { try await fixture.add(OperatorKey(), name: name, email: email) }
    #expect(try await fixture.register.list().isEmpty)
    try await fixture.close()
  }

  @Test func weakKeysAndFalseRequestsAreRefused() async throws {
    let fixture = try await OperatorFixture()
    func refuses(_ request: String, days: Int = 365) async -> Bool {
      do {
        _ = try await fixture.register.add(
          name: "Camille Durand", email: "camille@cocagne.example", roles: [.support], request: request, days: days, by: OperatorFixture.account)
        return false
      } catch {
        return error is OperatorRefusal
      }
    }
    func request(_ key: Certificate.PrivateKey, _ algorithm: Certificate.SignatureAlgorithm) throws -> CertificateSigningRequest {
      try CertificateSigningRequest(
        version: .v1, subject: try DistinguishedName { CommonName("x") }, privateKey: key, attributes: CertificateSigningRequest.Attributes(),
        signatureAlgorithm: algorithm)
    }
    #expect(await refuses(try request(Certificate.PrivateKey(P521.Signing.PrivateKey()), .ecdsaWithSHA512).serializeAsPEM().pemString))
    #expect(await refuses(try request(Certificate.PrivateKey(Curve25519.Signing.PrivateKey()), .ed25519).serializeAsPEM().pemString))
    let rsa = try _RSA.Signing.PrivateKey(keySize: .bits2048)
    #expect(await refuses(try request(Certificate.PrivateKey(rsa), .sha256WithRSAEncryption).serializeAsPEM().pemString))
    let good = try OperatorKey().request()
    #expect(await refuses("garbage"))
    #expect(await refuses(good + String(repeating: "\n", count: OperatorLimits.maximumRequestBytes)))
    #expect(await refuses(good, days: 366))
    #expect(await refuses(good, days: 0))
    #expect(await refuses(good, days: -1))
    // One key's request under another's signature.
    let honest = try request(Certificate.PrivateKey(P256.Signing.PrivateKey()), .ecdsaWithSHA256)
    var serializer = DER.Serializer()
    try serializer.serialize(honest)
    var der = serializer.serializedBytes
    der[der.count - 1] ^= 1
    #expect(await refuses(PEMDocument(type: "CERTIFICATE REQUEST", derBytes: der).pemString))
    #expect(try await fixture.register.list().isEmpty)
    #expect(await !refuses(try request(Certificate.PrivateKey(P384.Signing.PrivateKey()), .ecdsaWithSHA384).serializeAsPEM().pemString))
    try await fixture.close()
  }

  @Test func anOperatorHasARole() async throws {
    let fixture = try await OperatorFixture()
    await #expect(throws: OperatorRefusal.self) { try await fixture.add(OperatorKey(), roles: []) }
    let person = try await fixture.add(OperatorKey())
    await #expect(throws: OperatorRefusal.self) { try await fixture.register.setRoles([], of: person.email, by: OperatorFixture.account) }
    await #expect(throws: OperatorRefusal.self) {
      try await fixture.register.setRoles([.support], of: "nobody@x.example", by: OperatorFixture.account)
    }
    #expect(try await fixture.register.setRoles([.support], of: person.email, by: OperatorFixture.account).roles == [.support])
    try await fixture.close()
  }

  @Test func everyChangeIsInTheLedgerAndNamesNobodyForGood() async throws {
    let fixture = try await OperatorFixture()
    let person = try await fixture.add(OperatorKey())
    let (email, account) = (person.email, OperatorFixture.account)
    _ = try await fixture.register.setRoles([.securite], of: email, by: account)
    _ = try await fixture.register.renew(email, request: try OperatorKey().request(), by: account)
    _ = try await fixture.register.setDisabled(true, email, by: account)
    _ = try await fixture.register.setDisabled(false, email, by: account)
    _ = try await fixture.register.remove(email, by: account)
    let entries = try await fixture.entries()
    #expect(
      Set(entries.compactMap { $0.facts["operation"] }) == [
        "operator added", "operator roles changed", "operator certificate renewed", "operator disabled", "operator enabled", "operator removed",
      ])
    #expect(entries.count == 6)
    for entry in entries {
      #expect(entry.kind == .operatorAction && entry.tenant == .zero && entry.subject == "/operators/\(person.id)")
      #expect(entry.personal["caller"] == "root" && entry.personal["email"] == email)
      #expect(!entry.facts.values.contains { $0.contains("Durand") || $0.contains("@") })
    }
    // A change that is refused leaves neither a trace in the register nor an entry of success.
    await #expect(throws: OperatorRefusal.self) { try await fixture.register.remove(email, by: account) }
    #expect(try await fixture.entries().count == 6)
    try await fixture.close()
  }

  @Test func theAuthorityHasASuccessorInTimeAndItsKeyRestsSealed() async throws {
    let fixture = try await OperatorFixture()
    let first = try await fixture.register.authorityCertificate()
    #expect(try await fixture.register.authorityCertificate() == first)
    fixture.clock.advance(by: .seconds(8 * 365 * 86400 + 1))
    let second = try await fixture.register.authorityCertificate()
    #expect(second != first)
    #expect(try Certificate(pemEncoded: second).notValidAfter > Certificate(pemEncoded: first).notValidAfter)
    try await fixture.close()
  }
}
