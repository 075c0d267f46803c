import Fabric
import Glibc
import Programs
import Synchronization
import Wire

/// A guest: a namespace whose `eth0` is connected to a host's tap.
final class GuestNamespace: Sendable {
  let namespace: String
  let interface: FabricInterface
  let subnet: FabricSubnet
  let cable: PatchCable
  private let greeters = Mutex<[Greeter]>([])

  var address: IPv4Address { interface.addresses[0].privateAddress }

  /// - Parameters:
  ///   - tap: what the host's fabric made for the interface.
  ///   - host: the namespace that stands for the host.
  init(_ namespace: String, _ interface: FabricInterface, in subnet: FabricSubnet, tap: String, of host: String) async throws {
    (self.namespace, self.interface, self.subnet) = (namespace, interface, subnet)
    try await Program("ip").run(["netns", "add", namespace])
    try await Program("ip").run([
      "netns", "exec", namespace, "sysctl", "-qw", "net.ipv6.conf.all.disable_ipv6=1", "net.ipv6.conf.default.disable_ipv6=1",
      "net.ipv4.conf.all.rp_filter=0", "net.ipv4.conf.default.rp_filter=0",
    ])
    cable = try await blocking { try PatchCable(from: "eth0", in: namespace, to: tap, in: host) }
    do {
      try await ip("link set eth0 address \(interface.mac) mtu 1450 up", "link set lo up")
    } catch {
      cable.end()
      throw error
    }
  }

  func ip(_ commands: String...) async throws {
    try await Program("ip").run(["-n", namespace, "-batch", "-"], input: Array(commands.joined(separator: "\n").utf8))
  }

  /// Takes its address and the way out without asking anybody for them, and tells its name to whoever connects to port 7.
  func settle() async throws {
    try await ip("addr add \(address)/\(subnet.prefix.length) dev eth0", "route add default via \(subnet.gateway)")
    let socket = try await blocking { [namespace] in
      let socket = try LabSocket(.tcp, in: namespace)
      try socket.bind(port: 7)
      guard listen(socket.descriptor, 16) == 0 else { throw FabricError("listen: \(errno)") }
      return socket
    }
    let greeter = try Greeter(namespace, on: socket.descriptor)
    greeters.withLock { $0.append(greeter) }
  }

  /// Whether an address answers to an echo request of so many bytes, which nobody may divide.
  func reaches(_ address: IPv4Address, bytes: Int = 84, within time: Duration = .seconds(5)) async throws -> Bool {
    try await blocking { [namespace] in
      let socket = try LabSocket(.icmp, in: namespace)
      defer { socket.end() }
      socket.set(Int32(IPPROTO_IP), IP_MTU_DISCOVER, IP_PMTUDISC_DO)
      let end = ContinuousClock.now + time
      // A new one each time: what the answer to an earlier one was let in for does not bear on it.
      let identifier = UInt16.random(in: 1...UInt16.max)
      for sequence in UInt16.min... where ContinuousClock.now < end {
        socket.send(Self.echo(identifier, sequence, bytes: bytes - 20), to: address)
        while let packet = socket.receive() {
          let source = packet[12..<16].reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
          let answer = packet.dropFirst(Int(packet[0] & 15) * 4)
          if source == address.bits, answer.count == bytes - 20, answer.first == 0, Array(answer.dropFirst(4).prefix(2)) == identifier.bytes {
            return true
          }
        }
        if ContinuousClock.now >= end { break }
      }
      return false
    }
  }

  private static func echo(_ identifier: UInt16, _ sequence: UInt16, bytes count: Int) -> [UInt8] {
    var packet = [8, 0, 0, 0] + identifier.bytes + sequence.bytes + [UInt8](repeating: 0x5A, count: count - 8)
    var sum: UInt32 = 0
    for index in stride(from: 0, to: count, by: 2) { sum += UInt32(packet[index]) << 8 | UInt32(packet[index + 1]) }
    while sum > 0xFFFF { sum = sum & 0xFFFF + sum >> 16 }
    packet.replaceSubrange(2..<4, with: (~UInt16(sum)).bytes)
    return packet
  }

  /// What somebody says who is connected to; nil where nobody accepts.
  func hears(_ address: IPv4Address, port: UInt16 = 7, within seconds: Int = 5) async throws -> String? {
    try await blocking { [namespace] in
      let socket = try LabSocket(.tcp, in: namespace)
      defer { socket.end() }
      guard socket.connect(address, port: port, within: seconds) else { return nil }
      for _ in 0..<seconds * 10 {
        if let words = socket.receive() { return String(decoding: words, as: UTF8.self) }
      }
      return nil
    }
  }

  func end() {
    for greeter in greeters.withLock({ $0 }) { greeter.end() }
    cable.end()
  }
}

extension FixedWidthInteger {
  /// In the order of the network.
  var bytes: [UInt8] { withUnsafeBytes(of: bigEndian) { Array($0) } }
}
