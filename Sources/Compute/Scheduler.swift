internal import Base
internal import Records
internal import ResourceManager
internal import Wire

/// A host that machines can be placed on.
struct HostRecord: Record, Codable, Sendable {
  static let kind = "compute.host"

  enum State: String, Codable, Sendable {
    case available
    /// Takes no new machines.
    case cordoned
  }

  var name: String
  /// Zones that it stands for: on a single machine, all of them.
  var zones: [String]
  var state: State
  var accelerator: String
  var processors: Int
  var memoryBytes: Int64
  /// How many bytes of machines' memory may be promised for each that is there.
  var overcommit: Double
  var version: String
  var key: RecordKey { Self.key(name) }
  static func key(_ name: String) -> RecordKey { RecordKey(tenant: .zero, name) }

  static func all(in reader: any RecordReader) throws -> [HostRecord] {
    try reader.list(HostRecord.self, under: RecordKey(tenant: .zero, components: []), limit: 10_000)
  }
}

/// Gives machines their host: by zone, then the one with most memory to spare. Memory is promised, not reserved.
struct Scheduler: Sendable {
  /// Places a machine that has no host, or whose host can no longer hold it. Throws `AllocationFailed`, `ZonalAllocationFailed`.
  func place(_ machine: inout Machine, _ size: MachineSize, in reader: any RecordReader) throws {
    let hosts = try HostRecord.all(in: reader).filter { host in
      host.state == .available && (machine.zone.map { host.zones.contains($0) } ?? true)
    }
    var best: (name: String, spare: Int64)?
    for host in hosts {
      let promised = try Machine.all(on: host.name, in: reader).filter { $0.id != machine.id || $0.tenant != machine.tenant }
        .reduce(0) { $0 + $1.memoryBytes }
      let spare = Int64(Double(host.memoryBytes) * host.overcommit) - promised
      guard spare >= size.memoryBytes, spare > best?.spare ?? -1 else { continue }
      best = (host.name, spare)
    }
    guard let best else { throw CloudError.allocationFailed(zone: machine.zone) }
    machine.host = best.name
  }
}
