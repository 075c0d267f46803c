import Base
import Crypto
import Dispatch
import Keyring
import Records
import Simulation
import Testing

@Suite struct KeyringTests {
  @Test func aDataKeyIsTheSameForEveryKeyringUnderTheRootKey() async throws {
    let fixture = try KeyringFixture()
    let id = try await fixture.makeDataKey()
    let bytes = try await fixture.bytes(id)
    #expect(bytes.count == 32)
    #expect(try await fixture.bytes(id, by: fixture.freshKeyring()) == bytes)
    #expect(try await fixture.bytes(id, by: fixture.freshKeyring(RootKey(readingFrom: fixture.directory("root.key")))) == bytes)
  }

  @Test func dataKeysDiffer() async throws {
    let fixture = try KeyringFixture()
    var all: Set<[UInt8]> = []
    for _ in 0..<20 { all.insert(try await fixture.bytes(try await fixture.makeDataKey())) }
    #expect(all.count == 20)
  }

  @Test func anotherRootKeyOpensNothing() async throws {
    let fixture = try KeyringFixture()
    let id = try await fixture.makeDataKey()
    let secret = try await fixture.seal([1, 2, 3], context: "c")
    let other = fixture.freshKeyring(try RootKey(creatingAt: fixture.directory("other.key"), random: SystemRandom()))
    await #expect(throws: KeyringError.wrongRootKey(expected: [fixture.rootKey.id])) { try await fixture.bytes(id, by: other) }
    await #expect(throws: KeyringError.wrongRootKey(expected: [fixture.rootKey.id])) { try await fixture.open(secret, context: "c", by: other) }
  }

  @Test func aForeignTenantsKeyIsNotThere() async throws {
    let fixture = try KeyringFixture()
    let id = try await fixture.makeDataKey()
    await #expect(throws: KeyringError.noSuchKey) { try await fixture.bytes(id, tenant: SystemRandom().guid()) }
    await #expect(throws: KeyringError.noSuchKey) { try await fixture.bytes(id, tenant: .zero) }
  }

  @Test func thePlatformHasKeysToo() async throws {
    let fixture = try KeyringFixture()
    let id = try await fixture.makeDataKey(tenant: .zero)
    #expect(try await fixture.bytes(id, tenant: .zero).count == 32)
  }

  @Test(arguments: ["keyring.dataKey", "keyring.tenantKey"])
  func anAlteredByteOfAWrappedKeyIsNoticed(kind: String) async throws {
    let fixture = try KeyringFixture()
    let id = try await fixture.makeDataKey()
    let record = try #require(try await fixture.stored(kind: kind).first)
    // Nonce, ciphertext and tag stand last; behind those of a data key, that no customer's key protects it.
    let end = record.value.count - (kind == "keyring.dataKey" ? 1 : 0)
    for index in end - 60..<end {
      var altered = record.value
      altered[index] ^= 0x10
      try await fixture.put(altered, forKey: record.key)
      await #expect(throws: KeyringError.corrupt, "byte \(index)") { try await fixture.bytes(id, by: fixture.freshKeyring()) }
    }
    try await fixture.put(record.value, forKey: record.key)
    #expect(try await fixture.bytes(id, by: fixture.freshKeyring()).count == 32)
  }

  @Test func oneWrappedKeyCannotStandInForAnother() async throws {
    let fixture = try KeyringFixture()
    let ids = [try await fixture.makeDataKey(), try await fixture.makeDataKey()]
    let records = try await fixture.stored(kind: "keyring.dataKey")
    #expect(records.count == 2)
    // With the byte that no customer's key protects it.
    let wrapped = records.map { $0.value.suffix(61) }
    try await fixture.put(records[0].value.dropLast(61) + wrapped[1], forKey: records[0].key)
    try await fixture.put(records[1].value.dropLast(61) + wrapped[0], forKey: records[1].key)
    for id in ids { await #expect(throws: KeyringError.corrupt) { try await fixture.bytes(id, by: fixture.freshKeyring()) } }
  }

  @Test func aSecretOpensForItsTenantAndContextAlone() async throws {
    let fixture = try KeyringFixture()
    let secret = Array("account key".utf8)
    let sealed = try await fixture.seal(secret, context: "account/key1")
    #expect(try await fixture.open(sealed, context: "account/key1") == secret)
    #expect(try await fixture.open(sealed, context: "account/key1", by: fixture.freshKeyring()) == secret)
    await #expect(throws: KeyringError.corrupt) { try await fixture.open(sealed, context: "account/key2") }
    await #expect(throws: KeyringError.corrupt) { try await fixture.open(sealed, context: "account/key1", tenant: .zero) }
    #expect(try await fixture.seal(secret, context: "account/key1") != sealed)
    #expect(try await fixture.open(try await fixture.seal([], context: ""), context: "") == [])
  }

  @Test func anAlteredByteOfASecretIsNoticed() async throws {
    let fixture = try KeyringFixture()
    let sealed = try await fixture.seal(Array("secret".utf8), context: "c")
    for index in sealed.indices {
      var altered = sealed
      altered[index] ^= 1
      await #expect(throws: KeyringError.corrupt, "byte \(index)") { try await fixture.open(altered, context: "c") }
      await #expect(throws: KeyringError.corrupt, "first \(index) bytes") { try await fixture.open(Array(sealed[..<index]), context: "c") }
    }
  }

  @Test func aDestroyedKeyIsGoneFromTheStoreAndFromMemory() async throws {
    let fixture = try KeyringFixture()
    let (keyring, tenant) = (fixture.keyring, fixture.tenant)
    let id = try await fixture.makeDataKey()
    let kept = try await fixture.makeDataKey()
    _ = try await fixture.bytes(id)
    _ = try await fixture.bytes(kept)
    try await fixture.records.write { try keyring.destroyDataKey(id, tenant: tenant, in: $0) }
    #expect(keyring.cachedDataKey(id, tenant: tenant) == nil)
    #expect(keyring.cachedDataKey(kept, tenant: tenant) != nil)
    await #expect(throws: KeyringError.noSuchKey) { try await fixture.bytes(id) }
    await #expect(throws: KeyringError.noSuchKey) { try await fixture.bytes(id, by: fixture.freshKeyring()) }
    await #expect(throws: KeyringError.noSuchKey) { try await fixture.records.write { try keyring.destroyDataKey(id, tenant: tenant, in: $0) } }
    #expect(try await fixture.stored(kind: "keyring.dataKey").count == 1)
  }

  @Test func aKeyWhoseDestructionFailsStays() async throws {
    struct Refusal: Error {}
    let fixture = try KeyringFixture()
    let (keyring, tenant) = (fixture.keyring, fixture.tenant)
    let id = try await fixture.makeDataKey()
    let bytes = try await fixture.bytes(id)
    await #expect(throws: Refusal.self) {
      try await fixture.records.write { transaction in
        try keyring.destroyDataKey(id, tenant: tenant, in: transaction)
        throw Refusal()
      }
    }
    #expect(keyring.cachedDataKey(id, tenant: tenant) != nil)
    #expect(try await fixture.bytes(id, by: fixture.freshKeyring()) == bytes)
  }

  @Test func aReadThatBeganBeforeTheDestructionBringsNothingBack() async throws {
    let fixture = try KeyringFixture()
    let (keyring, records, tenant) = (fixture.keyring, fixture.records, fixture.tenant)
    let id = try await fixture.makeDataKey()
    let (began, destroyed) = (DispatchSemaphore(value: 0), DispatchSemaphore(value: 0))
    let reading = Task.detached {
      try await records.read { reader in
        _ = try reader.value(forKey: [1])
        began.signal()
        destroyed.wait()
        // The snapshot still has it.
        _ = try keyring.dataKey(id, tenant: tenant, in: reader)
      }
    }
    await withCheckedContinuation { continuation in
      DispatchQueue.global().async {
        began.wait()
        continuation.resume()
      }
    }
    try await records.write { try keyring.destroyDataKey(id, tenant: tenant, in: $0) }
    destroyed.signal()
    try await reading.value
    #expect(keyring.cachedDataKey(id, tenant: tenant) == nil)
    await #expect(throws: KeyringError.noSuchKey) { try await fixture.bytes(id) }
  }

  @Test func theCacheIsBounded() {
    let cache = KeyCache<Int>(limit: 10)
    for id in 0..<100 {
      cache.insert(SymmetricKey(size: .bits256), for: id, of: .zero)
      #expect(cache[id] != nil)
    }
    #expect(cache.count == 10)
  }

  @Test func aPayloadOpensUnderItsIdAndKeyAlone() async throws {
    let fixture = try KeyringFixture()
    let (keyring, tenant) = (fixture.keyring, fixture.tenant)
    let (key, other) = (try await fixture.makeDataKey(), try await fixture.makeDataKey())
    let (id, bytes) = (SystemRandom().guid(), SystemRandom().bytes(1000))
    try await fixture.records.read { reader in
      let sealed = try keyring.sealPayload(bytes, id: id, key: key, tenant: tenant, in: reader)
      #expect(sealed.count == bytes.count + Keyring.payloadOverheadBytes)
      #expect(try keyring.openPayload(sealed, id: id, key: key, tenant: tenant, in: reader) == bytes)
      #expect(throws: KeyringError.corrupt) { try keyring.openPayload(sealed, id: .zero, key: key, tenant: tenant, in: reader) }
      #expect(throws: KeyringError.corrupt) { try keyring.openPayload(sealed, id: id, key: other, tenant: tenant, in: reader) }
      #expect(throws: KeyringError.noSuchKey) { try keyring.openPayload(sealed, id: id, key: key, tenant: .zero, in: reader) }
      for index in sealed.indices {
        var altered = sealed
        altered[index] ^= 0x80
        #expect(throws: KeyringError.corrupt, "byte \(index)") { try keyring.openPayload(altered, id: id, key: key, tenant: tenant, in: reader) }
      }
    }
    try await fixture.records.write { try keyring.destroyDataKey(key, tenant: tenant, in: $0) }
    await #expect(throws: KeyringError.noSuchKey) {
      try await fixture.records.read { try keyring.openPayload([], id: id, key: key, tenant: tenant, in: $0) }
    }
  }
}
