internal import Programs
internal import Wire

/// How what the kernel has of one namespace differs from what is wanted of it.
public struct FabricDifferences: Sendable, Equatable {
  public var namespace: String
  /// Nil for the edge, the host itself, and a namespace that nobody wants.
  public var network: NetworkName?
  /// Whether it belongs to the platform, not to a network: the edge and the host.
  public var isPlatform: Bool
  /// What the kernel has beside what is wanted (`+ …`) and what it lacks (`- …`).
  public var lines: [String]
  /// Whether something that is wanted was not given to the kernel yet: what a round of `apply` will do.
  public var isPending: Bool

  public init(namespace: String, network: NetworkName?, isPlatform: Bool = false, lines: [String] = [], isPending: Bool = false) {
    self.namespace = namespace
    self.network = network
    self.isPlatform = isPlatform
    self.lines = lines
    self.isPending = isPending
  }
}

/// Comparing without putting right.
extension LinuxFabric {
  /// Lines of one namespace that are told; the last says how many more there are.
  private static let maximumLines = 40

  /// Compares the kernel with a wanted state, and changes nothing. Rules are compared with what the kernel listed when they were given to it.
  public func differences(from wanted: FabricState) async throws -> [FabricDifferences] {
    try await exclusively {
      var result: [FabricDifferences] = []
      let present = Set(NamespaceFolder.names().filter { names.isNamespace($0) && NamespaceFolder.identity($0) != nil })
      let kept = Set(wanted.networks.map { names.namespace($0.name) } + (wanted.networks.isEmpty ? [] : [names.edge]))
      for namespace in present.subtracting(kept).sorted() {
        // One that an earlier round knew is about to be taken away.
        let isKnown = known[namespace] != nil || known[namespace + "/state"] != nil
        result.append(
          FabricDifferences(
            namespace: namespace, network: nil, isPlatform: namespace == names.edge, lines: isKnown ? [] : ["+ namespace \(namespace)"],
            isPending: isKnown))
      }
      guard !wanted.networks.isEmpty else { return result }
      let transit = TransitAddresses.assign(wanted.networks)
      result.append(try await edgeDifferences(wanted, transit, isPresent: present.contains(names.edge)))
      result.append(try await hostDifferences(wanted))
      for network in wanted.networks {
        result.append(try await differences(of: network, wanted, transit[network.name], isPresent: present.contains(names.namespace(network.name))))
      }
      return result.map { differences in
        var short = differences
        if short.lines.count > Self.maximumLines {
          short.lines = Array(short.lines.prefix(Self.maximumLines)) + ["… \(differences.lines.count - Self.maximumLines)"]
        }
        return short
      }
    }
  }

  private func edgeDifferences(
    _ wanted: FabricState, _ transit: [NetworkName: TransitAddresses.Pair], isPresent: Bool
  ) async throws -> FabricDifferences {
    var result = FabricDifferences(namespace: names.edge, network: nil, isPlatform: true)
    guard known[names.edge + "/state"] != nil else { return pending(result) }
    guard isPresent else { return lacking(result, "namespace \(names.edge)") }
    try await compareRules(EdgeRules(state: wanted, names: names, underlay: underlay).edgeText, names.edge, tables: Self.edgeTables, &result)
    var expected: Set<String> = ["default|\(TransitAddresses.host(cloud: names.cloud).edge)|\(HostNames.uplink)"]
    for network in wanted.networks {
      guard let pair = transit[network.name], known[names.namespace(network.name)]?.wanted == network else {
        result.isPending = true
        continue
      }
      for address in network.interfaces.flatMap(\.addresses).compactMap(\.publicAddress) {
        expected.insert("\(address)|\(pair.network)|\(names.edgeEnd(network.name))")
      }
    }
    guard !result.isPending else { return result }
    compare(expected, try await LinkTable.routes(names.edge), "route", &result)
    let ends = Set(wanted.networks.map { names.edgeEnd($0.name) })
    let links = try await LinkTable.read(names.edge).links.values.filter(\.isUp).map(\.name)
    compare(ends.union(["lo", HostNames.uplink]), Set(links), "link", &result)
    return result
  }

  private func hostDifferences(_ wanted: FabricState) async throws -> FabricDifferences {
    var result = FabricDifferences(namespace: hostName ?? "host", network: nil, isPlatform: true)
    try await compareRules(
      EdgeRules(state: wanted, names: names, underlay: underlay).hostText, hostName, key: names.edgeLink, tables: ["inet \(names.table)"], &result)
    return result
  }

  private static let edgeTables = ["inet cocagne", "ip cocagne-nat"]

  private func differences(
    of network: FabricNetwork, _ wanted: FabricState, _ pair: TransitAddresses.Pair?, isPresent: Bool
  ) async throws -> FabricDifferences {
    let namespace = names.namespace(network.name)
    var result = FabricDifferences(namespace: namespace, network: network.name)
    guard let pair, let last = known[namespace] else { return pending(result) }
    guard isPresent else { return lacking(result, "namespace \(namespace)") }
    try await compareRules(
      NetworkRules(network: network, names: names, underlay: underlay).text, namespace, tables: ["bridge cocagne"] + Self.edgeTables, &result)
    guard last.wanted == network else { return pending(result) }
    let peers = network.peers.filter { peer in
      wanted.networks.contains { $0.name == peer.name && $0.peers.contains { $0.name == network.name } }
    }
    let links = try await LinkTable.read(namespace).links
    var expected: Set<String> = ["lo", HostNames.bridge, HostNames.uplink]
    expected.formUnion(peers.map { names.peerLink($0.name) })
    if underlay != nil, !network.remoteHosts.isEmpty { expected.insert(HostNames.tunnel) }
    // A machine that is about to start or has just ended has no tap here; whatever else is up belongs to nobody. The kernel's own links are down.
    let taps = Set(network.interfaces.map { names.tap($0.name) })
    compare(expected, Set(links.values.filter { $0.isUp && !taps.contains($0.name) }.map(\.name)), "link", &result)
    compare(
      Set(
        network.subnets.map { "\($0.gateway)/\($0.prefix.length)" } + ["\(PlatformAddresses.metadata)/32", "\(PlatformAddresses.wireServer)/32"]),
      links[HostNames.bridge]?.addresses ?? [], "address", &result)
    compare(["\(pair.network)/31"], links[HostNames.uplink]?.addresses ?? [], "address", &result)
    var routes: Set<String> = ["default|\(pair.edge)|\(HostNames.uplink)"]
    for peer in peers { routes.formUnion(peer.prefixes.map { "\($0)||\(names.peerLink(peer.name))" }) }
    compare(routes, try await LinkTable.routes(namespace), "route", &result)
    return result
  }

  private func compareRules(
    _ text: String, _ namespace: String?, key: String? = nil, tables: [String], _ result: inout FabricDifferences
  ) async throws {
    guard let last = known[(key ?? namespace ?? "") + "/rules"] else { return result.isPending = true }
    if last.rules != text { result.isPending = true }
    let now = try await listing(namespace, tables)
    guard now != last.listing else { return }
    var surplus: [String: Int] = [:]
    func lines(_ listing: String) -> [String] {
      listing.split(separator: "\n").map { String($0.drop { $0 == "\t" || $0 == " " }) }.filter { !$0.isEmpty && $0 != "}" }
    }
    for line in lines(now) { surplus[line, default: 0] += 1 }
    for line in lines(last.listing) { surplus[line, default: 0] -= 1 }
    let changed = surplus.sorted { $0.key < $1.key }.flatMap { line, count in
      Array(repeating: (count > 0 ? "+ " : "- ") + line, count: abs(count))
    }
    // Order decides, too.
    result.lines += changed.isEmpty ? ["± order of rules"] : changed
  }

  private func compare(_ expected: Set<String>, _ present: Set<String>, _ kind: String, _ result: inout FabricDifferences) {
    result.lines += present.subtracting(expected).sorted().map { "+ \(kind) \($0)" }
    result.lines += expected.subtracting(present).sorted().map { "- \(kind) \($0)" }
  }

  private func pending(_ differences: FabricDifferences) -> FabricDifferences {
    var result = differences
    result.isPending = true
    return result
  }

  private func lacking(_ differences: FabricDifferences, _ what: String) -> FabricDifferences {
    var result = differences
    result.lines.append("- \(what)")
    return result
  }
}
