internal import Base
internal import Compute
internal import Wire

/// What the operator decides of machines and their networks: `machines.json` in the data directory, written with its defaults at the first start.
struct MachineSettings {
  /// Addresses that the outside reaches machines at.
  var publicPool: [IPv4Prefix]
  var reachesBeyondHost: Bool
  var resolvers: [IPv4Address]
  var memoryOvercommit: Double
  /// Images, disks and machines' files. QEMU's user must be able to pass through its parents.
  var folder: String
  /// Nil: what a cloud offers by itself.
  var sizes: [MachineSize]

  /// Documentation addresses (RFC 5737): good on one machine, never of use to anybody else.
  private static let standardPool = "203.0.113.0/24"
  private static let standardOvercommit = 4.0
  private static func standardFolder(_ cloud: String) -> String { "/var/lib/cocagne/\(cloud)" }

  static func read(_ directory: DataDirectory, cloud: String) throws -> MachineSettings {
    guard let bytes = try DataDirectory.read(directory.machineSettings) else {
      let text = """
        {
          "publicPool": ["\(standardPool)"],
          "reachesBeyondHost": false,
          "resolvers": [],
          "memoryOvercommit": \(standardOvercommit),
          "folder": "\(standardFolder(cloud))",
          "sizes": null
        }

        """
      try DataDirectory.write(text.utf8, to: directory.machineSettings)
      return try read(directory, cloud: cloud)
    }
    do {
      let json = try JSON(parsing: bytes)
      let pool = try (json["publicPool"]?.array ?? []).map { item in
        guard let prefix = item.string.flatMap({ IPv4Prefix($0) }) else { throw Invalid(reason: "publicPool: \(item.text)") }
        return prefix
      }
      let resolvers = try (json["resolvers"]?.array ?? []).map { item in
        guard let address = item.string.flatMap({ IPv4Address($0) }) else { throw Invalid(reason: "resolvers: \(item.text)") }
        return address
      }
      let folder = json["folder"]?.string ?? standardFolder(cloud)
      guard folder.hasPrefix("/") else { throw Invalid(reason: "folder: an absolute path is expected") }
      let overcommit = json["memoryOvercommit"]?.number ?? standardOvercommit
      guard (0.1...100).contains(overcommit) else { throw Invalid(reason: "memoryOvercommit: 0.1 to 100") }
      return MachineSettings(
        publicPool: pool, reachesBeyondHost: json["reachesBeyondHost"]?.boolean ?? false, resolvers: resolvers, memoryOvercommit: overcommit,
        folder: folder, sizes: try json["sizes"].map { try MachineSize.parse($0) } ?? MachineSize.offered)
    } catch {
      throw OperatorError(
        "\(directory.machineSettings) n'est pas utilisable : \(error).", "\(directory.machineSettings) cannot be used: \(error).")
    }
  }

  private struct Invalid: Error, CustomStringConvertible {
    var reason: String
    var description: String { reason }
  }
}
