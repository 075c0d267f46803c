internal import Base
internal import Wire

/// The nftables rules of one network's namespace, as one text that replaces what was there at once.
struct NetworkRules {
  let network: FabricNetwork
  let names: HostNames
  /// This host's address among the hosts, where there are several.
  let underlay: IPv4Address?

  var text: String {
    """
    table bridge cocagne
    delete table bridge cocagne
    table inet cocagne
    delete table inet cocagne
    table ip cocagne-nat
    delete table ip cocagne-nat
    \(bridgeTable)
    \(filterTable)
    \(addressTable)

    """
  }

  private func set(_ items: some Sequence<any CustomStringConvertible>) -> String {
    "{ " + items.map(\.description).joined(separator: ", ") + " }"
  }

  /// Intervals must not overlap inside of a set: what another prefix holds is left out.
  private func set(_ prefixes: [IPv4Prefix]) -> String {
    var kept: [IPv4Prefix] = []
    for prefix in prefixes.sorted(by: { ($0.length, $0.first) < ($1.length, $1.first) }) where !kept.contains(where: { $0.contains(prefix) }) {
      kept.append(prefix)
    }
    return set(kept.sorted { $0.first < $1.first }.map(\.description))
  }

  // MARK: Frames

  /// Nobody sends in another's name, and gateways are met on one's own host alone.
  private var bridgeTable: String {
    var chains = ""
    var verdicts: [String] = []
    for interface in network.interfaces {
      let chain = "from-\(HostNames.short(interface.name.id))"
      verdicts.append("\"\(names.tap(interface.name))\" : jump \(chain)")
      let own = set(interface.addresses.map(\.privateAddress))
      chains += """
          chain \(chain) {
            ether saddr != \(interface.mac) counter drop
            ether type arp arp saddr ether != \(interface.mac) counter drop
            ether type arp arp saddr ip != { 0.0.0.0, \(interface.addresses.map(\.privateAddress.description).joined(separator: ", ")) } counter drop
            ether type arp accept
            ether type != ip counter drop
            ip saddr 0.0.0.0 udp sport 68 udp dport 67 accept
            \(interface.forwards ? "" : "ip saddr != \(own) counter drop")
            udp sport 67 counter drop
            accept
          }

        """
    }
    return """
      table bridge cocagne {
      \(chains)
        chain prerouting {
          type filter hook prerouting priority -300; policy accept;
          \(verdicts.isEmpty ? "" : "iifname vmap { \(verdicts.joined(separator: ", ")) }")
          iifname != "\(HostNames.tunnel)" counter drop
      \(arrivals)
        }
        chain forward {
          type filter hook forward priority -300; policy accept;
          udp dport 67 counter drop
        }
        chain output {
          type filter hook output priority -300; policy accept;
      \(departures)
        }
      }
      """
  }

  /// What comes from other hosts: nothing by their gateways' and name servers' word, and nothing for this host's own.
  ///
  /// A guest's question for its gateway is carried and dropped here only: from it the other hosts learn where a guest is that has moved.
  private var arrivals: String {
    guard let underlay else { return "    counter drop" }
    let (gateway, own) = (PlatformAddresses.gatewayMAC, PlatformAddresses.tunnelMAC(of: underlay))
    let gateways = set(network.subnets.map(\.gateway) + [PlatformAddresses.metadata, PlatformAddresses.wireServer])
    return """
          ether saddr \(gateway) counter drop
          arp saddr ip \(gateways) counter drop
          arp daddr ip \(gateways) counter drop
          udp sport 67 counter drop
          udp dport 67 counter drop
          ether daddr \(own) arp operation reply ether daddr set \(gateway) meta pkttype set host accept
          ether daddr { \(own), \(gateway) } counter drop
      """
  }

  /// What this host's gateway sends to guests on other hosts: packets that it routed, and the question who has an address, in the name of nobody
  /// (RFC 5227), so that no guest takes it for its own gateway. The hardware address is this host's, which the answer finds.
  private var departures: String {
    guard let underlay else { return "" }
    let (tunnel, own) = (HostNames.tunnel, PlatformAddresses.tunnelMAC(of: underlay))
    return """
          oifname "\(tunnel)" arp operation reply counter drop
          oifname "\(tunnel)" udp sport 67 counter drop
          oifname "\(tunnel)" arp operation request arp saddr ether set \(own) arp saddr ip set 0.0.0.0
          oifname "\(tunnel)" ether saddr set \(own)
      """
  }

  // MARK: Packets

  private var inside: [IPv4Prefix] {
    network.prefixes + network.peers.flatMap(\.prefixes)
      + [IPv4Prefix(PlatformAddresses.metadata, length: 32), IPv4Prefix(PlatformAddresses.wireServer, length: 32)]
  }

  private var filterTable: String {
    var chains = ""
    var (outgoing, incoming): ([String], [String]) = ([], [])
    for interface in network.interfaces {
      let short = HostNames.short(interface.name.id)
      for address in interface.addresses {
        outgoing.append("\(address.privateAddress) : jump out-\(short)")
        incoming.append("\(address.privateAddress) : jump in-\(short)")
      }
      chains += self.chains(of: interface, short)
    }
    let gateways = set(network.subnets.map(\.gateway))
    let platform = set([PlatformAddresses.metadata, PlatformAddresses.wireServer])
    return """
      table inet cocagne {
      \(chains)
      \(transit)
        chain input {
          type filter hook input priority 0; policy drop;
          iifname "lo" accept
          ct state established,related accept
          iifname "br0" udp sport 68 udp dport 67 accept
          iifname "br0" ip daddr { \(PlatformAddresses.wireServer), \(network.subnets.map(\.gateway.description).joined(separator: ", ")) } meta l4proto { tcp, udp } th dport 53 accept
          iifname "br0" ip daddr \(platform) tcp dport { 80, 32526 } accept
          iifname "br0" ip daddr \(gateways) icmp type echo-request accept
          counter drop
        }
        chain forward {
          type filter hook forward priority 0; policy drop;
          ct state established,related accept
          ct state invalid counter drop
          ip daddr \(platform) counter drop
      \(entrances)
          \(outgoing.isEmpty ? "" : "ip saddr vmap { \(outgoing.joined(separator: ", ")) }")
          \(incoming.isEmpty ? "" : "ip daddr vmap { \(incoming.joined(separator: ", ")) }")
          iifname "br0" accept
          oifname "br0" accept
          counter drop
        }
      }
      """
  }

  /// Packets between joined networks pass a host in one direction only where it has but one of the two guests, in the network of the other: connections
  /// are followed where their guests are.
  private var transit: String {
    guard underlay != nil, !network.peers.isEmpty else { return "" }
    let inside = set(network.prefixes + network.peers.flatMap(\.prefixes))
    let own = set(network.interfaces.flatMap(\.addresses).map(\.privateAddress))
    let others = network.interfaces.isEmpty ? "" : "ip saddr != \(own) ip daddr != \(own) "
    return """
        chain transit {
          type filter hook prerouting priority raw; policy accept;
          ip saddr \(inside) ip daddr \(inside) \(others)notrack
        }
      """
  }

  /// What may come in by the links that are not guests'.
  private var entrances: String {
    var lines = ["    iifname \"\(HostNames.uplink)\" ip saddr \(set(network.prefixes)) counter drop"]
    for peer in network.peers where !peer.allowsForwarded {
      lines.append("    iifname \"\(names.peerLink(peer.name))\" ip saddr != \(set(peer.prefixes)) counter drop")
    }
    for peer in network.peers {
      lines.append("    iifname \"\(names.peerLink(peer.name))\" ip daddr != \(set(network.prefixes)) counter drop")
    }
    return lines.joined(separator: "\n")
  }

  private func chains(of interface: FabricInterface, _ short: String) -> String {
    let (own, subnet) = (interface.interfaceRules, interface.subnetRules)
    var lists = ""
    var (out, into): ([String], [String]) = ([], [])
    // Outwards a packet meets the interface's group first, inwards the subnet's.
    if let own {
      lists += list("own-out-\(short)", own.outbound) + list("own-in-\(short)", own.inbound)
      out.append("jump own-out-\(short)")
    }
    if let subnet {
      lists += list("subnet-out-\(short)", subnet.outbound) + list("subnet-in-\(short)", subnet.inbound)
      out.append("jump subnet-out-\(short)")
      into.append("jump subnet-in-\(short)")
    }
    if own != nil { into.append("jump own-in-\(short)") }
    // A public address without any group is closed.
    if own == nil, subnet == nil { into.append("iifname \"\(HostNames.uplink)\" counter drop") }
    return lists
      + "  chain out-\(short) {\n    \(out.joined(separator: "\n    "))\n  }\n  chain in-\(short) {\n    \(into.joined(separator: "\n    "))\n  }\n"
  }

  /// A list in which what is allowed goes on, and everything else ends.
  private func list(_ name: String, _ rules: [FabricRule]) -> String {
    let lines = rules.compactMap { rule in
      matches(rule).map { "    \($0)counter \(rule.allows ? "return" : "drop") comment \"\(comment(rule.name))\"" }
    }
    return "  chain \(name) {\n\(lines.joined(separator: "\n"))\n    counter drop\n  }\n"
  }

  private func comment(_ name: String) -> String {
    String(name.filter { $0.isASCII && ($0.isLetter || $0.isNumber || "-_. ".contains($0)) }.prefix(100))
  }

  /// Nil for a rule that speaks of nobody.
  private func matches(_ rule: FabricRule) -> String? {
    var text = ""
    for (side, endpoint) in [("saddr", rule.source), ("daddr", rule.destination)] {
      switch endpoint {
      case .any: break
      case .prefixes(let prefixes):
        guard !prefixes.isEmpty else { return nil }
        text += "ip \(side) \(set(prefixes)) "
      case .internet: text += "ip \(side) != \(set(inside)) "
      }
    }
    let ports = !rule.sourcePorts.isEmpty || !rule.destinationPorts.isEmpty
    switch rule.transport {
    case .any: if ports { text += "meta l4proto { tcp, udp } " }
    case .tcp: text += "meta l4proto tcp "
    case .udp: text += "meta l4proto udp "
    case .icmp: return text + "meta l4proto icmp "
    case .esp: return text + "meta l4proto esp "
    case .ah: return text + "meta l4proto ah "
    }
    for (side, ranges) in [("sport", rule.sourcePorts), ("dport", rule.destinationPorts)] where !ranges.isEmpty {
      text +=
        "th \(side) { \(Self.merged(ranges).map { $0.lowerBound == $0.upperBound ? "\($0.lowerBound)" : "\($0.lowerBound)-\($0.upperBound)" }.joined(separator: ", ")) } "
    }
    return text
  }

  private static func merged(_ ranges: [ClosedRange<UInt16>]) -> [ClosedRange<UInt16>] {
    var result: [ClosedRange<UInt16>] = []
    for range in ranges.sorted(by: { $0.lowerBound < $1.lowerBound }) {
      if let last = result.last, Int(range.lowerBound) <= Int(last.upperBound) + 1 {
        result[result.count - 1] = last.lowerBound...max(last.upperBound, range.upperBound)
      } else {
        result.append(range)
      }
    }
    return result
  }

  // MARK: Addresses

  private var addressTable: String {
    let pairs = network.interfaces.flatMap(\.addresses).compactMap { address in
      address.publicAddress.map { (private: address.privateAddress, public: $0) }
    }
    let inbound = pairs.map { "\($0.public) : \($0.private)" }.joined(separator: ", ")
    let outbound = pairs.map { "\($0.private) : \($0.public)" }.joined(separator: ", ")
    return """
      table ip cocagne-nat {
        chain prerouting {
          type nat hook prerouting priority dstnat; policy accept;
          \(pairs.isEmpty ? "" : "dnat to ip daddr map { \(inbound) }")
        }
        chain postrouting {
          type nat hook postrouting priority srcnat; policy accept;
          oifname "br0" ct status dnat ip saddr \(set(network.prefixes)) masquerade
          oifname != "\(HostNames.uplink)" accept
          \(pairs.isEmpty ? "" : "snat to ip saddr map { \(outbound) }")
          masquerade
        }
      }
      """
  }
}

/// The rules between networks and the outside: of the edge's namespace and of the host's.
struct EdgeRules {
  let state: FabricState
  let names: HostNames
  let underlay: IPv4Address?

  var edgeText: String {
    let pool = state.publicPool.isEmpty ? nil : "{ " + state.publicPool.map(\.description).joined(separator: ", ") + " }"
    let transit = TransitAddresses.range
    let outbound = state.outboundAddress.map { "oifname \"\(HostNames.uplink)\" ip saddr \(transit) snat to \($0)" } ?? ""
    return """
      table inet cocagne
      delete table inet cocagne
      table ip cocagne-nat
      delete table ip cocagne-nat
      table inet cocagne {
        chain input {
          type filter hook input priority 0; policy drop;
          iifname "lo" accept
          ct state established,related accept
          iifname "\(HostNames.uplink)" icmp type echo-request accept
          counter drop
        }
        chain forward {
          type filter hook forward priority 0; policy drop;
          ct state established,related accept
          ct state invalid counter drop
          \(pool.map { "ip daddr \($0) accept" } ?? "")
          iifname "n*" oifname "\(HostNames.uplink)" \(pool.map { "ip saddr \($0) accept" } ?? "drop")
          \(state.outboundAddress == nil ? "" : "iifname \"n*\" oifname \"\(HostNames.uplink)\" ip saddr \(transit) ip daddr != \(transit) accept")
          counter drop
        }
      }
      table ip cocagne-nat {
        chain postrouting {
          type nat hook postrouting priority srcnat; policy accept;
          \(outbound)
        }
      }

      """
  }

  /// Only the hosts of the cloud may put packets into its networks, by whichever address of this one: a tunnel listens at all. What guests send bears a
  /// host's address once it has left, so that it must not leave: see `forward`.
  private var tunnelEntrance: String {
    guard underlay != nil else { return "" }
    let hosts = Set(state.networks.flatMap(\.remoteHosts)).sorted().map(\.description)
    let others = hosts.isEmpty ? "" : "ip saddr != { \(hosts.joined(separator: ", ")) } "
    return "meta nfproto ipv4 \(others)udp dport \(HostNames.tunnelPort) counter drop"
  }

  /// The host serves nothing to guests, and lets them out only where the operator says so.
  var hostText: String {
    """
    table inet \(names.table)
    delete table inet \(names.table)
    table inet \(names.table) {
      chain input {
        type filter hook input priority 0; policy accept;
        \(tunnelEntrance)
        iifname "\(names.edgeLink)" ct state established,related accept
        iifname "\(names.edgeLink)" icmp type echo-request accept
        iifname "\(names.edgeLink)" counter drop
      }
      chain forward {
        type filter hook forward priority 0; policy accept;
        \(state.reachesBeyondHost ? "" : "iifname \"\(names.edgeLink)\" counter drop")
        \(underlay == nil ? "" : "iifname \"\(names.edgeLink)\" udp dport \(HostNames.tunnelPort) counter drop")
      }
      chain postrouting {
        type nat hook postrouting priority srcnat; policy accept;
        \(state.reachesBeyondHost ? "iifname \"\(names.edgeLink)\" oifname != \"\(names.edgeLink)\" masquerade" : "")
      }
    }

    """
  }
}
