import Base
import Extents
import Keyring
import NIOHTTP1
import Records
import Simulation
import Storage
import Testing
import Wire

@Suite struct EncryptionScopeTests {
  private static let scope = [("x-ms-encryption-scope", "one")]

  private func fixture() async throws -> StorageFixture {
    let fixture = try await StorageFixture()
    for name in ["one", "two"] { try await fixture.manage("encryptionScopes/\(name)", ["source": "Microsoft.Storage"]) }
    return fixture
  }

  @Test(arguments: [300, 40_000]) func aBlobOfAScopeIsReadWithoutNamingIt(size: Int) async throws {
    let fixture = try await fixture()
    try await fixture.makeContainer()
    let bytes = fixture.bytes(size)
    let put = try await fixture.put("con/a", bytes, Self.scope)
    #expect(put.status == 201, "\(put)")
    #expect(put["x-ms-encryption-scope"] == "one")
    let read = try await fixture.send(.GET, "con/a")
    #expect(read.body == bytes)
    #expect(read["x-ms-encryption-scope"] == "one")
    let (uses, mismatch) = ("BlobUsesCustomerSpecifiedEncryption", "BlobCustomerSpecifiedEncryptionMismatch")
    for comp in ["metadata", "snapshot"] {
      #expect(try await fixture.send(.PUT, "con/a", [("comp", comp)]).code == uses)
      #expect(try await fixture.send(.PUT, "con/a", [("comp", comp)], [("x-ms-encryption-scope", "two")]).code == mismatch)
      #expect((200...201).contains(try await fixture.send(.PUT, "con/a", [("comp", comp)], Self.scope).status))
    }
  }

  @Test func aScopeThatIsNotThereIsRefused() async throws {
    let fixture = try await fixture()
    try await fixture.makeContainer()
    for size in [10, 40_000] {
      #expect(try await fixture.put("con/a", fixture.bytes(size), [("x-ms-encryption-scope", "three")]).code == "EncryptionScopeNotFound")
    }
    let headers = [("x-ms-default-encryption-scope", "three"), ("x-ms-deny-encryption-scope-override", "false")]
    #expect(try await fixture.send(.PUT, "other", [("restype", "container")], headers).code == "EncryptionScopeNotFound")
  }

  @Test(arguments: [300, 40_000]) func aDisabledScopeLetsNothingBeReadOrWritten(size: Int) async throws {
    let fixture = try await fixture()
    try await fixture.makeContainer()
    let bytes = fixture.bytes(size)
    try await fixture.put("con/a", bytes, Self.scope)
    let shown = try await fixture.manage("encryptionScopes/one", ["state": "Disabled"])
    #expect(shown["state"] == "Disabled")
    #expect(try await fixture.send(.GET, "con/a").status == 403)
    #expect(try await fixture.put("con/b", bytes, Self.scope).status == 403)
    #expect(try await fixture.put("con/b", bytes, [("x-ms-encryption-scope", "two")]).status == 201)
    try await fixture.manage("encryptionScopes/one", ["state": "Enabled"])
    #expect(try await fixture.send(.GET, "con/a").body == bytes)
  }

  @Test func aContainersScopeGoesWithoutSayingAndMayBeTheOnlyOne() async throws {
    let fixture = try await fixture()
    for (name, denies) in [("con", "false"), ("strict", "true")] {
      let headers = [("x-ms-default-encryption-scope", "one"), ("x-ms-deny-encryption-scope-override", denies)]
      #expect(try await fixture.send(.PUT, name, [("restype", "container")], headers).status == 201)
      let properties = try await fixture.send(.HEAD, name, [("restype", "container")])
      #expect(properties["x-ms-default-encryption-scope"] == "one")
      #expect(properties["x-ms-deny-encryption-scope-override"] == denies)
      #expect(try await fixture.put("\(name)/a", [1])["x-ms-encryption-scope"] == "one")
      #expect(try await fixture.send(.PUT, "\(name)/a", [("comp", "metadata")]).status == 200)
      #expect(try await fixture.put("\(name)/b", [1], Self.scope).status == 201)
    }
    for headers in [[("x-ms-encryption-scope", "two")], StorageFixture.key(1)] {
      for size in [10, 40_000] {
        #expect(try await fixture.put("con/c", fixture.bytes(size), headers).status == 201)
        let refused = try await fixture.put("strict/c", fixture.bytes(size), headers)
        #expect(refused.status == 403)
        #expect(refused.code == "RequestForbiddenByContainerEncryptionPolicy")
      }
      #expect(try await fixture.putBlock("strict/d", "1", [1], headers).status == 403)
    }
    let changed = await fixture.code { try await fixture.manage(StorageFixture.container("con"), ["defaultEncryptionScope": "two"]) }
    #expect(changed == "ContainerEncryptionScopeCannotBeUpdated")
  }

  @Test func eachScopeHasAKeyOfItsOwnAndAllGoWithTheAccount() async throws {
    let fixture = try await fixture()
    try await fixture.makeContainer()
    for (name, headers) in [("a", []), ("b", Self.scope), ("c", [("x-ms-encryption-scope", "two")])] {
      try await fixture.put("con/\(name)", fixture.bytes(40_000), headers)
    }
    #expect(try await fixture.count("keyring.dataKey") > 0)
    try await fixture.deleteAccount(StorageFixture.account)
    #expect(try await fixture.count("keyring.dataKey") == 0)
    #expect(try await fixture.count("storage.encryptionScope") == 0)
    let extents = try await fixture.records.read { [tenant = fixture.tenant] in
      try ExtentStore.extents(tenant: tenant, after: .zero, limit: 10, in: $0)
    }
    #expect(extents.count == 3)
    for extent in extents {
      await #expect(throws: ExtentError.noSuchExtent(extent.id)) {
        _ = try await fixture.records.read { [tenant = fixture.tenant, store = fixture.extents] in
          try store.reader([ExtentSlice(id: extent.id, range: 0..<1)], tenant: tenant, in: $0)
        }
      }
    }
  }

  private static let impossible: [(String, JSON, String)] = [
    ("source", "Microsoft.KeyVault", "InvalidValuesForRequestParameters"), ("source", "Elsewhere", "InvalidValuesForRequestParameters"),
    ("keyVaultProperties", ["keyUri": "https://v.vault.cloud.test/keys/k"], "InvalidValuesForRequestParameters"),
    ("requireInfrastructureEncryption", true, "FeatureNotSupportedForAccount"), ("state", "Gone", "InvalidValuesForRequestParameters"),
    ("colour", "red", "InvalidValuesForRequestParameters"),
  ]

  @Test(arguments: impossible) func whatAScopeCannotBeIsRefused(_ name: String, _ value: JSON, _ code: String) async throws {
    let fixture = try await StorageFixture()
    #expect(await fixture.code { try await fixture.manage("encryptionScopes/one", .object(JSON.Object([(name: name, value: value)]))) } == code)
    #expect(try await fixture.count("storage.encryptionScope") == 0)
  }

  @Test(arguments: ["ab", String(repeating: "a", count: 64), "a_b", "a.b"]) func aNameThatIsNoneIsRefused(_ name: String) async throws {
    let fixture = try await StorageFixture()
    #expect(await fixture.code { try await fixture.manage("encryptionScopes/\(name)", [:]) } == "InvalidValuesForRequestParameters")
  }

  @Test func aScopeIsNeverDeleted() async throws {
    let fixture = try await fixture()
    #expect(await fixture.code { try await fixture.unmanage("encryptionScopes/one") } == "MethodNotAllowed")
  }
}
