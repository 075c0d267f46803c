package import Base
internal import Fabric
package import Hypervisor
internal import Keyring
package import Records
internal import ResourceManager
package import Wire

/// What the platform knows of a virtual machine besides its resource: what is wanted of it, where it runs, what became of it.
package struct Machine: Record, Codable, Sendable {
  package static let kind = "compute.machine"
  /// 2 adds `availability`.
  package static let format: UInt8 = 2

  package enum Power: String, Codable, Sendable {
    case running
    /// Off, with its place kept.
    case stopped
    /// Off, and its place given back.
    case deallocated
  }

  /// Why a machine that should run does not.
  package struct End: Codable, Sendable {
    package var reason: String
    var time: Timestamp
  }

  /// What the guest's agent said last.
  struct Agent: Codable, Sendable {
    var isReady: Bool
    var text: String
    var time: Timestamp
  }

  /// The availability set that a machine is in, for life, and its place there.
  package struct Availability: Codable, Sendable {
    package var set: ResourceID
    package var faultDomain: Int
    package var updateDomain: Int

    package init(set: ResourceID, faultDomain: Int, updateDomain: Int) {
      self.set = set
      self.faultDomain = faultDomain
      self.updateDomain = updateDomain
    }
  }

  package var tenant: GUID
  package var id: ResourceID
  /// `vmId`: the SMBIOS UUID, by which the hypervisor knows it.
  package var vmID: GUID
  package var wanted: Power
  package var host: String?
  package var zone: String?
  package var availability: Availability?
  package var size: String
  /// What it was started with; differs from `size` where that was changed since.
  var startedSize: String?
  /// Bytes of memory that it holds on its host: reserved for placement while it is not deallocated.
  package var memoryBytes: Int64
  /// Network and address pairs, by which the metadata service knows who asks.
  package var addresses: [String]
  /// When it was first provisioned; nil while it has not been.
  var provisionedTime: Timestamp?
  var agent: Agent?
  package var end: End?
  package var startedTime: Timestamp?
  /// The host's boot in which it was started.
  var bootID: String?
  /// Custom data, user data and password, sealed under the OS disk's key.
  var secrets: [UInt8]?
  /// Counts starts, for the goal state's incarnation.
  var incarnation: Int64

  /// A machine that is to run, and has nothing of what it takes yet.
  package init(tenant: GUID, id: ResourceID, vmID: GUID) {
    self.tenant = tenant
    self.id = id
    self.vmID = vmID
    wanted = .running
    size = ""
    memoryBytes = 0
    addresses = []
    incarnation = 0
  }

  package var key: RecordKey { Self.key(tenant, id) }

  package var indexes: [RecordIndex] {
    var indexes = [RecordIndex(Self.vmIndex, vmID.description, tenant: .zero)]
    if let host { indexes.append(RecordIndex(Self.hostIndex, host, tenant: .zero)) }
    for address in addresses { indexes.append(RecordIndex(Self.addressIndex, address, tenant: .zero)) }
    return indexes
  }

  static func key(_ tenant: GUID, _ id: ResourceID) -> RecordKey { RecordKey(tenant: tenant, id.canonical) }
  private static let vmIndex = "vm"
  private static let hostIndex = "host"
  private static let addressIndex = "address"
  /// Machines of one host that are looked at.
  private static let maximumPerHost = 10_000

  package static func find(_ id: ResourceID, tenant: GUID, in reader: any RecordReader) throws -> Machine? {
    try reader.fetch(Machine.self, key(tenant, id))
  }

  static func find(_ vmID: GUID, in reader: any RecordReader) throws -> Machine? {
    try reader.list(Machine.self, index: vmIndex, [vmID.description], tenant: .zero, limit: 1).first
  }

  static func all(on host: String, in reader: any RecordReader) throws -> [Machine] {
    try reader.list(Machine.self, index: hostIndex, [host], tenant: .zero, limit: maximumPerHost)
  }

  static func address(_ network: NetworkName, _ address: IPv4Address) -> String { "\(network.id)/\(address)" }

  static func find(at address: String, in reader: any RecordReader) throws -> Machine? {
    try reader.list(Machine.self, index: addressIndex, [address], tenant: .zero, limit: 1).first
  }
}

/// What a machine is provisioned with and Azure never shows again.
struct MachineSecrets: Codable, Sendable {
  var customData: [UInt8]?
  var userData: [UInt8]?
  var adminPassword: String?

  var isEmpty: Bool { customData == nil && userData == nil && adminPassword == nil }
}

extension ComputeService {
  /// One look at what runs on this host, as its watch takes it. `known` has the reasons of ends that were just reported.
  package func observe(_ known: [GUID: MachineEnd.Reason] = [:]) async {
    await MachineWatch(service: self).observe(known)
  }
}
