import Base
import Crypto
import Keyring
import Records
import SecurityModule
import Simulation
import Testing

@Suite struct ModuleRootKeyTests {
  private struct House {
    let fixture: ModuleFixture
    let directory = ScratchDirectory()
    let records: SQLiteRecordStore
    let tenant = SystemRandom().guid()

    init() throws {
      fixture = try ModuleFixture()
      records = try SQLiteRecordStore(path: directory("records"))
    }

    func bytes(_ id: DataKeyID, by keyring: Keyring) async throws -> [UInt8] {
      try await records.read { [tenant] in try keyring.dataKey(id, tenant: tenant, in: $0).withUnsafeBytes { Array($0) } }
    }
  }

  @Test func tenantsKeysAreWrappedInTheModuleAndOpenThere() async throws {
    let house = try House()
    let root = ModuleRootKey(SystemRandom().guid(), in: house.fixture.module)
    try root.make()
    try root.make()
    let keyring = Keyring(rootKey: RootKey(root), random: SystemRandom())
    #expect(keyring.rootKey.isInModule && keyring.rootKeyID == root.id)
    let id = try await house.records.write { [tenant = house.tenant] in try keyring.makeDataKey(tenant: tenant, in: $0) }
    let bytes = try await house.bytes(id, by: keyring)
    #expect(try await house.bytes(id, by: Keyring(rootKey: RootKey(root), random: SystemRandom())) == bytes)
    let other = ModuleRootKey(SystemRandom().guid(), in: house.fixture.module)
    try other.make()
    await #expect(throws: KeyringError.wrongRootKey(expected: [root.id])) {
      try await house.bytes(id, by: Keyring(rootKey: RootKey(other), random: SystemRandom()))
    }
    let backup = SystemRandom().guid()
    let key = try keyring.backupKey(backup)
    #expect(try Keyring(rootKey: RootKey(root), random: SystemRandom()).backupKey(backup) == key)
    #expect(try keyring.backupKey(SystemRandom().guid()) != key)
    #expect(try Keyring(rootKey: RootKey(other), random: SystemRandom()).backupKey(backup) != key)
  }

  @Test func whatIsInMemoryGoesOnWithoutTheModuleAndTheRestComesBackWithIt() async throws {
    let house = try House()
    let root = ModuleRootKey(SystemRandom().guid(), in: house.fixture.module)
    try root.make()
    let (keyring, tenant) = (Keyring(rootKey: RootKey(root), random: SystemRandom()), house.tenant)
    let id = try await house.records.write { try keyring.makeDataKey(tenant: tenant, in: $0) }
    let bytes = try await house.bytes(id, by: keyring)
    house.fixture.token.takeAway()
    #expect(try await house.bytes(id, by: keyring) == bytes)
    // The tenant's key is in memory too, after a transaction alone.
    let second = try await house.records.write { try keyring.makeDataKey(tenant: tenant, in: $0) }
    let cold = Keyring(rootKey: RootKey(root), random: SystemRandom())
    await #expect { try await house.bytes(id, by: cold) } throws: { ($0 as? KeyringError)?.retryAfterSeconds != nil }
    await #expect {
      try await house.records.write { try cold.seal([1], context: "c", tenant: SystemRandom().guid(), in: $0) }
    } throws: { CloudError.temporary($0)?.status == 503 }
    house.fixture.token.bringBack()
    try await Task.sleep(for: .milliseconds(ModuleLimits.reopenPauseMilliseconds + 50))
    #expect(try await house.bytes(id, by: cold) == bytes)
    #expect(try await house.bytes(second, by: cold).count == 32)
  }

  @Test func aRootKeyThatIsNotOnTheTokenIsUnavailable() async throws {
    let fixture = try ModuleFixture()
    let stranger = ModuleRootKey(SystemRandom().guid(), in: fixture.module)
    #expect { try stranger.check() } throws: { ($0 as? KeyringError)?.retryAfterSeconds != nil }
  }

  @Test func neitherHalfOfTheRootKeyCanBeReadOrExported() async throws {
    let fixture = try ModuleFixture()
    let root = ModuleRootKey(SystemRandom().guid(), in: fixture.module)
    try root.make()
    let keys = try await fixture.module.keys(labelled: "cocagne root key")
    #expect(keys.count == 2 && keys.contains(root.id))
    for key in keys {
      #expect(try await fixture.module.answer(to: .value, of: key) == RawAttribute.sensitive)
      await #expect(throws: SecurityModuleError.self) { try await fixture.module.export(key) }
    }
  }
}
