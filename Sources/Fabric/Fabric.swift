public import Base
public import Wire

/// The networks of one host: the waist between what tenants want of their networks and what the kernel does.
///
/// A virtual network is a segment of its own on each host that has an interface in it. `apply` takes the whole wanted state, so that what it
/// does not name is taken away and what somebody changed by hand is put right.
public protocol Fabric: Sendable {
  /// Brings the host to the wanted state. Doing it twice is doing it once. Throws `FabricError`, having left every other network as it should be.
  func apply(_ wanted: FabricState) async throws -> FabricReport

  /// Makes the tap that a machine's interface will be opened on, in the host's namespace, where libvirt looks for it; gives its name.
  ///
  /// `apply` moves it into its network's namespace once the interface is part of the wanted state and the machine holds it open.
  /// A tap of that name from an earlier run of the machine is removed first.
  func prepareTap(_ interface: InterfaceName) async throws -> String

  /// A TCP socket that listens on an address and port inside a network's namespace; the caller owns the descriptor.
  func listen(in network: NetworkName, address: IPv4Address, port: UInt16) throws -> Int32

  /// What tells a network's namespace from an earlier one of the same name; nil where there is none. A socket stays with the one that it was made in.
  func identity(of network: NetworkName) -> UInt64?

  /// Takes away everything that this cloud has on this host: namespaces, links, rules, processes.
  func removeAll() async throws
}

/// A virtual network, by the id that stays with it for life. Namespaces and links on the host are named after it.
public struct NetworkName: Hashable, Sendable, Codable, Comparable {
  public var id: GUID
  public init(_ id: GUID) { self.id = id }
  public static func < (left: NetworkName, right: NetworkName) -> Bool { left.id < right.id }
}

/// A network interface, by the id that stays with it for life.
public struct InterfaceName: Hashable, Sendable, Codable, Comparable {
  public var id: GUID
  public init(_ id: GUID) { self.id = id }
  public static func < (left: InterfaceName, right: InterfaceName) -> Bool { left.id < right.id }
}

/// Everything that this host is to have.
public struct FabricState: Sendable, Equatable {
  public var networks: [FabricNetwork]
  /// Addresses that the outside reaches interfaces at; the operator's.
  public var publicPool: [IPv4Prefix]
  /// What interfaces without a public address are seen as from outside; nil: they reach nothing outside.
  public var outboundAddress: IPv4Address?
  /// Whether packets may leave this machine by its own routes (source NAT to the host's address), or stay between the host and its networks.
  public var reachesBeyondHost: Bool
  /// Where names outside the networks are asked for; none: they do not resolve.
  public var resolvers: [IPv4Address]

  public init(
    networks: [FabricNetwork] = [], publicPool: [IPv4Prefix] = [], outboundAddress: IPv4Address? = nil, reachesBeyondHost: Bool = false,
    resolvers: [IPv4Address] = []
  ) {
    self.networks = networks
    self.publicPool = publicPool
    self.outboundAddress = outboundAddress
    self.reachesBeyondHost = reachesBeyondHost
    self.resolvers = resolvers
  }
}

public struct FabricNetwork: Sendable, Equatable {
  public var name: NetworkName
  /// 1 to 16777215, unique in the cloud: the VXLAN network identifier.
  public var identifier: UInt32
  public var prefixes: [IPv4Prefix]
  public var subnets: [FabricSubnet]
  /// The interfaces of machines on this host.
  public var interfaces: [FabricInterface]
  /// The underlay addresses of the other hosts that have this network, for machines in it or in one that it is joined with.
  public var remoteHosts: [IPv4Address]
  /// The networks that this one is joined with, both ways, and the prefixes that are reached through each.
  public var peers: [FabricPeer]
  /// Names in the network's own domain and their addresses, on whatever host they are.
  public var names: [FabricHostName]
  /// The domain of those names, for example `q2x7.internal.cocagne.localhost`.
  public var domain: String

  public init(
    name: NetworkName, identifier: UInt32, prefixes: [IPv4Prefix], subnets: [FabricSubnet], interfaces: [FabricInterface] = [],
    remoteHosts: [IPv4Address] = [], peers: [FabricPeer] = [], names: [FabricHostName] = [], domain: String
  ) {
    self.name = name
    self.identifier = identifier
    self.prefixes = prefixes
    self.subnets = subnets
    self.interfaces = interfaces
    self.remoteHosts = remoteHosts
    self.peers = peers
    self.names = names
    self.domain = domain
  }
}

public struct FabricSubnet: Sendable, Equatable {
  /// Unique in its network.
  public var name: String
  public var prefix: IPv4Prefix
  /// Empty: guests are told to ask the platform at 168.63.129.16.
  public var resolvers: [IPv4Address]

  /// The first address of the prefix behind the network's own: the platform answers there on every host.
  public var gateway: IPv4Address { prefix.address(at: 1) }

  public init(name: String, prefix: IPv4Prefix, resolvers: [IPv4Address] = []) {
    self.name = name
    self.prefix = prefix
    self.resolvers = resolvers
  }
}

public struct FabricPeer: Sendable, Equatable {
  public var name: NetworkName
  public var prefixes: [IPv4Prefix]
  /// Whether packets that the peer only forwards are let in.
  public var allowsForwarded: Bool

  public init(name: NetworkName, prefixes: [IPv4Prefix], allowsForwarded: Bool = false) {
    self.name = name
    self.prefixes = prefixes
    self.allowsForwarded = allowsForwarded
  }
}

public struct FabricHostName: Sendable, Equatable {
  /// One label, for example `vm1`.
  public var label: String
  public var address: IPv4Address

  public init(label: String, address: IPv4Address) {
    self.label = label
    self.address = address
  }
}

public struct FabricInterface: Sendable, Equatable {
  public var name: InterfaceName
  public var mac: MACAddress
  /// The first is what DHCP gives.
  public var addresses: [FabricAddress]
  public var subnet: String
  /// Whether it may send what is not from its own addresses.
  public var forwards: Bool
  /// Rules of the subnet's security group, then of the interface's own: a packet must pass each list that is not nil. Nil: no group.
  public var subnetRules: FabricRules?
  public var interfaceRules: FabricRules?

  public init(
    name: InterfaceName, mac: MACAddress, addresses: [FabricAddress], subnet: String, forwards: Bool = false, subnetRules: FabricRules? = nil,
    interfaceRules: FabricRules? = nil
  ) {
    precondition(!addresses.isEmpty, "an interface has an address")
    self.name = name
    self.mac = mac
    self.addresses = addresses
    self.subnet = subnet
    self.forwards = forwards
    self.subnetRules = subnetRules
    self.interfaceRules = interfaceRules
  }
}

public struct FabricAddress: Sendable, Equatable {
  public var privateAddress: IPv4Address
  /// One of the public pool's: everything sent to it goes to the private address, and what the interface sends outside bears it.
  public var publicAddress: IPv4Address?

  public init(privateAddress: IPv4Address, publicAddress: IPv4Address? = nil) {
    self.privateAddress = privateAddress
    self.publicAddress = publicAddress
  }
}

/// A security group as it bears on one interface: both directions, each in the order of priority, the first match decides.
/// What matches none is refused; connections under way go on.
public struct FabricRules: Sendable, Equatable {
  public var inbound: [FabricRule]
  public var outbound: [FabricRule]

  public init(inbound: [FabricRule], outbound: [FabricRule]) {
    self.inbound = inbound
    self.outbound = outbound
  }
}

public struct FabricRule: Sendable, Equatable {
  public enum TransportProtocol: Sendable, Equatable {
    case any
    case tcp
    case udp
    case icmp
    case esp
    case ah
  }

  /// Who a packet is from or for.
  public enum Endpoint: Sendable, Equatable {
    case any
    /// Any of these; none means nobody.
    case prefixes([IPv4Prefix])
    /// What lies outside the network, its peers and the platform.
    case internet
  }

  /// For the rule's counter and comment, for example `AllowSSH`.
  public var name: String
  public var allows: Bool
  public var transport: TransportProtocol
  public var source: Endpoint
  public var destination: Endpoint
  /// Empty: all. Ports bear on TCP and UDP only; with `any`, a rule that has ports matches those two.
  public var sourcePorts: [ClosedRange<UInt16>]
  public var destinationPorts: [ClosedRange<UInt16>]

  public init(
    name: String, allows: Bool, transport: TransportProtocol = .any, source: Endpoint = .any, destination: Endpoint = .any,
    sourcePorts: [ClosedRange<UInt16>] = [], destinationPorts: [ClosedRange<UInt16>] = []
  ) {
    self.name = name
    self.allows = allows
    self.transport = transport
    self.source = source
    self.destination = destination
    self.sourcePorts = sourcePorts
    self.destinationPorts = destinationPorts
  }
}

/// What a round of `apply` found and did.
public struct FabricReport: Sendable, Equatable {
  /// Interfaces whose tap is in place in its network.
  public var connected: Set<InterfaceName>
  /// What was not as an earlier round had left it, and was put right: for example `rules of <network>`. Empty on the first round of a process.
  public var repaired: [String]

  public init(connected: Set<InterfaceName> = [], repaired: [String] = []) {
    self.connected = connected
    self.repaired = repaired
  }
}

/// The host's kernel or one of its programs did not do what was asked.
public struct FabricError: Error, CustomStringConvertible {
  public var description: String
  public init(_ description: String) { self.description = description }
}
