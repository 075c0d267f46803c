import Base
import Compute
import Glibc
import Keyring
import NIOHTTP1
import Records
import ResourceManager
import Simulation
import Testing
import Wire

/// Disk encryption sets, the disks under them, and what becomes of both when a customer withdraws a key.
@Suite struct DiskEncryptionTests {
  static let vault = "https://kv.vault.cloud.test"
  static func keyURL(_ name: String = "k", _ version: Int? = 1) -> String {
    "\(vault)/keys/\(name)" + (version.map { "/" + TwinCustomerKeys.version($0) } ?? "")
  }

  // MARK: Sets

  @Test(
    arguments: [
      (keyURL(), false, nil), (keyURL("k", nil), true, nil), (keyURL("k", nil), false, "encryptionSet.activeKey.keyUrl"),
      (keyURL() + "/", false, nil), ("HTTPS://KV.VAULT.CLOUD.TEST/keys/k/" + TwinCustomerKeys.version(1), false, nil),
      ("https://kv.vault.azure.net/keys/k/1", false, "encryptionSet.activeKey.keyUrl"),
      ("http://kv.vault.cloud.test/keys/k/1", false, "encryptionSet.activeKey.keyUrl"),
      ("https://kv.vault.cloud.test/secrets/k/1", false, "encryptionSet.activeKey.keyUrl"),
      ("https://kv.vault.cloud.test/keys/k/1/2", false, "encryptionSet.activeKey.keyUrl"),
      ("https://a.b.vault.cloud.test/keys/k/1", false, "encryptionSet.activeKey.keyUrl"),
      ("https://.vault.cloud.test/keys/k/1", false, "encryptionSet.activeKey.keyUrl"),
      ("https://kv.vault.cloud.test.evil/keys/k/1", false, "encryptionSet.activeKey.keyUrl"),
      ("https://me@kv.vault.cloud.test/keys/k/1", false, "encryptionSet.activeKey.keyUrl"),
      ("https://kv.vault.cloud.test/keys//1", false, "encryptionSet.activeKey.keyUrl"), ("", false, "encryptionSet.activeKey.keyUrl"),
    ] as [(String, Bool, String?)])
  func aSetsKeyIsOneOfAVaultOfThisCloud(url: String, follows: Bool, refusal: String?) async throws {
    let cloud = try await ComputeFixture()
    let answer = await cloud.putEncryptionSet("des", url: url, follows: follows)
    #expect(answer.status == (refusal == nil ? 202 : 400) && answer.target == refusal, "\(answer)")
  }

  @Test(
    arguments: [
      (["encryptionType": "EncryptionAtRestWithCustomerKey"], nil), (["encryptionType": "encryptionatrestwithcustomerkey"], nil),
      (["encryptionType": "EncryptionAtRestWithPlatformAndCustomerKeys"], "encryptionSet.encryptionType"),
      (["encryptionType": "ConfidentialVmEncryptedWithCustomerKey"], "encryptionSet.encryptionType"),
      (["encryptionType": 1], "encryptionSet.encryptionType"), (["activeKey": .null], "encryptionSet.activeKey"),
      (["activeKey": "key"], "encryptionSet.activeKey.keyUrl"), (["federatedClientId": "None"], nil),
      (["federatedClientId": "4a1b3a30-6a5c-4a5e-9a3e-2f2b1d3c4e5f"], "encryptionSet.federatedClientId"),
      (["activeKey": ["sourceVault": ["id": "/subscriptions/x"]]], "encryptionSet.activeKey.sourceVault.id"),
      (
        [
          "activeKey": [
            "sourceVault": [
              "id": "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/rg/providers/Microsoft.KeyVault/vaults/other"
            ]
          ]
        ], "encryptionSet.activeKey.sourceVault.id"
      ),
    ] as [(JSON, String?)])
  func whatASetDoesNotServeIsRefused(properties: JSON, refusal: String?) async throws {
    let cloud = try await ComputeFixture()
    let answer = await cloud.putEncryptionSet("des", properties)
    #expect(answer.status == (refusal == nil ? 202 : 400) && answer.target == refusal, "\(answer)")
  }

  @Test func aSetHasAnIdentityOfItsOwnAndLosesItWhenAsked() async throws {
    let cloud = try await ComputeFixture()
    #expect(await cloud.putEncryptionSet("none", identity: nil).target == "identity")
    #expect(await cloud.putEncryptionSet("none", identity: ["type": "None"]).target == "identity")
    let refused = await cloud.putEncryptionSet("none", identity: ["type": "UserAssigned", "userAssignedIdentities": [:]])
    #expect(refused.status == 400, "\(refused)")
    let made = await cloud.putEncryptionSet("des")
    let principal = try #require(made.json["identity"]?["principalId"]?.string)
    try await cloud.settle("des")
    let again = await cloud.putEncryptionSet("des", identity: nil)
    #expect(again.json["identity"]?["principalId"]?.string == principal)
    let without = await cloud.send(.PATCH, cloud.path("diskEncryptionSets", "des"), ["identity": ["type": "None"]])
    #expect(without.status == 200 && without.json["identity"]?["principalId"] == nil, "\(without)")
  }

  @Test func aSetIsThereAsLongAsSomethingIsEncryptedWithIt() async throws {
    let cloud = try await ComputeFixture()
    try await cloud.makeSet("des")
    #expect(await cloud.putDisk("d", set: "des").status == 202)
    let path = cloud.path("diskEncryptionSets", "des")
    let refused = await cloud.send(.DELETE, path)
    #expect(refused.status == 409 && refused.code == "OperationNotAllowed", "\(refused)")
    let users = await cloud.send(.GET, path + "/associatedResources")
    #expect(users.json["value"]?.array?.compactMap(\.string) == [cloud.path("disks", "d")], "\(users)")
    try await cloud.finishDisk("d")
    #expect(
      await cloud.send(.PATCH, cloud.path("disks", "d"), ["properties": ["encryption": ["type": "EncryptionAtRestWithPlatformKey"]]]).status == 200)
    #expect(await cloud.send(.GET, path + "/associatedResources").json["value"] == [])
    #expect(await cloud.send(.DELETE, path).status == 202)
    // A set that is about to go takes nothing new.
    #expect(await cloud.putDisk("e", set: "des").status == 404)
  }

  // MARK: Disks

  @Test(
    arguments: [
      (["type": "EncryptionAtRestWithCustomerKey"], "encryption.diskEncryptionSetId"),
      (["type": "EncryptionAtRestWithPlatformKey", "diskEncryptionSetId": "SET"], "encryption.diskEncryptionSetId"),
      (["type": "EncryptionAtRestWithPlatformAndCustomerKeys", "diskEncryptionSetId": "SET"], "encryption.type"),
      (["type": "EncryptionAtRestWithCustomerKey", "diskEncryptionSetId": "des"], "encryption.diskEncryptionSetId"),
      (["diskEncryptionSetId": "SET"], nil), (["type": "EncryptionAtRestWithCustomerKey", "diskEncryptionSetId": "SET"], nil),
      (["type": "EncryptionAtRestWithPlatformKey"], nil), (["type": "EncryptionAtRestWithPlatformKey", "diskEncryptionSetId": .null], nil),
    ] as [(JSON, String?)])
  func aDiskIsEncryptedAsAzureSaysItMayBe(encryption: JSON, refusal: String?) async throws {
    let cloud = try await ComputeFixture()
    try await cloud.makeSet("des")
    var given = encryption.object ?? JSON.Object()
    if given["diskEncryptionSetId"] == "SET" { given["diskEncryptionSetId"] = .string(cloud.path("diskEncryptionSets", "des")) }
    let answer = await cloud.putDisk("d", ["encryption": .object(given)])
    #expect(answer.status == (refusal == nil ? 202 : 400) && answer.target == refusal, "\(answer)")
  }

  @Test func aDiskUnderAKeyThatMayNotBeUsedIsNotEvenRecorded() async throws {
    let cloud = try await ComputeFixture()
    try await cloud.makeSet("des")
    let cases: [(CustomerKeyError, Int, String)] = [
      (.accessDenied, 400, "KeyVaultAccessForbidden"), (.keyDisabled, 409, "KeyVaultKeyNotEnabled"), (.keyNotFound, 409, "KeyVaultKeyNotFound"),
      (.unavailable(retryAfterSeconds: 1), 409, "KeyVaultUnavailable"), (.refused("NotToday"), 400, "KeyVaultAccessForbidden"),
    ]
    for (refusal, status, code) in cases {
      cloud.customerKeys.refuse("k", refusal)
      let answer = await cloud.putDisk("d", set: "des")
      #expect(answer.status == status && answer.code == code, "\(answer)")
      let set: JSON = ["storageProfile": ["osDisk": ["managedDisk": ["diskEncryptionSet": ["id": .string(cloud.path("diskEncryptionSets", "des"))]]]]]
      let machine = await cloud.putMachine("vm", set)
      #expect(machine.status == status && machine.code == code, "\(machine)")
    }
    #expect(await cloud.send(.GET, cloud.path("disks", "d")).status == 404)
    cloud.customerKeys.refuse("k", nil)
    #expect(await cloud.putDisk("d", set: "des").status == 202)
  }

  @Test func aCopyIsEncryptedAsItsOriginal() async throws {
    let cloud = try await ComputeFixture()
    try await cloud.makeSet("des")
    try await cloud.makeSet("other")
    _ = await cloud.putDisk("d", set: "des")
    try await cloud.finishDisk("d")
    let source: JSON = ["creationData": ["createOption": "Copy", "sourceResourceId": .string(cloud.path("disks", "d"))]]
    func snapshot(_ name: String, _ encryption: JSON) async -> ComputeFixture.Answer {
      await cloud.send(
        .PUT, cloud.path("snapshots", name), ["location": "paris", "properties": source.merging(patch: ["encryption": encryption])])
    }
    let wanted: JSON = ["type": "EncryptionAtRestWithCustomerKey", "diskEncryptionSetId": .string(cloud.path("diskEncryptionSets", "des"))]
    #expect(await snapshot("s", .null).properties["encryption"] == wanted)
    #expect(await snapshot("t", ["type": "EncryptionAtRestWithPlatformKey"]).code == "OperationNotAllowed")
    let elsewhere: JSON = ["diskEncryptionSetId": .string(cloud.path("diskEncryptionSets", "other"))]
    #expect(await snapshot("t", elsewhere).code == "OperationNotAllowed")
    let disk = await cloud.send(.PUT, cloud.path("disks", "e"), ["location": "paris", "properties": source])
    #expect(disk.properties["encryption"] == wanted, "\(disk)")
  }

  @Test func theEncryptionOfADiskInUseDoesNotChange() async throws {
    let cloud = try await ComputeFixture()
    try await cloud.makeSet("des")
    _ = await cloud.putDisk("d", [:])
    try await cloud.finishDisk("d")
    let disk: JSON = ["lun": 0, "createOption": "Attach", "managedDisk": ["id": .string(cloud.path("disks", "d"))]]
    let attached: JSON = ["storageProfile": ["dataDisks": [disk]]]
    #expect(await cloud.putMachine("vm", attached).status == 201)
    try await cloud.finish("vm")
    let change: JSON = ["properties": ["encryption": ["diskEncryptionSetId": .string(cloud.path("diskEncryptionSets", "des"))]]]
    for power in [Machine.Power.running, .stopped] {
      try await cloud.change(cloud.machine("vm")) { $0.wanted = power }
      let refused = await cloud.send(.PATCH, cloud.path("disks", "d"), change)
      #expect(refused.status == 409 && refused.code == "OperationNotAllowed", "\(refused)")
    }
    try await cloud.change(cloud.machine("vm")) { $0.wanted = .deallocated }
    #expect(await cloud.send(.PATCH, cloud.path("disks", "d"), change).status == 200)
    let shown = await cloud.send(.GET, cloud.path("virtualMachines", "vm")).properties.member("storageProfile", "dataDisks")?.array?.first
    #expect(shown?.member("managedDisk", "diskEncryptionSet", "id")?.string == cloud.path("diskEncryptionSets", "des"))
  }

  // MARK: Withdrawing

  @Test func aMachineWhoseKeyIsWithdrawnIsOffWithTheReasonUntilItIsBack() async throws {
    let cloud = try await ComputeFixture()
    let watch = DiskKeyWatch(service: cloud.service)
    try await cloud.runMachineUnderSet()
    await watch.look()
    #expect(try await cloud.machine("vm").wanted == .running)
    cloud.customerKeys.refuse("k", .keyDisabled)
    // The keyring asks about keys in use by itself; a look then finds this one closed.
    await cloud.customerKeyring.round()
    await watch.look()
    let machine = try await cloud.machine("vm")
    #expect(machine.wanted == .stopped)
    #expect(try await !cloud.hypervisor.exists(machine.vmID))
    let view = await cloud.send(.GET, cloud.path("virtualMachines", "vm") + "/instanceView").json["statuses"]?.array ?? []
    let power = try #require(view.first { $0["code"]?.string?.hasPrefix("PowerState/") == true })
    #expect(power["code"] == "PowerState/stopped" && power["message"]?.string?.hasPrefix("KeyVaultKeyNotEnabled: ") == true, "\(power)")
    let told = try await cloud.activity("Microsoft.Compute/virtualMachines/powerOff/action")
    #expect(told.map(\.errorCode) == ["KeyVaultKeyNotEnabled"])
    // It is told once.
    await watch.look()
    #expect(try await cloud.activity("Microsoft.Compute/virtualMachines/powerOff/action").count == 1)
    cloud.customerKeys.refuse("k", nil)
    #expect(await cloud.send(.POST, cloud.path("virtualMachines", "vm") + "/start").status == 202)
    #expect(try await cloud.machine("vm").wanted == .running)
  }

  @Test func noAnswerMeansNoOnceItsTimeHasPassed() async throws {
    let cloud = try await ComputeFixture()
    try await cloud.runMachineUnderSet()
    cloud.customerKeys.refuse("k", .unavailable(retryAfterSeconds: 1))
    let watch = DiskKeyWatch(service: cloud.service)
    for _ in 0..<4 {
      await cloud.customerKeyring.round()
      await watch.look()
      #expect(try await cloud.machine("vm").wanted == .running)
      cloud.clock.advance(by: .seconds(KeyringLimits.customerKeySeconds / 4))
    }
    cloud.clock.advance(by: .seconds(2))
    await cloud.customerKeyring.round()
    await watch.look()
    #expect(try await cloud.machine("vm").wanted == .stopped)
  }

  @Test func aProcessThatBeginsAnewAsksBeforeItEndsAMachine() async throws {
    let cloud = try await ComputeFixture()
    try await cloud.runMachineUnderSet()
    // What was lent is gone with the process: nothing is open, and nobody has said no.
    cloud.clock.advance(by: .seconds(KeyringLimits.customerKeySeconds * 2))
    await DiskKeyWatch(service: cloud.service).look()
    #expect(try await cloud.machine("vm").wanted == .running)
    cloud.clock.advance(by: .seconds(KeyringLimits.customerKeySeconds * 2))
    cloud.customerKeys.refuse("k", .unavailable(retryAfterSeconds: 1))
    await DiskKeyWatch(service: cloud.service).look()
    #expect(try await cloud.machine("vm").wanted == .running)
    cloud.customerKeys.refuse("k", .accessDenied)
    cloud.clock.advance(by: .seconds(KeyringLimits.customerKeySeconds))
    await DiskKeyWatch(service: cloud.service).look()
    #expect(try await cloud.machine("vm").wanted == .stopped)
  }

  // MARK: Rotating

  @Test func anotherKeyWrapsTheSameDataKeysAndTheOldOneIsNeededNoMore() async throws {
    let cloud = try await ComputeFixture()
    try await cloud.makeSet("des")
    for name in ["a", "b"] {
      _ = await cloud.putDisk(name, set: "des")
      try await cloud.finishDisk(name)
    }
    try await cloud.protect("des")
    let before = try await cloud.dataKeys()
    #expect(try await cloud.protections().map { $0?.key.url } == [Self.keyURL(), Self.keyURL()])
    let change: JSON = ["properties": ["activeKey": ["keyUrl": .string(Self.keyURL("next"))]]]
    // A key that could not wrap them is refused before anything is changed.
    cloud.customerKeys.refuse("next", .accessDenied)
    let refused = await cloud.send(.PATCH, cloud.path("diskEncryptionSets", "des"), change)
    #expect(refused.status == 400 && refused.code == "KeyVaultAccessForbidden", "\(refused)")
    cloud.customerKeys.refuse("next", nil)
    let rotating = await cloud.send(.PATCH, cloud.path("diskEncryptionSets", "des"), change)
    #expect(rotating.properties["previousKeys"]?.array?.first?["keyUrl"]?.string == Self.keyURL(), "\(rotating)")
    #expect(rotating.properties["lastKeyRotationTimestamp"] != nil && rotating.properties["provisioningState"] == "Updating")
    try await cloud.protect("des")
    #expect(try await cloud.protections().map { $0?.key.url } == [Self.keyURL("next"), Self.keyURL("next")])
    cloud.customerKeys.refuse("k", .keyNotFound)
    #expect(try await cloud.dataKeys() == before)
  }

  @Test func aSetThatFollowsItsKeyWrapsDisksAtRestWithTheNewestVersion() async throws {
    let cloud = try await ComputeFixture()
    try await cloud.makeSet("des", follows: true)
    _ = await cloud.putDisk("d", set: "des")
    try await cloud.finishDisk("d")
    try await cloud.protect("des")
    let before = try await cloud.dataKeys()
    cloud.customerKeys.rotate("k")
    cloud.clock.advance(by: .seconds(3600))
    await KeyRotation(service: cloud.service).round()
    #expect(try await cloud.protections().map { $0?.version } == [TwinCustomerKeys.version(2)])
    let set = await cloud.send(.GET, cloud.path("diskEncryptionSets", "des")).properties
    #expect(set.member("activeKey", "keyUrl")?.string == Self.keyURL("k", 2))
    #expect(set["lastKeyRotationTimestamp"]?.string == cloud.clock.now().iso8601Fractional)
    #expect(try await cloud.dataKeys() == before)
    // What goes wrong is shown, and is no more once it is mended.
    cloud.customerKeys.refuse("k", .accessDenied)
    await KeyRotation(service: cloud.service).round()
    let failed = await cloud.send(.GET, cloud.path("diskEncryptionSets", "des")).properties
    #expect(failed.member("autoKeyRotationError", "code")?.string == "KeyVaultAccessForbidden")
    cloud.customerKeys.refuse("k", nil)
    await KeyRotation(service: cloud.service).round()
    #expect(await cloud.send(.GET, cloud.path("diskEncryptionSets", "des")).properties["autoKeyRotationError"] == nil)
  }

  @Test func aSetThatGetsAnotherIdentityUsesItsKeyAsThat() async throws {
    let cloud = try await ComputeFixture()
    try await cloud.makeSet("des")
    _ = await cloud.putDisk("d", set: "des")
    try await cloud.finishDisk("d")
    try await cloud.protect("des")
    let before = try await cloud.dataKeys()
    let path = cloud.path("diskEncryptionSets", "des")
    _ = await cloud.send(.PATCH, path, ["identity": ["type": "None"]])
    try await cloud.protect("des")
    #expect(try await cloud.protections().map { $0?.identity } == [.zero])
    let again = await cloud.send(.PATCH, path, ["identity": ["type": "SystemAssigned"]])
    try await cloud.protect("des")
    let principal = try #require(again.json["identity"]?["principalId"]?.string)
    #expect(try await cloud.protections().map { $0?.identity.description } == [principal])
    #expect(try await cloud.dataKeys() == before)
    #expect(cloud.customerKeys.uses.last?.identity.description == principal)
  }

  @Test func everyUseOfAKeySaysForWhichDiskOfWhom() async throws {
    let cloud = try await ComputeFixture()
    try await cloud.makeSet("des")
    _ = await cloud.putDisk("d", set: "des")
    try await cloud.protect("des")
    let uses = cloud.customerKeys.uses
    #expect(!uses.isEmpty && uses.allSatisfy { $0.reason == .diskData && $0.subject == cloud.path("disks", "d") && $0.tenant == cloud.tenant })
  }

  @Test func aDiskUnderAClosedKeyIsNotTakenForOneWithoutAKey() async throws {
    let cloud = try await ComputeFixture()
    try await cloud.makeSet("des")
    _ = await cloud.putDisk("d", set: "des")
    try await cloud.protect("des")
    cloud.clock.advance(by: .seconds(KeyringLimits.customerKeySeconds * 2))
    let image = try #require(try await cloud.service.diskFiles().files.first)
    let name = try #require(await cloud.send(.GET, cloud.path("disks", "d")).properties["uniqueId"]?.string)
    let path = image.path.replacing("images/1.0.0/disk.qcow2", with: "disks/\(name).qcow2")
    let descriptor = creat(path, 0o600)
    try #require(descriptor >= 0)
    close(descriptor)
    let file = try #require(try await cloud.service.diskFiles().files.first { $0.path == path })
    #expect(file.hasDataKey && file.resource == cloud.path("disks", "d"))
  }
}
