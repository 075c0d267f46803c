import Access
import Base
import Identity
import Logging
import Records
import Simulation
import Testing

@Suite struct SecretHashTests {
  @Test func newHashesMeetThePolicy() async throws {
    let fixture = try await IdentityFixture()
    // The real parameters, as the public initializer sets them.
    let service = try await IdentityService(
      records: fixture.records, keyring: fixture.keyring, address: fixture.address, clock: fixture.clock, random: fixture.random,
      logger: .init(label: "test"))
    let password = try #require(SecretHash(try await service.hashPassword(IdentityFixture.password, for: "alice@contoso.example")))
    #expect(password.rounds >= 600_000)
    #expect(password.salt.count >= 16)
    #expect(password.hash.count == 32)
    let (credential, text) = try await service.makeSecret(displayName: nil)
    let secret = try #require(SecretHash(credential.hash))
    #expect(secret.rounds >= 10_000)
    #expect(secret.salt.count >= 16)
    #expect(secret.salt != password.salt)
    #expect(text.count == 40)
    #expect(Set(text).count > 15)
    try await fixture.close()
  }

  @Test func aHashIsMadeAnewWhenTheParametersHaveGrown() async throws {
    let fixture = try await IdentityFixture()
    func rounds() async throws -> Int? {
      let (service, user) = (fixture.service, fixture.user)
      return try await fixture.records.read {
        try service.user(user.id, tenant: user.tenant, in: $0)?.passwordHash.flatMap { SecretHash($0)?.rounds }
      }
    }
    #expect(try await rounds() == 10)
    let stronger = try await IdentityFixture.service(
      fixture.records, fixture.keyring, fixture.address, fixture.clock, fixture.random, rounds: 20)
    var upgraded = fixture
    upgraded.endpoint = IdentityEndpoint(service: stronger, authorizer: AccessControl(records: fixture.records), logger: Logger(label: "test"))
    #expect(try await upgraded.passwordGrant().status == 200)
    #expect(try await rounds() == 20)
    #expect(try await fixture.passwordGrant().status == 200)
    try await fixture.close()
  }

  @Test(arguments: ["", "plain", "pbkdf2-sha256$0$AA==$AA==", "md5$1$AA==$AA==", "pbkdf2-sha256$10$AA==$AA=="])
  func whatIsNoHashIsNone(text: String) {
    #expect(SecretHash(text) == nil)
  }
}
