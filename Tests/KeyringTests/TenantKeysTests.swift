import Base
import Crypto
import Keyring
import Records
import Simulation
import Testing

@Suite struct TenantKeysTests {
  @Test func nothingOfATenantOpensOnceItsKeysAreDestroyed() async throws {
    let fixture = try KeyringFixture()
    let (keyring, tenant, other) = (fixture.keyring, fixture.tenant, SystemRandom().guid())
    let key = try await fixture.makeDataKey()
    let kept = try await fixture.makeDataKey(tenant: other)
    let secret = try await fixture.seal([1, 2, 3], context: "c")
    _ = try await fixture.records.write { try keyring.rotateTenantKey(tenant: tenant, in: $0) }
    let newer = try await fixture.seal([4], context: "c")
    #expect(try await fixture.bytes(key).count == 32)
    let wrapped = try await fixture.stored(kind: "keyring.dataKey")

    let destroyed = try await fixture.records.write { try keyring.destroyTenantKeys(tenant, in: $0) }
    #expect(destroyed.tenantKeyCount == 2)
    #expect(destroyed.dataKeyCount == 1)
    #expect(destroyed.keys.map(\.name) == ["tenant/1", "tenant/2", "data/\(key)"])
    #expect(Set(destroyed.keys.compactMap(\.fingerprint)).count == 3)
    for ring in [keyring, fixture.freshKeyring()] {
      await #expect(throws: KeyringError.noSuchKey) { try await fixture.bytes(key, by: ring) }
      for sealed in [secret, newer] { await #expect(throws: KeyringError.corrupt) { try await fixture.open(sealed, context: "c", by: ring) } }
    }
    #expect(keyring.cachedDataKey(key, tenant: tenant) == nil)
    #expect(try await fixture.stored(kind: "keyring.tenantKey").count == 1)
    #expect(try await fixture.records.read { try Keyring.tenantKeys(limit: 9, in: $0) }.map(\.tenant) == [other])
    #expect(try await fixture.bytes(kept, tenant: other).count == 32)

    // A new key of the same tenant does not open what the old one wrapped.
    _ = try await fixture.makeDataKey()
    for entry in wrapped { try await fixture.put(entry.value, forKey: entry.key) }
    await #expect(throws: (any Error).self) { try await fixture.bytes(key, by: fixture.freshKeyring()) }
  }

  @Test func whatAReadFromBeforeTheDestructionBringsIsNotKeptInMemory() {
    struct Entry: Hashable {
      var tenant: GUID
      var number: Int
    }
    let cache = KeyCache<Entry>(limit: 10)
    let (ended, other) = (GUID(high: 1, low: 1), GUID(high: 2, low: 2))
    for tenant in [ended, other] { cache.insert(SymmetricKey(size: .bits256), for: Entry(tenant: tenant, number: 1), of: tenant) }
    cache.destroyAll(of: ended) { $0.tenant == ended }
    #expect(cache[Entry(tenant: ended, number: 1)] == nil)
    #expect(cache[Entry(tenant: other, number: 1)] != nil)
    for tenant in [ended, other] { cache.insert(SymmetricKey(size: .bits256), for: Entry(tenant: tenant, number: 2), of: tenant) }
    #expect(cache[Entry(tenant: ended, number: 2)] == nil)
    #expect(cache[Entry(tenant: other, number: 2)] != nil)
  }

  @Test func aFingerprintIsTheSameForTheSameKeyAndIsNotTheKey() async throws {
    let fixture = try KeyringFixture()
    let (keyring, tenant, records) = (fixture.keyring, fixture.tenant, fixture.records)
    let id = try await fixture.makeDataKey()
    let bytes = try await fixture.bytes(id)
    struct Undone: Error {}
    var prints: [[String?]] = []
    for ring in [keyring, fixture.freshKeyring()] {
      let seen = try await records.read { reader in try Keyring.dataKeys(ofTenant: tenant, limit: 9, in: reader).map(\.id) }
      #expect(seen == [id])
      let destroyed = Captured()
      await #expect(throws: Undone.self) {
        try await records.write { transaction in
          destroyed.keys = try ring.destroyTenantKeys(tenant, in: transaction).keys
          throw Undone()
        }
      }
      prints.append(destroyed.keys.map(\.fingerprint))
    }
    #expect(prints[0] == prints[1])
    #expect(prints[0].allSatisfy { $0 != nil && $0 != bytes.hexadecimal })
    // What was undone destroyed nothing.
    #expect(try await fixture.bytes(id) == bytes)
  }

  private final class Captured: @unchecked Sendable {
    var keys: [Keyring.DestroyedKey] = []
  }
}
