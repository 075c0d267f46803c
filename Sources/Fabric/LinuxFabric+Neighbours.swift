internal import Base
internal import Programs
internal import Wire

/// How a network reaches its parts on other hosts, and the networks that it is joined with.
extension LinuxFabric {
  func applyTunnel(_ network: FabricNetwork, _ namespace: String, _ links: [String: LinkTable.Link]) async throws -> Bool {
    guard let underlay, !network.remoteHosts.isEmpty else {
      if links[HostNames.tunnel] != nil { try await ip(namespace, ["link del \(HostNames.tunnel)"]) }
      return false
    }
    var isChanged = false
    if links[HostNames.tunnel] == nil {
      // Made where the underlay is, and moved: the tunnel's socket stays with the host.
      let temporary = names.hostTunnel(network.name)
      try await ip(
        hostName,
        [
          "link add \(temporary) type vxlan id \(network.identifier) local \(underlay) dstport 4789 nolearning",
          "link set \(temporary) netns \(namespace) name \(HostNames.tunnel)",
        ])
      try await ip(
        namespace,
        [
          "link set \(HostNames.tunnel) mtu \(PlatformAddresses.mtu) master \(HostNames.bridge) up",
          "link set \(HostNames.tunnel) type bridge_slave learning on",
        ])
      isChanged = true
    }
    let output = try await inside(namespace, "bridge", ["-j", "fdb", "show", "dev", HostNames.tunnel])
    let present = Set(
      (try JSON(parsing: output.bytes).array ?? []).filter { $0["mac"]?.string == "00:00:00:00:00:00" }.compactMap { $0["dst"]?.string })
    let expected = Set(network.remoteHosts.map(\.description))
    for host in expected.subtracting(present).sorted() {
      _ = try await inside(namespace, "bridge", ["fdb", "append", "00:00:00:00:00:00", "dev", HostNames.tunnel, "dst", host])
      isChanged = true
    }
    for host in present.subtracting(expected).sorted() {
      _ = try await inside(namespace, "bridge", ["fdb", "del", "00:00:00:00:00:00", "dev", HostNames.tunnel, "dst", host])
      isChanged = true
    }
    return isChanged
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
