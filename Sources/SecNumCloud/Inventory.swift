public import Base
internal import ResourceManager
public import Wire

/// What there is of equipment: this host with its interfaces and disks, and what the platform runs on it. The picture of the architecture is drawn of it, too.
public struct Inventory: Sendable {
  /// A network interface of the host.
  public struct Link: Hashable, Sendable {
    public var name: String
    public var hardwareAddress: String
    /// With their lengths: `10.30.0.4/24`.
    public var addresses: [String]
    public var isUp: Bool
  }

  /// A block device of the host.
  public struct Device: Hashable, Sendable {
    public var name: String
    public var bytes: Int
    public var model: String
  }

  public var time: Timestamp
  public var host: String
  /// As its firmware calls it; empty where it does not.
  public var model: String
  public var kernel: String
  /// For example `Debian GNU/Linux 12 (bookworm)`.
  public var system: String
  public var links: [Link]
  public var devices: [Device]
  /// The front door: addresses and port.
  public var listeningAddresses: [String]
  public var port: Int
  public var domain: String
  public var locations: [String]
  public var version: String
  public var executable: String
  public var processID: Int32
  /// What the platform runs; empty where there are no machines.
  public var machines: [MachineOnHost]
  public var networks: [NetworkOnHost]
  public var disks: [DiskOnHost]
  public var images: [ImageOnOffer]
  /// Whether this host runs machines at all.
  public var hasMachines: Bool
  /// Ids of resources that should have something on this host and have not.
  public var missing: [String]

  /// Looks at the host and at what runs on it.
  public static func read(_ platform: ObservedPlatform) async throws -> Inventory {
    let host = platform.host
    let site = platform.site
    let engines = platform.machineInventory
    func line(_ path: String) throws -> String { try host.text(of: path).map { String($0.prefix { $0 != "\n" }) } ?? "" }
    let vendor = (try? line("/sys/class/dmi/id/sys_vendor")) ?? ""
    let product = (try? line("/sys/class/dmi/id/product_name")) ?? ""
    return Inventory(
      time: platform.now, host: try line("/proc/sys/kernel/hostname"), model: [vendor, product].filter { !$0.isEmpty }.joined(separator: " "),
      kernel: try host.kernel() ?? "", system: try host.variables(of: "/etc/os-release")["PRETTY_NAME"] ?? "", links: try await links(host),
      devices: try devices(host), listeningAddresses: site.listeningAddresses, port: site.address.port, domain: site.address.domain,
      locations: site.locations.map(\.name), version: site.version, executable: site.executable, processID: site.processID,
      machines: try await platform.machines?.machines() ?? [], networks: try await platform.machines?.networks() ?? [],
      disks: try await platform.machines?.disks() ?? [], images: try await engines?.images() ?? [], hasMachines: platform.machines != nil,
      missing: try await engines?.missing() ?? [])
  }

  private static func links(_ host: any HostView) async throws -> [Link] {
    let (status, output) = try await host.run("ip", ["-j", "addr", "show"])
    guard status == 0 else { throw ObservationFailure("« ip addr » a répondu \(status).", "“ip addr” answered \(status).") }
    let items = try JSON(parsing: output).array ?? []
    return items.prefix(maximumLinks).compactMap { item in
      guard let name = item["ifname"]?.string else { return nil }
      let addresses = (item["addr_info"]?.array ?? []).compactMap { address -> String? in
        guard let local = address["local"]?.string, let length = address["prefixlen"]?.integer else { return nil }
        return "\(local)/\(length)"
      }
      return Link(
        name: name, hardwareAddress: item["address"]?.string ?? "", addresses: addresses,
        isUp: (item["flags"]?.array ?? []).contains { $0.string == "UP" })
    }
  }

  private static let maximumLinks = 4096

  /// Devices that have a size: the kernel keeps loop and RAM disks ready that are nothing.
  private static func devices(_ host: any HostView) throws -> [Device] {
    try (host.names(in: "/sys/block") ?? []).compactMap { name in
      let sectors = try host.text(of: "/sys/block/\(name)/size").flatMap { Int($0.prefix { $0.isNumber }) } ?? 0
      guard sectors > 0 else { return nil }
      let model = (try? host.text(of: "/sys/block/\(name)/device/model")) ?? ""
      return Device(name: name, bytes: sectors * 512, model: String(model.prefix { $0 != "\n" }).trimmed)
    }
  }

  /// What runs here that no record knows, one line each: machines, networks, files of disks.
  public var unknown: [String] {
    machines.filter { $0.resource == nil }.map { "machine \($0.domain)" }
      + networks.filter { $0.tenant == nil }.map { "namespace \($0.namespace)" }
      + disks.filter { $0.resource == nil && !$0.hasDataKey && !$0.isPlatformImage }.map { "file \($0.path)" }
  }

  /// What the auditor takes away: objects by their ids, what tenants keep in none of them.
  public var json: JSON {
    func texts(_ items: some Sequence<String>) -> JSON { .array(items.prefix(Self.maximumShown).map { .string($0) }) }
    let links: [JSON] = links.prefix(Self.maximumShown).map { link in
      [
        "name": .string(link.name), "hardwareAddress": .string(link.hardwareAddress), "addresses": texts(link.addresses), "up": .boolean(link.isUp),
      ]
    }
    let devices: [JSON] = devices.prefix(Self.maximumShown).map { device in
      ["name": .string(device.name), "bytes": .integer(Int64(device.bytes)), "model": .string(device.model)]
    }
    let machines: [JSON] = machines.prefix(Self.maximumShown).map { machine in
      ["domain": .string(machine.domain), "tenant": .string(machine.tenant?.description ?? "")]
    }
    let networks: [JSON] = networks.prefix(Self.maximumShown).map { network in
      ["namespace": .string(network.namespace), "tenant": .string(network.tenant?.description ?? "")]
    }
    var json = JSON.Object()
    json["time"] = .string(time.iso8601)
    json["host"] = .string(host)
    json["model"] = .string(model)
    json["kernel"] = .string(kernel)
    json["system"] = .string(system)
    json["links"] = .array(links)
    json["devices"] = .array(devices)
    json["frontDoor"] = texts(listeningAddresses.map { "\($0) \(port)" })
    json["domain"] = .string(domain)
    json["locations"] = texts(locations)
    json["version"] = .string(version)
    json["executable"] = .string(executable)
    json["machines"] = .array(machines)
    json["networks"] = .array(networks)
    json["diskFiles"] = .integer(Int64(disks.count))
    json["images"] = texts(images.map(\.urn))
    json["unknown"] = texts(unknown)
    json["missing"] = texts(missing)
    return .object(json)
  }

  private static let maximumShown = 200
}

extension DiskOnHost {
  /// A file of the operator's catalogue, which is nobody's secret.
  var isPlatformImage: Bool { path.contains("/images/") }
}

extension String {
  /// Without space at its ends.
  fileprivate var trimmed: String {
    var text = self[...]
    while text.first == " " { text.removeFirst() }
    while text.last == " " { text.removeLast() }
    return String(text)
  }
}
