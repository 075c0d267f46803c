import Base
import Keyring
import NIOHTTP1
import Records
import ResourceManager
import Simulation
import Storage
import Testing
import Wire

@Suite struct AccountTypeTests {
  private func refusal(_ body: () async throws -> Void) async -> CloudError? {
    do {
      try await body()
      return nil
    } catch {
      return error as? CloudError
    }
  }

  @Test func aNewAccountShowsWhatAzureShows() async throws {
    let fixture = try await AccountFixture()
    let resource = try await fixture.put(
      fixture.id("acct"), AccountFixture.body(["encryption": ["keySource": "Microsoft.Storage", "services": ["blob": [:]]]]))
    #expect(resource.sku == ["name": "Standard_LRS", "tier": "Standard"])
    #expect(resource.kindName == "StorageV2")
    let properties = try await fixture.render(resource)
    let endpoints: [(name: String, value: JSON)] = ["blob", "queue", "table", "web"].map { ($0, .string("https://acct.\($0).core.cloud.test:8443/")) }
    #expect(properties["primaryEndpoints"] == .object(JSON.Object(endpoints)))
    #expect(properties["statusOfPrimary"]?.string == "available")
    #expect(properties["primaryLocation"]?.string == "paris")
    #expect(properties["accessTier"]?.string == "Hot")
    #expect(properties["allowBlobPublicAccess"]?.boolean == false)
    #expect(properties["supportsHttpsTrafficOnly"]?.boolean == true)
    #expect(properties["minimumTlsVersion"]?.string == "TLS1_2")
    #expect(properties["networkAcls"]?["defaultAction"]?.string == "Allow")
    #expect(properties["encryption"]?["keySource"]?.string == "Microsoft.Storage")
    #expect(properties["creationTime"]?.string == fixture.clock.now().iso8601Fractional)
    #expect(properties["keyCreationTime"]?["key2"]?.string == fixture.clock.now().iso8601Fractional)
    let listed = try await fixture.act("listKeys", resource)
    let keys = try #require(listed["keys"]?.array)
    #expect(keys.map { $0["keyName"]?.string } == ["key1", "key2"])
    #expect(keys.allSatisfy { $0["permissions"]?.string == "FULL" && $0["value"]?.string?.utf8.count == 88 })
    #expect(keys[0]["value"] != keys[1]["value"])
    #expect(!properties.text.contains(keys[0]["value"]?.string ?? "?"))
  }

  @Test(arguments: ["ab", "Upper", "has-hyphen", "a.b", "way2long4anaccountnamethat", "été", ""])
  func badNamesAreRefused(name: String) async throws {
    let fixture = try await AccountFixture()
    let error = await refusal { try await fixture.put(fixture.id(name), AccountFixture.body()) }
    #expect(error?.code == "AccountNameInvalid")
    #expect(error?.status == 400)
    let availability = try await fixture.availability(name)
    #expect(availability["nameAvailable"]?.boolean == false)
    #expect(availability["reason"]?.string == "AccountNameInvalid")
  }

  @Test func aNameBelongsToOneAccountInTheWholeCloud() async throws {
    let fixture = try await AccountFixture()
    #expect(try await fixture.availability("acct") == ["nameAvailable": true])
    try await fixture.put(fixture.id("acct"), AccountFixture.body())
    #expect(try await fixture.availability("acct")["reason"]?.string == "AlreadyExists")
    let sameSubscription = await refusal { try await fixture.put(fixture.id("acct", group: "other"), AccountFixture.body()) }
    #expect(sameSubscription?.code == "StorageAccountAlreadyExists")
    #expect(sameSubscription?.status == 409)
    let stranger = GUID(high: 9, low: 9)
    let foreign = await refusal {
      try await fixture.put(
        fixture.id("acct", subscription: stranger), AccountFixture.body(), context: fixture.context(subscription: stranger, tenant: stranger))
    }
    #expect(foreign?.code == "StorageAccountAlreadyTaken")
    #expect(foreign?.status == 409)
  }

  @Test(arguments: [
    ("Standard_GRS", "StorageV2", "RedundancyConfigurationNotAvailableInRegion"),
    ("Standard_RAGRS", "StorageV2", "RedundancyConfigurationNotAvailableInRegion"),
    ("Standard_ZRS", "StorageV2", "RedundancyConfigurationNotAvailableInRegion"),
    ("Gold_LRS", "StorageV2", "InvalidValuesForRequestParameters"),
    ("Standard_LRS", "Disk", "InvalidValuesForRequestParameters"),
    ("Standard_LRS", "FileStorage", "FeatureNotSupportedForAccount"),
    ("Standard_LRS", "BlockBlobStorage", "InvalidValuesForRequestParameters"),
    ("Premium_LRS", "BlobStorage", "InvalidValuesForRequestParameters"),
  ])
  func promisesThatCannotBeKeptAreRefused(sku: String, kind: String, code: String) async throws {
    let fixture = try await AccountFixture()
    let error = await refusal { try await fixture.put(fixture.id("acct"), AccountFixture.body(sku: sku, kind: kind)) }
    #expect(error?.code == code)
    #expect(try await fixture.availability("acct") == ["nameAvailable": true])
  }

  @Test(arguments: [
    ("Standard_LRS", "StorageV2"), ("Standard_LRS", "BlobStorage"), ("standard_lrs", "storage"), ("Premium_LRS", "BlockBlobStorage"),
    ("Premium_LRS", "StorageV2"),
  ])
  func kindsThatAreServedAreMade(sku: String, kind: String) async throws {
    let fixture = try await AccountFixture()
    let resource = try await fixture.put(fixture.id("acct"), AccountFixture.body(sku: sku, kind: kind))
    #expect(resource.kindName?.lowercased() == kind.lowercased())
  }

  @Test(
    arguments: [
      (["isHnsEnabled": true], "FeatureNotSupportedForAccount"),
      (["isSftpEnabled": true], "FeatureNotSupportedForAccount"),
      (["isNfsV3Enabled": true], "FeatureNotSupportedForAccount"),
      (["publicNetworkAccess": "SecuredByPerimeter"], "FeatureNotSupportedForAccount"),
      (["publicNetworkAccess": "Sometimes"], "InvalidValuesForRequestParameters"),
      (["networkAcls": ["virtualNetworkRules": [["id": "/subscriptions/x"]]]], "FeatureNotSupportedForAccount"),
      (["networkAcls": ["resourceAccessRules": [["tenantId": "x"]]]], "FeatureNotSupportedForAccount"),
      (["networkAcls": ["ipRules": [["value": "1.2.3.4/31"]]]], "InvalidValuesForRequestParameters"),
      (["networkAcls": ["ipRules": [["value": "1.2.3.4"], ["value": "1.2.3.4"]]]], "InvalidValuesForRequestParameters"),
      (["networkAcls": ["ipRules": [["value": "::1"]]]], "InvalidValuesForRequestParameters"),
      (["networkAcls": ["bypass": "None, Logging"]], "InvalidValuesForRequestParameters"),
      (["networkAcls": ["defaultAction": "Maybe"]], "InvalidValuesForRequestParameters"),
      (["encryption": ["keySource": "Microsoft.Keyvault", "keyvaultproperties": ["keyname": "k"]]], "InvalidValuesForRequestParameters"),
      (
        ["encryption": ["keySource": "Microsoft.Keyvault", "keyvaultproperties": ["keyname": "k", "keyvaulturi": "http://v"]]],
        "InvalidValuesForRequestParameters"
      ),
      (
        ["encryption": ["keySource": "Microsoft.Keyvault", "keyvaultproperties": ["keyname": "a/b", "keyvaulturi": "https://v"]]],
        "InvalidValuesForRequestParameters"
      ),
      // There is no identity to use it.
      (
        ["encryption": ["keySource": "Microsoft.Keyvault", "keyvaultproperties": ["keyname": "k", "keyvaulturi": "https://v"]]],
        "KeyVaultAuthenticationFailure"
      ),
      (["encryption": ["keySource": "Microsoft.Storage", "keyvaultproperties": ["keyname": "k"]]], "InvalidValuesForRequestParameters"),
      (["encryption": ["keySource": "Elsewhere"]], "InvalidValuesForRequestParameters"),
      (["encryption": ["services": ["queue": ["keyType": "Other"]]]], "InvalidValuesForRequestParameters"),
      (["encryption": ["identity": ["federatedIdentityClientId": "x"]]], "FeatureNotSupportedForAccount"),
      (["encryption": ["requireInfrastructureEncryption": true]], "FeatureNotSupportedForAccount"),
      (["minimumTlsVersion": "TLS1_0"], "InvalidValuesForRequestParameters"),
      (["accessTier": "Frozen"], "InvalidValuesForRequestParameters"),
      (["allowBlobPublicAccess": "yes"], "InvalidValuesForRequestParameters"),
      (["sasPolicy": ["sasExpirationPeriod": "1 day", "expirationAction": "Block"]], "InvalidValuesForRequestParameters"),
      (["sasPolicy": ["sasExpirationPeriod": "0.00:00:00", "expirationAction": "Block"]], "InvalidValuesForRequestParameters"),
      (["sasPolicy": ["sasExpirationPeriod": "1.00:00:00", "expirationAction": "Delete"]], "InvalidValuesForRequestParameters"),
      (["allowedCopyScope": "PrivateLink"], "FeatureNotSupportedForAccount"),
      (["customDomain": ["name": "www.example.org"]], "FeatureNotSupportedForAccount"),
      (["unheardOf": 1], "InvalidValuesForRequestParameters"),
    ] as [(JSON, String)])
  func whatWouldNotBeDoneIsRefusedAndNotIgnored(properties: JSON, code: String) async throws {
    let fixture = try await AccountFixture()
    let created = await refusal { try await fixture.put(fixture.id("acct"), AccountFixture.body(properties)) }
    #expect(created?.code == code)
    try await fixture.put(fixture.id("acct"), AccountFixture.body())
    let patched = await refusal { try await fixture.put(fixture.id("acct"), ["properties": properties], .patch) }
    #expect(patched?.code == code)
  }

  @Test func aChangeKeepsWhatItDoesNotName() async throws {
    let fixture = try await AccountFixture()
    let id = fixture.id("acct")
    try await fixture.put(id, AccountFixture.body(["allowSharedKeyAccess": false, "accessTier": "Cool"]))
    let patched = try await fixture.put(id, ["properties": ["allowBlobPublicAccess": true, "keyPolicy": ["keyExpirationPeriodInDays": 30]]], .patch)
    #expect(patched.properties["allowSharedKeyAccess"]?.boolean == false)
    #expect(patched.properties["accessTier"]?.string == "Cool")
    #expect(patched.properties["allowBlobPublicAccess"]?.boolean == true)
    // What was read may be written back.
    var body = try #require(AccountFixture.body().object)
    body["properties"] = try await fixture.render(patched)
    let again = try await fixture.put(id, .object(body))
    #expect(again.properties == patched.properties)
  }

  @Test(
    arguments: [
      (["kind": "BlobStorage"], "AccountPropertyCannotBeUpdated"), (["sku": ["name": "Premium_LRS"]], "AccountPropertyCannotBeUpdated"),
      (["sku": ["name": "Standard_GRS"]], "RedundancyConfigurationNotAvailableInRegion"),
    ] as [(JSON, String)])
  func whatCannotChangeIsRefused(body: JSON, code: String) async throws {
    let fixture = try await AccountFixture()
    try await fixture.put(fixture.id("acct"), AccountFixture.body())
    #expect(await refusal { try await fixture.put(fixture.id("acct"), body, .patch) }?.code == code)
  }

  @Test func anOldKindIsUpgraded() async throws {
    let fixture = try await AccountFixture()
    try await fixture.put(fixture.id("acct"), AccountFixture.body(kind: "Storage"))
    let upgraded = try await fixture.put(fixture.id("acct"), ["kind": "StorageV2"], .patch)
    #expect(upgraded.kindName == "StorageV2")
    #expect(upgraded.properties["accessTier"]?.string == "Hot")
  }

  @Test func aRenewedKeyReplacesTheOldOneAtOnce() async throws {
    let fixture = try await AccountFixture()
    let (resource, keys) = try await fixture.makeAccount()
    let list = try fixture.request(.GET, "/", "comp=list")
    #expect(try await fixture.send(fixture.signed(list, key: keys[0])).status == 200)
    fixture.clock.advance(by: .seconds(5))
    let renewed = try await fixture.act("regenerateKey", resource, ["keyName": "key1"])
    #expect(renewed["keys"]?.array?[0]["creationTime"]?.string == fixture.clock.now().iso8601Fractional)
    #expect(try await fixture.send(fixture.signed(list, key: keys[0])).code == "AuthenticationFailed")
    let current = try await fixture.keys(resource)
    #expect(try await fixture.send(fixture.signed(list, key: current[0])).status == 200)
    #expect(try await fixture.send(fixture.signed(list, key: keys[1])).status == 200)
    #expect(await refusal { _ = try await fixture.act("regenerateKey", resource, ["keyName": "kerb1"]) }?.code == "InvalidValuesForRequestParameters")
  }

  @Test func aDeletedAccountIsGoneAtOnceAndItsNameIsFree() async throws {
    let fixture = try await AccountFixture()
    let (resource, keys) = try await fixture.makeAccount()
    let list = try fixture.request(.GET, "/", "comp=list")
    try await fixture.delete(resource)
    #expect(try await fixture.send(fixture.signed(list, key: keys[0])).code == "ResourceNotFound")
    #expect(try await fixture.availability("acct") == ["nameAvailable": true])
    let next = try await fixture.put(fixture.id("acct"), AccountFixture.body())
    #expect(try await fixture.send(fixture.signed(list, key: keys[0])).code == "AuthenticationFailed")
    let answer = try await fixture.send(fixture.signed(list, key: try await fixture.keys(next)[0]))
    #expect(try answer.xml().at("Containers").children.isEmpty)
  }

  @Test func usagesCountTheAccountsOfTheSubscription() async throws {
    let fixture = try await AccountFixture()
    try await fixture.put(fixture.id("acct"), AccountFixture.body())
    try await fixture.put(fixture.id("acct2"), AccountFixture.body())
    let action = try #require(fixture.provider.actions.first { $0.path == "locations/{location}/usages" })
    let context = fixture.context()
    let usages = try await fixture.records.read { try action.run(["location": "Paris"], [:], context, $0) }
    #expect(usages["value"]?.array?[0]["currentValue"]?.integer == 2)
    await #expect(throws: CloudError.self) { try await fixture.records.read { try action.run(["location": "mars"], [:], context, $0) } }
  }

  @Test func resourceManagerSignsForThoseWhoDoNotHoldTheKeys() async throws {
    let fixture = try await AccountFixture()
    let (resource, _) = try await fixture.makeAccount()
    let expiry = fixture.clock.now().advanced(by: .seconds(600)).iso8601Fractional
    let account = try await fixture.act(
      "ListAccountSas", resource,
      ["signedServices": "b", "signedResourceTypes": "s", "signedPermission": "l", "signedExpiry": .string(expiry), "keyToSign": "key2"])
    let token = try #require(account["accountSasToken"]?.string)
    #expect(try await fixture.send(fixture.request(.GET, "/", "comp=list&\(token)")).status == 200)
    let service = try await fixture.act(
      "ListServiceSas", resource,
      ["canonicalizedResource": "/blob/acct/con", "signedResource": "c", "signedPermission": "l", "signedExpiry": .string(expiry)])
    let container = try #require(service["serviceSasToken"]?.string)
    #expect(try await fixture.send(fixture.request(.GET, "/con", "restype=container&comp=list&\(container)")).status == 200)
    #expect(await refusal { _ = try await fixture.act("ListAccountSas", resource, ["signedServices": "b"]) }?.status == 400)
  }
}

extension AccountFixture {
  func availability(_ name: String) async throws -> JSON {
    let action = try #require(provider.actions.first { $0.path == "checkNameAvailability" })
    let context = context()
    return try await records.read {
      try action.run([:], ["name": .string(name), "type": "Microsoft.Storage/storageAccounts"], context, $0)
    }
  }
}

extension ProviderAction {
  /// What one that only reads gives.
  func run(_ parameters: [String: String], _ body: JSON, _ context: OperationContext, _ reader: any RecordReader) throws -> JSON {
    guard case .read(let run) = work else { throw CloudError(500, "NotARead", path) }
    return try run(parameters, body, context, reader)
  }
}
