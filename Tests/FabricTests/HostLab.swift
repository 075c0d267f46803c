import Base
import Fabric
import Glibc
import Logging
import Programs
import Simulation
import Testing
import Wire

/// Whatever makes hosts: one test after the other, for the names of namespaces are the machine's.
@Suite(.serialized) enum HostLabTests {}

/// Hosts on one underlay, for tests: each is a namespace with a fabric of its own, and one more namespace is the switch between them.
///
/// Names of namespaces are the machine's: all begin with five letters that stand for this process.
final class HostLab {
  /// One of the hosts.
  final class Host {
    /// The short name of its fabric's cloud.
    let cloud: String
    let namespace: String
    let underlay: IPv4Address
    let folder: String
    let fabric: LinuxFabric
    var wanted = FabricState()

    init(_ number: Int, tag: String, folder: String) {
      cloud = "\(tag)\(number)"
      namespace = "\(tag)-host\(number)"
      underlay = IPv4Address(192, 0, 2, UInt8(number))
      self.folder = folder
      fabric = LinuxFabric(
        cloud: cloud, host: .named(namespace), underlay: underlay, folder: folder,
        logger: Logger(label: "lab") { _ in SwiftLogNoOpLogHandler() })
    }

    /// What its fabric called by this name.
    func namespace(of network: FabricNetwork) -> String { "\(cloud)-\(network.name.id.description.prefix(8))" }
  }

  static var isPossible: Bool { geteuid() == 0 && access("/dev/net/tun", R_OK | W_OK) == 0 }

  /// What a packet of a guest may have at most.
  static let mtu = 1450

  let tag: String
  let hosts: [Host]
  var switchboard: String { "\(tag)-switch" }
  private let folder: ScratchDirectory
  private var guests: [GuestNamespace] = []
  private var interfaces: UInt64 = 0

  private init(hosts count: Int) {
    var number = Int(getpid())
    var letters: [Character] = []
    for _ in 0..<5 {
      letters.append(Character(UnicodeScalar(UInt8(ascii: "a") + UInt8(number % 26))))
      number /= 26
    }
    let (tag, folder) = (String(letters), ScratchDirectory())
    // The name servers run as another user.
    chmod(folder.path, 0o755)
    (self.tag, self.folder) = (tag, folder)
    hosts = (1...count).map { Host($0, tag: tag, folder: folder("\($0)")) }
  }

  /// Three hosts for as long as `body` runs. Nothing is left of them when it throws, either.
  static func run(_ body: (HostLab) async throws -> Void) async throws {
    let lab = HostLab(hosts: 3)
    do {
      try await lab.build()
      try await body(lab)
    } catch {
      try? await lab.end()
      throw error
    }
    try await lab.end()
  }

  private func build() async throws {
    try await Program("ip").run(["netns", "add", switchboard])
    try await ip(switchboard, "link add br0 type bridge forward_delay 0", "link set br0 up")
    for (index, host) in hosts.enumerated() {
      try await Program("ip").run(["netns", "add", host.namespace])
      try await ip(
        switchboard, "link add port\(index) type veth peer name eth0 netns \(host.namespace)", "link set port\(index) master br0 up")
      try await ip(host.namespace, "addr add \(host.underlay)/24 dev eth0", "link set eth0 up", "link set lo up")
    }
  }

  private func end() async throws {
    for guest in guests { guest.end() }
    guests = []
    let fabrics: [LinuxFabric] = hosts.map(\.fabric)
    // A test that takes too long is cancelled, and its task starts no program any more.
    try await Task { [tag] in try await HostLab.remove(fabrics, tag: tag) }.value
  }

  private static func remove(_ fabrics: [LinuxFabric], tag: String) async throws {
    for fabric in fabrics { try? await fabric.removeAll() }
    // What a fabric left behind must not stay, whatever the test says of it.
    for namespace in try await namespaces() where namespace.hasPrefix(tag) {
      for word in try await Program("ip").run(["netns", "pids", namespace]).text.split(separator: "\n") {
        if let process = pid_t(word) { kill(process, SIGKILL) }
      }
      try await Program("ip").run(["netns", "del", namespace])
    }
  }

  // MARK: Networks and guests

  /// A network of two subnets, with the same prefix every time.
  static func network(_ number: UInt32, prefix: String = "10.7") throws -> FabricNetwork {
    FabricNetwork(
      name: NetworkName(GUID(high: UInt64(number) << 32, low: 1)), identifier: 7000 + number, prefixes: [try parsed("\(prefix).0.0/16")],
      subnets: [
        FabricSubnet(name: "a", prefix: try parsed("\(prefix).0.0/24")), FabricSubnet(name: "b", prefix: try parsed("\(prefix).1.0/24")),
      ], domain: "net\(number).test")
  }

  private static func parsed(_ text: String) throws -> IPv4Prefix {
    guard let prefix = IPv4Prefix(text) else { throw FabricError("\(text) is no prefix") }
    return prefix
  }

  /// Makes a guest of a network, with an address, on one of the hosts; `apply` connects it.
  func guest(_ name: String, _ network: FabricNetwork, _ address: IPv4Address, on host: Host) async throws -> GuestNamespace {
    guard let subnet = network.subnets.first(where: { $0.prefix.contains(address) }) else { throw FabricError("\(address) is in no subnet") }
    interfaces += 1
    let interface = FabricInterface(
      name: InterfaceName(GUID(high: interfaces << 32, low: 2)), mac: MACAddress(bits: 0x02_00_00_00_00_00 + interfaces),
      addresses: [FabricAddress(privateAddress: address)], subnet: subnet.name)
    return try await plug(interface, subnet, into: network, on: host, name: name)
  }

  /// Takes a guest away from the host that it is on.
  func remove(_ guest: GuestNamespace, _ network: FabricNetwork, from host: Host) async throws {
    guest.end()
    guests.removeAll { $0 === guest }
    try await Program("ip").run(["netns", "del", guest.namespace])
    change(network, on: host) { $0.interfaces.removeAll { $0.name == guest.interface.name } }
    try await apply()
  }

  /// Takes a guest away from the host that it is on, and starts it again on another.
  func move(_ guest: GuestNamespace, _ network: FabricNetwork, from old: Host, to new: Host) async throws -> GuestNamespace {
    try await remove(guest, network, from: old)
    let name = String(guest.namespace.dropFirst(tag.count + 1))
    return try await plug(guest.interface, guest.subnet, into: network, on: new, name: name)
  }

  private func plug(
    _ interface: FabricInterface, _ subnet: FabricSubnet, into network: FabricNetwork, on host: Host, name: String
  ) async throws -> GuestNamespace {
    let tap = try await host.fabric.prepareTap(interface.name)
    let guest = try await GuestNamespace("\(tag)-\(name)", interface, in: subnet, tap: tap, of: host.namespace)
    guests.append(guest)
    change(network, on: host) { $0.interfaces.append(interface) }
    return guest
  }

  /// Changes what a host is to have of a network, which comes to be there where it was not.
  func change(_ network: FabricNetwork, on host: Host, _ body: (inout FabricNetwork) -> Void) {
    if !host.wanted.networks.contains(where: { $0.name == network.name }) { host.wanted.networks.append(network) }
    for index in host.wanted.networks.indices where host.wanted.networks[index].name == network.name { body(&host.wanted.networks[index]) }
  }

  /// Tells every host that has a network of the others that have it.
  func join(_ networks: FabricNetwork...) {
    for network in networks {
      let members = hosts.filter { $0.wanted.networks.contains { $0.name == network.name } }
      for host in members { change(network, on: host) { $0.remoteHosts = members.filter { $0 !== host }.map(\.underlay) } }
    }
  }

  /// Brings all hosts to what is wanted of them, and the guests with them.
  func apply() async throws {
    for host in hosts {
      let report = try await host.fabric.apply(host.wanted)
      let missing = Set(host.wanted.networks.flatMap(\.interfaces).map(\.name)).subtracting(report.connected)
      guard missing.isEmpty else { throw FabricError("not connected on \(host.namespace): \(missing)") }
    }
  }

  /// Joins the networks, brings the hosts there and gives the guests their addresses.
  func start(_ networks: FabricNetwork...) async throws {
    for network in networks { join(network) }
    try await apply()
    for guest in guests { try await guest.settle() }
  }

  // MARK: Looking

  func ip(_ namespace: String, _ commands: String...) async throws {
    try await Program("ip").run(["-n", namespace, "-batch", "-"], input: Array(commands.joined(separator: "\n").utf8))
  }

  static func namespaces() async throws -> [String] {
    try await Program("ip").run(["-j", "netns", "list"]).jsonItems.compactMap { $0["name"]?.string }
  }

  func links(_ namespace: String) async throws -> [JSON] {
    try await Program("ip").run(["-n", namespace, "-j", "-s", "link", "show"]).jsonItems
  }

  /// How many packets have come to a host by the underlay.
  func received(by host: Host) async throws -> Int64 {
    let link = try await links(host.namespace).first { $0["ifname"]?.string == "eth0" }
    return link?.member("stats64", "rx", "packets")?.integer ?? 0
  }
}

extension ProgramOutput {
  /// What `ip -j` lists; nothing is listed as nothing.
  var jsonItems: [JSON] {
    get throws { bytes.isEmpty ? [] : try JSON(parsing: bytes).array ?? [] }
  }
}
