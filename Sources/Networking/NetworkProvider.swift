public import Base
internal import Records
public import ResourceManager
internal import Wire

/// `Microsoft.Network`: virtual networks, security groups, interfaces, public addresses.
public struct NetworkProvider: ResourceProvider {
  public let namespace = "Microsoft.Network"
  private let service: NetworkService
  private let random: any RandomSource

  /// Newest first: what clients of the last years ask for. Others are accepted too.
  static let apiVersions = [
    "2026-03-01", "2025-09-01", "2025-07-01", "2025-05-01", "2025-01-01", "2024-10-01", "2024-07-01", "2024-05-01", "2024-03-01", "2024-01-01",
    "2023-11-01", "2023-09-01", "2023-06-01", "2022-11-01", "2022-07-01", "2022-01-01", "2021-08-01", "2021-02-01", "2020-11-01", "2019-11-01",
    "2018-11-01", "2017-10-01", "2016-09-01", "2015-06-15",
  ]

  public init(service: NetworkService, random: any RandomSource) {
    self.service = service
    self.random = random
  }

  public var types: [any ResourceType] {
    let changes = service.changes
    return [
      VirtualNetworkType(changes: changes, random: random), SubnetType(changes: changes, random: random),
      PeeringType(changes: changes, random: random), NetworkSecurityGroupType(changes: changes, random: random),
      SecurityRuleType(changes: changes, random: random), ApplicationSecurityGroupType(changes: changes, random: random),
      NetworkInterfaceType(changes: changes, random: random),
      PublicIPAddressType(configuration: service.configuration, changes: changes, random: random),
    ]
  }

  public var actions: [ProviderAction] {
    [
      ProviderAction(
        method: .get, path: "locations/{location}/usages", permission: "Microsoft.Network/locations/usages/read",
        run: { parameters, _, context, reader in
          try NetworkQuota.usages(context, location: Location.normalized(parameters["location"] ?? ""), in: reader)
        })
    ]
  }

  public var operations: [ProviderOperation] {
    types.flatMap { type -> [ProviderOperation] in
      let name = type.descriptor.type
      let noun = name.split(separator: "/").last.map(String.init) ?? name
      return [
        ProviderOperation(name: "\(name)/read", resource: noun, operation: "Read \(noun)", description: "Gets \(noun)."),
        ProviderOperation(name: "\(name)/write", resource: noun, operation: "Write \(noun)", description: "Creates or updates \(noun)."),
        ProviderOperation(name: "\(name)/delete", resource: noun, operation: "Delete \(noun)", description: "Deletes \(noun)."),
      ]
    }
      + [
        ProviderOperation(
          name: AddressAvailability.permission, resource: "virtualNetworks", operation: "Check Ip Address Availability in virtual network",
          description: "Checks whether an IP address is available at the specified virtual network.")
      ]
      + ["virtualNetworks/subnets/join", "networkSecurityGroups/join", "publicIPAddresses/join", "networkInterfaces/join"].map { word in
        ProviderOperation(
          name: "Microsoft.Network/\(word)/action", resource: word, operation: "Join", description: "Uses \(word) from another resource.")
      }
  }
}
