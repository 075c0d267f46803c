internal import Wire

/// The links of machines: from their making until they are plugged into the bridge of their network, and their removal.
extension LinuxFabric {
  /// Plugs taps in that a machine holds open; tells whether one that was plugged in before had come loose.
  ///
  /// The bridge knows from the beginning who is behind each: no guest gets what is for somebody that the bridge has not heard of.
  func applyTaps(
    _ network: FabricNetwork, _ namespace: String, _ links: [String: LinkTable.Link], _ report: inout FabricReport
  ) async throws -> Bool {
    var isRepaired = false
    var commands: [String] = []
    var entries: [String] = []
    let hostLinks = try await LinkTable.read(hostName).links
    for interface in network.interfaces {
      let tap = names.tap(interface.name)
      if let link = links[tap] {
        if link.master != HostNames.bridge || !link.isUp {
          commands += ["link set \(tap) master \(HostNames.bridge) up", "link set \(tap) type bridge_slave flood off"]
          entries.append("fdb replace \(interface.mac) dev \(tap) master static")
          isRepaired = true
        }
        report.connected.insert(interface.name)
      } else if let link = hostLinks[tap], link.hasCarrier {
        try await ip(hostName, ["link set \(tap) netns \(namespace)"])
        commands += [
          "link set \(tap) mtu \(PlatformAddresses.mtu) master \(HostNames.bridge) up", "link set \(tap) type bridge_slave flood off",
        ]
        entries.append("fdb replace \(interface.mac) dev \(tap) master static")
        fresh.remove(tap)
        report.connected.insert(interface.name)
      }
    }
    try await ip(namespace, commands)
    try await bridge(namespace, entries)
    let expected = Set(network.interfaces.map { names.tap($0.name) })
    let stale = links.keys.filter { names.isTap($0) && !expected.contains($0) }
    try await ip(namespace, stale.sorted().map { "link del \($0)" })
    return isRepaired
  }

  public func prepareTap(_ interface: InterfaceName) async throws -> String {
    try await exclusively {
      let tap = names.tap(interface)
      for namespace in try namespaces() where names.isNamespace(namespace) {
        if try await LinkTable.read(namespace).links[tap] != nil { try await ip(namespace, ["link del \(tap)"]) }
      }
      if try await LinkTable.read(hostName).links[tap] != nil { try await ip(hostName, ["link del \(tap)"]) }
      try await ip(hostName, ["tuntap add dev \(tap) mode tap", "link set \(tap) mtu \(PlatformAddresses.mtu) up"])
      fresh.insert(tap)
      return tap
    }
  }

  /// Taps in the host's namespace that belong to no interface any more and that nobody holds open.
  func removeTaps(except kept: Set<String>) async throws {
    let links = try await LinkTable.read(hostName).links.values
    let gone = links.filter { names.isTap($0.name) && !kept.contains($0.name) && !$0.hasCarrier && !fresh.contains($0.name) }
    try await ip(hostName, gone.map { "link del \($0.name)" })
  }
}
