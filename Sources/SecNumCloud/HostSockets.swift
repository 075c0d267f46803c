internal import Base

/// A TCP or UDP socket, as the kernel lists it.
struct HostSocket: Hashable, Sendable {
  enum Transport: String, Sendable, CaseIterable {
    case tcp, udp
  }

  var transport: Transport
  var local: InternetAddress
  var localPort: Int
  var remote: InternetAddress
  var remotePort: Int
  /// The kernel's number: 1 is an open connection, 7 an unconnected socket of UDP, 10 one that listens.
  var state: Int
  var inode: Int

  private static let listening = 10

  /// For UDP: takes datagrams of anybody.
  var isListening: Bool { transport == .tcp ? state == Self.listening : remotePort == 0 }

  /// One that has, seeks or is giving up its other end.
  var isConnected: Bool { remotePort != 0 }

  /// `tcp 10.0.0.1:443`.
  var place: String {
    "\(transport.rawValue) \(local.bytes.count == 16 ? "[\(local)]" : local.description):\(localPort)"
  }

  var remotePlace: String { "\(remote.bytes.count == 16 ? "[\(remote)]" : remote.description):\(remotePort)" }

  /// A line of `/proc/net/tcp` or its neighbours; nil for their heading and for anything else. Source: proc(5).
  init?(line: some StringProtocol, transport: Transport) {
    let words = line.split(separator: " ", omittingEmptySubsequences: true)
    guard words.count >= 10, let local = Self.end(words[1]), let remote = Self.end(words[2]), let state = Int(words[3], radix: 16),
      let inode = Int(words[9])
    else { return nil }
    self.transport = transport
    (self.local, localPort) = local
    (self.remote, remotePort) = remote
    self.state = state
    self.inode = inode
  }

  /// `0100007F:01BB`: words of 32 bits in the host's order, as this little-endian one has them.
  private static func end(_ text: some StringProtocol) -> (InternetAddress, Int)? {
    let parts = text.split(separator: ":")
    guard parts.count == 2, let port = Int(parts[1], radix: 16), parts[0].utf8.count == 8 || parts[0].utf8.count == 32 else { return nil }
    let digits = Array(parts[0].utf8)
    var bytes: [UInt8] = []
    for word in stride(from: 0, to: digits.count, by: 8) {
      guard let value = UInt32(String(decoding: digits[word..<word + 8], as: UTF8.self), radix: 16) else { return nil }
      bytes += (0..<4).map { UInt8(truncatingIfNeeded: value >> (8 * UInt32($0))) }
    }
    return InternetAddress(bytes: bytes).map { ($0, port) }
  }
}

/// A process of the host.
struct HostProcess: Hashable, Sendable {
  var id: Int32
  var parent: Int32
  /// The program's name, as the kernel has it: 15 bytes.
  var name: String

  /// From `/proc/<pid>/stat`: `1 (name) S 0 …`, where the name may hold anything.
  init?(stat: String) {
    guard let open = stat.firstIndex(of: "("), let close = stat.lastIndex(of: ")") else { return nil }
    let after = stat[stat.index(after: close)...].split(separator: " ")
    guard let id = Int32(stat[..<open].filter { $0 != " " }), after.count >= 2, let parent = Int32(after[1]) else { return nil }
    self.id = id
    self.parent = parent
    name = String(stat[stat.index(after: open)..<close])
  }
}

extension HostView {
  /// The sockets of the network that a process is in. Throws `ObservationFailure` where the kernel does not list them.
  func sockets(seenBy process: Int32) throws -> [HostSocket] {
    var sockets: [HostSocket] = []
    for transport in HostSocket.Transport.allCases {
      for (suffix, isRequired) in [("", true), ("6", false)] {
        let path = "/proc/\(process)/net/\(transport.rawValue)\(suffix)"
        guard let text = try text(of: path, limit: 16 << 20) else {
          if !isRequired { continue }
          throw ObservationFailure("\(path) n'est pas lisible.", "\(path) cannot be read.")
        }
        sockets += text.split(separator: "\n").compactMap { HostSocket(line: $0, transport: transport) }
      }
    }
    return sockets
  }

  /// Every process that this one may see.
  func processes() throws -> [HostProcess] {
    try (names(in: "/proc") ?? []).compactMap { name in
      guard Int32(name) != nil else { return nil }
      return try? text(of: "/proc/\(name)/stat").flatMap { HostProcess(stat: $0) }
    }
  }

  /// The numbers of the sockets that a process holds; nil where this process may not look.
  func socketInodes(of process: Int32) -> Set<Int>? {
    guard let names = try? names(in: "/proc/\(process)/fd") else { return nil }
    return Set(
      names.compactMap { name in
        guard let target = destination(of: "/proc/\(process)/fd/\(name)"), target.hasPrefix("socket:["), target.hasSuffix("]") else { return nil }
        return Int(target.dropFirst("socket:[".count).dropLast())
      })
  }

  /// Who holds a socket, by its number. A socket of the kernel's own, such as a tunnel's, is nobody's.
  func socketHolders(_ processes: [HostProcess]) -> [Int: HostProcess] {
    var holders: [Int: HostProcess] = [:]
    for process in processes {
      for inode in socketInodes(of: process.id) ?? [] where holders[inode] == nil { holders[inode] = process }
    }
    return holders
  }
}

extension [HostProcess] {
  /// A process and all that it began, directly or through others.
  func family(of ancestor: Int32) -> [HostProcess] {
    let children = Dictionary(grouping: self, by: \.parent)
    var family = filter { $0.id == ancestor }
    var next = 0
    while next < family.count {
      family += (children[family[next].id] ?? []).filter { $0.id != family[next].id }
      next += 1
    }
    return family
  }
}
