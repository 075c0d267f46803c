import Base
import Edge
import Keyring
import NIOHTTP1
import Records
import Simulation
import Storage
import Synchronization
import Testing
import Wire

/// An account under a key of its customer's, who says no at times.
@Suite struct AccountKeyTests {
  /// A customer's key that opens while nothing is refused.
  final class Twin: CustomerKeys {
    let refusal = Mutex<CustomerKeyError?>(nil)

    private func require() throws(CustomerKeyError) {
      if let error = refusal.withLock({ $0 }) { throw error }
    }

    func wrap(_ content: [UInt8], with key: CustomerKey, _ use: CustomerKeyUse) async throws(CustomerKeyError) -> CustomerWrapping {
      try require()
      return CustomerWrapping(version: "v1", wrapped: content.reversed())
    }

    func unwrap(_ wrapping: CustomerWrapping, with key: CustomerKey, _ use: CustomerKeyUse) async throws(CustomerKeyError) -> [UInt8] {
      try require()
      return wrapping.wrapped.reversed()
    }

    func check(_ key: CustomerKey, _ use: CustomerKeyUse) async throws(CustomerKeyError) -> String {
      try require()
      return "v1"
    }
  }

  private let twin = Twin()

  /// The fixture's account, under the key.
  private func fixture() async throws -> StorageFixture {
    let fixture = try await StorageFixture(customerKeys: twin)
    let customers = try #require(fixture.customers)
    let tenant = fixture.tenant
    let key = try #require(try await fixture.records.read { try Keyring.dataKeys(ofTenant: tenant, limit: 1, in: $0) }.first).id
    let use = CustomerKeyUse(reason: .storageData, tenant: tenant, subject: "/the/account", identity: tenant)
    let prepared = try await customers.prepare(key, tenant: tenant, CustomerKey(vault: "https://v", name: "k"), use)
    try await fixture.records.write { [keyring = fixture.keyring] in try keyring.protect(prepared, in: $0) }
    return fixture
  }

  /// The customer says no, and the platform hears of it.
  private func close(_ fixture: StorageFixture, _ error: CustomerKeyError = .keyDisabled) async {
    twin.refusal.withLock { $0 = error }
    await fixture.customers?.round()
  }

  /// Says yes again; what was remembered of the no passes.
  private func open(_ fixture: StorageFixture) {
    twin.refusal.withLock { $0 = nil }
    fixture.clock.advance(by: .seconds(KeyringLimits.customerKeyBackgroundSeconds))
  }

  @Test(arguments: [
    (CustomerKeyError.keyDisabled, 403, "KeyVaultEncryptionKeyNotFound"), (.keyNotFound, 403, "KeyVaultEncryptionKeyNotFound"),
    (.accessDenied, 403, "KeyVaultEncryptionKeyNotFound"), (.refused("not today"), 403, "KeyVaultEncryptionKeyNotFound"),
    (.vaultNotFound, 403, "KeyVaultVaultNotFound"), (.identityNotFound, 403, "KeyVaultAccessTokenCannotBeAcquired"),
  ])
  func whatTheCustomerRefusesIsRefusedInAzuresCodesAndComesBack(_ error: CustomerKeyError, _ status: Int, _ code: String) async throws {
    let fixture = try await fixture()
    try await fixture.makeContainer()
    let (small, large) = (fixture.bytes(100), fixture.bytes(100_000))
    try await fixture.put("con/small", small)
    try await fixture.put("con/large", large)
    await close(fixture, error)
    for path in ["con/small", "con/large"] {
      let answer = try await fixture.send(.GET, path)
      #expect(answer.status == status && answer.code == code)
      #expect(try await fixture.put(path, [1]).code == code)
      #expect(try await fixture.send(.HEAD, path).status == status)
    }
    open(fixture)
    #expect(try await fixture.send(.GET, "con/small").body == small)
    #expect(try await fixture.send(.GET, "con/large").body == large)
  }

  @Test func silenceIsAnAnswerThatPasses() async throws {
    let fixture = try await fixture()
    try await fixture.makeContainer()
    try await fixture.put("con/a", [1, 2, 3])
    await close(fixture, .unavailable(retryAfterSeconds: 7))
    #expect(try await fixture.send(.GET, "con/a").body == [1, 2, 3], "what the customer said last holds for a moment")
    fixture.clock.advance(by: .seconds(KeyringLimits.customerKeySeconds))
    let answer = try await fixture.send(.GET, "con/a")
    #expect(answer.status == 503 && answer["Retry-After"] == "7")
  }

  @Test func whatTouchesNoDataGoesOn() async throws {
    let fixture = try await fixture()
    try await fixture.makeContainer()
    try await fixture.put("con/a", fixture.bytes(100_000))
    try await fixture.put("con/b", [1])
    await close(fixture)
    #expect(try await fixture.listed("", of: "con") == ["a", "b"])
    #expect(try await fixture.send(.GET, "con", [("restype", "container"), ("comp", "list"), ("include", "metadata")]).status == 403)
    #expect(try await fixture.send(.PUT, "con/a", [("comp", "lease")], [("x-ms-lease-action", "break")]).code != "KeyVaultEncryptionKeyNotFound")
    #expect(try await fixture.send(.DELETE, "con/b").status == 202)
    #expect(try await fixture.send(.DELETE, "con", [("restype", "container")]).status == 202)
    try await fixture.purge()
    try await fixture.deleteAccount(StorageFixture.account)
    try await fixture.purge()
  }

  @Test func aStreamUnderWayEndsWithTheKey() async throws {
    let fixture = try await fixture()
    try await fixture.makeContainer()
    try await fixture.put("con/a", fixture.bytes(4 << 20))
    let response = await fixture.endpoint.respond(to: fixture.request(.GET, "con/a"))
    guard case .stream(_, let source) = response.body else {
      Issue.record("a blob of 4 MiB is not streamed")
      return
    }
    #expect(try await source.next() != nil)
    await close(fixture)
    await #expect(throws: KeyringError.closed) { while try await source.next() != nil {} }
  }

  @Test func logsOfAClosedAccountWaitForItsKey() async throws {
    let fixture = try await fixture()
    try await fixture.makeContainer()
    let settings =
      "<StorageServiceProperties><Logging><Version>1.0</Version><Delete>true</Delete><Read>true</Read><Write>true</Write>"
      + "<RetentionPolicy><Enabled>false</Enabled></RetentionPolicy></Logging></StorageServiceProperties>"
    let set = try await fixture.send(.PUT, "", [("restype", "service"), ("comp", "properties")], body: PiecesBody(Array(settings.utf8)))
    #expect(set.status == 202)
    try await fixture.put("con/marked", [1])
    await close(fixture)
    await fixture.endpoint.writeAnalytics()
    #expect(try await fixture.send(.HEAD, "$logs", [("restype", "container")]).status == 404)
    open(fixture)
    await fixture.endpoint.writeAnalytics()
    let log = try #require(try await fixture.listed("", of: "$logs").first)
    #expect(try await fixture.send(.GET, "$logs/\(log)").text.contains("/con/marked"))
  }

  @Test func theChangeFeedOfAClosedAccountWaitsForItsKeyAndHoldsUpNobody() async throws {
    let fixture = try await fixture()
    try await fixture.manage("blobServices/default", ["changeFeed": ["enabled": true, "retentionInDays": 3]])
    try await fixture.makeContainer()
    try await fixture.put("con/a", [1])
    await close(fixture)
    fixture.clock.advance(by: .seconds(90))
    // Nothing is left to do but what waits.
    #expect(try await fixture.endpoint.purge())
    #expect(try await fixture.send(.HEAD, "$blobchangefeed", [("restype", "container")]).status == 404)
    open(fixture)
    try await fixture.purge()
    #expect(try await fixture.listed("", of: "$blobchangefeed").contains { $0.hasSuffix(".avro") })
  }
}
