internal import Base
internal import Programs
internal import Wire

/// How a network reaches its parts on other hosts, and the networks that it is joined with.
extension LinuxFabric {
  func applyTunnel(_ network: FabricNetwork, _ namespace: String, _ links: [String: LinkTable.Link]) async throws -> Bool {
    let (tunnel, temporary) = (HostNames.tunnel, names.hostTunnel(network.name))
    let present = [tunnel, temporary].filter { links[$0] != nil }
    guard let underlay, !network.remoteHosts.isEmpty else {
      try await ip(namespace, present.map { "link del \($0)" })
      return !present.isEmpty
    }
    var isChanged = present == [tunnel] ? try await !isTunnel(of: network, from: underlay, in: namespace) : true
    if isChanged {
      try await ip(namespace, present.map { "link del \($0)" })
      // Made from where the underlay is, and in its place at once: its socket stays with the host.
      let kind = "type vxlan id \(network.identifier) local \(underlay) dstport \(HostNames.tunnelPort)"
      try await ip(hostName, ["link add \(temporary) netns \(namespace) \(kind)"])
      try await ip(namespace, ["link set \(temporary) name \(tunnel)"])
    }
    if isChanged || links[tunnel]?.master != HostNames.bridge || links[tunnel]?.isUp != true || links[tunnel]?.mtu != PlatformAddresses.mtu {
      try await ip(namespace, ["link set \(tunnel) mtu \(PlatformAddresses.mtu) master \(HostNames.bridge) up"])
      isChanged = true
    }
    return try await applyRemoteHosts(of: network, in: namespace) || isChanged
  }

  private func isTunnel(of network: FabricNetwork, from underlay: IPv4Address, in namespace: String) async throws -> Bool {
    let output = try await Program("ip").run(["-n", namespace, "-d", "-j", "link", "show", "dev", HostNames.tunnel])
    let data = try JSON(parsing: output.bytes).array?.first?.member("linkinfo", "info_data")
    return data?["id"]?.integer == Int64(network.identifier) && data?["local"]?.string == underlay.description
  }

  /// What is for everybody, or for nobody that was heard of yet, goes to all hosts; the rest to the one that it was heard from.
  private func applyRemoteHosts(of network: FabricNetwork, in namespace: String) async throws -> Bool {
    let anybody = "00:00:00:00:00:00"
    let output = try await Program("bridge").run(["-n", namespace, "-j", "fdb", "show", "dev", HostNames.tunnel])
    let entries = (try JSON(parsing: output.bytes, limits: JSONLimits(depth: 32, bytes: 64 << 20)).array ?? []).compactMap { entry in
      entry["mac"]?.string.flatMap { mac in entry["dst"]?.string.map { (mac: mac, host: $0) } }
    }
    let expected = Set(network.remoteHosts.map(\.description))
    let present = Set(entries.filter { $0.mac == anybody }.map(\.host))
    let (missing, gone) = (expected.subtracting(present).sorted(), present.subtracting(expected).sorted())
    try await bridge(
      namespace,
      missing.map { "fdb append \(anybody) dev \(HostNames.tunnel) dst \($0)" } + gone.map { "fdb del \(anybody) dev \(HostNames.tunnel) dst \($0)" })
    // Whom it heard of at a host that is gone may be forgotten by itself in the meantime.
    let stale = entries.filter { $0.mac != anybody && !expected.contains($0.host) }
    try await bridge(namespace, stale.map { "fdb del \($0.mac) dev \(HostNames.tunnel) dst \($0.host)" }, toTheEnd: true)
    return !missing.isEmpty || !gone.isEmpty
  }

  /// A direct link to each network that names this one too.
  func applyPeers(
    _ network: FabricNetwork, _ wanted: FabricState, _ namespace: String, _ links: [String: LinkTable.Link]
  ) async throws -> Bool {
    var isChanged = false
    var expectedLinks: Set<String> = []
    var expectedRoutes: Set<String> = []
    for peer in network.peers {
      guard let other = wanted.networks.first(where: { $0.name == peer.name }), other.peers.contains(where: { $0.name == network.name }) else {
        continue
      }
      let (own, theirs) = (names.peerLink(peer.name), names.peerLink(network.name))
      expectedLinks.insert(own)
      if links[own] == nil {
        // The other end may be of a namespace that comes later in this round.
        let namespaces = try namespaces()
        if !namespaces.contains(names.namespace(peer.name)) { try await makeNamespace(names.namespace(peer.name)) }
        try await ip(
          namespace,
          ["link add \(own) mtu \(PlatformAddresses.mtu) type veth peer name \(theirs) netns \(names.namespace(peer.name))", "link set \(own) up"])
        try await ip(names.namespace(peer.name), ["link set \(theirs) up"])
        isChanged = true
      }
      for prefix in peer.prefixes { expectedRoutes.insert("\(prefix)||\(own)") }
    }
    let stale = links.keys.filter { $0.hasPrefix("p") && $0.utf8.count == 9 && !expectedLinks.contains($0) }
    try await ip(namespace, stale.sorted().map { "link del \($0)" })
    let present = try await LinkTable.routes(namespace).filter { $0.contains("|p") }
    let missing = expectedRoutes.subtracting(present)
    // The two ends are on one link without addresses: the packets of the one are for whoever is at the other.
    try await ip(
      namespace,
      missing.sorted().map { route in
        let words = route.split(separator: "|", omittingEmptySubsequences: false)
        return "route replace \(words[0]) dev \(words[2]) scope link"
      })
    if !missing.isEmpty {
      for link in expectedLinks { _ = try await inside(namespace, "sysctl", ["-qw", "net.ipv4.conf.\(link).proxy_arp=1"]) }
    }
    return isChanged || !stale.isEmpty || !missing.isEmpty
  }
}
