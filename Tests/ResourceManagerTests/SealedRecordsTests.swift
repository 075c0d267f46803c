import Access
import Base
import Keyring
import NIOHTTP1
import Records
import ResourceManager
import Simulation
import Synchronization
import Testing
import Wire

/// What records of tenants rest like, and a tenant's own key over them.
@Suite struct SealedRecordsTests {
  private static let planted = "planted-where-nobody-may-look"
  private static let keyPath = "/providers/Cocagne.Sovereignty/tenantKeys/default"
  private static let keyURL = "https://kv.vault.test.localhost/keys/records"

  private func plant(_ cloud: Cloud) async {
    await cloud.makeGroup()
    let body: JSON = [
      "location": "paris", "tags": ["note": .string(Self.planted)], "properties": ["size": 1, "text": .string(Self.planted)],
    ]
    #expect(await cloud.send(.PUT, cloud.thing("a"), body: body).status == 201)
  }

  /// Everything that a store has, as it lies there.
  private func holds(_ cloud: Cloud, _ text: String) async throws -> Bool {
    let everything = KeyBytes([0])..<KeyBytes([UInt8](repeating: 0xFF, count: 32))
    return try await cloud.records.read { reader in
      try reader.entries(in: everything, limit: 100_000, reversed: false).contains { String(decoding: $0.value, as: UTF8.self).contains(text) }
    }
  }

  /// A resource's record as it lies in the store.
  private func rest(_ cloud: Cloud, _ name: String) async throws -> (key: [UInt8], value: [UInt8]) {
    let tenant = cloud.tenant
    return try await cloud.records.read { reader in
      let entry = try #require(
        try reader.entries(of: tenant, limit: 100_000).first {
          $0.kind == Resource.kind && !$0.isIndexEntry && String(decoding: $0.key.bytes, as: UTF8.self).hasSuffix("things\u{1}\(name)\u{1}")
        })
      return (entry.key.bytes, try #require(try reader.value(forKey: entry.key.bytes)))
    }
  }

  /// Puts the tenant's records under its key.
  private func protect(_ cloud: Cloud) async {
    #expect(await cloud.send(.PUT, Self.keyPath, body: ["identity": ["type": "SystemAssigned"]], version: "2026-11-01").status == 201)
    let named: JSON = ["properties": ["keyUri": .string(Self.keyURL)]]
    let answer = await cloud.send(.PUT, Self.keyPath, body: named, version: "2026-11-01")
    #expect(answer.status == 200)
    #expect(answer.json["properties"]?["currentVersionedKeyUri"] == .string(Self.keyURL + "/1"))
    #expect(answer.json["identity"]?["principalId"] == .string(StubIdentities.identity.principal.description))
  }

  /// Until what the customer's side last allowed has run out.
  private func close(_ cloud: Cloud, _ keys: TwinCustomerKeys) async {
    keys.refuse(.keyDisabled)
    await cloud.customerKeys?.round()
  }

  /// The customer allows the key again, and those who were refused ask again.
  private func open(_ cloud: Cloud, _ keys: TwinCustomerKeys) {
    keys.refuse(nil)
    cloud.clock.advance(by: .seconds(KeyringLimits.customerKeySeconds))
  }

  // MARK: At rest

  @Test func nothingThatATenantWroteOfAResourceOrDeploymentCanBeReadAtRest() async throws {
    let cloud = try await Cloud(keys: TwinCustomerKeys())
    await plant(cloud)
    let template: JSON = [
      "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#", "contentVersion": "1.0.0.0",
      "parameters": ["word": ["type": "string"]], "resources": [], "outputs": ["said": ["type": "string", "value": .string(Self.planted)]],
    ]
    let deployment = cloud.group("rg") + "/providers/Microsoft.Resources/deployments/d"
    let body: JSON = ["properties": ["mode": "Incremental", "template": template, "parameters": ["word": ["value": .string(Self.planted)]]]]
    #expect(await cloud.send(.PUT, deployment, body: body).status == 201)
    await cloud.manager.drainOperations(cloud.endpoint.dispatcher)
    #expect(try await !holds(cloud, Self.planted))
    let shown = await cloud.send(.GET, deployment)
    #expect(shown.json["properties"]?["outputs"]?["said"]?["value"] == .string(Self.planted))
    let thing = await cloud.send(.GET, cloud.thing("a"))
    #expect(thing.json["properties"]?["text"] == .string(Self.planted))
    #expect(await cloud.send(.GET, "\(cloud.subscriptionPath)/resources", query: [("$filter", "tagName eq 'note'")]).names == ["a"])
    try await cloud.close()
  }

  @Test func withoutASealerTheyRestAsTheyAre() async throws {
    let cloud = try await Cloud()
    await plant(cloud)
    #expect(try await holds(cloud, Self.planted))
    try await cloud.close()
  }

  /// A record of the first format is read, and sealed when it is next written.
  @Test func anEarlierRecordIsReadAndSealedWhenItIsNextWritten() async throws {
    let cloud = try await Cloud(keys: TwinCustomerKeys())
    await plant(cloud)
    let id = try #require(ResourceID(cloud.thing("a")))
    let (tenant, now) = (cloud.tenant, cloud.clock.now())
    let key = try await rest(cloud, "a").key
    try await cloud.records.write { try $0.put(Self.firstFormat(tenant, id, now), forKey: key) }
    #expect(try await holds(cloud, Self.planted))
    let read = await cloud.send(.GET, cloud.thing("a"))
    #expect(read.json["properties"]?["text"] == .string(Self.planted))
    #expect(read.json["tags"] == ["old": "yes"])
    #expect(await cloud.send(.PATCH, cloud.thing("a"), body: ["tags": ["new": "yes"]]).status == 200)
    #expect(try await !holds(cloud, Self.planted))
    #expect(await cloud.send(.GET, cloud.thing("a")).json["properties"]?["text"] == .string(Self.planted))
    try await cloud.close()
  }

  private static func firstFormat(_ tenant: GUID, _ id: ResourceID, _ now: Timestamp) -> [UInt8] {
    var writer = ByteWriter()
    writer.byte(1)
    writer.guid(tenant)
    writer.string(id.description)
    writer.optional("paris") { $0.string($1) }
    writer.list([("old", "yes")]) {
      $0.string($1.0)
      $0.string($1.1)
    }
    writer.optional(nil as [UInt8]?) { $0.blob($1) }
    writer.optional(nil as String?) { $0.string($1) }
    writer.optional(nil as [UInt8]?) { $0.blob($1) }
    writer.optional(nil as [String]?) { $0.list($1) { $0.string($1) } }
    writer.blob(JSON.object(["text": .string(planted)]).bytes)
    writer.string("Succeeded")
    writer.guid(.zero)
    writer.timestamp(now)
    writer.timestamp(now)
    return writer.bytes
  }

  @Test func aRecordThatWasAlteredIsNotGivenOut() async throws {
    let cloud = try await Cloud(keys: TwinCustomerKeys())
    await plant(cloud)
    let (key, original) = try await rest(cloud, "a")
    var value = original
    value[value.count - 1] ^= 1
    try await cloud.records.write { [value] in try $0.put(value, forKey: key) }
    let answer = await cloud.send(.GET, cloud.thing("a"))
    #expect((answer.status, answer.code) == (500, "InternalError"))
    try await cloud.close()
  }

  // MARK: A key of one's own

  @Test func theTenantsOwnKeyOpensItsRecordsAndNoRecordIsRewritten() async throws {
    let keys = TwinCustomerKeys()
    let cloud = try await Cloud(keys: keys)
    await plant(cloud)
    let before = try await rest(cloud, "a").value
    await protect(cloud)
    #expect(try await rest(cloud, "a").value == before)
    #expect(await cloud.send(.GET, cloud.thing("a")).json["properties"]?["text"] == .string(Self.planted))
    let use = try #require(keys.uses.first)
    #expect(use.reason == .tenantRecords)
    #expect((use.tenant, use.subject, use.caller) == (cloud.tenant, Self.keyPath, cloud.owner))
    #expect(await cloud.send(.GET, Self.keyPath, version: "2026-11-01").json["properties"]?["keyUri"] == .string(Self.keyURL))
    try await cloud.close()
  }

  @Test func whileTheKeyIsClosedEveryRequestForResourcesIsRefusedAndNothingIsLost() async throws {
    let keys = TwinCustomerKeys()
    let cloud = try await Cloud(keys: keys)
    await plant(cloud)
    await protect(cloud)
    await close(cloud, keys)
    let body: JSON = ["location": "paris", "properties": ["size": 2]]
    for answer in [
      await cloud.send(.GET, cloud.thing("a")), await cloud.send(.HEAD, cloud.thing("a")), await cloud.send(.PUT, cloud.thing("a"), body: body),
      await cloud.send(.PATCH, cloud.thing("a"), body: ["tags": [:]]), await cloud.send(.DELETE, cloud.thing("a")),
      await cloud.send(.POST, cloud.thing("a") + "/poke"), await cloud.send(.PUT, cloud.thing("new"), body: body),
      await cloud.send(.GET, "\(cloud.subscriptionPath)/resources"), await cloud.send(.GET, cloud.group("rg") + "/resources"),
      await cloud.send(.GET, cloud.group("rg") + "/providers/Microsoft.Test/things"),
      await cloud.send(.GET, cloud.thing("a") + "/providers/Microsoft.Resources/tags/default"),
      await cloud.send(.GET, cloud.group("rg") + "/providers/Microsoft.Resources/deployments"), await cloud.send(.DELETE, cloud.group("rg")),
    ] {
      #expect(answer.status == 403)
      #expect(answer.json == .null || answer.code == "KeyVaultEncryptionKeyNotFound")
    }
    // Who may not ask is told that, and nothing of the key; nobody else is concerned.
    cloud.authorizer.rule { $0.action == "Microsoft.Test/things/read" ? .denied : nil }
    #expect(await cloud.send(.GET, cloud.thing("a")).code == "AuthorizationFailed")
    let theirs = "/subscriptions/\(cloud.foreignSubscription)/resources"
    #expect(await cloud.send(.GET, theirs, token: "foreigner").status == 200)
    // What leads back goes on.
    #expect(await cloud.send(.GET, Self.keyPath, version: "2026-11-01").status == 200)
    #expect(await cloud.send(.GET, cloud.subscriptionPath).status == 200)
    let assignment = cloud.thing("a") + "/providers/Microsoft.Authorization/roleAssignments"
    #expect(await cloud.send(.GET, assignment, version: "2022-04-01").status == 200)

    open(cloud, keys)
    #expect(await cloud.send(.PATCH, cloud.thing("a"), body: ["tags": ["b": "c"]]).json["properties"]?["text"] == .string(Self.planted))
    #expect(await cloud.send(.GET, "\(cloud.subscriptionPath)/resources").names == ["a"])
    try await cloud.close()
  }

  @Test(arguments: [
    (CustomerKeyError.keyNotFound, 403, "KeyVaultEncryptionKeyNotFound"), (.vaultNotFound, 403, "KeyVaultVaultNotFound"),
    (.accessDenied, 403, "KeyVaultAccessTokenCannotBeAcquired"), (.unavailable(retryAfterSeconds: 3), 503, "ServerBusy"),
  ])
  func theAnswerSaysWhyTheKeyIsClosed(_ error: CustomerKeyError, status: Int, code: String) async throws {
    let keys = TwinCustomerKeys()
    let cloud = try await Cloud(keys: keys)
    await plant(cloud)
    await protect(cloud)
    keys.refuse(error)
    cloud.clock.advance(by: .seconds(KeyringLimits.customerKeySeconds + 1))
    let answer = await cloud.send(.GET, cloud.thing("a"))
    #expect((answer.status, answer.code) == (status, code))
    try await cloud.close()
  }

  @Test func whatTheCustomerDoesNotConfirmEndsByItselfWithinAMinute() async throws {
    let keys = TwinCustomerKeys()
    let cloud = try await Cloud(keys: keys)
    await plant(cloud)
    await protect(cloud)
    keys.refuse(.unavailable(retryAfterSeconds: 1))
    await cloud.customerKeys?.round()
    #expect(await cloud.send(.GET, cloud.thing("a")).status == 200)
    cloud.clock.advance(by: .seconds(60))
    await cloud.customerKeys?.round()
    #expect(await cloud.send(.GET, cloud.thing("a")).status == 503)
    open(cloud, keys)
    #expect(await cloud.send(.GET, cloud.thing("a")).status == 200)
    try await cloud.close()
  }

  @Test func aClosedRecordKeepsWhatItHasWhenItIsStoredAgain() async throws {
    let keys = TwinCustomerKeys()
    let cloud = try await Cloud(keys: keys)
    await plant(cloud)
    await protect(cloud)
    await close(cloud, keys)
    let (tenant, id) = (cloud.tenant, try #require(ResourceID(cloud.thing("a"))))
    try await cloud.records.write { transaction in
      var resource = try #require(try transaction.fetch(Resource.self, Resource.key(tenant: tenant, id)))
      #expect(resource.isClosed)
      #expect(resource.properties == [:])
      resource.provisioningState = .updating
      try transaction.save(resource)
    }
    open(cloud, keys)
    let answer = await cloud.send(.GET, cloud.thing("a"))
    #expect(answer.json["properties"]?["provisioningState"] == "Updating")
    #expect(answer.json["properties"]?["text"] == .string(Self.planted))
    try await cloud.close()
  }

  /// Submits the deployment of a thing that is called `made`; gives its path.
  private func deploy(_ cloud: Cloud) async -> String {
    let resource: JSON = [
      "type": "Microsoft.Test/things", "apiVersion": "2024-01-01", "name": "made", "location": "paris", "properties": ["text": "x"],
    ]
    let template: JSON = [
      "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#", "contentVersion": "1.0.0.0",
      "resources": [resource],
    ]
    let path = cloud.group("rg") + "/providers/Microsoft.Resources/deployments/d"
    #expect(await cloud.send(.PUT, path, body: ["properties": ["mode": "Incremental", "template": template]]).status == 201)
    return path
  }

  @Test func aDeploymentUnderWayWaitsForTheKeyThatClosesAndThenGoesOn() async throws {
    let keys = TwinCustomerKeys()
    let cloud = try await Cloud(keys: keys)
    await cloud.makeGroup()
    await protect(cloud)
    let path = await deploy(cloud)
    let clock = cloud.clock
    let closes = Mutex(true)
    cloud.authorizer.rule { question in
      guard question.action == "Microsoft.Test/things/write",
        closes.withLock({ closes in
          defer { closes = false }
          return closes
        })
      else { return nil }
      keys.refuse(.keyDisabled)
      clock.advance(by: .seconds(KeyringLimits.customerKeySeconds))
      return nil
    }
    for _ in 0..<3 {
      #expect(await !cloud.manager.drainOperations(cloud.endpoint.dispatcher))
      #expect(try await cloud.manager.pendingOperations().count == 1)
    }
    #expect(closes.withLock { !$0 })
    open(cloud, keys)
    await cloud.manager.drainOperations(cloud.endpoint.dispatcher)
    #expect(await cloud.send(.GET, path).json["properties"]?["provisioningState"] == "Succeeded")
    #expect(await cloud.send(.GET, cloud.thing("made")).status == 200)
    try await cloud.close()
  }

  @Test func aDeploymentWaitsForTheKeyAndThenGoesOn() async throws {
    let keys = TwinCustomerKeys()
    let cloud = try await Cloud(keys: keys)
    await cloud.makeGroup()
    await protect(cloud)
    let path = await deploy(cloud)
    await close(cloud, keys)
    for _ in 0..<3 {
      #expect(await !cloud.manager.drainOperations(cloud.endpoint.dispatcher))
      #expect(try await cloud.manager.pendingOperations().count == 1)
    }
    open(cloud, keys)
    await cloud.manager.drainOperations(cloud.endpoint.dispatcher)
    #expect(await cloud.send(.GET, path).json["properties"]?["provisioningState"] == "Succeeded")
    #expect(await cloud.send(.GET, cloud.thing("made")).status == 200)
    try await cloud.close()
  }

  @Test func aTenantEndsWhateverItHasDoneWithItsKey() async throws {
    let keys = TwinCustomerKeys()
    let cloud = try await Cloud(keys: keys)
    await plant(cloud)
    await protect(cloud)
    await close(cloud, keys)
    let (tenant, keyring) = (cloud.tenant, try #require(cloud.customerKeys?.keyring))
    _ = try await cloud.records.write { try keyring.destroyTenantKeys(tenant, in: $0) }
    for _ in 0..<3 where try await !cloud.manager.clear(tenant).isEmpty { await cloud.manager.drainOperations(cloud.endpoint.dispatcher) }
    #expect(try await cloud.manager.clear(tenant).isEmpty)
    #expect(try await cloud.records.read { try $0.count(Resource.self, under: RecordKey(tenant: tenant), limit: 1) } == 0)
    try await cloud.close()
  }

  @Test func givingTheRecordsBackNeedsTheKeyAndEndsItsUse() async throws {
    let keys = TwinCustomerKeys()
    let cloud = try await Cloud(keys: keys)
    await plant(cloud)
    await protect(cloud)
    await close(cloud, keys)
    #expect(await cloud.send(.DELETE, Self.keyPath, version: "2026-11-01").code == "KeyVaultEncryptionKeyNotFound")
    open(cloud, keys)
    #expect(await cloud.send(.DELETE, Self.keyPath, version: "2026-11-01").status == 200)
    #expect(await cloud.send(.DELETE, Self.keyPath, version: "2026-11-01").status == 204)
    await close(cloud, keys)
    cloud.clock.advance(by: .seconds(600))
    #expect(await cloud.send(.GET, cloud.thing("a")).json["properties"]?["text"] == .string(Self.planted))
    #expect(await cloud.send(.GET, Self.keyPath, version: "2026-11-01").status == 404)
    try await cloud.close()
  }

  // MARK: Bad input

  @Test(arguments: [
    "", "https://kv.vault.test.localhost", "https://kv.vault.test.localhost/secrets/a", "http://kv.vault.test.localhost/keys/a",
    "https://kv.vault.test.localhost/keys/a/b/c", "https://kv.vault.test.localhost/keys/", "https://kv.vault.test.localhost/keys/é",
    "https:///keys/a", "https://kv/keys/" + String(repeating: "a", count: 2000),
  ])
  func aKeyThatIsNoneIsRefused(_ url: String) async throws {
    let cloud = try await Cloud(keys: TwinCustomerKeys())
    let answer = await cloud.send(.PUT, Self.keyPath, body: ["properties": ["keyUri": .string(url)]], version: "2026-11-01")
    #expect((answer.status, answer.code) == (400, "InvalidParameter"))
    try await cloud.close()
  }

  @Test func aKeyWithoutItsIdentityOrThatRefusesIsNotTaken() async throws {
    let keys = TwinCustomerKeys()
    let cloud = try await Cloud(keys: keys)
    let named: JSON = ["properties": ["keyUri": .string(Self.keyURL)]]
    let send = { (body: JSON) in await cloud.send(.PUT, Self.keyPath, body: body, version: "2026-11-01") }
    #expect(await send(named).code == "IdentityNotFound")
    #expect(await send(["identity": ["type": "UserAssigned"]]).code == "InvalidIdentityType")
    #expect(await send([:]).status == 201)
    keys.refuse(.accessDenied)
    let refused = await send(named)
    #expect((refused.status, refused.code) == (400, "KeyVaultAccessTokenCannotBeAcquired"))
    keys.refuse(.unprotectedVault)
    #expect(await send(named).code == "KeyVaultNotPurgeProtected")
    #expect(await cloud.send(.GET, Self.keyPath, version: "2026-11-01").json["properties"]?["keyUri"] == nil)
    cloud.authorizer.rule { $0.action.hasPrefix("Cocagne.Sovereignty/") ? .denied : nil }
    #expect(await send([:]).code == "AuthorizationFailed")
    #expect(cloud.authorizer.asked.last == SpyAuthorizer.Question(action: "Cocagne.Sovereignty/tenantKeys/write", path: "/"))
    try await cloud.close()
  }
}
