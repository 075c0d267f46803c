import Base
import Catalogue
import Identity
import Records
import SecNumCloud
import Simulation
import Testing
import Wire

struct ControlCRYPTO04Tests {
  private static let password = "Correct-Horse-42"
  private static let held: [ItemID: Verdict] = ["10.3.a": .compliant, "10.3.b": .compliant, "10.3.c": .nonCompliant, "10.3.d": .compliant]

  private func house() async throws -> (ObservedHouse, User) {
    let house = try await ObservedHouse()
    let tenant = try await house.makeTenant("contoso")
    let user = try await house.makeUser("ann", in: tenant)
    #expect(try await house.verdicts(ControlCRYPTO04()).values.allSatisfy { $0 == .notAssessed })
    try await house.identity.setPassword(Self.password, user: user.id, tenant: tenant.id)
    let (identity, now) = (house.identity, house.clock.now())
    let application = try await house.records.write {
      try identity.createApplication(Application(id: .zero, tenant: tenant.id, appID: .zero, displayName: "Robot", created: now), in: $0)
    }
    _ = try await house.identity.addPassword(toApplication: application.id, tenant: tenant.id, displayName: nil)
    let stored = try await house.records.read { try identity.user(user.id, tenant: tenant.id, in: $0) }
    return (house, try #require(stored))
  }

  private func store(_ hash: String?, _ user: User, _ house: ObservedHouse) async throws {
    var changed = user
    changed.passwordHash = hash
    let record = changed
    try await house.records.write { try $0.save(record) }
  }

  private func hash(rounds: Int, salt: [UInt8]) -> String {
    "pbkdf2-sha256$\(rounds)$\(Base64.encode(salt))$\(Base64.encode([UInt8](repeating: 1, count: 32)))"
  }

  @Test func `a weak hash, a shared salt and a password that rests in clear are found`() async throws {
    let (house, user) = try await house()
    #expect(try await house.verdicts(ControlCRYPTO04()) == Self.held)
    let salt = [UInt8](repeating: 7, count: 16)

    try await store(hash(rounds: 1000, salt: salt), user, house)
    #expect(try await house.verdicts(ControlCRYPTO04())["10.3.b"] == .nonCompliant)
    try await store(hash(rounds: 600_000, salt: Array(salt.prefix(8))), user, house)
    #expect(try await house.verdicts(ControlCRYPTO04())["10.3.d"] == .nonCompliant)
    try await store(Self.password, user, house)
    let clear = try #require(try await house.findings(ControlCRYPTO04()).first { $0.items == ["10.3.a"] })
    #expect(clear.verdict == .nonCompliant)
    #expect(clear.reason?.french.contains(Self.password) == false)
    #expect(!clear.evidence.text.contains(Self.password))

    try await store(hash(rounds: 600_000, salt: salt), user, house)
    #expect(try await house.verdicts(ControlCRYPTO04()) == Self.held)
    var twin = user
    twin.id = house.random.guid()
    twin.userPrincipalName = "twin@contoso.cloud.test"
    twin.passwordHash = hash(rounds: 600_000, salt: salt)
    let other = twin
    try await house.records.write { try $0.save(other) }
    #expect(try await house.verdicts(ControlCRYPTO04())["10.3.d"] == .nonCompliant)
    try await house.records.write { try $0.remove(User.self, other.key) }
    try await store(user.passwordHash, user, house)
    #expect(try await house.verdicts(ControlCRYPTO04()) == Self.held)
  }

  @Test func `credentials in a file are a gap for as long as they open an account`() async throws {
    let (house, user) = try await house()
    let file: JSON = .object(["userName": .string(user.userPrincipalName), "password": .string(Self.password)])
    house.host.files[house.platform.site.credentials] = file.bytes
    let finding = try #require(try await house.findings(ControlCRYPTO04()).first { $0.items == ["10.3.a"] })
    #expect(finding.verdict == .nonCompliant)
    #expect(finding.reason?.french.contains(house.platform.site.credentials) == true)
    #expect(finding.reason?.french.contains(Self.password) == false)
    try await house.identity.setPassword("Another-Horse-42", user: user.id, tenant: user.tenant)
    #expect(try await house.verdicts(ControlCRYPTO04()) == Self.held)
    try await house.identity.setPassword(Self.password, user: user.id, tenant: user.tenant)
    #expect(try await house.verdicts(ControlCRYPTO04())["10.3.a"] == .nonCompliant)
    house.host.files[house.platform.site.credentials] = nil
    #expect(try await house.verdicts(ControlCRYPTO04()) == Self.held)
  }
}
