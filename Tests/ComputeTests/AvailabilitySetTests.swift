import Base
import Compute
import NIOHTTP1
import Records
import ResourceManager
import Testing
import Wire

/// Availability sets and the machines in them, by requests.
@Suite struct AvailabilitySetTests {
  @Test func aSetHasWhatItIsNotToldAndListsSizes() async throws {
    let cloud = try await ComputeFixture()
    let made = await cloud.putSet("plain", sku: nil)
    // Its clients know no 201.
    #expect(made.status == 200)
    #expect(made.json["sku"] == ["name": "Classic"])
    #expect(made.properties["platformFaultDomainCount"] == 2 && made.properties["platformUpdateDomainCount"] == 5)
    #expect(made.properties["virtualMachines"] == [])
    #expect(made.properties["statuses"]?.array?.first?["code"] == "ProvisioningState/succeeded")
    let sizes = await cloud.send(.GET, cloud.path("availabilitySets", "plain") + "/vmSizes")
    #expect(sizes.names.contains("Standard_B1s"))
    let skus = await cloud.send(.GET, cloud.subscriptionPath + "/providers/Microsoft.Compute/skus").json["value"]?.array ?? []
    let aligned = skus.first { $0["resourceType"] == "availabilitySets" && $0["name"] == "Aligned" }
    #expect(aligned?["capabilities"] == [["name": "MaximumPlatformFaultDomainCount", "value": "3"]])
    let usages = await cloud.send(.GET, cloud.subscriptionPath + "/providers/Microsoft.Compute/locations/paris/usages").json["value"]?.array ?? []
    #expect(usages.first { $0.member("name", "value") == "availabilitySets" }?["currentValue"] == 1)
  }

  @Test(
    arguments: [
      (["platformFaultDomainCount": 0], "Aligned", "platformFaultDomainCount"),
      (["platformFaultDomainCount": 4], "Aligned", "platformFaultDomainCount"),
      (["platformFaultDomainCount": "two"], "Aligned", "platformFaultDomainCount"),
      (["platformUpdateDomainCount": 0], "Aligned", "platformUpdateDomainCount"),
      (["platformUpdateDomainCount": 21], "Aligned", "platformUpdateDomainCount"),
      (["proximityPlacementGroup": ["id": "/x"]], "Aligned", "proximityPlacementGroup"),
      ([:], "Flexible", "sku.name"),
    ] as [(JSON, String, String)])
  func aWrongSetIsRefused(properties: JSON, sku: String, target: String) async throws {
    let cloud = try await ComputeFixture()
    let answer = await cloud.putSet("s", properties, sku: sku)
    #expect(answer.status == 400 && answer.code == "InvalidParameter" && answer.target == target, "\(answer)")
    #expect(await cloud.send(.GET, cloud.path("availabilitySets", "s")).status == 404)
  }

  @Test func countsStayAndAClassicSetBecomesAligned() async throws {
    let cloud = try await ComputeFixture()
    // Templates write numbers as texts.
    #expect(await cloud.putSet("s", ["platformFaultDomainCount": "3", "platformUpdateDomainCount": "20"], sku: "classic").status == 200)
    for name in ["platformFaultDomainCount", "platformUpdateDomainCount"] {
      let changed = await cloud.putSet("s", .object([name: 1]))
      #expect(changed.status == 409 && changed.code == "PropertyChangeNotAllowed" && changed.target == name)
    }
    let aligned = await cloud.putSet("s")
    #expect(aligned.json["sku"] == ["name": "Aligned"] && aligned.properties["platformFaultDomainCount"] == 3)
    let back = await cloud.putSet("s", sku: "Classic")
    #expect(back.status == 409 && back.code == "OperationNotAllowed")
    let tagged = await cloud.send(.PATCH, cloud.path("availabilitySets", "s"), ["tags": ["team": "red"]])
    #expect(tagged.status == 200 && tagged.json["tags"] == ["team": "red"] && tagged.json["sku"] == ["name": "Aligned"])
  }

  @Test func aMachineIsInItsSetAndHoldsIt() async throws {
    let cloud = try await ComputeFixture()
    let set = cloud.path("availabilitySets", "s")
    _ = await cloud.putSet("s")
    // However the client spells it.
    let made = await cloud.putMachine("vm", ["availabilitySet": ["id": .string(set.lowercased())]])
    #expect(made.status == 201, "\(made)")
    #expect(made.properties["availabilitySet"] == ["id": .string(set)])
    #expect(await cloud.send(.GET, set).properties["virtualMachines"] == [["id": .string(cloud.path("virtualMachines", "vm"))]])
    let refused = await cloud.send(.DELETE, set)
    #expect(refused.status == 409 && refused.code == "OperationNotAllowed" && refused.message.contains("does not contain any VM"))
    try await cloud.finish("vm")
    // Told again, or not told, it stays; it goes nowhere else.
    #expect(await cloud.putMachine("vm", ["availabilitySet": ["id": .string(set)]]).status == 200)
    try await cloud.finish("vm")
    #expect(await cloud.putMachine("vm").properties["availabilitySet"] == ["id": .string(set)])
    try await cloud.finish("vm")
    _ = await cloud.putSet("other")
    let moved = await cloud.putMachine("vm", ["availabilitySet": ["id": .string(cloud.path("availabilitySets", "other"))]])
    #expect(moved.status == 409 && moved.code == "PropertyChangeNotAllowed" && moved.target == "availabilitySet.id")
    #expect(await cloud.send(.DELETE, cloud.path("availabilitySets", "other")).status == 200)
  }

  @Test func aMachineOfNoSetDoesNotEnterOne() async throws {
    let cloud = try await ComputeFixture()
    _ = await cloud.putSet("s")
    _ = await cloud.putMachine("vm")
    try await cloud.finish("vm")
    let moved = await cloud.putMachine("vm", ["availabilitySet": ["id": .string(cloud.path("availabilitySets", "s"))]])
    #expect(moved.code == "PropertyChangeNotAllowed")
    #expect(await cloud.send(.GET, cloud.path("availabilitySets", "s")).properties["virtualMachines"] == [])
  }

  @Test func domainsGoRoundAndAFreeOneIsTaken() async throws {
    let cloud = try await ComputeFixture()
    let set = cloud.path("availabilitySets", "s")
    _ = await cloud.putSet("s", ["platformFaultDomainCount": 2, "platformUpdateDomainCount": 3])
    func domains(_ name: String) async throws -> [Int64?] {
      let made = await cloud.putMachine(name, ["availabilitySet": ["id": .string(set)]])
      #expect(made.status == 201, "\(made)")
      let view = await cloud.send(.GET, cloud.path("virtualMachines", name) + "/instanceView").json
      return [view["platformFaultDomain"]?.integer, view["platformUpdateDomain"]?.integer]
    }
    for (index, expected) in [[0, 0], [1, 1], [0, 2], [1, 0], [0, 1]].enumerated() {
      #expect(try await domains("m\(index)") == expected.map { Int64($0) })
    }
    // m0, m2, m4 are in fault domain 0 and m1, m3 in 1; without m1 and m3, 1 is empty.
    for name in ["m1", "m3"] {
      let machine = try await cloud.machine(name)
      try await cloud.records.write { transaction in
        try ResourceLink.set(from: machine.id, "availabilitySet", to: [], tenant: machine.tenant, in: transaction)
        try transaction.remove(Machine.self, machine.key)
      }
    }
    #expect(try await domains("m5") == [1, 0])
    _ = await cloud.putMachine("alone")
    let alone = await cloud.send(.GET, cloud.path("virtualMachines", "alone") + "/instanceView").json
    #expect(alone["platformFaultDomain"] == nil)
  }

  @Test func aSetThatDoesNotFitIsRefusedAndNothingIsMade() async throws {
    let cloud = try await ComputeFixture()
    _ = await cloud.putSet("aligned")
    _ = await cloud.putSet("classic", sku: "Classic")
    let aligned = cloud.path("availabilitySets", "aligned")
    let foreign = aligned.replacing(cloud.subscription.description, with: GUID(high: 3, low: 3).description)
    let cases: [(id: String, zone: String?, status: Int, code: String)] = [
      (cloud.path("availabilitySets", "missing"), nil, 404, "NotFound"), (cloud.path("availabilitySets", "classic"), nil, 400, "BadRequest"),
      (aligned, "1", 400, "BadRequest"), (foreign, nil, 400, "InvalidParameter"), (cloud.path("disks", "aligned"), nil, 400, "InvalidParameter"),
      ("aligned", nil, 400, "InvalidParameter"),
    ]
    for (id, zone, status, code) in cases {
      let answer = await cloud.putMachine("vm", zone: zone, ["availabilitySet": ["id": .string(id)]])
      #expect(answer.status == status && answer.code == code, "\(id): \(answer)")
    }
    let list = await cloud.send(.GET, cloud.group + "/resources")
    #expect(list.names.sorted() == ["aligned", "classic"])
  }

  @Test func aDiskOfAZoneIsNotForASet() async throws {
    let cloud = try await ComputeFixture()
    _ = await cloud.putSet("s")
    let disk: JSON = ["location": "paris", "zones": ["1"], "properties": ["creationData": ["createOption": "Empty"], "diskSizeGB": 1]]
    #expect(await cloud.send(.PUT, cloud.path("disks", "d"), disk).status == 202)
    let attached: JSON = [["lun": 0, "createOption": "Attach", "managedDisk": ["id": .string(cloud.path("disks", "d"))]]]
    let refused = await cloud.putMachine(
      "vm", ["availabilitySet": ["id": .string(cloud.path("availabilitySets", "s"))], "storageProfile": ["dataDisks": attached]])
    #expect(refused.status == 400 && refused.code == "BadRequest" && refused.message.hasPrefix("Zonal Disk"), "\(refused)")
  }
}
