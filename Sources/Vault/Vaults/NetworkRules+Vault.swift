internal import Base
internal import Wire

/// Network rules of vaults as Resource Manager takes and shows them (`networkAcls`, `publicNetworkAccess`).
///
/// Source: Microsoft, "Vaults - Create Or Update", REST reference of the Key Vault resource provider, `NetworkRuleSet`.
extension NetworkRules {
  /// Rules of one vault.
  private static let maximumVaultRanges = 1000

  /// What stored settings say; nil where they let everybody in.
  init?(vault settings: JSON.Object) {
    let rules = settings["networkAcls"]
    self.init(
      isPublic: settings["publicNetworkAccess"]?.string != "Disabled", allowsByDefault: rules?["defaultAction"]?.string != "Deny",
      ranges: rules?["ipRules"]?.array?.compactMap { $0["value"]?.string.flatMap { IPv4Prefix($0) } } ?? [],
      admitsServices: rules?["bypass"]?.string != "None")
    guard !isPublic || !allowsByDefault else { return nil }
  }

  /// `networkAcls` of a request, where what it leaves out stays as `stored`. Throws Azure's errors for rules that cannot be, and refuses those that
  /// could not be kept.
  static func vaultSetting(_ value: JSON, over stored: JSON?) throws -> JSON {
    guard value.object != nil else { throw VaultSettings.invalid("networkAcls") }
    let action = value.member("defaultAction")?.string ?? stored?["defaultAction"]?.string ?? "Allow"
    guard let action = ["Allow", "Deny"].first(where: { $0.equalsIgnoringASCIICase(action) }) else {
      throw VaultSettings.invalid("networkAcls.defaultAction")
    }
    let bypass = value.member("bypass")?.string ?? stored?["bypass"]?.string ?? "AzureServices"
    guard let bypass = ["AzureServices", "None"].first(where: { $0.equalsIgnoringASCIICase(bypass) }) else {
      throw VaultSettings.invalid("networkAcls.bypass")
    }
    if let subnets = value.member("virtualNetworkRules") {
      guard let array = subnets.array else { throw VaultSettings.invalid("networkAcls.virtualNetworkRules") }
      if let first = array.first { throw hasNoServiceEndpoint(first.member("id")?.string ?? "") }
    }
    return [
      "bypass": .string(bypass), "defaultAction": .string(action),
      "ipRules": try value.member("ipRules").map { try vaultRanges($0) } ?? stored?["ipRules"] ?? [], "virtualNetworkRules": [],
    ]
  }

  private static func vaultRanges(_ value: JSON) throws -> JSON {
    guard let array = value.array, array.count <= maximumVaultRanges else { throw VaultSettings.invalid("networkAcls.ipRules") }
    var seen: Set<IPv4Prefix> = []
    return .array(
      try array.compactMap { rule in
        guard let prefix = rule.member("value")?.string.flatMap({ IPv4Prefix($0) }) else {
          throw VaultSettings.invalid("networkAcls.ipRules[*].value")
        }
        return seen.insert(prefix).inserted ? ["value": .string(prefix.description)] : nil
      })
  }

  /// Subnets of this cloud have no service endpoints, so that no rule could tell one's machines from others.
  private static func hasNoServiceEndpoint(_ subnet: String) -> CloudError {
    CloudError(
      400, "SubnetsHaveNoServiceEndpointsConfigured",
      "Subnets \(subnet) do not have ServiceEndpoints for Microsoft.KeyVault resources configured. Add Microsoft.KeyVault to subnet's ServiceEndpoints "
        + "collection before trying to ACL Microsoft.KeyVault resources to these subnets.", target: "networkAcls.virtualNetworkRules")
  }
}
