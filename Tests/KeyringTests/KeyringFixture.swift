import Base
import Crypto
import Keyring
import Records
import Simulation

/// A record store and a keyring over it.
struct KeyringFixture {
  let directory = ScratchDirectory()
  let records: SQLiteRecordStore
  let rootKey: RootKey
  let keyring: Keyring
  let tenant = SystemRandom().guid()

  init() throws {
    records = try SQLiteRecordStore(path: directory("records"))
    rootKey = try RootKey(creatingAt: directory("root.key"), random: SystemRandom())
    keyring = Keyring(rootKey: rootKey, random: SystemRandom())
  }

  /// A keyring that has nothing in memory.
  func freshKeyring(_ rootKey: RootKey? = nil) -> Keyring {
    Keyring(rootKey: rootKey ?? self.rootKey, random: SystemRandom())
  }

  func makeDataKey(tenant: GUID? = nil) async throws -> DataKeyID {
    try await records.write { [keyring, own = self.tenant] in try keyring.makeDataKey(tenant: tenant ?? own, in: $0) }
  }

  /// The bytes of a data key.
  func bytes(_ id: DataKeyID, tenant: GUID? = nil, by keyring: Keyring? = nil) async throws -> [UInt8] {
    let keyring = keyring ?? self.keyring
    return try await records.read { [own = self.tenant] in try keyring.dataKey(id, tenant: tenant ?? own, in: $0).withUnsafeBytes { Array($0) } }
  }

  func seal(_ secret: [UInt8], context: String) async throws -> [UInt8] {
    try await records.write { [keyring, tenant] in try keyring.seal(secret, context: context, tenant: tenant, in: $0) }
  }

  func open(_ sealed: [UInt8], context: String, tenant: GUID? = nil, by keyring: Keyring? = nil) async throws -> [UInt8] {
    let keyring = keyring ?? self.keyring
    return try await records.read { [own = self.tenant] in try keyring.open(sealed, context: context, tenant: tenant ?? own, in: $0) }
  }

  /// The stored records of one kind, as they lie in the store.
  func stored(kind: String) async throws -> [(key: [UInt8], value: [UInt8])] {
    try await records.read { reader in
      try reader.entries(in: KeyBytes([0])..<KeyBytes([UInt8](repeating: 0xFF, count: 32)), limit: 100_000, reversed: false)
        .filter { Self.isRecord($0.key, kind: kind) }
    }
  }

  func put(_ value: [UInt8], forKey key: [UInt8]) async throws {
    try await records.write { try $0.put(value, forKey: key) }
  }

  /// After a tenant's 16 bytes and the mark of a record comes its kind.
  private static func isRecord(_ key: [UInt8], kind: String) -> Bool {
    key.count > 17 && key[16] == 1 && key[17...].starts(with: Array(kind.utf8) + [1])
  }
}
