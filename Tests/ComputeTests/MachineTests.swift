import Base
import Compute
import NIOHTTP1
import Records
import Testing
import Wire

/// What a machine's body may say, and what is told of machines.
@Suite struct MachineTests {
  private static let longKey = "ssh-ed25519 " + String(repeating: "A", count: 68)

  /// The property that a machine with this profile is refused for; nil where it is taken.
  private func refusal(_ profile: JSON) async throws -> String? {
    let answer = await (try await ComputeFixture()).putMachine("vm", ["osProfile": profile])
    if answer.status == 201 { return nil }
    #expect(answer.status == 400 && answer.code == "InvalidParameter", "\(answer)")
    return answer.target
  }

  @Test(arguments: [
    ("vm", true), ("VM-1.internal", true), (String(repeating: "a", count: 64), true), ("0", true), (String(repeating: "a", count: 65), false),
    ("", false), ("-vm", false), (".vm", false), ("vm.", false), ("a_b", false), ("a b", false), ("vm\n", false), ("été", false), ("a/b", false),
    ("a;reboot", false), ("$(id)", false),
  ])
  func aHostNameIsOneThatLinuxTakes(text: String, isTaken: Bool) async throws {
    #expect(try await refusal(["computerName": .string(text)]) == (isTaken ? nil : "computerName"))
  }

  @Test(arguments: [
    ("azureuser", true), ("a.b_c-1", true), (String(repeating: "u", count: 64), true), (String(repeating: "u", count: 65), false), ("", false),
    ("root", false), ("ROOT", false), ("admin", false), ("1st", false), ("-u", false), ("a b", false), ("a:b", false), ("é", false), ("a\nb", false),
  ])
  func aUserNameIsOneThatAzureAllows(text: String, isTaken: Bool) async throws {
    #expect(try await refusal(["adminUsername": .string(text)]) == (isTaken ? nil : "adminUsername"))
  }

  @Test(arguments: [
    ("Abc12!", true), ("abc12!", true), ("ABCdef123456", true), (String(repeating: "aB1", count: 24), true),
    (String(repeating: "aB1", count: 25), false), ("aB1!x", false), ("abcdef123456", false), ("abcdefghijkl", false), ("", false),
    ("Abc12!\n", false), ("pässWÖRT", false), ("pässWÖRT1", true),
  ])
  func aPasswordMeetsThreeOfFour(text: String, isTaken: Bool) async throws {
    #expect(try await refusal(["adminPassword": .string(text)]) == (isTaken ? nil : "adminPassword"))
  }

  @Test(arguments: [
    (longKey, true), (longKey + " me@home", true), (longKey + " a comment of words\n", true), (longKey + "\r\n", true),
    ("ssh-rsa AAAAB3NzaC1yc2E=", true),
    ("ecdsa-sha2-nistp256 AAAAE2Vj me", true), ("", false), ("ssh-ed25519", false), ("ssh-ed25519 ***", false), ("ssh-dss AAAAB3NzaC1kc3M=", false),
    ("AAAAC3NzaC1lZDI1NTE5", false), ("command=\"id\" ssh-ed25519 AAAA", false), ("-----BEGIN OPENSSH PRIVATE KEY----- AAAA", false),
  ])
  func aPublicKeyIsOneOfOpenSSH(text: String, isTaken: Bool) async throws {
    let profile: JSON = ["linuxConfiguration": ["ssh": ["publicKeys": [["keyData": .string(text)]]]]]
    let target = "linuxConfiguration.ssh.publicKeys.keyData"
    #expect(try await refusal(profile) == (isTaken ? nil : target))
  }

  /// Apart from the tables, so that no log has them.
  @Test func controlCharactersAreRefused() async throws {
    for key in ["ssh-ed25519 AAAA evil\u{0}x", "ssh-ed25519 AAAA evil\u{0}"] {
      let keys: JSON = ["linuxConfiguration": ["ssh": ["publicKeys": [["keyData": .string(key)]]]]]
      #expect(try await refusal(keys) == "linuxConfiguration.ssh.publicKeys.keyData")
    }
    #expect(try await refusal(["adminPassword": "Abc12!\u{7}"]) == "adminPassword")
    #expect(try await refusal(["computerName": "vm\u{0}"]) == "computerName")
  }

  @Test func aPublicKeyHasItsOneOrNoPlace() async throws {
    func profile(_ path: String) -> JSON {
      ["linuxConfiguration": ["ssh": ["publicKeys": [["keyData": .string(Self.longKey), "path": .string(path)]]]]]
    }
    #expect(try await refusal(profile("/home/me/.ssh/authorized_keys")) == nil)
    #expect(try await refusal(profile("/root/.ssh/authorized_keys")) == "linuxConfiguration.ssh.publicKeys.path")
  }

  @Test func somebodyMustBeAbleToLogIn() async throws {
    #expect(try await refusal(["adminPassword": .null]) == "linuxConfiguration.ssh.publicKeys.keyData")
    let closed: JSON = ["linuxConfiguration": ["disablePasswordAuthentication": true]]
    #expect(try await refusal(closed) == "adminPassword")
  }

  @Test(
    arguments: [
      ("Standard_Z2", "2", nil), ("Standard_Z2", nil, nil), ("Standard_Z2", "1", "409 SkuNotAvailable"), ("Standard_Z9", nil, "409 SkuNotAvailable"),
      ("standard_b1s", "3", nil), ("Standard_B1s", "4", "400 InvalidAvailabilityZone"), ("Standard_Nope", nil, "400 InvalidParameter"),
      ("Standard_E4s_v5", nil, "409 AllocationFailed"), ("Standard_E4s_v5", "1", "409 ZonalAllocationFailed"),
    ] as [(String, String?, String?)])
  func aSizeIsHadWhereItIs(size: String, zone: String?, refusal: String?) async throws {
    let cloud = try await ComputeFixture(memoryGiB: 16)
    let answer = await cloud.putMachine("vm", size: size, zone: zone)
    let found: String? = answer.status == 201 ? nil : "\(answer.status) \(answer.code ?? "")"
    #expect(found == refusal, "\(answer)")
    // What is refused is not half made.
    #expect(await cloud.send(.GET, cloud.group + "/resources").names.isEmpty == (refusal != nil))
  }

  @Test func aMachineGrowsWhileItsHostHasRoom() async throws {
    let cloud = try await ComputeFixture(memoryGiB: 8)
    #expect(await cloud.putMachine("vm", size: "Standard_B1s").status == 201)
    #expect(await cloud.putMachine("neighbour", size: "Standard_B1s").status == 201)
    try await cloud.finish("vm")
    let refused = await cloud.putMachine("vm", size: "Standard_B2ms")
    #expect(refused.status == 409 && refused.code == "AllocationFailed", "\(refused)")
    #expect(try await cloud.machine("vm").size == "Standard_B1s")
    #expect(await cloud.putMachine("vm", size: "Standard_B2s").status == 200)
    try await cloud.finish("vm")
    // One that has given its place back is looked at when it asks for one again.
    try await cloud.change(cloud.machine("vm")) {
      $0.wanted = .deallocated
      $0.host = nil
    }
    #expect(await cloud.putMachine("vm", size: "Standard_B2ms").status == 200)
    try await cloud.finish("vm")
    let start = await cloud.send(.POST, cloud.path("virtualMachines", "vm") + "/start")
    #expect(start.status == 409 && start.code == "AllocationFailed", "\(start)")
    #expect(try await cloud.machine("vm").wanted == .deallocated)
  }

  @Test func fortyMachinesAreListedAtOnce() async throws {
    let cloud = try await ComputeFixture()
    let names = (0..<40).map { "vm\($0)" }
    for name in names { #expect(await cloud.putMachine(name, size: "Standard_B1ls").status == 201) }
    for parent in [cloud.subscriptionPath, cloud.group] {
      let list = await cloud.send(.GET, parent + "/providers/Microsoft.Compute/virtualMachines", query: [("$expand", "instanceView")])
      #expect(list.status == 200)
      #expect(list.json["nextLink"] == nil)
      #expect(list.names.sorted() == names.sorted())
      #expect(list.json["value"]?.array?.allSatisfy { $0.member("properties", "instanceView", "computerName") == $0["name"] } == true)
    }
  }

  @Test func aMachineThatWasRecordedBeforeThereWereSetsIsRead() throws {
    let place = #"\/subscriptions\/00000000-0000-0000-0000-000000000002\/resourceGroups\/rg\/providers\/Microsoft.Compute\/virtualMachines\/vm"#
    let text =
      #"{"addresses":["00000000-0000-0008-0000-000000000008\/10.0.0.4"],"agent":{"isReady":true,"text":"","time":1800000000000000},"bootID":"b","#
      + #""host":"host1","id":"\#(place)","incarnation":3,"memoryBytes":1073741824,"provisionedTime":1800000000000000,"secrets":[1,2],"#
      + #""size":"Standard_B1s","startedSize":"Standard_B1s","startedTime":1800000000000000,"tenant":"00000000-0000-0001-0000-000000000001","#
      + #""vmID":"00000000-0000-0004-0000-000000000005","wanted":"running","zone":"1"}"#
    var writer = ByteWriter()
    writer.blob(Array(text.utf8))
    var reader = ByteReader(writer.bytes)
    let machine = try Machine(from: &reader, format: 1)
    #expect(reader.isAtEnd)
    #expect(machine.id.name == "vm" && machine.host == "host1" && machine.zone == "1" && machine.wanted == .running)
    #expect(machine.availability == nil)
  }
}
