internal import Base
internal import Wire

/// In which network namespace the host itself is: its links, its underlay, the taps that libvirt opens.
public enum HostNamespace: Sendable, Equatable {
  case root
  /// A namespace that stands for a host in a test.
  case named(String)
}

/// What things are called on the host. Everything begins with the cloud's short name, so that several clouds, and what is not theirs, never meet.
struct HostNames: Sendable {
  /// Up to six lower-case letters and digits.
  let cloud: String

  static let bridge = "br0"
  static let uplink = "up0"
  static let tunnel = "vx0"
  /// VXLAN's own (RFC 7348).
  static let tunnelPort = 4789

  init(cloud: String) {
    precondition((1...6).contains(cloud.utf8.count), "a cloud's short name has up to six characters")
    self.cloud = cloud
  }

  /// The hexadecimal digits by which an id is told apart on one host.
  static func short(_ id: GUID) -> String { String(id.description.prefix(8)) }

  var edge: String { "\(cloud)-edge" }
  /// The host's end of the link to the edge; the edge's own end is `up0`.
  var edgeLink: String { "\(cloud)e0" }
  var table: String { "cocagne-\(cloud)" }

  func namespace(_ network: NetworkName) -> String { "\(cloud)-\(Self.short(network.id))" }
  /// The edge's end of a network's uplink.
  func edgeEnd(_ network: NetworkName) -> String { "n\(Self.short(network.id))" }
  func peerLink(_ peer: NetworkName) -> String { "p\(Self.short(peer.id))" }
  func tap(_ interface: InterfaceName) -> String { "\(cloud)i\(Self.short(interface.id))" }
  /// What a tunnel is called until it is in place: the host may have a `vx0` of its own.
  func hostTunnel(_ network: NetworkName) -> String { "\(cloud)x\(Self.short(network.id))" }

  func isNamespace(_ name: String) -> Bool { name.hasPrefix("\(cloud)-") }
  /// The length tells them from the links of a cloud whose name begins with this one's.
  func isTap(_ name: String) -> Bool { name.hasPrefix("\(cloud)i") && name.utf8.count == cloud.utf8.count + 9 }
}

/// Addresses inside the platform, which no tenant sees.
struct TransitAddresses {
  /// A network's end and the edge's end of the link between them.
  struct Pair: Equatable {
    var edge: IPv4Address
    var network: IPv4Address
  }

  /// 100.64.0.0/10 is set aside for the inside of providers (RFC 6598). Its last /16 is for the links between hosts and edges.
  static let range = IPv4Prefix(IPv4Address(100, 64, 0, 0), length: 10)
  private static let pairs: UInt32 = (1 << 21) - (1 << 15)

  /// A pair for each network: by its identifier, the next free one where two fall on the same.
  static func assign(_ networks: [FabricNetwork]) -> [NetworkName: Pair] {
    var taken: Set<UInt32> = []
    var result: [NetworkName: Pair] = [:]
    for network in networks.sorted(by: { $0.identifier < $1.identifier }) {
      var index = network.identifier % pairs
      while !taken.insert(index).inserted { index = (index + 1) % pairs }
      let first = range.first.bits + index * 2
      result[network.name] = Pair(edge: IPv4Address(bits: first), network: IPv4Address(bits: first + 1))
    }
    return result
  }

  /// The link between a host and the edge of a cloud: `edge` here is the host's end.
  static func host(cloud: String) -> Pair {
    var hash: UInt32 = 2_166_136_261
    for byte in cloud.utf8 { hash = (hash ^ UInt32(byte)) &* 16_777_619 }
    let first = IPv4Address(100, 127, 0, 0).bits + (hash % (1 << 15)) * 2
    return Pair(edge: IPv4Address(bits: first), network: IPv4Address(bits: first + 1))
  }
}

/// What a guest of any network finds at the same place.
enum PlatformAddresses {
  static let metadata = IPv4Address(169, 254, 169, 254)
  static let wireServer = IPv4Address(168, 63, 129, 16)
  /// The gateway's hardware address, the same on each host, so that a machine may move.
  static let gatewayMAC = "02:00:c0:ca:60:e1"
  /// The hardware address that the gateway of one host has for the other hosts. Those of interfaces begin with 02.
  static func tunnelMAC(of underlay: IPv4Address) -> MACAddress { MACAddress(bits: 0x06_00_00_00_00_00 | UInt64(underlay.bits)) }
  static let mtu = 1450
}
