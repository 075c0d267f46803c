import Base
import Compute
import Hypervisor
import NIOHTTP1
import Records
import ResourceManager
import Simulation
import Testing
import Wire

/// What the watch over a host's machines sees, and what it costs.
@Suite struct ObservationTests {
  /// Copies a machine's records under other names, as if so many had been made.
  private func multiply(_ machine: Machine, by count: Int, _ prefix: String, in cloud: ComputeFixture, _ change: @Sendable (inout Machine) -> Void)
    async throws
  {
    var copies: [Machine] = []
    for index in 0..<count {
      var copy = machine
      copy.id = try cloud.id("\(prefix)\(index)")
      copy.vmID = cloud.random.guid()
      copy.addresses = []
      change(&copy)
      copies.append(copy)
    }
    let all = copies
    try await cloud.records.write { transaction in
      guard var resource = try transaction.fetch(Resource.self, Resource.key(tenant: machine.tenant, machine.id)) else { return }
      for copy in all {
        resource.id = copy.id
        try transaction.save(resource)
        try transaction.save(copy)
      }
    }
  }

  @Test func machinesThatAreOffCostNoProcessAndALookStaysCheap() async throws {
    let cloud = try await ComputeFixture()
    #expect(await cloud.putMachine("vm", size: "Standard_B1ls").status == 201)
    try await cloud.finish("vm")
    let machine = try await cloud.machine("vm")
    try await multiply(machine, by: 250, "stopped", in: cloud) { $0.wanted = .stopped }
    try await multiply(machine, by: 250, "gone", in: cloud) {
      $0.wanted = .deallocated
      $0.host = nil
    }
    _ = cloud.records.take()
    let before = cloud.hypervisor.looks
    await cloud.service.observe()
    // One look at the hypervisor, one at the records, whatever their number; nothing is written.
    #expect(cloud.hypervisor.looks == before + 1)
    #expect(cloud.records.take() == (1, 0))
    #expect(cloud.hypervisor.starts == 0)
    #expect(try await cloud.service.load().machines == 1)
    // Where nothing is to run, the hypervisor is not asked at all.
    try await cloud.change(machine) { $0.wanted = .stopped }
    _ = cloud.records.take()
    await cloud.service.observe()
    #expect(cloud.hypervisor.looks == before + 1)
    #expect(cloud.records.take() == (1, 0))
    #expect(cloud.fabric.looks == 0)
  }

  @Test(arguments: [
    (MachineEnd.Reason.shutDown, "The guest shut down.", ActivityLogEntry.Status.succeeded),
    (.failed, "The hypervisor's process of the virtual machine ended unexpectedly.", .failed),
    (.destroyed, "The virtual machine is no longer running on its host.", .failed),
  ])
  func anEndIsNoticedAndToldOf(reason: MachineEnd.Reason, text: String, status: ActivityLogEntry.Status) async throws {
    let cloud = try await ComputeFixture()
    for name in ["vm", "neighbour"] {
      #expect(await cloud.putMachine(name).status == 201)
      try await cloud.finish(name)
    }
    let machine = try await cloud.machine("vm")
    cloud.hypervisor.end(machine.vmID)
    await cloud.service.observe([machine.vmID: reason])
    let seen = try await cloud.machine("vm")
    #expect(seen.wanted == .stopped && seen.end?.reason == text)
    // It keeps its place, and is no longer on the network.
    #expect(seen.host == ComputeFixture.host)
    #expect(cloud.networks.withdrawn.map(\.name) == ["vm"])
    #expect(try await cloud.machine("neighbour").wanted == .running)
    let view = await cloud.send(.GET, cloud.path("virtualMachines", "vm") + "/instanceView").json
    let power = view["statuses"]?.array?.last
    #expect(power?["code"] == "PowerState/stopped" && power?["message"] == .string(text) && power?["level"] == "Warning")
    let entries = try await log(cloud).filter { $0.operationName == "Microsoft.Compute/virtualMachines/powerOff/action" }
    #expect(entries.map(\.status) == [status] && entries.map(\.caller) == ["Microsoft.Compute"])
    // Once.
    await cloud.service.observe([machine.vmID: reason])
    #expect(try await log(cloud).filter { $0.operationName == "Microsoft.Compute/virtualMachines/powerOff/action" }.count == 1)
  }

  @Test func aMachineThatComesWhileItIsMissedHasNotEnded() async throws {
    let cloud = try await ComputeFixture()
    #expect(await cloud.putMachine("vm").status == 201)
    try await cloud.finish("vm")
    let machine = try await cloud.machine("vm")
    // A look falls between the record of a start and the start itself.
    cloud.hypervisor.end(machine.vmID)
    let before = cloud.hypervisor.looks
    let look = Task { await cloud.service.observe() }
    while cloud.hypervisor.looks == before { await Task.yield() }
    cloud.hypervisor.run(machine.vmID, machine.id)
    await look.value
    #expect(try await cloud.machine("vm").wanted == .running)
    #expect(cloud.networks.withdrawn.isEmpty)
  }

  @Test func aMachineWithAnOperationUnderWayIsLeftToIt() async throws {
    let cloud = try await ComputeFixture()
    #expect(await cloud.putMachine("vm").status == 201)
    try await cloud.finish("vm")
    let machine = try await cloud.machine("vm")
    #expect(await cloud.send(.POST, cloud.path("virtualMachines", "vm") + "/restart").status == 202)
    cloud.hypervisor.end(machine.vmID)
    await cloud.service.observe([machine.vmID: .destroyed])
    #expect(try await cloud.machine("vm").wanted == .running)
  }

  private func log(_ cloud: ComputeFixture) async throws -> [ActivityLogEntry] {
    let (tenant, subscription, end) = (cloud.tenant, cloud.subscription, cloud.clock.now().advanced(by: .seconds(1)))
    return try await cloud.records.read {
      try ActivityLog.entries(tenant: tenant, subscription: subscription, until: end, limit: 100, in: $0)
    }
  }
}
