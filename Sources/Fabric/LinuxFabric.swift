internal import Base
public import Logging
internal import Programs
public import Wire

#if canImport(Glibc)
  internal import Glibc
#endif

/// Networks made of what every Linux has: namespaces, bridges, taps, VXLAN, nftables, and dnsmasq.
///
/// One namespace a virtual network, with a bridge that bears the gateways; one *edge* namespace, through which everything from and to outside goes.
/// The host's own namespace gets one link, its routes and one table of rules.
public actor LinuxFabric: Fabric {
  let names: HostNames
  let host: HostNamespace
  let underlay: IPv4Address?
  let folder: String
  private let logger: Logger
  /// What the last round left: what differs from it was changed by somebody else.
  var known: [String: Known] = [:]
  private var isBusy = false
  private var waiting: [CheckedContinuation<Void, Never>] = []

  struct Known {
    /// Networks: what was wanted; nil for the edge and the host.
    var wanted: FabricNetwork?
    /// The rules that were given, and as the kernel lists them.
    var rules = ""
    var listing = ""
  }

  /// - Parameters:
  ///   - cloud: up to six lower-case letters and digits that begin every name on this host.
  ///   - underlay: this host's address among the hosts, for tunnels, of which no other cloud has any here; nil on a single host.
  ///   - folder: where dnsmasq's files lie.
  public init(cloud: String, host: HostNamespace = .root, underlay: IPv4Address? = nil, folder: String, logger: Logger) {
    names = HostNames(cloud: cloud)
    self.host = host
    self.underlay = underlay
    self.folder = folder
    self.logger = logger
  }

  nonisolated var hostName: String? {
    if case .named(let name) = host { name } else { nil }
  }

  /// One round at a time: programs are awaited in between.
  func exclusively<Value: Sendable>(_ body: () async throws -> Value) async throws -> Value {
    while isBusy { await withCheckedContinuation { waiting.append($0) } }
    isBusy = true
    defer {
      isBusy = false
      if !waiting.isEmpty { waiting.removeFirst().resume() }
    }
    return try await body()
  }

  /// The rules of a network, for tests.
  package static func rules(of network: FabricNetwork, cloud: String, underlay: IPv4Address? = nil) -> String {
    NetworkRules(network: network, names: HostNames(cloud: cloud), underlay: underlay).text
  }

  // MARK: Programs

  /// Runs `ip` commands of one namespace at once.
  func ip(_ namespace: String?, _ commands: [String]) async throws {
    guard !commands.isEmpty else { return }
    try await Program("ip").run(
      (namespace.map { ["-n", $0] } ?? []) + ["-batch", "-"], input: Array((commands.joined(separator: "\n") + "\n").utf8))
  }

  /// Runs `bridge` commands of one namespace at once; to the end, whatever becomes of each, where each may have become needless.
  func bridge(_ namespace: String, _ commands: [String], toTheEnd: Bool = false) async throws {
    guard !commands.isEmpty else { return }
    try await Program("bridge").run(
      ["-n", namespace] + (toTheEnd ? ["-force"] : []) + ["-batch", "-"], input: Array((commands.joined(separator: "\n") + "\n").utf8),
      accepting: toTheEnd ? [0, 1] : [0])
  }

  func inside(_ namespace: String?, _ program: String, _ arguments: [String], input: [UInt8] = []) async throws -> ProgramOutput {
    guard let namespace else { return try await Program(program).run(arguments, input: input) }
    return try await Program("ip").run(["netns", "exec", namespace, program] + arguments, input: input)
  }

  /// The namespaces of this cloud. What a crash left half made is removed.
  func namespaces() throws -> Set<String> {
    Set(
      NamespaceFolder.names().filter { name in
        guard names.isNamespace(name) else { return false }
        if NamespaceFolder.identity(name) != nil { return true }
        unlink("\(NamespaceFolder.path)/\(name)")
        return false
      })
  }

  // MARK: The whole state

  public func apply(_ wanted: FabricState) async throws -> FabricReport {
    try await exclusively { try await round(wanted) }
  }

  private func round(_ wanted: FabricState) async throws -> FabricReport {
    var report = FabricReport()
    var failures: [String] = []
    let present = try namespaces()
    let kept = Set(wanted.networks.map { names.namespace($0.name) } + [names.edge])
    for namespace in present.subtracting(kept).sorted() where names.isNamespace(namespace) { try await remove(namespace) }
    // Without networks nothing is to be seen of the cloud on its host.
    guard !wanted.networks.isEmpty else {
      if present.contains(names.edge) { try await removeEdge() }
      try await removeTaps(except: [])
      return report
    }
    guard mkdir(folder, 0o755) == 0 || errno == EEXIST else { throw FabricError("\(folder): \(String(cString: strerror(errno)))") }
    let transit = TransitAddresses.assign(wanted.networks)
    try await applyEdge(wanted, transit, &report)
    for network in wanted.networks {
      do {
        try await apply(network, wanted, transit, &report)
      } catch {
        failures.append("\(names.namespace(network.name)): \(error)")
      }
    }
    try await removeTaps(except: Set(wanted.networks.flatMap(\.interfaces).map { names.tap($0.name) }))
    guard failures.isEmpty else { throw FabricError(failures.joined(separator: "; ")) }
    return report
  }

  /// Taps that were prepared for machines which are about to start.
  var fresh: Set<String> = []

  /// Addresses of the host itself that lie in a pool: to route the pool to machines would cut the host off from its own network.
  public func conflicts(with pool: [IPv4Prefix]) async throws -> [String] {
    let links = try await LinkTable.read(hostName).links.values.filter { $0.name != names.edgeLink }
    return links.sorted { $0.name < $1.name }.flatMap { link in
      link.addresses.sorted().filter { text in
        guard let address = text.split(separator: "/").first.flatMap({ IPv4Address(String($0)) }) else { return false }
        return pool.contains { $0.contains(address) }
      }.map { "\(link.name) \($0)" }
    }
  }

  // MARK: Edge

  private func applyEdge(
    _ wanted: FabricState, _ transit: [NetworkName: TransitAddresses.Pair], _ report: inout FabricReport
  ) async throws {
    let pair = TransitAddresses.host(cloud: names.cloud)
    var changes: [String] = []
    if !(try await isComplete(names.edge)) {
      try await makeNamespace(names.edge)
      changes.append("edge")
    }
    let hostLinks = try await LinkTable.read(hostName).links
    if hostLinks[names.edgeLink] == nil {
      try await ip(
        hostName,
        [
          "link add \(names.edgeLink) type veth peer name \(HostNames.uplink) netns \(names.edge)",
          "addr add \(pair.edge)/31 dev \(names.edgeLink)", "link set \(names.edgeLink) up",
        ])
      try await ip(
        names.edge,
        ["addr add \(pair.network)/31 dev \(HostNames.uplink)", "link set \(HostNames.uplink) up", "route replace default via \(pair.edge)"])
      changes.append("host link")
    }
    let routes = try await LinkTable.routes(hostName)
    let missing = wanted.publicPool.filter { prefix in
      !routes.contains("\(prefix.length == 32 ? prefix.first.description : prefix.description)|\(pair.network)|\(names.edgeLink)")
    }
    if !missing.isEmpty {
      try await ip(hostName, missing.map { "route replace \($0) via \(pair.network) dev \(names.edgeLink)" })
      changes.append("host routes")
    }
    if wanted.reachesBeyondHost { _ = try await inside(hostName, "sysctl", ["-qw", "net.ipv4.ip_forward=1"]) }
    let rules = EdgeRules(state: wanted, names: names, underlay: underlay)
    if try await applyRules(rules.edgeText, names.edge, tables: ["inet cocagne", "ip cocagne-nat"]) { changes.append("rules of the edge") }
    if try await applyRules(rules.hostText, hostName, key: names.edgeLink, tables: ["inet \(names.table)"]) { changes.append("rules of the host") }
    try await applyPublicRoutes(wanted, transit)
    if known[names.edge + "/state"] != nil { report.repaired += changes }
    known[names.edge + "/state"] = Known()
  }

  /// Public addresses lead from the edge to the network that has them.
  private func applyPublicRoutes(_ wanted: FabricState, _ transit: [NetworkName: TransitAddresses.Pair]) async throws {
    var expected: Set<String> = []
    var commands: [String] = []
    for network in wanted.networks {
      guard let pair = transit[network.name] else { continue }
      for address in network.interfaces.flatMap(\.addresses).compactMap(\.publicAddress) {
        expected.insert("\(address)|\(pair.network)|\(names.edgeEnd(network.name))")
      }
    }
    pendingPublicRoutes = expected
    let present = try await LinkTable.routes(names.edge).filter { !$0.hasPrefix("default|") }
    for route in present.subtracting(expected) {
      let words = route.split(separator: "|", omittingEmptySubsequences: false)
      commands.append("route del \(words[0]) via \(words[1]) dev \(words[2])")
    }
    try await ip(names.edge, commands)
  }

  private var pendingPublicRoutes: Set<String> = []

  // MARK: One network

  private func apply(
    _ network: FabricNetwork, _ wanted: FabricState, _ transit: [NetworkName: TransitAddresses.Pair], _ report: inout FabricReport
  ) async throws {
    let namespace = names.namespace(network.name)
    let isUnchanged = known[namespace]?.wanted == network
    var changes: [String] = []
    if !(try await isComplete(namespace)) {
      known[namespace] = nil
      try await makeNamespace(namespace)
    }
    // The rules stand before the first link does.
    if try await applyRules(
      NetworkRules(network: network, names: names, underlay: underlay).text, namespace, tables: ["bridge cocagne", "inet cocagne", "ip cocagne-nat"])
    {
      changes.append("rules of \(namespace)")
    }
    var links = try await LinkTable.read(namespace).links
    if try await applyBridge(network, namespace, links) { changes.append("bridge of \(namespace)") }
    if let pair = transit[network.name], try await applyUplink(network, namespace, links, pair) { changes.append("uplink of \(namespace)") }
    if try await applyTunnel(network, namespace, links) { changes.append("tunnel of \(namespace)") }
    if try await applyPeers(network, wanted, namespace, links) { changes.append("peerings of \(namespace)") }
    links = try await LinkTable.read(namespace).links
    let replugged = try await applyTaps(network, namespace, links, &report)
    if replugged { changes.append("interfaces of \(namespace)") }
    let served = try await Dnsmasq(network: network, resolvers: wanted.resolvers, namespace: namespace, folder: folder).apply()
    changes += served.map { "\($0) of \(namespace)" }
    if isUnchanged { report.repaired += changes }
    known[namespace, default: Known()].wanted = network
  }

  /// Goes on where an earlier attempt ended. That the loopback link is up says that the namespace is complete.
  func makeNamespace(_ namespace: String) async throws {
    if !(try namespaces().contains(namespace)) { try await Program("ip").run(["netns", "add", namespace]) }
    // Where bridged packets are not shown to the rules, no security group bears on them: the next command fails then.
    if access("/proc/sys/net/bridge/bridge-nf-call-iptables", F_OK) != 0 { _ = try? await Program("modprobe").run(["br_netfilter"]) }
    // What a router of guests needs: it forwards, sees bridged packets, answers for no address that is not on the link, and speaks IPv4 alone.
    _ = try await inside(
      namespace, "sysctl",
      [
        "-qw", "net.ipv4.ip_forward=1", "net.ipv6.conf.all.disable_ipv6=1", "net.ipv6.conf.default.disable_ipv6=1", "net.ipv4.conf.all.rp_filter=0",
        "net.ipv4.conf.default.rp_filter=0", "net.ipv4.conf.all.send_redirects=0", "net.ipv4.conf.default.send_redirects=0",
        "net.ipv4.conf.all.accept_redirects=0", "net.ipv4.conf.default.accept_redirects=0", "net.bridge.bridge-nf-call-iptables=1",
      ])
    try await ip(namespace, ["link set lo up"])
  }

  private func isComplete(_ namespace: String) async throws -> Bool {
    guard try namespaces().contains(namespace) else { return false }
    return try await LinkTable.read(namespace).links["lo"]?.isUp == true
  }

  private func applyBridge(_ network: FabricNetwork, _ namespace: String, _ links: [String: LinkTable.Link]) async throws -> Bool {
    var commands: [String] = []
    let bridge = links[HostNames.bridge]
    if bridge == nil {
      commands += [
        "link add \(HostNames.bridge) type bridge stp_state 0 forward_delay 0",
        "link set \(HostNames.bridge) address \(PlatformAddresses.gatewayMAC) mtu \(PlatformAddresses.mtu) up",
      ]
    } else if bridge?.isUp == false {
      commands.append("link set \(HostNames.bridge) up")
    }
    let expected = Set(
      network.subnets.map { "\($0.gateway)/\($0.prefix.length)" } + ["\(PlatformAddresses.metadata)/32", "\(PlatformAddresses.wireServer)/32"])
    let present = bridge?.addresses ?? []
    commands += expected.subtracting(present).sorted().map { "addr add \($0) dev \(HostNames.bridge)" }
    commands += present.subtracting(expected).sorted().map { "addr del \($0) dev \(HostNames.bridge)" }
    try await ip(namespace, commands)
    return !commands.isEmpty
  }

  private func applyUplink(
    _ network: FabricNetwork, _ namespace: String, _ links: [String: LinkTable.Link], _ pair: TransitAddresses.Pair
  ) async throws -> Bool {
    var isChanged = false
    let end = names.edgeEnd(network.name)
    if links[HostNames.uplink]?.addresses.contains("\(pair.network)/31") != true || links[HostNames.uplink]?.isUp != true {
      if links[HostNames.uplink] != nil { try await ip(namespace, ["link del \(HostNames.uplink)"]) }
      try await ip(
        namespace,
        [
          "link add \(HostNames.uplink) mtu \(PlatformAddresses.mtu) type veth peer name \(end) netns \(names.edge)",
          "addr add \(pair.network)/31 dev \(HostNames.uplink)", "link set \(HostNames.uplink) up",
        ])
      try await ip(names.edge, ["addr replace \(pair.edge)/31 dev \(end)", "link set \(end) up"])
      isChanged = true
    }
    let routes = try await LinkTable.routes(namespace)
    if !routes.contains("default|\(pair.edge)|\(HostNames.uplink)") {
      try await ip(namespace, ["route replace default via \(pair.edge) dev \(HostNames.uplink)"])
      isChanged = true
    }
    let own = pendingPublicRoutes.filter { $0.hasSuffix("|\(end)") }
    let missing = own.isEmpty ? [] : own.subtracting(try await LinkTable.routes(names.edge))
    try await ip(
      names.edge,
      missing.sorted().map { route in
        let words = route.split(separator: "|")
        return "route replace \(words[0]) via \(words[1]) dev \(words[2])"
      })
    return isChanged
  }

  nonisolated public func listen(in network: NetworkName, address: IPv4Address, port: UInt16) throws -> Int32 {
    try NamespaceSocket.listen(namespace: names.namespace(network), address: address, port: port)
  }

  nonisolated public func identity(of network: NetworkName) -> UInt64? {
    NamespaceFolder.identity(names.namespace(network))
  }

  // MARK: Rules

  /// Gives rules to the kernel where it has others; tells whether it had.
  private func applyRules(_ text: String, _ namespace: String?, key: String? = nil, tables: [String]) async throws -> Bool {
    let key = (key ?? namespace ?? "") + "/rules"
    if let last = known[key], last.rules == text, try await listing(namespace, tables) == last.listing { return false }
    _ = try await inside(namespace, "nft", ["-f", "-"], input: Array(text.utf8))
    known[key] = Known(rules: text, listing: try await listing(namespace, tables))
    return true
  }

  /// The tables as the kernel has them, without counters.
  func listing(_ namespace: String?, _ tables: [String]) async throws -> String {
    var text = ""
    for table in tables {
      let words = table.split(separator: " ").map(String.init)
      text += try await rules(namespace, ["-s", "list", "table"] + words)
    }
    return text
  }

  private func rules(_ namespace: String?, _ arguments: [String]) async throws -> String {
    // A table that somebody deleted is one that differs.
    let command = namespace.map { ("ip", ["netns", "exec", $0, "nft"] + arguments) } ?? ("nft", arguments)
    return try await Program(command.0).run(command.1, accepting: [0, 1]).text
  }

  // MARK: Removing

  private func remove(_ namespace: String) async throws {
    try await Dnsmasq.stop(namespace: namespace, folder: folder)
    Dnsmasq.removeFiles(namespace: namespace, folder: folder)
    // The kernel takes a namespace apart later, or never while a socket is open in it: what others are to find free goes first.
    let links = try await LinkTable.read(namespace).links.keys.filter { $0 != "lo" }
    try await ip(namespace, links.sorted().map { "link del \($0)" })
    try await Program("ip").run(["netns", "del", namespace])
    known[namespace] = nil
    known[namespace + "/rules"] = nil
  }

  /// The namespace goes last: while it is there, a later round knows that something of the edge may be.
  private func removeEdge() async throws {
    _ = try await inside(hostName, "nft", ["-f", "-"], input: Array("table inet \(names.table)\ndelete table inet \(names.table)\n".utf8))
    if try await LinkTable.read(hostName).links[names.edgeLink] != nil { try await ip(hostName, ["link del \(names.edgeLink)"]) }
    try await Program("ip").run(["netns", "del", names.edge])
    known = [:]
  }

  public func removeAll() async throws {
    try await exclusively {
      let present = try namespaces()
      for namespace in present.sorted() where names.isNamespace(namespace) && namespace != names.edge { try await remove(namespace) }
      if present.contains(names.edge) { try await removeEdge() }
      let links = try await LinkTable.read(hostName).links.keys
      try await ip(hostName, links.filter { names.isTap($0) }.sorted().map { "link del \($0)" })
      known = [:]
    }
  }
}
