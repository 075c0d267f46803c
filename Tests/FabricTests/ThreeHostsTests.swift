import Base
import Fabric
import Programs
import Testing
import Wire

extension HostLabTests {
  /// Networks that span several hosts, with real packets: guests are namespaces, hosts are namespaces, what is between them is the fabric's own.
  @Suite(.timeLimit(.minutes(2)), .enabled(if: HostLab.isPossible, "namespaces and taps need root and /dev/net/tun"))
  struct ThreeHostsTests {
    private static func address(_ subnet: UInt8, _ last: UInt8) -> IPv4Address { IPv4Address(10, 7, subnet, last) }
    private static let moment = Duration.milliseconds(800)

    /// A guest of one network on each host.
    private static func guests(_ lab: HostLab, of network: FabricNetwork) async throws -> [GuestNamespace] {
      var guests: [GuestNamespace] = []
      for (index, host) in lab.hosts.enumerated() {
        guests.append(try await lab.guest("g\(index + 1)", network, address(0, UInt8(11 + index)), on: host))
      }
      return guests
    }

    // MARK: Reaching

    @Test func guestsOnThreeHostsReachEachOther() async throws {
      try await HostLab.run { lab in
        let network = try HostLab.network(1)
        let guests = try await Self.guests(lab, of: network)
        try await lab.start(network)
        for guest in guests {
          for other in guests where other !== guest {
            #expect(try await guest.reaches(other.address))
            #expect(try await guest.hears(other.address) == other.namespace)
          }
        }
      }
    }

    @Test func theLargestPacketOfANetworkFitsIntoOneOfTheUnderlay() async throws {
      try await HostLab.run { lab in
        let network = try HostLab.network(1)
        let guests = try await Self.guests(lab, of: network)
        try await lab.start(network)
        #expect(try await guests[0].reaches(guests[1].address, bytes: HostLab.mtu))
        for host in lab.hosts[0...1] {
          let lines = try await Program("ip").run(["netns", "exec", host.namespace, "cat", "/proc/net/snmp"]).text.split(separator: "\n")
          let (names, values) = (lines[0].split(separator: " "), lines[1].split(separator: " "))
          let index = try #require(names.firstIndex(of: "FragCreates"))
          #expect(values[index] == "0")
        }
      }
    }

    @Test func guestsOfTwoSubnetsReachEachOtherFromHostToHost() async throws {
      try await HostLab.run { lab in
        let network = try HostLab.network(1)
        let a = try await lab.guest("a", network, Self.address(0, 11), on: lab.hosts[0])
        let b = try await lab.guest("b", network, Self.address(1, 12), on: lab.hosts[1])
        try await lab.start(network)
        #expect(try await a.reaches(b.address, bytes: HostLab.mtu))
        #expect(try await a.hears(b.address) == b.namespace)
        #expect(try await b.hears(a.address) == a.namespace)
      }
    }

    @Test func guestsOfTwoJoinedNetworksReachEachOtherFromHostToHost() async throws {
      try await HostLab.run { lab in
        var (near, far) = (try HostLab.network(1), try HostLab.network(2, prefix: "10.8"))
        near.peers = [FabricPeer(name: far.name, prefixes: far.prefixes)]
        far.peers = [FabricPeer(name: near.name, prefixes: near.prefixes)]
        let a = try await lab.guest("a", near, Self.address(0, 11), on: lab.hosts[0])
        let b = try await lab.guest("b", far, IPv4Address(10, 8, 1, 12), on: lab.hosts[1])
        // A network that is joined with one of a host's is on that host too.
        lab.change(far, on: lab.hosts[0]) { _ in }
        lab.change(near, on: lab.hosts[1]) { _ in }
        try await lab.start(near, far)
        #expect(try await a.reaches(b.address))
        #expect(try await a.hears(b.address) == b.namespace)
        #expect(try await b.hears(a.address) == a.namespace)
      }
    }

    @Test func aGuestThatMovesToAnotherHostIsReachedThere() async throws {
      try await HostLab.run { lab in
        let network = try HostLab.network(1)
        let guests = try await Self.guests(lab, of: network)
        try await lab.start(network)
        let before = guests[1]
        #expect(try await guests[0].reaches(before.address))
        let after = try await lab.move(before, network, from: lab.hosts[1], to: lab.hosts[2])
        try await lab.apply()
        try await after.settle()
        // It looks for its gateway, as guests do, and says nothing to anybody else.
        #expect(try await after.reaches(after.subnet.gateway))
        #expect(try await guests[0].reaches(after.address))
        #expect(try await guests[0].hears(after.address) == after.namespace)
      }
    }

    // MARK: One's own host

    @Test func aGuestHasItsAddressFromItsOwnHost() async throws {
      try await HostLab.run { lab in
        let network = try HostLab.network(1)
        let guests = try await Self.guests(lab, of: network)
        lab.join(network)
        try await lab.apply()
        for guest in guests {
          #expect(try await guest.lease() == Lease(address: guest.address, router: guest.subnet.gateway, mtu: UInt16(HostLab.mtu)))
        }
        for guest in guests { try await guest.settle() }
        // Whatever was under way between the hosts has come by now.
        for other in guests[1...] { #expect(try await guests[0].reaches(other.address)) }
        for guest in guests {
          #expect(Set(guest.cable.frames.compactMap(\.transaction)) == [guest.transaction])
        }
      }
    }

    @Test func anAddressThatIsGivenAnewIsGivenToItsNewOwner() async throws {
      try await HostLab.run { lab in
        let (network, host) = (try HostLab.network(1), lab.hosts[0])
        // With one that stays, the network and its server stay.
        _ = try await lab.guest("stays", network, Self.address(0, 10), on: host)
        let old = try await lab.guest("old", network, Self.address(0, 11), on: host)
        lab.join(network)
        try await lab.apply()
        #expect(try await old.lease()?.address == old.address)
        try await lab.remove(old, network, from: host)
        let new = try await lab.guest("new", network, Self.address(0, 11), on: host)
        try await lab.apply()
        #expect(try await new.lease()?.address == new.address)
      }
    }

    @Test func aGuestMeetsTheGatewayAndThePlatformOfItsOwnHost() async throws {
      try await HostLab.run { lab in
        let network = try HostLab.network(1)
        let guests = try await Self.guests(lab, of: network)
        try await lab.start(network)
        let metadata = IPv4Address(169, 254, 169, 254)
        var platforms: [Greeter] = []
        defer { for platform in platforms { platform.end() } }
        for host in lab.hosts {
          let socket = try await blocking { [fabric = host.fabric] in try fabric.listen(in: network.name, address: metadata, port: 80) }
          platforms.append(try Greeter(host.namespace, on: socket))
        }
        for (guest, host) in zip(guests, lab.hosts) { #expect(try await guest.hears(metadata, port: 80) == host.namespace) }
        // The same when there is no other host to be seen.
        #expect(try await guests[0].reaches(guests[1].address))
        try await lab.ip(lab.switchboard, "link set port0 down")
        #expect(try await guests[0].reaches(guests[0].subnet.gateway))
        #expect(try await guests[0].hears(metadata, port: 80) == lab.hosts[0].namespace)
        #expect(try await !guests[0].reaches(guests[1].address, within: Self.moment))
      }
    }

    // MARK: Apart

    @Test func aTwinNetworkWithTheSameAddressesNeverAnswers() async throws {
      try await HostLab.run { lab in
        let (network, twin) = (try HostLab.network(1), try HostLab.network(2))
        let guests = try await Self.guests(lab, of: network)
        let first = try await lab.guest("t1", twin, guests[0].address, on: lab.hosts[0])
        let second = try await lab.guest("t2", twin, guests[1].address, on: lab.hosts[1])
        try await lab.start(network, twin)
        #expect(try await guests[0].hears(second.address) == guests[1].namespace)
        #expect(try await first.hears(guests[1].address) == second.namespace)
        #expect(try await second.hears(guests[0].address) == first.namespace)
        #expect(try await guests[0].reaches(guests[2].address))
        #expect(try await !first.reaches(guests[2].address, within: Self.moment))
      }
    }

    @Test func whatGoesBetweenTwoHostsIsNotSentToTheThird() async throws {
      try await HostLab.run { lab in
        let network = try HostLab.network(1)
        let guests = try await Self.guests(lab, of: network)
        try await lab.start(network)
        #expect(try await guests[0].hears(guests[1].address) == guests[1].namespace)
        guests[2].cable.forget()
        let before = try await lab.received(by: lab.hosts[2])
        for _ in 0..<20 { #expect(try await guests[0].reaches(guests[1].address)) }
        // Some address resolution may be among them.
        #expect(try await lab.received(by: lab.hosts[2]) - before < 20)
        #expect(!guests[2].cable.frames.contains { $0.isForOne })
      }
    }

    @Test func whatIsForNobodyKnownIsSeenByNoOtherGuest() async throws {
      try await HostLab.run { lab in
        let network = try HostLab.network(1)
        let guests = try await Self.guests(lab, of: network)
        let neighbour = try await lab.guest("neighbour", network, Self.address(0, 20), on: lab.hosts[0])
        try await lab.start(network)
        let nobody = try #require(MACAddress("02:00:00:00:00:99"))
        try await guests[0].ip("neigh add 10.7.0.99 lladdr \(nobody) dev eth0")
        #expect(try await !guests[0].reaches(Self.address(0, 99), within: Self.moment))
        for other in [neighbour] + guests[1...] {
          #expect(try await guests[0].reaches(other.address))
          #expect(!other.cable.frames.contains { $0.destination == nobody })
        }
      }
    }

    @Test func whatSomebodyPlugsIntoANetworkByHandIsNotHeard() async throws {
      try await HostLab.run { lab in
        let network = try HostLab.network(1)
        let guests = try await Self.guests(lab, of: network)
        try await lab.start(network)
        let stranger = try #require(MACAddress("02:00:00:00:00:95"))
        let namespace = lab.hosts[0].namespace(of: network)
        try await lab.ip(namespace, "link add x0 type veth peer name x1 netns \(lab.switchboard)", "link set x0 master br0 up")
        try await lab.ip(lab.switchboard, "link set x1 address \(stranger) up", "addr add 10.7.0.77/24 dev x1")
        let link = try await lab.links(lab.switchboard).first { $0["ifname"]?.string == "x1" }
        let before = link?.member("stats64", "tx", "packets")?.integer ?? 0
        #expect(
          try await becomesTrue {
            try await blocking { [name = lab.switchboard, address = guests[0].address] in
              let socket = try LabSocket(.udp, in: name)
              defer { socket.end() }
              socket.send([0], to: address, port: 7)
            }
            let link = try await lab.links(lab.switchboard).first { $0["ifname"]?.string == "x1" }
            return link?.member("stats64", "tx", "packets")?.integer ?? 0 > before
          })
        for other in guests[1...] { #expect(try await guests[0].reaches(other.address)) }
        for guest in guests { #expect(!guest.cable.frames.contains { $0.source == stranger }) }
      }
    }

    @Test func whoIsNoHostOfTheCloudIsNotHeardByGuests() async throws {
      try await HostLab.run { lab in
        let network = try HostLab.network(1)
        let guests = try await Self.guests(lab, of: network)
        try await lab.start(network)
        try await lab.ip(lab.switchboard, "addr add 192.0.2.99/24 dev br0")
        // A tunnel listens at every address of its host.
        let another = IPv4Address(192, 0, 2, 51)
        try await lab.ip(lab.hosts[0].namespace, "addr add \(another)/24 dev eth0")
        let (stranger, host) = (try #require(MACAddress("02:00:00:00:00:98")), try #require(MACAddress("02:00:00:00:00:97")))
        for address in [lab.hosts[0].underlay, another] {
          guests[0].cable.forget()
          try await Self.tunnel(from: lab.switchboard, to: address, network, sender: stranger)
          try await Self.tunnel(from: lab.hosts[1].namespace, to: address, network, sender: host)
          #expect(try await becomesTrue { guests[0].cable.frames.contains { $0.source == host } })
          #expect(!guests[0].cable.frames.contains { $0.source == stranger })
        }
      }
    }

    @Test func noGuestSpeaksAsAHostInTheTunnels() async throws {
      try await HostLab.run { lab in
        let (network, twin) = (try HostLab.network(1), try HostLab.network(2))
        let guests = try await Self.guests(lab, of: network)
        let victim = try await lab.guest("victim", twin, Self.address(0, 11), on: lab.hosts[1])
        lab.change(twin, on: lab.hosts[0]) { _ in }
        for host in lab.hosts {
          host.wanted.publicPool = [try #require(IPv4Prefix("203.0.113.0/24"))]
          host.wanted.outboundAddress = IPv4Address(203, 0, 113, 1)
          host.wanted.reachesBeyondHost = true
        }
        try await lab.start(network, twin)
        // Its packets leave by the host's own address: the way to the other host is open.
        let listener = try LabSocket(.udp, in: lab.hosts[1].namespace)
        defer { listener.end() }
        try listener.bind(port: 4790)
        let marker = try #require(MACAddress("02:00:00:00:00:96"))
        let (sender, target) = (guests[0].namespace, lab.hosts[1].underlay)
        #expect(
          try await becomesTrue {
            try await Self.tunnel(from: sender, to: target, twin, sender: marker)
            try await Self.tunnel(from: sender, to: target, port: 4790, twin, sender: marker)
            return try await blocking { listener.receive() } != nil
          })
        #expect(try await victim.reaches(victim.subnet.gateway))
        #expect(!victim.cable.frames.contains { $0.source == marker })
      }
    }

    /// Sends a broadcast frame into a network as a host would: RFC 7348.
    private static func tunnel(
      from namespace: String, to address: IPv4Address, port: UInt16 = 4789, _ network: FabricNetwork, sender: MACAddress
    ) async throws {
      let frame = [UInt8](repeating: 255, count: 6) + sender.bits.bytes.dropFirst(2) + [0x88, 0xB5] + [UInt8](repeating: 0, count: 46)
      let packet = [0x08, 0, 0, 0] + (network.identifier << 8).bytes + frame
      try await blocking {
        let socket = try LabSocket(.udp, in: namespace)
        defer { socket.end() }
        socket.send(packet, to: address, port: port)
      }
    }

    // MARK: Rules

    @Test func aSecurityGroupBearsOnWhatComesAndGoesThroughATunnel() async throws {
      try await HostLab.run { lab in
        let network = try HostLab.network(1)
        let guests = try await Self.guests(lab, of: network)
        try await lab.start(network)
        #expect(try await guests[0].reaches(guests[2].address))
        let any = FabricRule(name: "any", allows: true)
        let second = FabricRule.Endpoint.prefixes([IPv4Prefix(guests[1].address, length: 32)])
        let fromSecond = FabricRule(name: "second", allows: true, transport: .tcp, source: second, destinationPorts: [7...7])
        lab.change(network, on: lab.hosts[2]) { $0.interfaces[0].interfaceRules = FabricRules(inbound: [fromSecond], outbound: [any]) }
        try await lab.apply()
        #expect(try await !guests[0].reaches(guests[2].address, within: Self.moment))
        #expect(try await guests[0].hears(guests[2].address, within: 1) == nil)
        #expect(try await guests[1].hears(guests[2].address) == guests[2].namespace)
        #expect(try await !guests[1].reaches(guests[2].address, within: Self.moment))
        // Answers to what it asked itself come in.
        #expect(try await guests[2].hears(guests[0].address) == guests[0].namespace)
        let toSecond = FabricRule(name: "second", allows: true, destination: second)
        lab.change(network, on: lab.hosts[2]) { $0.interfaces[0].interfaceRules = FabricRules(inbound: [any], outbound: [toSecond]) }
        try await lab.apply()
        #expect(try await guests[2].hears(guests[1].address) == guests[1].namespace)
        #expect(try await guests[2].hears(guests[0].address, within: 1) == nil)
        #expect(try await guests[0].hears(guests[2].address) == guests[2].namespace)
      }
    }

    // MARK: Hosts that come and go

    @Test func aHostIsConnectedOnceItIsNamedAndNoLongerThanThat() async throws {
      try await HostLab.run { lab in
        let network = try HostLab.network(1)
        let guests = try await Self.guests(lab, of: network)
        let third = lab.hosts[2].underlay
        lab.join(network)
        for host in lab.hosts[0...1] { lab.change(network, on: host) { $0.remoteHosts.removeAll { $0 == third } } }
        try await lab.apply()
        for guest in guests { try await guest.settle() }
        #expect(try await guests[0].reaches(guests[1].address))
        #expect(try await !guests[0].reaches(guests[2].address, within: Self.moment))
        #expect(try await !guests[2].reaches(guests[0].address, within: Self.moment))

        lab.join(network)
        try await lab.apply()
        #expect(try await guests[0].hears(guests[2].address) == guests[2].namespace)
        #expect(try await guests[2].hears(guests[1].address) == guests[1].namespace)

        // The third itself does not know yet that it is out.
        for host in lab.hosts[0...1] { lab.change(network, on: host) { $0.remoteHosts.removeAll { $0 == third } } }
        try await lab.apply()
        #expect(try await guests[0].reaches(guests[1].address))
        #expect(try await !guests[0].reaches(guests[2].address, within: Self.moment))
        #expect(try await !guests[2].reaches(guests[0].address, within: Self.moment))
        guests[2].cable.forget()
        #expect(try await guests[0].hears(guests[2].address, within: 1) == nil)
        #expect(guests[2].cable.frames.isEmpty)
      }
    }

    @Test func nothingIsLeftOfAHostThatIsTakenOut() async throws {
      try await HostLab.run { lab in
        let (network, twin) = (try HostLab.network(1), try HostLab.network(2))
        let guests = try await Self.guests(lab, of: network)
        _ = try await lab.guest("t3", twin, Self.address(0, 11), on: lab.hosts[2])
        // One that was prepared for a machine that never came.
        _ = try await lab.hosts[2].fabric.prepareTap(InterfaceName(.zero))
        try await lab.start(network, twin)
        let host = lab.hosts[2]
        #expect(try await guests[0].reaches(guests[2].address))
        #expect(try await Self.servers(of: host).count == 2)
        #expect(try await Self.tables(of: host) != [])

        try await host.fabric.removeAll()
        #expect(try await !HostLab.namespaces().contains { $0.hasPrefix(host.cloud) })
        #expect(try await Set(lab.links(host.namespace).compactMap { $0["ifname"]?.string }) == ["lo", "eth0"])
        #expect(try await Self.tables(of: host) == [])
        #expect(try await Self.servers(of: host) == [])
        #expect(try await Program("find").run([host.folder, "-type", "f"]).text == "")
        #expect(try await guests[0].hears(guests[1].address) == guests[1].namespace)
        #expect(try await !guests[0].reaches(guests[2].address, within: Self.moment))

        // And it may come back at once.
        let again = try await lab.guest("again", network, Self.address(0, 31), on: host)
        host.wanted.networks = host.wanted.networks.map { network in
          var network = network
          network.interfaces.removeAll { $0.name != again.interface.name }
          return network
        }
        try await lab.apply()
        try await again.settle()
        #expect(try await guests[0].hears(again.address) == again.namespace)
      }
    }

    private static func tables(of host: HostLab.Host) async throws -> [Substring] {
      try await Program("ip").run(["netns", "exec", host.namespace, "nft", "list", "tables"]).text.split(separator: "\n")
    }

    /// The name servers that were started from a host's folder.
    private static func servers(of host: HostLab.Host) async throws -> [Substring] {
      try await Program("pgrep").run(["--full", "dnsmasq.*\(host.folder)/"], accepting: [0, 1]).text.split(separator: "\n")
    }

    @Test func aTunnelThatSomebodyTamperedWithIsPutRight() async throws {
      try await HostLab.run { lab in
        let network = try HostLab.network(1)
        let guests = try await Self.guests(lab, of: network)
        try await lab.start(network)
        #expect(try await guests[0].reaches(guests[1].address))
        let host = lab.hosts[0]
        let namespace = host.namespace(of: network)
        let other = "link add vx0 netns \(namespace) type vxlan id \(network.identifier + 1) local \(host.underlay) dstport 4789"
        let changes = [
          (namespace, "link set vx0 down"), (namespace, "link set vx0 nomaster"), (namespace, "link del vx0"), (host.namespace, other),
        ]
        for (place, change) in changes {
          if change == other { try await lab.ip(namespace, "link del vx0") }
          try await lab.ip(place, change)
          #expect(try await host.fabric.apply(host.wanted).repaired == ["tunnel of \(namespace)"])
          #expect(try await guests[0].reaches(guests[1].address))
        }
        #expect(try await host.fabric.apply(host.wanted).repaired == [])
      }
    }

    @Test func whatACrashLeftHalfMadeIsCompleted() async throws {
      try await HostLab.run { lab in
        let network = try HostLab.network(1)
        let host = lab.hosts[0]
        let namespace = host.namespace(of: network)
        try await Program("ip").run(["netns", "add", namespace])
        let name = "\(host.cloud)x\(network.name.id.description.prefix(8))"
        try await lab.ip(
          host.namespace, "link add \(name) netns \(namespace) type vxlan id \(network.identifier) local \(host.underlay) dstport 4789")
        let guests = try await Self.guests(lab, of: network)
        let other = try await lab.guest("other", network, Self.address(1, 14), on: host)
        try await lab.start(network)
        #expect(try await guests[0].reaches(guests[1].address))
        #expect(try await guests[0].reaches(other.address))
        #expect(try await !lab.links(namespace).contains { $0["ifname"]?.string == name })
      }
    }
  }
}
