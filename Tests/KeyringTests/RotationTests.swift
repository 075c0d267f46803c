import Base
import Keyring
import Records
import Simulation
import Testing

@Suite struct RotationTests {
  @Test func rotatingATenantKeyRewrapsItsDataKeysAndKeepsItsSecrets() async throws {
    let fixture = try KeyringFixture()
    let (keyring, tenant) = (fixture.keyring, fixture.tenant)
    let id = try await fixture.makeDataKey()
    let bytes = try await fixture.bytes(id)
    let secret = try await fixture.seal([1, 2, 3], context: "c")
    let before = try await fixture.stored(kind: "keyring.dataKey")
    for _ in 0..<3 { #expect(try await fixture.records.write { try keyring.rotateTenantKey(tenant: tenant, in: $0) }) }
    let after = try await fixture.stored(kind: "keyring.dataKey")
    #expect(before.map(\.key) == after.map(\.key))
    #expect(before.map(\.value) != after.map(\.value))
    #expect(try await fixture.stored(kind: "keyring.tenantKey").count == 4)
    for keyring in [keyring, fixture.freshKeyring()] {
      #expect(try await fixture.bytes(id, by: keyring) == bytes)
      #expect(try await fixture.open(secret, context: "c", by: keyring) == [1, 2, 3])
    }
    #expect(try await fixture.records.read { try !keyring.isCurrent(secret, tenant: tenant, in: $0) })
    let resealed = try await fixture.seal([1, 2, 3], context: "c")
    #expect(try await fixture.records.read { try keyring.isCurrent(resealed, tenant: tenant, in: $0) })
  }

  @Test func aRotatedDataKeyNoLongerNeedsTheOldVersion() async throws {
    let fixture = try KeyringFixture()
    let (keyring, tenant) = (fixture.keyring, fixture.tenant)
    let id = try await fixture.makeDataKey()
    let bytes = try await fixture.bytes(id)
    let old = try #require(try await fixture.stored(kind: "keyring.tenantKey").first)
    try await fixture.records.write { _ = try keyring.rotateTenantKey(tenant: tenant, in: $0) }
    try await fixture.records.write { try $0.remove(key: old.key) }
    #expect(try await fixture.bytes(id, by: fixture.freshKeyring()) == bytes)
  }

  @Test func manyDataKeysAreRewrappedInSeveralTransactions() async throws {
    let fixture = try KeyringFixture()
    let (keyring, tenant) = (fixture.keyring, fixture.tenant)
    let ids = try await fixture.records.write { transaction in
      try (0..<KeyringLimits.maximumRewrapsPerTransaction + 10).map { _ in try keyring.makeDataKey(tenant: tenant, in: transaction) }
    }
    let isDone = try await fixture.records.write { try keyring.rotateTenantKey(tenant: tenant, in: $0) }
    #expect(!isDone)
    #expect(try await fixture.bytes(ids[0], by: fixture.freshKeyring()).count == 32)
    #expect(try await fixture.records.write { try keyring.rewrapDataKeys(tenant: tenant, in: $0) })
    let old = try #require(try await fixture.stored(kind: "keyring.tenantKey").first)
    try await fixture.records.write { try $0.remove(key: old.key) }
    let fresh = fixture.freshKeyring()
    for id in ids { #expect(try await fixture.bytes(id, by: fresh).count == 32) }
  }

  @Test func afterARotationTheOldRootKeyOpensNothing() async throws {
    let fixture = try KeyringFixture()
    let id = try await fixture.makeDataKey()
    let bytes = try await fixture.bytes(id)
    let next = try RootKey(creatingAt: fixture.directory("next.key"), random: SystemRandom())
    let path = (fixture.directory("next.key"), fixture.directory("root.key"))
    try await fixture.keyring.rotateRootKey(to: next, records: fixture.records) { try RootKey.move(path.0, to: path.1) }
    #expect(fixture.keyring.rootKeyID == next.id)
    let found = try RootKey(readingFrom: fixture.directory("root.key"))
    #expect(found.id == next.id)
    #expect(try await fixture.bytes(id, by: fixture.freshKeyring(found)) == bytes)
    #expect(try await fixture.bytes(try await fixture.makeDataKey(), by: fixture.freshKeyring(found)).count == 32)
    await #expect(throws: KeyringError.wrongRootKey(expected: [next.id])) { try await fixture.bytes(id, by: fixture.freshKeyring(fixture.rootKey)) }
    #expect(try await fixture.stored(kind: "keyring.rootRotation").isEmpty)
  }

  /// Cuts a rotation short at each of its steps: the cloud opens with the key that is installed, and the rotation can be done again.
  @Test func aRotationThatIsCutShortAnywhereLeavesACloudThatOpens() async throws {
    var step = 0
    while true {
      let fixture = try KeyringFixture()
      let tenants = [fixture.tenant, .zero, SystemRandom().guid()]
      var keys: [(tenant: GUID, id: DataKeyID, bytes: [UInt8])] = []
      for tenant in tenants {
        let id = try await fixture.makeDataKey(tenant: tenant)
        keys.append((tenant, id, try await fixture.bytes(id, tenant: tenant)))
      }
      let next = try RootKey(creatingAt: fixture.directory("next.key"), random: SystemRandom())
      let path = (fixture.directory("next.key"), fixture.directory("root.key"))
      let breaking = BreakingRecords(fixture.records, before: step)
      do {
        try await fixture.keyring.rotateRootKey(to: next, records: breaking) {
          try breaking.step()
          try RootKey.move(path.0, to: path.1)
          try breaking.step()
        }
      } catch is BreakingRecords.Broken {}
      let installed = try RootKey(readingFrom: fixture.directory("root.key"))
      let reopened = fixture.freshKeyring(installed)
      for key in keys { #expect(try await fixture.bytes(key.id, tenant: key.tenant, by: reopened) == key.bytes, "step \(step)") }

      if installed.id == next.id {
        try await reopened.retireOldRootKeys(records: fixture.records)
      } else {
        try await reopened.rotateRootKey(to: next, records: fixture.records) { try RootKey.move(path.0, to: path.1) }
      }
      let final = fixture.freshKeyring(next)
      for key in keys { #expect(try await fixture.bytes(key.id, tenant: key.tenant, by: final) == key.bytes, "step \(step)") }
      let old = fixture.freshKeyring(fixture.rootKey)
      await #expect(throws: KeyringError.wrongRootKey(expected: [next.id])) { try await fixture.bytes(keys[0].id, tenant: keys[0].tenant, by: old) }
      if !breaking.isBroken { break }
      step += 1
    }
    #expect(step > 4)
  }

  @Test func tenantsThatComeDuringARotationAreUnderTheNewRootKey() async throws {
    let fixture = try KeyringFixture()
    let (keyring, records) = (fixture.keyring, fixture.records)
    let next = try RootKey(creatingAt: fixture.directory("next.key"), random: SystemRandom())
    let made = try await withThrowingTaskGroup(of: (GUID, DataKeyID).self) { group in
      for _ in 0..<100 {
        group.addTask {
          let tenant = SystemRandom().guid()
          return (tenant, try await records.write { try keyring.makeDataKey(tenant: tenant, in: $0) })
        }
      }
      try await keyring.rotateRootKey(to: next, records: records) {}
      return try await group.reduce(into: []) { $0.append($1) }
    }
    let fresh = fixture.freshKeyring(next)
    for (tenant, id) in made { #expect(try await fixture.bytes(id, tenant: tenant, by: fresh).count == 32) }
    let old = fixture.freshKeyring(fixture.rootKey)
    for (tenant, id) in made {
      await #expect(throws: KeyringError.wrongRootKey(expected: [next.id])) { try await fixture.bytes(id, tenant: tenant, by: old) }
    }
  }
}
