import Base
import Keyring
import Records
import Simulation
import Testing

#if canImport(Glibc)
  import Glibc
#endif

@Suite struct RootKeyModuleTests {
  @Test func aKeyringUnderAModuleOpensWhatItWrapped() async throws {
    let fixture = try KeyringFixture()
    let (twin, tenant, other) = (ModuleTwin(), fixture.tenant, SystemRandom().guid())
    let keyring = fixture.freshKeyring(RootKey(twin))
    let id = try await fixture.records.write { try keyring.makeDataKey(tenant: tenant, in: $0) }
    let secret = try await fixture.records.write { try keyring.seal([1, 2, 3], context: "c", tenant: other, in: $0) }
    let bytes = try await fixture.bytes(id, by: keyring)
    let fresh = fixture.freshKeyring(RootKey(twin))
    #expect(try await fixture.bytes(id, by: fresh) == bytes)
    #expect(try await fixture.open(secret, context: "c", tenant: other, by: fresh) == [1, 2, 3])
    #expect(fresh.rootKeyID == twin.id)
    await #expect(throws: KeyringError.wrongRootKey(expected: [twin.id])) { try await fixture.bytes(id, by: fixture.freshKeyring()) }
  }

  @Test func aWrappedKeyThatWasAlteredOrMovedIsCorrupt() async throws {
    let fixture = try KeyringFixture()
    let (twin, tenant) = (ModuleTwin(), fixture.tenant)
    let keyring = fixture.freshKeyring(RootKey(twin))
    let id = try await fixture.records.write { try keyring.makeDataKey(tenant: tenant, in: $0) }
    let stored = try #require(try await fixture.stored(kind: "keyring.tenantKey").first)
    for position in [stored.value.count - 1, stored.value.count - 30] {
      var altered = stored.value
      altered[position] ^= 1
      try await fixture.put(altered, forKey: stored.key)
      await #expect(throws: KeyringError.corrupt) { try await fixture.bytes(id, by: fixture.freshKeyring(RootKey(twin))) }
    }
    try await fixture.put(stored.value, forKey: stored.key)
    #expect(try await fixture.bytes(id, by: fixture.freshKeyring(RootKey(twin))).count == 32)
  }

  @Test func aModuleThatIsAwayIsAnErrorThatPasses() async throws {
    let fixture = try KeyringFixture()
    let (twin, tenant) = (ModuleTwin(), fixture.tenant)
    let keyring = fixture.freshKeyring(RootKey(twin))
    let id = try await fixture.records.write { try keyring.makeDataKey(tenant: tenant, in: $0) }
    let bytes = try await fixture.bytes(id, by: keyring)
    twin.isAway = true
    #expect(try await fixture.bytes(id, by: keyring) == bytes)
    let cold = fixture.freshKeyring(RootKey(twin))
    await #expect(throws: KeyringError.rootKeyUnavailable("away")) { try await fixture.bytes(id, by: cold) }
    #expect(throws: KeyringError.rootKeyUnavailable("away")) { try cold.backupKey(SystemRandom().guid()) }
    let error = CloudError.internalError(KeyringError.rootKeyUnavailable("away"))
    #expect(error.status == 503 && error.headers.contains { $0.name == "Retry-After" })
    #expect(CloudError.internalError(KeyringError.corrupt).status == 500)
    twin.isAway = false
    #expect(try await fixture.bytes(id, by: cold) == bytes)
  }

  @Test func aTenantsKeyThatTransactionsAloneUseIsAskedForOnce() async throws {
    let fixture = try KeyringFixture()
    let (twin, tenant) = (ModuleTwin(), fixture.tenant)
    try await fixture.records.write { _ = try fixture.freshKeyring(RootKey(twin)).makeDataKey(tenant: tenant, in: $0) }
    let keyring = fixture.freshKeyring(RootKey(twin))
    let before = twin.calls
    for _ in 0..<5 { _ = try await fixture.records.write { try keyring.seal([1], context: "c", tenant: tenant, in: $0) } }
    #expect(twin.calls == before + 1)
  }

  /// Cuts the move from a file into a module short at each of its steps.
  @Test func aMoveThatIsCutShortAnywhereGoesOn() async throws {
    var step = 0
    while true {
      let fixture = try KeyringFixture()
      let (twin, tenants) = (ModuleTwin(), [fixture.tenant, .zero, SystemRandom().guid()])
      var keys: [(tenant: GUID, id: DataKeyID, bytes: [UInt8])] = []
      for tenant in tenants {
        let id = try await fixture.makeDataKey(tenant: tenant)
        keys.append((tenant, id, try await fixture.bytes(id, tenant: tenant)))
      }
      let (breaking, installed, ended) = (BreakingRecords(fixture.records, before: step), Flag(), Flag())
      do {
        try await fixture.keyring.rotateRootKey(to: RootKey(twin), records: breaking) {
          try breaking.step()
          installed.raise()
          try breaking.step()
        } ended: { _ in
          ended.raise()
        }
      } catch is BreakingRecords.Broken {}
      let reopened = fixture.freshKeyring(installed.isRaised ? RootKey(twin) : fixture.rootKey)
      for key in keys { #expect(try await fixture.bytes(key.id, tenant: key.tenant, by: reopened) == key.bytes, "step \(step)") }
      if installed.isRaised {
        try await reopened.retireOldRootKeys(records: fixture.records) { _ in ended.raise() }
      } else {
        try await reopened.rotateRootKey(to: RootKey(twin), records: fixture.records) {
        } ended: { _ in
          ended.raise()
        }
      }
      #expect(ended.count == 1, "step \(step)")
      let final = fixture.freshKeyring(RootKey(twin))
      for key in keys { #expect(try await fixture.bytes(key.id, tenant: key.tenant, by: final) == key.bytes, "step \(step)") }
      let old = fixture.freshKeyring()
      await #expect(throws: KeyringError.wrongRootKey(expected: [twin.id])) { try await fixture.bytes(keys[0].id, tenant: keys[0].tenant, by: old) }
      if !breaking.isBroken { break }
      step += 1
    }
    #expect(step > 4)
  }

  /// A module that goes away in the midst of a move leaves the file in charge, and the move goes on when it is back.
  @Test func aMoveIntoAModuleThatGoesAwayGoesOnWhenItIsBack() async throws {
    let fixture = try KeyringFixture()
    let twin = ModuleTwin()
    let id = try await fixture.makeDataKey()
    let bytes = try await fixture.bytes(id)
    twin.isAway = true
    await #expect(throws: KeyringError.rootKeyUnavailable("away")) {
      try await fixture.keyring.rotateRootKey(to: RootKey(twin), records: fixture.records) { Issue.record("was installed") }
    }
    #expect(try await fixture.bytes(id, by: fixture.freshKeyring()) == bytes)
    twin.isAway = false
    try await fixture.keyring.rotateRootKey(to: RootKey(twin), records: fixture.records) {}
    #expect(try await fixture.bytes(id, by: fixture.freshKeyring(RootKey(twin))) == bytes)
  }

  @Test func aDestroyedFileIsOverwrittenAndGone() throws {
    let directory = ScratchDirectory()
    let path = directory("root.key")
    let key = try RootKey(creatingAt: path, random: SystemRandom())
    // A second name for the same bytes shows what became of them.
    try #require(link(path, directory("second")) == 0)
    try RootKey.destroy(path, random: SystemRandom())
    #expect(try RootKey(readingFrom: directory("second")).id != key.id)
    #expect(throws: KeyringError.self) { try RootKey(readingFrom: path) }
    try RootKey.destroy(path, random: SystemRandom())
  }
}
