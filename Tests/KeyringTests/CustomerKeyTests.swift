import Base
import Crypto
import Keyring
import Records
import Simulation
import Synchronization
import Testing

@Suite struct CustomerKeyTests {
  // MARK: Lending

  @Test func aDataKeyUnderACustomersKeyOpensByAskingAndNotOtherwise() async throws {
    let fixture = try CustomerKeyFixture()
    let (id, bytes) = try await fixture.make()
    let restarted = fixture.restarted()
    #expect(!restarted.isOpen(id, tenant: fixture.tenant))
    await #expect(throws: KeyringError.closed) { try await fixture.bytes(id, by: restarted) }
    try await fixture.open(id, by: restarted)
    #expect(restarted.isOpen(id, tenant: fixture.tenant))
    #expect(try await fixture.bytes(id, by: restarted) == bytes)
    #expect(fixture.twin.now.unwraps.map(\.subject) == ["/an/account"])
  }

  @Test func whoComesTogetherSharesOneQuestion() async throws {
    let fixture = try CustomerKeyFixture()
    let (id, _) = try await fixture.make()
    let restarted = fixture.restarted()
    try await withThrowingTaskGroup { group in
      for _ in 0..<20 { group.addTask { try await fixture.open(id, by: restarted) } }
      try await group.waitForAll()
    }
    // A task that comes after the answer finds the key open.
    #expect(fixture.twin.now.unwraps.count == 1)
  }

  @Test func aWithdrawnKeyEndsWithTheNextRoundAndComesBackWithTheCustomersConsent() async throws {
    let fixture = try CustomerKeyFixture()
    let (id, bytes) = try await fixture.make()
    await fixture.customers.round()
    #expect(fixture.customers.isOpen(id, tenant: fixture.tenant))
    fixture.twin.change { $0.disabled = ["v1"] }
    await fixture.customers.round()
    #expect(!fixture.customers.isOpen(id, tenant: fixture.tenant))
    await #expect(throws: CustomerKeyError.keyDisabled) { try await fixture.open(id) }
    await #expect(throws: KeyringError.closed) { try await fixture.bytes(id) }
    fixture.twin.change { $0.disabled = [] }
    fixture.clock.advance(by: .seconds(KeyringLimits.customerKeyRefusalSeconds))
    try await fixture.open(id)
    #expect(try await fixture.bytes(id) == bytes)
  }

  @Test func aKeyOfWhichNothingIsHeardRunsOut() async throws {
    let fixture = try CustomerKeyFixture()
    let (id, _) = try await fixture.make()
    fixture.twin.change { $0.error = .unavailable(retryAfterSeconds: 5) }
    fixture.clock.advance(by: .seconds(KeyringLimits.customerKeySeconds - 1))
    await fixture.customers.round()
    #expect(fixture.customers.isOpen(id, tenant: fixture.tenant))
    fixture.clock.advance(by: .seconds(1))
    #expect(!fixture.customers.isOpen(id, tenant: fixture.tenant))
    await #expect(throws: CustomerKeyError.unavailable(retryAfterSeconds: 5)) { try await fixture.open(id) }
  }

  @Test func aKeyThatIsConfirmedStaysOpen() async throws {
    let fixture = try CustomerKeyFixture()
    let (id, _) = try await fixture.make()
    for _ in 0..<20 {
      fixture.clock.advance(by: .seconds(KeyringLimits.customerKeyCheckSeconds))
      #expect(fixture.customers.isOpen(id, tenant: fixture.tenant))
      await fixture.customers.round()
    }
    #expect(fixture.twin.now.unwraps.isEmpty)
  }

  @Test func aKeyThatNobodyUsesIsNotAskedAboutAnyLonger() async throws {
    let fixture = try CustomerKeyFixture()
    let (id, _) = try await fixture.make()
    let rounds = KeyringLimits.customerKeyIdleSeconds / KeyringLimits.customerKeyCheckSeconds
    for _ in 0...rounds {
      fixture.clock.advance(by: .seconds(KeyringLimits.customerKeyCheckSeconds))
      await fixture.customers.round()
    }
    let asked = fixture.twin.now.checks
    #expect(asked > 0)
    await fixture.customers.round()
    #expect(fixture.twin.now.checks == asked)
    #expect(!fixture.customers.isOpen(id, tenant: fixture.tenant))
  }

  @Test func aNoStandsForAMomentAndLongerForThePlatformsOwnWork() async throws {
    let fixture = try CustomerKeyFixture()
    let (id, _) = try await fixture.make()
    let restarted = fixture.restarted()
    fixture.twin.change { $0.error = .keyDisabled }
    for _ in 0..<3 { await #expect(throws: CustomerKeyError.keyDisabled) { try await fixture.open(id, by: restarted) } }
    #expect(fixture.twin.now.unwraps.count == 1)
    fixture.clock.advance(by: .seconds(KeyringLimits.customerKeyRefusalSeconds))
    await #expect(throws: CustomerKeyError.keyDisabled) { try await fixture.open(id, by: restarted, request: nil) }
    #expect(fixture.twin.now.unwraps.count == 1)
    await #expect(throws: CustomerKeyError.keyDisabled) { try await fixture.open(id, by: restarted) }
    #expect(fixture.twin.now.unwraps.count == 2)
    fixture.clock.advance(by: .seconds(KeyringLimits.customerKeyBackgroundSeconds))
    fixture.twin.change { $0.error = nil }
    try await fixture.open(id, by: restarted, request: nil)
  }

  // MARK: Changes of protection

  @Test func aDataKeyGoesUnderACustomersKeyAndBackUnchanged() async throws {
    let fixture = try CustomerKeyFixture()
    let id = try await fixture.records.write { [keyring = fixture.keyring, tenant = fixture.tenant] in
      try keyring.makeDataKey(tenant: tenant, in: $0)
    }
    let bytes = try await fixture.bytes(id)
    try await fixture.protect(id)
    #expect(try await fixture.protection(id)?.key == fixture.key)
    #expect(try await fixture.bytes(id) == bytes)
    fixture.twin.change { $0.disabled = ["v1"] }
    await fixture.customers.round()
    // Nothing that was in memory before opens it.
    await #expect(throws: KeyringError.closed) { try await fixture.bytes(id) }
    await #expect(throws: KeyringError.closed) {
      try await fixture.records.write { [keyring = fixture.keyring, tenant = fixture.tenant] in try keyring.unprotect(id, tenant: tenant, in: $0) }
    }
    fixture.twin.change { $0.disabled = [] }
    try await fixture.customers.openForChange(id, tenant: fixture.tenant, identity: nil, caller: nil, request: .zero)
    try await fixture.records.write { [keyring = fixture.keyring, tenant = fixture.tenant] in try keyring.unprotect(id, tenant: tenant, in: $0) }
    fixture.twin.change { $0.error = .keyNotFound }
    #expect(try await fixture.protection(id) == nil)
    #expect(try await fixture.bytes(id) == bytes)
    #expect(try await fixture.bytes(id, by: fixture.restarted()) == bytes)
  }

  @Test func anAnswerThatComesAfterAChangeOfTheKeyEndsWithTheNextRound() async throws {
    let fixture = try CustomerKeyFixture()
    let (id, bytes) = try await fixture.make()
    let restarted = fixture.restarted()
    let other = CustomerKey(vault: fixture.key.vault, name: "other")
    let prepared = try await fixture.customers.prepare(id, tenant: fixture.tenant, other, fixture.use())
    fixture.twin.onUnwrap.withLock { hook in
      // The question is asked for the first key; before its answer is back, the customer has chosen the other.
      hook = { try await fixture.records.write { try restarted.keyring.protect(prepared, in: $0) } }
    }
    try await fixture.open(id, by: restarted)
    fixture.twin.onUnwrap.withLock { $0 = nil }
    await restarted.round()
    #expect(!restarted.isOpen(id, tenant: fixture.tenant))
    try await fixture.open(id, by: restarted)
    #expect(try await fixture.bytes(id, by: restarted) == bytes)
    await restarted.round()
    #expect(restarted.isOpen(id, tenant: fixture.tenant))
  }

  @Test func aNewIdentityTakesOverFromOneThatIsGone() async throws {
    let fixture = try CustomerKeyFixture()
    let (id, bytes) = try await fixture.make()
    let heir = SystemRandom().guid()
    fixture.twin.change { $0.identities = [heir] }
    await fixture.customers.round()
    await #expect(throws: CustomerKeyError.identityNotFound) { try await fixture.open(id) }
    try await fixture.protect(id, identity: heir)
    #expect(try await fixture.protection(id)?.identity == heir)
    #expect(try await fixture.bytes(id) == bytes)
  }

  // MARK: Versions

  @Test func aNewVersionIsFollowedAndTheOldOneNoLongerNeeded() async throws {
    let fixture = try CustomerKeyFixture()
    let (id, bytes) = try await fixture.make()
    let pinned = try await fixture.make(fixture.key.at("v1"))
    let since = try await fixture.protection(id)?.since
    fixture.clock.advance(by: .seconds(5))
    fixture.twin.change { $0.versions.append("v2") }
    await fixture.customers.round()
    let protection = try #require(try await fixture.protection(id))
    #expect(protection.version == "v2" && protection.key.version == nil && protection.since != since)
    #expect(try await fixture.protection(pinned.id)?.version == "v1")
    fixture.twin.change { $0.disabled = ["v1"] }
    let restarted = fixture.restarted()
    try await fixture.open(id, by: restarted)
    #expect(try await fixture.bytes(id, by: restarted) == bytes)
    await #expect(throws: CustomerKeyError.keyDisabled) { try await fixture.open(pinned.id, by: restarted) }
  }

  /// As when a key was made anew under the name of another, or its owner lets wrap and not unwrap.
  @Test func aWrappingThatDoesNotOpenReplacesNone() async throws {
    let fixture = try CustomerKeyFixture()
    let (id, bytes) = try await fixture.make()
    fixture.twin.change { $0.wrapsWrongly = true }
    fixture.twin.change { $0.versions.append("v2") }
    await fixture.customers.round()
    #expect(try await fixture.protection(id)?.version == "v1")
    await #expect(throws: CustomerKeyError.corrupt) { try await fixture.customers.prepare(id, tenant: fixture.tenant, fixture.key, fixture.use()) }
    let restarted = fixture.restarted()
    try await fixture.open(id, by: restarted)
    #expect(try await fixture.bytes(id, by: restarted) == bytes)
    fixture.twin.change { $0.wrapsWrongly = false }
    await fixture.customers.round()
    #expect(try await fixture.protection(id)?.version == "v2")
  }

  @Test func aNewVersionIsFollowedForDataThatNobodyUses() async throws {
    let fixture = try CustomerKeyFixture()
    var ids: [DataKeyID] = []
    for _ in 0..<3 { ids.append(try await fixture.make().id) }
    fixture.twin.change { $0.versions.append("v2") }
    let restarted = fixture.restarted()
    try await restarted.followAll()
    for id in ids { #expect(try await fixture.protection(id)?.version == "v2") }
    let wraps = fixture.twin.now.wraps.count
    try await restarted.followAll()
    #expect(fixture.twin.now.wraps.count == wraps)
  }

  @Test func aVersionThatCannotBeFollowedLeavesTheOneInUse() async throws {
    let fixture = try CustomerKeyFixture()
    let (id, bytes) = try await fixture.make()
    fixture.twin.change {
      $0.versions.append("v2")
      $0.disabled = ["v2"]
    }
    await fixture.customers.round()
    #expect(try await fixture.protection(id)?.version == "v1")
    #expect(try await fixture.bytes(id) == bytes)
  }

  // MARK: The tenant's key

  @Test func rotatingTheTenantsKeyKeepsTheCustomersOver() async throws {
    let fixture = try CustomerKeyFixture()
    let (id, bytes) = try await fixture.make()
    let before = try await fixture.base.stored(kind: "keyring.dataKey").map(\.value)
    try await fixture.records.write { [keyring = fixture.keyring, tenant = fixture.tenant] in _ = try keyring.rotateTenantKey(tenant: tenant, in: $0)
    }
    #expect(try await fixture.base.stored(kind: "keyring.dataKey").map(\.value) != before)
    let restarted = fixture.restarted()
    await #expect(throws: KeyringError.closed) { try await fixture.bytes(id, by: restarted) }
    try await fixture.open(id, by: restarted)
    #expect(try await fixture.bytes(id, by: restarted) == bytes)
  }

  @Test func afterATenantsEndNothingOpensAndNothingIsWrappedAnew() async throws {
    let fixture = try CustomerKeyFixture()
    let (id, _) = try await fixture.make()
    let prepared = try await fixture.customers.prepare(id, tenant: fixture.tenant, fixture.key, fixture.use())
    try await fixture.records.write { [keyring = fixture.keyring, tenant = fixture.tenant] in _ = try keyring.destroyTenantKeys(tenant, in: $0) }
    #expect(!fixture.customers.isOpen(id, tenant: fixture.tenant))
    await #expect(throws: KeyringError.noSuchKey) { try await fixture.open(id) }
    await #expect(throws: KeyringError.noSuchKey) {
      try await fixture.records.write { [keyring = fixture.keyring] in try keyring.protect(prepared, in: $0) }
    }
    #expect(try await fixture.base.stored(kind: "keyring.tenantKey").isEmpty)
  }

  @Test func anAnswerThatComesAfterTheDestructionBringsNothingBack() async throws {
    let fixture = try CustomerKeyFixture()
    let (id, _) = try await fixture.make()
    let restarted = fixture.restarted()
    fixture.twin.onUnwrap.withLock { hook in
      hook = {
        try await fixture.records.write { try restarted.keyring.destroyDataKey(id, tenant: fixture.tenant, in: $0) }
      }
    }
    try await fixture.open(id, by: restarted)
    #expect(!restarted.isOpen(id, tenant: fixture.tenant))
    await #expect(throws: KeyringError.noSuchKey) { try await fixture.bytes(id, by: restarted) }
  }

  // MARK: At rest

  @Test func aRecordOfTheFirstFormatIsRead() async throws {
    let fixture = try CustomerKeyFixture()
    let id = try await fixture.base.makeDataKey()
    let bytes = try await fixture.base.bytes(id)
    for record in try await fixture.base.stored(kind: "keyring.dataKey") {
      // The last byte says that no customer's key protects it; the first format had none.
      #expect(record.value.first == 2 && record.value.last == 0)
      try await fixture.base.put([1] + record.value.dropFirst().dropLast(), forKey: record.key)
    }
    #expect(try await fixture.bytes(id, by: fixture.restarted()) == bytes)
    try await fixture.protect(id)
    #expect(try await fixture.bytes(id) == bytes)
  }

  @Test func aProtectionThatWasAlteredAtRestDoesNotOpen() async throws {
    let fixture = try CustomerKeyFixture()
    let (id, _) = try await fixture.make()
    for record in try await fixture.base.stored(kind: "keyring.dataKey") {
      var value = record.value
      let vault = Array("v.vault.test".utf8)
      let place = try #require(value.indices.first { value[$0...].starts(with: vault) })
      value[place] = UInt8(ascii: "w")
      try await fixture.base.put(value, forKey: record.key)
    }
    await #expect(throws: KeyringError.corrupt) { try await fixture.open(id, by: fixture.restarted()) }
  }

  @Test(
    arguments: [
      ("https://v.vault.test/keys/key", nil), ("https://V.vault.test:8443/keys/key/0123", "0123"), ("https://v.vault.test/keys/key/", nil),
    ] as [(String, String?)])
  func aKeysUrlIsRead(_ url: String, _ version: String?) throws {
    let key = try #require(CustomerKey(url: url))
    #expect(key.name == "key" && key.version == version)
    #expect(key.vault.hasPrefix("https://v.vault.test"))
  }

  @Test(arguments: [
    "", "https://", "http://v.vault.test/keys/key", "https://v.vault.test/secrets/key", "https://v.vault.test/keys/", "https://v.vault.test/keys/a b",
    "https://v.vault.test/keys/a/b/c", "https://v@vault.test/keys/a", "https://v.vault.test/keys/a?b",
  ])
  func whatIsNoKeysUrlIsRefused(_ url: String) {
    #expect(CustomerKey(url: url) == nil)
  }
}
