internal import Base
internal import Programs
internal import Wire

#if canImport(Glibc)
  internal import Glibc
#endif

/// The DHCP and name server of one network: a process of its own, which outlives the control plane and is found again by its configuration.
struct Dnsmasq: Sendable {
  let network: FabricNetwork
  let resolvers: [IPv4Address]
  let namespace: String
  /// Where its files lie: readable by the user it runs as.
  let folder: String

  private var path: String { "\(folder)/\(namespace)" }
  private var configurationFile: String { path + ".conf" }
  private var pidFile: String { path + ".pid" }

  var configuration: String {
    var lines = [
      "interface=\(HostNames.bridge)", "bind-interfaces", "except-interface=lo", "no-resolv", "no-hosts", "no-poll", "dhcp-authoritative",
      "domain=\(network.domain)", "local=/\(network.domain)/", "local=//", "expand-hosts", "stop-dns-rebind", "cache-size=1000",
      "pid-file=\(pidFile)",
      "dhcp-leasefile=\(path).leases", "dhcp-hostsfile=\(path).machines", "addn-hosts=\(path).hosts", "log-facility=\(path).log",
      "dhcp-option=26,\(PlatformAddresses.mtu)", "dhcp-option-force=245,\(PlatformAddresses.wireServer)", "quiet-dhcp", "local-ttl=5",
    ]
    lines += resolvers.map { "server=\($0)" }
    for (index, subnet) in network.subnets.enumerated() {
      let (tag, gateway) = ("s\(index)", subnet.gateway)
      let names = subnet.resolvers.isEmpty ? [PlatformAddresses.wireServer] : subnet.resolvers
      lines += [
        "dhcp-range=set:\(tag),\(subnet.prefix.first),static,\(subnet.prefix.netmask),3600", "dhcp-option=tag:\(tag),3,\(gateway)",
        "dhcp-option=tag:\(tag),6,\(names.map(\.description).joined(separator: ","))",
        "dhcp-option=tag:\(tag),121,0.0.0.0/0,\(gateway),\(PlatformAddresses.wireServer)/32,\(gateway),\(PlatformAddresses.metadata)/32,\(gateway)",
      ]
    }
    return lines.joined(separator: "\n") + "\n"
  }

  private var machines: String {
    network.interfaces.compactMap { interface in
      interface.addresses.first.map { address in
        let name = network.names.first { $0.address == address.privateAddress }.map { ",\($0.label)" } ?? ""
        return "\(interface.mac),\(address.privateAddress)\(name)\n"
      }
    }.joined()
  }

  /// The leases without those of addresses that now belong to another machine; nil where there are none of these. The server would go on keeping an
  /// address for a machine that is gone, and give its next one nothing.
  private func keptLeases() -> String? {
    guard let text = TextFile.read(path + ".leases") else { return nil }
    let owners = Dictionary(
      network.interfaces.compactMap { interface in interface.addresses.first.map { ($0.privateAddress.description, interface.mac.description) } },
      uniquingKeysWith: { first, _ in first })
    let lines = text.split(separator: "\n")
    // Each has its end, the hardware address and the address.
    let kept = lines.filter { line in
      let words = line.split(separator: " ")
      guard words.count >= 3, let owner = owners[String(words[2])] else { return true }
      return owner.lowercased() == words[1].lowercased()
    }
    return kept.count == lines.count ? nil : kept.map { "\($0)\n" }.joined()
  }

  private var hosts: String {
    network.names.map { "\($0.address) \($0.label)\n" }.joined()
  }

  /// The process, if it runs.
  private var process: pid_t? {
    guard let text = TextFile.read(pidFile), let pid = pid_t(String(text.filter(\.isNumber))), pid > 1 else { return nil }
    guard let line = TextFile.read("/proc/\(pid)/cmdline"), line.contains(configurationFile) else { return nil }
    return pid
  }

  /// Brings files and process to what they should be; tells what had to be done.
  func apply() async throws -> [String] {
    var done: [String] = []
    let isConfigured = try TextFile.write(configuration, to: configurationFile)
    let hasMachines = try TextFile.write(machines, to: path + ".machines")
    let hasHosts = try TextFile.write(hosts, to: path + ".hosts")
    let leases = keptLeases()
    if let process {
      if isConfigured || leases != nil {
        try await stop()
        done.append(isConfigured ? "name server's configuration" : "name server's leases")
      } else if hasMachines || hasHosts {
        // It reads both again.
        kill(process, SIGHUP)
        done.append("name server's machines")
        return done
      } else {
        return []
      }
    } else {
      done.append("name server")
    }
    if let leases { try TextFile.write(leases, to: path + ".leases") }
    try await Program("ip").run(["netns", "exec", namespace, "dnsmasq", "--conf-file=\(configurationFile)"])
    return done
  }

  func stop() async throws {
    guard let process else { return }
    kill(process, SIGTERM)
    for _ in 0..<100 {
      guard self.process != nil else { return }
      try await Task.sleep(for: .milliseconds(20))
    }
    kill(process, SIGKILL)
  }

  /// Removes what is left of a network that is gone.
  static func removeFiles(namespace: String, folder: String) {
    for suffix in [".conf", ".pid", ".leases", ".machines", ".hosts", ".log"] { unlink("\(folder)/\(namespace)\(suffix)") }
  }

  /// Ends whatever serves a namespace that is to go.
  static func stop(namespace: String, folder: String) async throws {
    let empty = FabricNetwork(name: NetworkName(.zero), identifier: 1, prefixes: [], subnets: [], domain: "")
    try await Dnsmasq(network: empty, resolvers: [], namespace: namespace, folder: folder).stop()
  }
}

/// Small text files of the platform.
enum TextFile {
  static func read(_ path: String) -> String? {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    var (bytes, buffer): ([UInt8], [UInt8]) = ([], [UInt8](repeating: 0, count: 65_536))
    while true {
      let count = Glibc.read(descriptor, &buffer, buffer.count)
      guard count > 0 else { break }
      bytes += buffer[..<count]
      if bytes.count > 16 << 20 { break }
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  /// Writes a file whose text differs; tells whether it did. It appears whole.
  @discardableResult
  static func write(_ text: String, to path: String) throws -> Bool {
    guard read(path) != text else { return false }
    let partial = path + ".partial"
    let descriptor = open(partial, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else { throw FabricError("\(partial): \(String(cString: strerror(errno)))") }
    defer { close(descriptor) }
    fchmod(descriptor, 0o644)
    var bytes = Array(text.utf8)[...]
    while !bytes.isEmpty {
      let count = bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
      guard count > 0 else { throw FabricError("\(partial): \(String(cString: strerror(errno)))") }
      bytes = bytes.dropFirst(count)
    }
    guard rename(partial, path) == 0 else { throw FabricError("\(path): \(String(cString: strerror(errno)))") }
    return true
  }

  /// Sets a value below `/proc/sys` of this thread's namespace.
  static func set(_ value: String, in path: String) {
    let descriptor = open(path, O_WRONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return }
    defer { close(descriptor) }
    let bytes = Array(value.utf8)
    _ = Glibc.write(descriptor, bytes, bytes.count)
  }
}
