import Base
import Compute
import Records
import Simulation
import Testing
import Wire

/// Where machines are placed, over records of hosts and machines alone.
@Suite struct SchedulerTests {
  private let tenant = GUID(high: 1, low: 1)
  private let random = SeededRandom(seed: 3)
  private let directory = ScratchDirectory()
  private let records: SQLiteRecordStore

  init() throws {
    records = try SQLiteRecordStore(path: directory("records"))
  }

  private func addHost(
    _ name: String, zones: [String] = ["1"], memoryGiB: Int64 = 16, overcommit: Double = 1, state: HostRecord.State = .available
  ) async throws {
    let host = HostRecord(
      name: name, zones: zones, state: state, accelerator: "tcg", processors: 4, memoryBytes: memoryGiB << 30, overcommit: overcommit, version: "")
    try await records.write { try $0.save(host) }
  }

  private func size(_ memoryGiB: Int, zones: [String]? = nil) -> MachineSize {
    MachineSize("Standard_T", family: "t", processors: 1, memoryMiB: memoryGiB << 10, maximumDataDisks: 1, zones: zones)
  }

  private func machine(_ name: String, zone: String? = nil, set: String? = nil, tenant: GUID? = nil) -> Machine {
    let id = ResourceID(subscription: GUID(high: 2, low: 2), resourceGroup: "rg", "Microsoft.Compute", ("virtualMachines", name))
    var machine = Machine(tenant: tenant ?? self.tenant, id: id, vmID: random.guid())
    machine.zone = zone
    if let set {
      let id = ResourceID(subscription: GUID(high: 2, low: 2), resourceGroup: "rg", "Microsoft.Compute", ("availabilitySets", set))
      machine.availability = Machine.Availability(set: id, faultDomain: 0, updateDomain: 0)
    }
    return machine
  }

  /// The host that a machine is given, and keeps.
  @discardableResult
  private func place(_ machine: Machine, _ size: MachineSize) async throws -> String? {
    try await records.write { transaction in
      var placed = machine
      placed.memoryBytes = size.memoryBytes
      try Scheduler().place(&placed, size, in: transaction)
      try transaction.save(placed)
      return placed.host
    }
  }

  private func refusal(_ machine: Machine, _ size: MachineSize) async -> String? {
    do {
      try await place(machine, size)
      return nil
    } catch {
      return (error as? CloudError).map { "\($0.status) \($0.code)" } ?? "\(error)"
    }
  }

  @Test func theHostWithMostMemoryToSpareIsTaken() async throws {
    try await addHost("small", memoryGiB: 8)
    try await addHost("large", memoryGiB: 12)
    #expect(try await place(machine("a"), size(5)) == "large")
    #expect(try await place(machine("b"), size(2)) == "small")
    // Of equals, the first by name.
    #expect(try await place(machine("c"), size(1)) == "large")
  }

  @Test func aZoneIsServedByItsHostsAlone() async throws {
    try await addHost("a", zones: ["1"], memoryGiB: 4)
    try await addHost("b", zones: ["2", "3"], memoryGiB: 64)
    #expect(try await place(machine("one", zone: "1"), size(1)) == "a")
    #expect(try await place(machine("two", zone: "3"), size(1)) == "b")
    #expect(await refusal(machine("full", zone: "1"), size(4)) == "409 ZonalAllocationFailed")
    #expect(await refusal(machine("nowhere", zone: "4"), size(1)) == "409 ZonalAllocationFailed")
  }

  @Test(arguments: [(1.0, 4), (1.5, 6), (2.0, 8), (0.5, 2)])
  func memoryIsPromisedAsFarAsTheOvercommitGoes(overcommit: Double, count: Int) async throws {
    try await addHost("host", memoryGiB: 4, overcommit: overcommit)
    for index in 0..<count { #expect(try await place(machine("m\(index)"), size(1)) == "host") }
    #expect(await refusal(machine("more"), size(1)) == "409 AllocationFailed")
  }

  @Test func whoGivesItsPlaceBackMakesRoom() async throws {
    try await addHost("host", memoryGiB: 1)
    var first = machine("first")
    try await place(first, size(1))
    #expect(await refusal(machine("second"), size(1)) == "409 AllocationFailed")
    // Off, its place kept.
    first.wanted = .stopped
    first.host = "host"
    first.memoryBytes = 1 << 30
    let stopped = first
    try await records.write { try $0.save(stopped) }
    #expect(await refusal(machine("second"), size(1)) == "409 AllocationFailed")
    first.wanted = .deallocated
    first.host = nil
    let gone = first
    try await records.write { try $0.save(gone) }
    #expect(try await place(machine("second"), size(1)) == "host")
  }

  @Test func aCordonedHostTakesNoNewMachineAndKeepsItsOwn() async throws {
    try await addHost("a", memoryGiB: 64)
    var resident = machine("resident")
    #expect(try await place(resident, size(2)) == "a")
    resident.host = "a"
    try await addHost("a", memoryGiB: 64, state: .cordoned)
    #expect(await refusal(machine("new"), size(1)) == "409 AllocationFailed")
    try await addHost("b", memoryGiB: 2)
    #expect(try await place(machine("new"), size(1)) == "b")
    // What is there may grow there.
    #expect(try await place(resident, size(4)) == "a")
  }

  @Test func whatRunsDoesNotMoveForALargerSize() async throws {
    try await addHost("a", memoryGiB: 4)
    var resident = machine("resident")
    #expect(try await place(resident, size(2)) == "a")
    resident.host = "a"
    try await addHost("b", memoryGiB: 64)
    #expect(await refusal(resident, size(8)) == "409 AllocationFailed")
    #expect(try await place(resident, size(4)) == "a")
  }

  @Test func theMachinesOfASetAreSpread() async throws {
    try await addHost("a", memoryGiB: 16)
    try await addHost("b", memoryGiB: 32)
    try await addHost("c", memoryGiB: 64)
    var hosts: [String?] = []
    for index in 0..<6 { hosts.append(try await place(machine("m\(index)", set: "s"), size(1))) }
    #expect(hosts == ["c", "b", "a", "c", "b", "a"])
    // Neither another set's machines count, nor those of a set of that name of another tenant.
    #expect(try await place(machine("other", set: "t"), size(1)) == "c")
    #expect(try await place(machine("foreign", set: "s", tenant: GUID(high: 9, low: 9)), size(1)) == "c")
    // Each host has two of the set: the largest takes the next, and is passed over then.
    #expect(try await place(machine("seventh", set: "s"), size(1)) == "c")
    #expect(try await place(machine("eighth", set: "s"), size(1)) == "b")
  }

  @Test func aSetIsAPreferenceAndNoReasonToRefuse() async throws {
    try await addHost("only", memoryGiB: 4)
    for index in 0..<3 { #expect(try await place(machine("m\(index)", set: "s"), size(1)) == "only") }
    // A host without machines of the set is preferred where it has room.
    try await addHost("small", memoryGiB: 1)
    #expect(try await place(machine("last", set: "s"), size(1)) == "small")
    #expect(try await place(machine("more", set: "s"), size(1)) == "only")
    #expect(await refusal(machine("most", set: "s"), size(1)) == "409 AllocationFailed")
  }

  @Test func aSizeOfSomeZonesIsPlacedInThem() async throws {
    try await addHost("a", zones: ["1"], memoryGiB: 64)
    try await addHost("b", zones: ["2"], memoryGiB: 2)
    #expect(try await place(machine("m"), size(2, zones: ["2", "3"])) == "b")
    #expect(await refusal(machine("more"), size(2, zones: ["2", "3"])) == "409 AllocationFailed")
  }
}
