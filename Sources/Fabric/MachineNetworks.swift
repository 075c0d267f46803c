public import Base
public import Records
public import Wire

/// What machines need of networks. `Network` is the one that can; `Compute` asks.
public protocol MachineNetworks: Sendable {
  /// An interface as its record stands; nil where there is none of that id.
  func interface(_ id: ResourceID, tenant: GUID, in reader: any RecordReader) throws -> MachineInterfaceRecord?

  /// Makes interfaces part of what a host's networks are to have, or no longer part of it.
  func place(_ interfaces: [ResourceID], tenant: GUID, on host: String, in transaction: RecordTransaction) throws
  func withdraw(_ interfaces: [ResourceID], tenant: GUID, in transaction: RecordTransaction) throws

  /// A tap for an interface of a machine that is about to start; its name.
  func prepareTap(_ interface: InterfaceName) async throws -> String

  /// Returns once placed interfaces are connected on this host. Throws `FabricError` where that takes too long.
  func connect(_ interfaces: [InterfaceName]) async throws
}

/// A network interface as a machine sees it.
public struct MachineInterfaceRecord: Sendable, Equatable {
  public var id: ResourceID
  public var location: String
  public var name: InterfaceName
  public var network: NetworkName
  public var mac: MACAddress
  /// The primary configuration first.
  public var addresses: [FabricAddress]
  public var subnet: IPv4Prefix

  public init(
    id: ResourceID, location: String, name: InterfaceName, network: NetworkName, mac: MACAddress, addresses: [FabricAddress], subnet: IPv4Prefix
  ) {
    self.id = id
    self.location = location
    self.name = name
    self.network = network
    self.mac = mac
    self.addresses = addresses
    self.subnet = subnet
  }
}
