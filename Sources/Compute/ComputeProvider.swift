internal import Base
internal import Records
public import ResourceManager
internal import Wire

/// `Microsoft.Compute`: machines, availability sets, disks, snapshots, images.
public struct ComputeProvider: ResourceProvider {
  public let namespace = "Microsoft.Compute"
  private let service: ComputeService

  static let apiVersions = [
    "2026-04-01", "2025-11-01", "2025-04-01", "2024-11-01", "2024-07-01", "2024-03-01", "2023-09-01", "2023-07-01", "2023-03-01", "2022-11-01",
    "2022-08-01", "2022-03-01", "2021-11-01", "2021-07-01", "2021-04-01", "2021-03-01", "2020-12-01", "2020-06-01", "2019-12-01", "2019-07-01",
    "2019-03-01", "2018-10-01", "2018-06-01", "2017-12-01", "2017-03-30", "2016-03-30", "2015-06-15",
  ]
  static let diskApiVersions = [
    "2026-03-02", "2025-01-02", "2024-03-02", "2023-10-02", "2023-04-02", "2022-07-02", "2021-12-01", "2020-12-01", "2019-07-01",
  ]

  public init(service: ComputeService) {
    self.service = service
  }

  public var types: [any ResourceType] {
    [
      VirtualMachineType(service: service), DiskType(service: service, isSnapshot: false), DiskType(service: service, isSnapshot: true),
      ImageType(service: service), AvailabilitySetType(service: service), DiskEncryptionSetType(service: service),
    ]
  }

  public var documents: [PublicDocument] {
    [
      PublicDocument(path: "/aliases.json", reason: "names the operator's images, which the CLI reads before it logs in") {
        try ImageCatalogue.aliases(in: $0)
      }
    ]
  }

  public var actions: [ProviderAction] {
    [
      ProviderAction(
        method: .get, path: "skus", permission: "Microsoft.Compute/skus/read", apiVersions: ["2021-07-01", "2019-04-01"],
        run: { [service] _, _, _, _ in
          let sizes = service.sizes.map { $0.skuJSON(location: service.location, zones: service.configuration.zones) }
          return ["value": .array(AvailabilitySetType.skuJSON(location: service.location) + sizes)]
        }),
      ProviderAction(
        method: .get, path: "locations/{location}/vmSizes", permission: "Microsoft.Compute/locations/vmSizes/read",
        run: { [service] _, _, _, _ in ["value": .array(service.sizes.map(\.json))] }),
      ProviderAction(
        method: .get, path: "locations/{location}/usages", permission: "Microsoft.Compute/locations/usages/read",
        run: { [service] _, _, context, reader in try ComputeUsages.json(service, context, in: reader) }),
    ] + ImageCatalogue.actions
  }

  public var operations: [ProviderOperation] {
    let actions: [String: [String]] = [
      "virtualMachines": [
        "start", "powerOff", "deallocate", "restart", "redeploy", "reapply", "runCommand", "generalize", "retrieveBootDiagnosticsData",
      ]
    ]
    return types.flatMap { type -> [ProviderOperation] in
      let name = type.descriptor.type
      let noun = name.split(separator: "/").last.map(String.init) ?? name
      return [
        ProviderOperation(name: "\(name)/read", resource: noun, operation: "Read \(noun)", description: "Gets \(noun)."),
        ProviderOperation(name: "\(name)/write", resource: noun, operation: "Write \(noun)", description: "Creates or updates \(noun)."),
        ProviderOperation(name: "\(name)/delete", resource: noun, operation: "Delete \(noun)", description: "Deletes \(noun)."),
      ]
        + (actions[noun] ?? []).map { word in
          ProviderOperation(name: "\(name)/\(word)/action", resource: noun, operation: word, description: "Does \(word) on \(noun).")
        }
    }
  }
}

/// How much of what is limited a subscription uses.
///
/// Source: Microsoft, "Usage - List", REST reference.
enum ComputeUsages {
  static func json(_ service: ComputeService, _ context: OperationContext, in reader: any RecordReader) throws -> JSON {
    let machines = try ResourceCount.of(VirtualMachineType.name, context, limit: ComputeLimits.maximumMachines, in: reader)
    let disks = try ResourceCount.of(DiskType.name, context, limit: ComputeLimits.maximumDisks, in: reader)
    let sets = try ResourceCount.of(AvailabilitySetType.name, context, limit: AvailabilitySetType.maximumSets, in: reader)
    var byFamily: [String: Int] = [:]
    var total = 0
    for host in try HostRecord.all(in: reader) {
      for machine in try Machine.all(on: host.name, in: reader)
      where machine.tenant == context.tenant && machine.id.subscription == context.subscription {
        guard let size = service.sizes.first(where: { $0.name == machine.size }) else { continue }
        byFamily[size.family, default: 0] += size.processors
        total += size.processors
      }
    }
    func usage(_ name: String, _ text: String, _ value: Int, _ limit: Int) -> JSON {
      [
        "unit": "Count", "currentValue": .integer(Int64(value)), "limit": .integer(Int64(limit)),
        "name": ["value": .string(name), "localizedValue": .string(text)],
      ]
    }
    var items = [
      usage("availabilitySets", "Availability Sets", sets, AvailabilitySetType.maximumSets),
      usage("cores", "Total Regional vCPUs", total, ComputeLimits.maximumProcessors),
      usage("virtualMachines", "Virtual Machines", machines, ComputeLimits.maximumMachines),
      usage("Disks", "Disks", disks, ComputeLimits.maximumDisks),
    ]
    for family in Set(service.sizes.map(\.family)).sorted() {
      items.append(usage(family, "\(family) vCPUs", byFamily[family] ?? 0, ComputeLimits.maximumProcessors))
    }
    return ["value": .array(items)]
  }
}
