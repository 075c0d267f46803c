public import Wire

/// What a machine of a size has. Names are Azure's; the figures are the operator's to change.
public struct MachineSize: Sendable, Equatable {
  /// For example `Standard_B1ls`.
  public var name: String
  /// For example `standardBSFamily`.
  public var family: String
  public var processors: Int
  public var memoryMiB: Int
  public var maximumDataDisks: Int
  /// Zones that have it; nil: all.
  public var zones: [String]?

  public init(_ name: String, family: String, processors: Int, memoryMiB: Int, maximumDataDisks: Int, zones: [String]? = nil) {
    self.name = name
    self.family = family
    self.processors = processors
    self.memoryMiB = memoryMiB
    self.maximumDataDisks = maximumDataDisks
    self.zones = zones
  }

  public var memoryBytes: Int64 { Int64(memoryMiB) << 20 }

  /// Source: Microsoft, "Virtual Machine Sizes - List", REST reference.
  var json: JSON {
    [
      "name": .string(name), "numberOfCores": .integer(Int64(processors)), "osDiskSizeInMB": .integer(1_047_552), "resourceDiskSizeInMB": 0,
      "memoryInMB": .integer(Int64(memoryMiB)), "maxDataDiskCount": .integer(Int64(maximumDataDisks)),
    ]
  }

  /// Source: Microsoft, "Resource Skus - List", REST reference.
  func skuJSON(location: String, zones all: [String]) -> JSON {
    func capability(_ name: String, _ value: String) -> JSON { ["name": .string(name), "value": .string(value)] }
    let memory = memoryMiB % 1024 == 0 ? String(memoryMiB / 1024) : String(Double(memoryMiB) / 1024)
    return [
      "resourceType": "virtualMachines", "name": .string(name), "tier": "Standard",
      "size": .string(name.split(separator: "_").dropFirst().joined(separator: "_")), "family": .string(family), "locations": [.string(location)],
      "locationInfo": [
        ["location": .string(location), "zones": .array((zones ?? all).map { .string($0) }), "zoneDetails": []]
      ],
      "capabilities": [
        capability("vCPUs", String(processors)), capability("vCPUsAvailable", String(processors)), capability("MemoryGB", memory),
        capability("MaxDataDiskCount", String(maximumDataDisks)), capability("HyperVGenerations", "V1,V2"), capability("CpuArchitectureType", "x64"),
        capability("PremiumIO", "True"), capability("TrustedLaunchDisabled", "False"), capability("EncryptionAtHostSupported", "True"),
        capability("AcceleratedNetworkingEnabled", "False"), capability("LowPriorityCapable", "False"), capability("MaxNetworkInterfaces", "8"),
      ], "restrictions": [],
    ]
  }

  /// What a cloud offers until its operator writes another list.
  public static let offered: [MachineSize] = [
    MachineSize("Standard_B1ls", family: "standardBSFamily", processors: 1, memoryMiB: 512, maximumDataDisks: 2),
    MachineSize("Standard_B1s", family: "standardBSFamily", processors: 1, memoryMiB: 1024, maximumDataDisks: 2),
    MachineSize("Standard_B1ms", family: "standardBSFamily", processors: 1, memoryMiB: 2048, maximumDataDisks: 2),
    MachineSize("Standard_B2s", family: "standardBSFamily", processors: 2, memoryMiB: 4096, maximumDataDisks: 4),
    MachineSize("Standard_B2ms", family: "standardBSFamily", processors: 2, memoryMiB: 8192, maximumDataDisks: 4),
    MachineSize("Standard_B4ms", family: "standardBSFamily", processors: 4, memoryMiB: 16_384, maximumDataDisks: 8),
    MachineSize("Standard_D2s_v5", family: "standardDSv5Family", processors: 2, memoryMiB: 8192, maximumDataDisks: 4),
    MachineSize("Standard_D4s_v5", family: "standardDSv5Family", processors: 4, memoryMiB: 16_384, maximumDataDisks: 8),
    MachineSize("Standard_D8s_v5", family: "standardDSv5Family", processors: 8, memoryMiB: 32_768, maximumDataDisks: 16),
    MachineSize("Standard_D16s_v5", family: "standardDSv5Family", processors: 16, memoryMiB: 65_536, maximumDataDisks: 32),
    MachineSize("Standard_E2s_v5", family: "standardESv5Family", processors: 2, memoryMiB: 16_384, maximumDataDisks: 4),
    MachineSize("Standard_E4s_v5", family: "standardESv5Family", processors: 4, memoryMiB: 32_768, maximumDataDisks: 8),
    MachineSize("Standard_M128s", family: "standardMSFamily", processors: 128, memoryMiB: 2_097_152, maximumDataDisks: 64),
    MachineSize("Standard_F2s_v2", family: "standardFSv2Family", processors: 2, memoryMiB: 4096, maximumDataDisks: 4),
    MachineSize("Standard_F4s_v2", family: "standardFSv2Family", processors: 4, memoryMiB: 8192, maximumDataDisks: 8),
  ]

  /// Reads the operator's list: an array of `{"name", "family", "vCPUs", "memoryMiB", "maxDataDisks", "zones"?}`. Throws what is wrong with it.
  public static func parse(_ json: JSON) throws -> [MachineSize] {
    guard let items = json.array, !items.isEmpty else { throw MachineSizeError("a non-empty array is expected") }
    return try items.map { item in
      guard let name = item["name"]?.string, name.hasPrefix("Standard_"), let processors = item["vCPUs"]?.integer, (1...256).contains(processors),
        let memory = item["memoryMiB"]?.integer, (128...16_777_216).contains(memory)
      else {
        throw MachineSizeError("a size needs a name that begins with Standard_, vCPUs (1 to 256) and memoryMiB (from 128): \(item.text)")
      }
      return MachineSize(
        name, family: item["family"]?.string ?? "standardFamily", processors: Int(processors), memoryMiB: Int(memory),
        maximumDataDisks: min(64, max(0, Int(item["maxDataDisks"]?.integer ?? 4))), zones: item["zones"]?.array?.compactMap(\.string))
    }
  }
}

/// The operator's list of sizes cannot be used.
public struct MachineSizeError: Error, CustomStringConvertible {
  public var description: String
  init(_ description: String) { self.description = description }
}
