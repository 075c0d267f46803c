import Base
import Keyring
import Records
import Testing

@Suite struct RecordSealerTests {
  private func seal(_ fixture: KeyringFixture, _ content: String, context: String, owner: GUID? = nil) async throws -> [UInt8] {
    let (sealer, owner) = (fixture.keyring.recordSealer, owner ?? fixture.tenant)
    return try await fixture.records.write { try sealer.seal(Array(content.utf8), context: Array(context.utf8), owner: owner, in: $0) }
  }

  private func open(
    _ fixture: KeyringFixture, _ sealed: [UInt8], context: String, owner: GUID? = nil, by keyring: Keyring? = nil
  ) async throws -> String? {
    let (sealer, owner) = ((keyring ?? fixture.keyring).recordSealer, owner ?? fixture.tenant)
    return try await fixture.records.read { try sealer.open(sealed, context: Array(context.utf8), owner: owner, in: $0) }
      .map { String(decoding: $0, as: UTF8.self) }
  }

  @Test func whatWasSealedOpensForItsRecordAndItsOwnerAlone() async throws {
    let fixture = try KeyringFixture()
    let sealed = try await seal(fixture, "content", context: "a")
    #expect(try await open(fixture, sealed, context: "a") == "content")
    #expect(try await open(fixture, sealed, context: "a", by: fixture.freshKeyring()) == "content")
    await #expect(throws: KeyringError.corrupt) { try await open(fixture, sealed, context: "b") }
    // Another owner has no such key.
    #expect(try await open(fixture, sealed, context: "a", owner: SystemRandom().guid()) == nil)
    for index in sealed.indices.dropFirst(17) {
      var altered = sealed
      altered[index] ^= 1
      await #expect(throws: KeyringError.corrupt) { try await open(fixture, altered, context: "a") }
    }
  }

  @Test func anOwnerHasOneKeyAndTwoSealingsOfTheSameDiffer() async throws {
    let fixture = try KeyringFixture()
    let first = try await seal(fixture, "content", context: "a")
    let second = try await seal(fixture, "content", context: "a")
    #expect(first != second)
    #expect(first.prefix(16) == second.prefix(16))
    let tenant = fixture.tenant
    #expect(try await fixture.records.read { try Keyring.dataKeys(ofTenant: tenant, limit: 10, in: $0).count } == 1)
    _ = try await seal(fixture, "content", context: "a", owner: .zero)
    #expect(try await fixture.records.read { try Keyring.dataKeys(ofTenant: .zero, limit: 10, in: $0).count } == 1)
  }

  @Test func whatTwoTransactionsSealFirstIsUnderOneKey() async throws {
    let fixture = try KeyringFixture()
    let sealed = try await withThrowingTaskGroup(of: [UInt8].self) { group in
      for index in 0..<8 { group.addTask { try await seal(fixture, "content", context: "\(index)") } }
      return try await group.reduce(into: []) { $0.append($1) }
    }
    #expect(Set(sealed.map { Array($0.prefix(16)) }).count == 1)
  }

  @Test func theRotationOfTheTenantsKeyLeavesItReadable() async throws {
    let fixture = try KeyringFixture()
    let sealed = try await seal(fixture, "content", context: "a")
    _ = try await fixture.records.write { [fixture] in try fixture.keyring.rotateTenantKey(tenant: fixture.tenant, in: $0) }
    #expect(try await open(fixture, sealed, context: "a", by: fixture.freshKeyring()) == "content")
  }

  @Test func onceTheTenantsKeysAreDestroyedNothingOpens() async throws {
    let fixture = try KeyringFixture()
    let sealed = try await seal(fixture, "content", context: "a")
    _ = try await fixture.records.write { [fixture] in try fixture.keyring.destroyTenantKeys(fixture.tenant, in: $0) }
    #expect(try await open(fixture, sealed, context: "a") == nil)
    #expect(try await open(fixture, sealed, context: "a", by: fixture.freshKeyring()) == nil)
  }
}
