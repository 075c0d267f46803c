import Base
import Fabric
import Programs
import Testing
import Wire

extension HostLabTests {
  /// What is seen of changes that nobody asked the fabric for, before it puts them right.
  @Suite(.timeLimit(.minutes(2)), .enabled(if: HostLab.isPossible, "namespaces and taps need root and /dev/net/tun"))
  struct DifferencesTests {
    /// A host with a network and a guest in it, as its fabric made it.
    private static func run(_ body: (HostLab, HostLab.Host, FabricNetwork, String) async throws -> Void) async throws {
      try await HostLab.run { lab in
        let (network, host) = (try HostLab.network(1), lab.hosts[0])
        _ = try await lab.guest("a", network, IPv4Address(10, 7, 0, 11), on: host)
        try await lab.start(network)
        try await body(lab, host, network, host.namespace(of: network))
      }
    }

    private static func lines(_ host: HostLab.Host) async throws -> [String] {
      try await host.fabric.differences(from: host.wanted).flatMap(\.lines)
    }

    @Test func `what was just brought to its wanted state does not differ from it`() async throws {
      try await Self.run { _, host, network, namespace in
        let found = try await host.fabric.differences(from: host.wanted)
        #expect(found.filter { $0.isPending || !$0.lines.isEmpty }.isEmpty)
        #expect(found.first { $0.network == network.name }?.namespace == namespace)
        #expect(found.filter(\.isPlatform).count == 2)
      }
    }

    @Test(arguments: [
      (["nft", "insert", "rule", "inet", "cocagne", "forward", "accept"], "+ accept"),
      (["nft", "delete", "table", "bridge", "cocagne"], "- table bridge cocagne {"),
      (["ip", "route", "add", "198.51.100.0/24", "dev", "br0"], "+ route 198.51.100.0/24||br0"),
      (["ip", "addr", "add", "10.9.9.9/32", "dev", "br0"], "+ address 10.9.9.9/32"),
      (["ip", "link", "add", "name", "leak0", "up", "type", "bridge"], "+ link leak0"),
    ])
    func `a change behind its back is seen until it is put right`(command: [String], line: String) async throws {
      try await Self.run { _, host, _, namespace in
        try await Program("ip").run(["netns", "exec", namespace] + command)
        #expect(try await Self.lines(host).contains(line))
        // Looking changes nothing.
        #expect(try await Self.lines(host).contains(line))
        // What a round does not put right is the operator's to take away.
        if line.contains("route") { try await Program("ip").run(["-n", namespace, "route", "del", "198.51.100.0/24"]) }
        if line.contains("link") { try await Program("ip").run(["-n", namespace, "link", "del", "leak0"]) }
        _ = try await host.fabric.apply(host.wanted)
        #expect(try await Self.lines(host).isEmpty)
      }
    }

    @Test func `a rule of the host itself that was taken away is seen`() async throws {
      try await Self.run { lab, host, _, _ in
        let table = "cocagne-\(host.cloud)"
        try await Program("ip").run(["netns", "exec", host.namespace, "nft", "flush", "chain", "inet", table, "input"])
        #expect(try await Self.lines(host).contains { $0.hasPrefix("- iifname") })
        _ = try await host.fabric.apply(host.wanted)
        #expect(try await Self.lines(host).isEmpty)
      }
    }

    @Test func `a namespace that nobody wants is seen`() async throws {
      try await Self.run { _, host, _, _ in
        try await Program("ip").run(["netns", "add", "\(host.cloud)-stranger"])
        #expect(try await Self.lines(host) == ["+ namespace \(host.cloud)-stranger"])
        _ = try await host.fabric.apply(host.wanted)
        #expect(try await Self.lines(host).isEmpty)
      }
    }

    @Test func `what was not given to the kernel yet is pending, not different`() async throws {
      try await Self.run { _, host, _, _ in
        var wanted = host.wanted
        wanted.networks[0].subnets.removeLast()
        let found = try await host.fabric.differences(from: wanted)
        #expect(!found.filter(\.isPending).isEmpty)
        #expect(found.flatMap(\.lines).isEmpty)
      }
    }

    @Test func `a network answers itself and not another`() async throws {
      try await HostLab.run { lab in
        let (near, far, host) = (try HostLab.network(1), try HostLab.network(2, prefix: "10.8"), lab.hosts[0])
        _ = try await lab.guest("a", near, IPv4Address(10, 7, 0, 11), on: host)
        let other = try await lab.guest("b", far, IPv4Address(10, 8, 0, 11), on: host)
        try await lab.start(near, far)
        let (here, there) = (host.namespace(of: near), host.namespace(of: far))
        func answers(_ address: IPv4Address, _ port: UInt16, _ namespace: String) async throws -> Bool {
          try await blocking { try NetworkProbe.answers(address, port: port, in: namespace) }
        }
        #expect(try await answers(IPv4Address(10, 7, 0, 1), 53, here))
        #expect(try await !answers(other.address, 22, here))
        #expect(try await !answers(IPv4Address(10, 8, 0, 1), 53, here))
        // A way around the edge, and a guest with nothing on that port refuses: it was reached.
        try await lab.ip(here, "link add leak0 type veth peer name leak1 netns \(there)", "addr add 10.99.0.1/30 dev leak0", "link set leak0 up")
        try await lab.ip(there, "addr add 10.99.0.2/30 dev leak1", "link set leak1 up")
        try await lab.ip(here, "route add 10.8.0.0/16 via 10.99.0.2")
        #expect(try await answers(other.address, 22, here))
      }
    }
  }
}
