internal import Base
internal import Records
internal import ResourceManager
internal import Wire

/// How many resources of a kind a subscription may have, and has.
enum NetworkQuota: CaseIterable {
  case virtualNetworks
  case networkSecurityGroups
  case networkInterfaces
  case publicIPAddresses
  case applicationSecurityGroups

  var type: String {
    switch self {
    case .virtualNetworks: "Microsoft.Network/virtualNetworks"
    case .networkSecurityGroups: "Microsoft.Network/networkSecurityGroups"
    case .networkInterfaces: "Microsoft.Network/networkInterfaces"
    case .publicIPAddresses: "Microsoft.Network/publicIPAddresses"
    case .applicationSecurityGroups: "Microsoft.Network/applicationSecurityGroups"
    }
  }

  var limit: Int {
    switch self {
    case .virtualNetworks: NetworkLimits.maximumVirtualNetworks
    case .networkSecurityGroups, .applicationSecurityGroups: NetworkLimits.maximumSecurityGroups
    case .networkInterfaces: NetworkLimits.maximumInterfaces
    case .publicIPAddresses: NetworkLimits.maximumPublicAddresses
    }
  }

  /// The names by which Azure's usages list them.
  private var names: (value: String, localized: String, code: String) {
    switch self {
    case .virtualNetworks: ("VirtualNetworks", "Virtual Networks", "VirtualNetwork")
    case .networkSecurityGroups: ("NetworkSecurityGroups", "Network Security Groups", "NetworkSecurityGroup")
    case .networkInterfaces: ("NetworkInterfaces", "Network Interfaces", "NetworkInterface")
    case .publicIPAddresses: ("PublicIPAddresses", "Public IP Addresses", "PublicIP")
    case .applicationSecurityGroups: ("ApplicationSecurityGroups", "Application Security Groups", "ApplicationSecurityGroup")
    }
  }

  static func check(_ quota: NetworkQuota, _ context: OperationContext, in reader: any RecordReader) throws {
    guard try ResourceCount.of(quota.type, context, limit: quota.limit, in: reader) < quota.limit else {
      throw CloudError.quotaExceeded(quota.names.code, limit: quota.limit)
    }
  }

  /// Source: Microsoft, "Usages - List", REST reference.
  static func usages(_ context: OperationContext, location: String, in reader: any RecordReader) throws -> JSON {
    let items: [JSON] = try allCases.map { quota in
      [
        "id": .string("/subscriptions/\(context.subscription)/providers/Microsoft.Network/locations/\(location)/usages/\(quota.names.value)"),
        "name": ["value": .string(quota.names.value), "localizedValue": .string(quota.names.localized)], "unit": "Count",
        "currentValue": .integer(Int64(try ResourceCount.of(quota.type, context, limit: quota.limit, in: reader))),
        "limit": .integer(Int64(quota.limit)),
      ]
    }
    return ["value": .array(items)]
  }
}
