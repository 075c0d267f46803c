internal import Base
package import Records
internal import ResourceManager
internal import Wire

/// A host that machines can be placed on.
package struct HostRecord: Record, Codable, Sendable {
  package static let kind = "compute.host"

  package enum State: String, Codable, Sendable {
    case available
    /// Takes no new machines.
    case cordoned
  }

  package var name: String
  /// Zones that it stands for: on a single machine, all of them.
  var zones: [String]
  package var state: State
  var accelerator: String
  var processors: Int
  var memoryBytes: Int64
  /// How many bytes of machines' memory may be promised for each that is there.
  var overcommit: Double
  var version: String

  package init(
    name: String, zones: [String], state: State, accelerator: String, processors: Int, memoryBytes: Int64, overcommit: Double, version: String
  ) {
    self.name = name
    self.zones = zones
    self.state = state
    self.accelerator = accelerator
    self.processors = processors
    self.memoryBytes = memoryBytes
    self.overcommit = overcommit
    self.version = version
  }

  package var key: RecordKey { Self.key(name) }
  static func key(_ name: String) -> RecordKey { RecordKey(tenant: .zero, name) }

  /// Bytes of machines' memory that it may promise.
  var promisableBytes: Int64 { Int64(Double(memoryBytes) * overcommit) }

  static func all(in reader: any RecordReader) throws -> [HostRecord] {
    try reader.list(HostRecord.self, under: RecordKey(tenant: .zero, components: []), limit: 10_000)
  }
}

/// Gives machines their host. Memory is promised, not reserved.
///
/// Of the hosts that take new machines, stand in the machine's zone and have room for it, that one is taken which has the fewest machines of the
/// machine's availability set, and of those the one with most memory to spare. A set is a preference over hosts, never a reason to refuse: on a
/// cloud of one host, all machines of a set run there, whatever their fault domains.
package struct Scheduler: Sendable {
  package init() {}

  /// Places a machine that has no host. One that has its host keeps it, cordoned or not: what it asks for is found there or nowhere.
  /// Throws `AllocationFailed`, `ZonalAllocationFailed`.
  package func place(_ machine: inout Machine, _ size: MachineSize, in reader: any RecordReader) throws {
    var best: (name: String, companions: Int, spare: Int64)?
    for host in try HostRecord.all(in: reader) where mayHold(host, machine, size) {
      let others = try Machine.all(on: host.name, in: reader).filter { $0.key != machine.key }
      let spare = host.promisableBytes - others.reduce(0) { $0 + $1.memoryBytes }
      guard spare >= size.memoryBytes else { continue }
      let companions = others.count { $0.isCompanion(of: machine) }
      if let best, (best.companions, -best.spare) <= (companions, -spare) { continue }
      best = (host.name, companions, spare)
    }
    guard let best else { throw CloudError.allocationFailed(zone: machine.zone) }
    machine.host = best.name
  }

  private func mayHold(_ host: HostRecord, _ machine: Machine, _ size: MachineSize) -> Bool {
    if let current = machine.host { return host.name == current }
    guard host.state == .available else { return false }
    if let zone = machine.zone { return host.zones.contains(zone) }
    return size.zones.map { offered in host.zones.contains { offered.contains($0) } } ?? true
  }
}

extension Machine {
  /// Whether both are in one availability set.
  fileprivate func isCompanion(of other: Machine) -> Bool {
    guard tenant == other.tenant, let set = availability?.set else { return false }
    return set == other.availability?.set
  }
}
