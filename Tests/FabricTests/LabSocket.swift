import Fabric
import Glibc
import Wire

/// An IPv4 socket inside of a namespace.
struct LabSocket: Sendable {
  enum Kind: Sendable {
    case tcp
    case udp
    /// Sees every ICMP packet of its namespace, with the IP header before it.
    case icmp
  }

  let descriptor: Int32

  /// What waits on it gives up after a tenth of a second.
  init(_ kind: Kind, in namespace: String) throws {
    descriptor = try NamespaceThread.run(in: namespace) {
      let type =
        switch kind {
        case .tcp: SOCK_STREAM
        case .udp: SOCK_DGRAM
        case .icmp: SOCK_RAW
        }
      let descriptor = socket(AF_INET, Int32(type.rawValue) | Int32(SOCK_CLOEXEC.rawValue), kind == .icmp ? Int32(IPPROTO_ICMP) : 0)
      guard descriptor >= 0 else { throw FabricError("a socket in \(namespace): \(errno)") }
      return descriptor
    }
    var patience = timeval(tv_sec: 0, tv_usec: 100_000)
    for option in [SO_RCVTIMEO, SO_SNDTIMEO] { setsockopt(descriptor, SOL_SOCKET, option, &patience, socklen_t(MemoryLayout<timeval>.size)) }
  }

  func set(_ level: Int32, _ option: Int32, _ value: Int32) {
    var value = value
    setsockopt(descriptor, level, option, &value, socklen_t(MemoryLayout<Int32>.size))
  }

  private static func with<Value>(_ address: IPv4Address, _ port: UInt16, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Value) -> Value {
    var name = sockaddr_in()
    name.sin_family = sa_family_t(AF_INET)
    name.sin_port = port.bigEndian
    name.sin_addr = in_addr(s_addr: address.bits.bigEndian)
    let size = socklen_t(MemoryLayout<sockaddr_in>.size)
    return withUnsafePointer(to: &name) { $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, size) } }
  }

  func bind(_ address: IPv4Address = IPv4Address(bits: 0), port: UInt16) throws {
    guard Self.with(address, port, { Glibc.bind(descriptor, $0, $1) }) == 0 else { throw FabricError("bind \(address):\(port): \(errno)") }
  }

  /// Whether somebody accepted.
  func connect(_ address: IPv4Address, port: UInt16, within seconds: Int) -> Bool {
    var patience = timeval(tv_sec: seconds, tv_usec: 0)
    setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
    return Self.with(address, port) { Glibc.connect(descriptor, $0, $1) } == 0
  }

  /// What cannot be sent is lost, as on every network.
  func send(_ bytes: [UInt8], to address: IPv4Address, port: UInt16 = 0) {
    _ = Self.with(address, port) { sendto(descriptor, bytes, bytes.count, 0, $0, $1) }
  }

  func receive() -> [UInt8]? {
    var buffer = [UInt8](repeating: 0, count: 65_536)
    let count = recv(descriptor, &buffer, buffer.count, 0)
    return count >= 0 ? Array(buffer[..<count]) : nil
  }

  func end() { close(descriptor) }
}

/// Says one thing to everybody who connects.
final class Greeter: Sendable {
  private let descriptor: Int32
  private let thread: LabThread

  /// - Parameter descriptor: a socket that listens; the greeter owns it.
  init(_ words: String, on descriptor: Int32) throws {
    self.descriptor = descriptor
    thread = try LabThread {
      var ready = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
      guard poll(&ready, 1, 50) > 0 else { return true }
      let caller = accept(descriptor, nil, nil)
      guard caller >= 0 else { return true }
      _ = Array(words.utf8).withUnsafeBytes { Glibc.send(caller, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
      close(caller)
      return true
    }
  }

  func end() {
    thread.end()
    close(descriptor)
  }
}
