internal import Base
internal import Fabric
internal import Hypervisor
internal import Keyring
internal import Records
internal import ResourceManager
internal import Wire

/// What the platform knows of a virtual machine besides its resource: what is wanted of it, where it runs, what became of it.
struct Machine: Record, Codable, Sendable {
  static let kind = "compute.machine"

  enum Power: String, Codable, Sendable {
    case running
    /// Off, with its place kept.
    case stopped
    /// Off, and its place given back.
    case deallocated
  }

  /// Why a machine that should run does not.
  struct End: Codable, Sendable {
    var reason: String
    var time: Timestamp
  }

  /// What the guest's agent said last.
  struct Agent: Codable, Sendable {
    var isReady: Bool
    var text: String
    var time: Timestamp
  }

  var tenant: GUID
  var id: ResourceID
  /// `vmId`: the SMBIOS UUID, by which the hypervisor knows it.
  var vmID: GUID
  var wanted: Power
  var host: String?
  var zone: String?
  var size: String
  /// What it was started with; differs from `size` where that was changed since.
  var startedSize: String?
  /// Bytes of memory that it holds on its host: reserved for placement while it is not deallocated.
  var memoryBytes: Int64
  /// Network and address pairs, by which the metadata service knows who asks.
  var addresses: [String]
  /// When it was first provisioned; nil while it has not been.
  var provisionedTime: Timestamp?
  var agent: Agent?
  var end: End?
  var startedTime: Timestamp?
  /// The host's boot in which it was started.
  var bootID: String?
  /// Custom data, user data and password, sealed under the OS disk's key.
  var secrets: [UInt8]?
  /// Counts starts, for the goal state's incarnation.
  var incarnation: Int64

  var key: RecordKey { Self.key(tenant, id) }

  var indexes: [RecordIndex] {
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

  static func find(_ id: ResourceID, tenant: GUID, in reader: any RecordReader) throws -> Machine? {
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
