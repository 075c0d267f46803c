internal import Base
internal import Fabric
internal import Records
internal import ResourceManager
internal import Wire

/// `Microsoft.Network/virtualNetworks/subnets`.
///
/// Source: Microsoft, "Subnets", REST reference.
struct SubnetType: EmbeddedType {
  let changes: NetworkChanges
  let random: any RandomSource
  let member = "subnets"
  let descriptor = ResourceTypeDescriptor(
    type: "Microsoft.Network/virtualNetworks/subnets", apiVersions: NetworkProvider.apiVersions, isTracked: false, supportsTags: false,
    showsETag: true, linkPermission: "Microsoft.Network/virtualNetworks/subnets/join/action")
  var parentType: any EmbeddingType { VirtualNetworkType(changes: changes, random: random) }

  private static let members = [
    "addressPrefix", "addressPrefixes", "networkSecurityGroup", "routeTable", "natGateway", "serviceEndpoints", "delegations",
    "privateEndpointNetworkPolicies", "privateLinkServiceNetworkPolicies", "defaultOutboundAccess",
  ]
  /// What is refused rather than kept without effect.
  private static let unserved = ["routeTable", "natGateway"]
  private static let shownOnly = ["provisioningState", "ipConfigurations", "id", "etag", "purpose"]

  // MARK: Checking a network's subnets

  static func checked(
    _ json: JSON?, of network: ResourceID, prefixes: [IPv4Prefix], location: String, existing: Resource?, _ context: OperationContext,
    in transaction: RecordTransaction
  ) throws -> [JSON] {
    let children = json?.array ?? []
    guard children.count <= NetworkLimits.maximumSubnetsPerNetwork else {
      throw CloudError.quotaExceeded("Subnet", limit: NetworkLimits.maximumSubnetsPerNetwork)
    }
    var accepted: [(name: String, prefix: IPv4Prefix)] = []
    var result: [JSON] = []
    for child in children {
      guard let name = child.member("name")?.string else { throw CloudError.missing("subnets[].name", of: network) }
      try NetworkNames.check(name)
      guard !accepted.contains(where: { $0.name.lowercased() == name.lowercased() }) else {
        throw CloudError(400, "DuplicateResourceName", "Resource \(network) has two child resources with the same name (\(name)).")
      }
      let (properties, prefix) = try checked(child.member("properties"), name, of: network, location: location, context, in: transaction)
      guard prefixes.contains(where: { $0.contains(prefix) }) else {
        throw CloudError(400, "NetcfgInvalidSubnet", "Subnet '\(name)' is not valid in virtual network '\(network.name)'.")
      }
      if accepted.contains(where: { $0.prefix.overlaps(prefix) }) {
        throw CloudError(
          400, "NetcfgSubnetRangesOverlap",
          "Subnet '\(name)' is not valid because its IP address range overlaps with that of an existing subnet in virtual network '\(network.name)'.")
      }
      accepted.append((name, prefix))
      result.append(["name": .string(name), "properties": .object(properties)])
    }
    try checkUsed(accepted, existing, in: transaction)
    return result
  }

  /// What is in use neither goes nor moves.
  private static func checkUsed(
    _ accepted: [(name: String, prefix: IPv4Prefix)], _ existing: Resource?, in reader: any RecordReader
  ) throws {
    guard let existing else { return }
    for old in try VirtualNetwork(existing).subnets {
      if let now = accepted.first(where: { $0.name.lowercased() == old.name.lowercased() }) {
        guard now.prefix != old.prefix else { continue }
        let leases = try AddressLease.all(in: old.id, tenant: existing.tenant, in: reader)
        guard leases.allSatisfy({ now.prefix.contains($0.address) }) else {
          throw CloudError(
            400, "InUsePrefixCannotBeDeleted", "IpPrefix \(old.prefix) on Subnet \(old.name) has active allocations and cannot be deleted.")
        }
      } else {
        try checkUnused(old.id, name: old.name, tenant: existing.tenant, in: reader)
      }
    }
  }

  private static func checked(
    _ json: JSON?, _ name: String, of network: ResourceID, location: String, _ context: OperationContext, in reader: any RecordReader
  ) throws -> (JSON.Object, IPv4Prefix) {
    guard var properties = json?.object?.respelled(members + shownOnly) else { throw CloudError.missing("properties", of: network) }
    for shown in shownOnly { properties[shown] = nil }
    let several = properties["addressPrefixes"]?.array
    guard let listed = properties["addressPrefix"] ?? several?.first, several.map({ $0.count <= 1 }) ?? true else {
      throw CloudError(
        400, "MissingJsonProperty", "Subnet '\(name)' must have exactly one IPv4 address prefix.", target: "addressPrefix")
    }
    let prefix = try VirtualNetworkType.prefix(listed, of: name)
    guard prefix.length <= NetworkLimits.longestSubnetPrefix else {
      throw CloudError(
        400, "NetcfgSubnetTooSmall",
        "Subnet '\(name)' with address prefix '\(prefix)' is too small: the smallest subnet has a prefix of \(NetworkLimits.longestSubnetPrefix) bits."
      )
    }
    properties["addressPrefix"] = .string(prefix.description)
    properties["addressPrefixes"] = nil
    let id = VirtualNetwork.subnetID(name, of: network)
    if let member = unserved.first(where: { properties[$0] != nil }) {
      throw CloudError(400, "FeatureNotSupported", "'\(member)' of subnet '\(name)' is not served by this cloud.", target: member)
    }
    if let group = try ResourceReference.resolve(
      properties["networkSecurityGroup"], type: "Microsoft.Network/networkSecurityGroups", for: id, context, in: reader)
    {
      properties["networkSecurityGroup"] = ResourceReference.json(group.id)
    }
    if properties["privateEndpointNetworkPolicies"] == nil { properties["privateEndpointNetworkPolicies"] = "Disabled" }
    if properties["privateLinkServiceNetworkPolicies"] == nil { properties["privateLinkServiceNetworkPolicies"] = "Enabled" }
    if properties["delegations"] == nil { properties["delegations"] = [] }
    return (properties, prefix)
  }

  // MARK: Use

  static func checkUnused(_ id: ResourceID, name: String, tenant: GUID, in reader: any RecordReader) throws {
    guard let lease = try AddressLease.all(in: id, tenant: tenant, limit: 1, in: reader).first else { return }
    throw CloudError.subnetInUse(name, by: lease.configurationID.description)
  }

  func checkRemoval(_ id: ResourceID, parent: Resource, in reader: any RecordReader) throws {
    try Self.checkUnused(id, name: id.name, tenant: parent.tenant, in: reader)
  }

  func shown(_ properties: JSON, id: ResourceID, parent: Resource, in reader: any RecordReader) throws -> JSON {
    var shown = properties.object ?? JSON.Object()
    let leases = try AddressLease.all(in: id, tenant: parent.tenant, in: reader)
    if !leases.isEmpty { shown["ipConfigurations"] = .array(leases.map { ["id": .string($0.configurationID.description)] }) }
    shown["provisioningState"] = .string(parent.provisioningState.rawValue)
    return .object(shown)
  }
}
