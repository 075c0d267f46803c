internal import Programs
internal import Wire

/// The links of one namespace with their addresses, as the kernel has them.
struct LinkTable {
  struct Link: Equatable {
    var name: String
    var mac: String
    var mtu: Int
    var master: String?
    var isUp: Bool
    /// For a tap: whether a process holds it open.
    var hasCarrier: Bool
    /// IPv4 addresses with their lengths.
    var addresses: Set<String>
  }

  var links: [String: Link] = [:]

  /// Of a namespace; nil for the one this process is in.
  static func read(_ namespace: String?) async throws -> LinkTable {
    let output = try await Program("ip").run((namespace.map { ["-n", $0] } ?? []) + ["-j", "addr", "show"])
    var table = LinkTable()
    for item in try JSON(parsing: output.bytes, limits: JSONLimits(depth: 32, bytes: 64 << 20)).array ?? [] {
      guard let name = item["ifname"]?.string else { continue }
      let flags = Set((item["flags"]?.array ?? []).compactMap(\.string))
      let addresses = (item["addr_info"]?.array ?? []).compactMap { address -> String? in
        guard address["family"]?.string == "inet", let local = address["local"]?.string, let length = address["prefixlen"]?.integer else {
          return nil
        }
        return "\(local)/\(length)"
      }
      table.links[name] = Link(
        name: name, mac: item["address"]?.string ?? "", mtu: Int(item["mtu"]?.integer ?? 0), master: item["master"]?.string,
        isUp: flags.contains("UP"), hasCarrier: flags.contains("LOWER_UP"), addresses: Set(addresses))
    }
    return table
  }

  /// Destinations of a namespace's main table, each with its gateway and device.
  static func routes(_ namespace: String?) async throws -> Set<String> {
    let output = try await Program("ip").run((namespace.map { ["-n", $0] } ?? []) + ["-j", "-4", "route", "show"])
    let items = try JSON(parsing: output.bytes, limits: JSONLimits(depth: 32, bytes: 64 << 20)).array ?? []
    return Set(
      items.compactMap { item in
        guard let destination = item["dst"]?.string, item["protocol"]?.string != "kernel" else { return nil }
        return "\(destination)|\(item["gateway"]?.string ?? "")|\(item["dev"]?.string ?? "")"
      })
  }
}
