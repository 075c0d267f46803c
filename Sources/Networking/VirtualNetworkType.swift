internal import Base
internal import Fabric
internal import Records
internal import ResourceManager
internal import Wire

/// `Microsoft.Network/virtualNetworks`.
///
/// Source: Microsoft, "Virtual Networks", REST reference.
struct VirtualNetworkType: EmbeddingType {
  let changes: NetworkChanges
  let random: any RandomSource
  let descriptor = ResourceTypeDescriptor(
    type: "Microsoft.Network/virtualNetworks", apiVersions: NetworkProvider.apiVersions, showsETag: true,
    linkPermission: "Microsoft.Network/virtualNetworks/peer/action")

  private static let members = [
    "addressSpace", "subnets", "virtualNetworkPeerings", "dhcpOptions", "enableDdosProtection", "enableVmProtection", "flowTimeoutInMinutes",
    "privateEndpointVNetPolicies",
  ]
  private static let links = "subnetSecurityGroup"

  var views: [ResourceView] {
    [
      ResourceView(name: "checkIPAddressAvailability", permission: AddressAvailability.permission) { resource, context, reader in
        try AddressAvailability.check(context.query["ipAddress"], in: VirtualNetwork(resource), tenant: resource.tenant, reader)
      }
    ]
  }

  func put(_ change: ResourceChange, in transaction: RecordTransaction) throws -> Resource {
    let existing = change.existing
    if existing == nil {
      try NetworkQuota.check(.virtualNetworks, change.context, in: transaction)
      try checkName(change.id.name)
    }
    var properties = existing?.properties.object ?? JSON.Object()
    if change.method == .put || change.body.member("properties") != nil {
      guard let given = change.body.member("properties")?.object else { throw CloudError.missing("properties", of: change.id) }
      var wanted = given.respelled(Self.members)
      for name in ["resourceGuid", "vxlanIdentifier"] { wanted[name] = properties[name] }
      // A PUT that does not speak of subnets or peerings leaves them.
      for name in ["subnets", "virtualNetworkPeerings"] where wanted[name] == nil { wanted[name] = properties[name] }
      wanted["virtualNetworkPeerings"] = PeeringType.keepingDisconnected(
        wanted["virtualNetworkPeerings"], from: properties["virtualNetworkPeerings"])
      if change.method == .patch {
        for (name, value) in properties.members where wanted[name] == nil { wanted[name] = value }
      }
      properties = wanted
    }
    let location = change.body.member("location")?.string ?? existing?.location ?? ""
    properties = try checked(properties, id: change.id, location: location, existing: existing, change.context, in: transaction)
    return Resource(
      tenant: change.context.tenant, id: change.id, location: nil, properties: .object(properties), etag: .zero,
      createdTime: change.context.now, changedTime: change.context.now)
  }

  func checked(
    _ properties: JSON.Object, id: ResourceID, location: String, existing: Resource?, _ context: OperationContext, in transaction: RecordTransaction
  ) throws -> JSON.Object {
    var result = properties
    guard let listed = result["addressSpace"]?.member("addressPrefixes")?.array, !listed.isEmpty else {
      throw CloudError(
        400, "MissingAddressSpace", "Address space is not specified or is empty for virtual network \(id.name).", target: "addressSpace")
    }
    guard listed.count <= NetworkLimits.maximumPrefixesPerNetwork else {
      throw CloudError.quotaExceeded("AddressPrefix", limit: NetworkLimits.maximumPrefixesPerNetwork)
    }
    let prefixes = try listed.map { try Self.prefix($0, of: id.name) }
    try Self.checkOverlaps(prefixes, id)
    result["addressSpace"] = ["addressPrefixes": .array(prefixes.map { .string($0.description) })]
    result["subnets"] = .array(
      try SubnetType.checked(result["subnets"], of: id, prefixes: prefixes, location: location, existing: existing, context, in: transaction))
    result["virtualNetworkPeerings"] = .array(
      try PeeringType.checked(result["virtualNetworkPeerings"], of: id, prefixes: prefixes, existing: existing, context, in: transaction))
    if result["resourceGuid"] == nil {
      result["resourceGuid"] = .string(random.guid().description)
      result["vxlanIdentifier"] = .integer(Int64(try NetworkIdentifier.take(random, in: transaction)))
    }
    if result["enableDdosProtection"] == nil { result["enableDdosProtection"] = false }
    let groups = (result["subnets"]?.array ?? []).compactMap {
      $0.member("properties", "networkSecurityGroup", "id")?.string.flatMap { ResourceID($0) }
    }
    try ResourceLink.set(from: id, Self.links, to: groups, tenant: context.tenant, in: transaction)
    changes.notify(after: transaction)
    return result
  }

  /// The subnets' groups are in use by their network.
  static func networks(using group: ResourceID, tenant: GUID, in reader: any RecordReader) throws -> [ResourceID] {
    try ResourceLink.sources(of: group, links, tenant: tenant, in: reader)
  }

  private func checkName(_ name: String) throws {
    guard NetworkNames.isValid(name, maximum: 64) else { throw NetworkNames.invalid(name, maximum: 64) }
  }

  static func prefix(_ json: JSON, of name: String) throws -> IPv4Prefix {
    let text = json.string ?? json.text
    guard let prefix = IPv4Prefix(text), text.contains("/") else {
      if text.contains(":") {
        throw CloudError(400, "IPv6NotSupported", "The address prefix \(text) of resource \(name) is IPv6, which this cloud does not serve.")
      }
      throw CloudError.invalidPrefix(text, of: name)
    }
    guard prefix.length >= NetworkLimits.shortestPrefix else { throw CloudError.invalidPrefix(text, of: name) }
    let forbidden = ["127.0.0.0/8", "169.254.0.0/16", "224.0.0.0/4", "240.0.0.0/4", "168.63.129.16/32", "0.0.0.0/8"].compactMap { IPv4Prefix($0) }
    guard !forbidden.contains(where: { $0.overlaps(prefix) }) else {
      throw CloudError(
        400, "AddressPrefixNotAllowed", "The address prefix \(text) of resource \(name) overlaps with addresses that the platform keeps for itself.")
    }
    return prefix
  }

  private static func checkOverlaps(_ prefixes: [IPv4Prefix], _ id: ResourceID) throws {
    for (index, prefix) in prefixes.enumerated() {
      guard let other = prefixes[..<index].first(where: { $0.overlaps(prefix) }) else { continue }
      throw CloudError(
        400, "NetcfgAddressPrefixesOverlap",
        "Address prefixes \(other) and \(prefix) of virtual network \(id.name) overlap.")
    }
  }

  func delete(_ resource: Resource, context: OperationContext, in transaction: RecordTransaction) throws {
    let network = try VirtualNetwork(resource)
    for subnet in network.subnets { try SubnetType.checkUnused(subnet.id, name: subnet.name, tenant: resource.tenant, in: transaction) }
    try transaction.remove(NetworkIdentifier.self, NetworkIdentifier.key(network.identifier))
    for peering in network.peerings {
      try PeeringType.disconnectReverse(of: peering, in: resource.id, tenant: resource.tenant, in: transaction)
    }
    changes.notify(after: transaction)
  }

  func render(_ resource: Resource, in reader: any RecordReader) throws -> JSON {
    var shown = resource.properties.object ?? JSON.Object()
    shown["vxlanIdentifier"] = nil
    shown["subnets"] = .array(try SubnetType(changes: changes, random: random).shownChildren(of: resource, in: reader))
    shown["virtualNetworkPeerings"] = .array(try PeeringType(changes: changes, random: random).shownChildren(of: resource, in: reader))
    shown["provisioningState"] = .string(resource.provisioningState.rawValue)
    return .object(shown)
  }
}
