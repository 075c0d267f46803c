internal import Base
internal import Fabric
internal import Records
internal import ResourceManager
internal import Wire

/// `Microsoft.Network/networkInterfaces`.
///
/// Source: Microsoft, "Network Interfaces", REST reference.
struct NetworkInterfaceType: ResourceType {
  let changes: NetworkChanges
  let random: any RandomSource
  let descriptor = ResourceTypeDescriptor(
    type: "Microsoft.Network/networkInterfaces", apiVersions: NetworkProvider.apiVersions, showsETag: true,
    linkPermission: "Microsoft.Network/networkInterfaces/join/action")

  static let securityGroupRole = "networkSecurityGroup"
  static let publicAddressRole = "publicIPAddress"
  static let applicationGroupRole = "applicationSecurityGroup"
  /// Links of this role come from machines.
  static let machineRole = "networkInterface"

  private static let members = [
    "ipConfigurations", "networkSecurityGroup", "enableIPForwarding", "enableAcceleratedNetworking", "dnsSettings", "nicType", "auxiliaryMode",
    "auxiliarySku", "disableTcpStateTracking",
  ]
  private static let configurationMembers = [
    "subnet", "privateIPAddress", "privateIPAllocationMethod", "privateIPAddressVersion", "publicIPAddress", "applicationSecurityGroups", "primary",
  ]

  func put(_ change: ResourceChange, in transaction: RecordTransaction) throws -> Resource {
    let existing = change.existing
    if existing == nil {
      try NetworkQuota.check(.networkInterfaces, change.context, in: transaction)
      try NetworkNames.check(change.id.name)
    }
    guard change.method == .put else {
      // Only tags are patched.
      return Resource(
        tenant: change.context.tenant, id: change.id, location: nil, properties: existing?.properties ?? [:], etag: .zero,
        createdTime: change.context.now, changedTime: change.context.now)
    }
    guard let given = change.body.member("properties")?.object?.respelled(Self.members) else { throw CloudError.missing("properties", of: change.id) }
    let before = try existing.map { try NetworkInterface($0) }
    var properties = JSON.Object()
    for (name, value) in given.members where Self.members.contains(name) { properties[name] = value }
    properties["resourceGuid"] = existing?.properties["resourceGuid"] ?? .string(random.guid().description)
    properties["macAddress"] = existing?.properties["macAddress"] ?? .string(Self.mac(random).azureText)
    for flag in ["enableIPForwarding", "enableAcceleratedNetworking", "disableTcpStateTracking"] where properties[flag]?.boolean == nil {
      properties[flag] = false
    }
    let context = change.context
    let group = try ResourceReference.resolve(
      properties["networkSecurityGroup"], type: "Microsoft.Network/networkSecurityGroups", for: change.id, context, in: transaction)
    if let group { properties["networkSecurityGroup"] = ResourceReference.json(group.id) }
    let links = try configure(&properties, change, before, in: transaction)
    let id = change.id
    try ResourceLink.set(from: id, Self.securityGroupRole, to: group.map { [$0.id] } ?? [], tenant: context.tenant, in: transaction)
    try ResourceLink.set(from: id, Self.publicAddressRole, to: links.publicAddresses, tenant: context.tenant, in: transaction)
    try ResourceLink.set(from: id, Self.applicationGroupRole, to: links.applicationGroups, tenant: context.tenant, in: transaction)
    changes.notify(after: transaction)
    return Resource(
      tenant: context.tenant, id: id, location: nil, properties: .object(properties), etag: .zero, createdTime: context.now,
      changedTime: context.now)
  }

  /// A locally administered address.
  private static func mac(_ random: any RandomSource) -> MACAddress {
    let bits = random.bytes(5).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    return MACAddress(bits: 0x02_00_00_00_00_00 | bits)
  }

  // MARK: IP configurations

  /// Checks the configurations, takes their addresses, and gives what they link to.
  private func configure(
    _ properties: inout JSON.Object, _ change: ResourceChange, _ before: NetworkInterface?, in transaction: RecordTransaction
  ) throws -> (publicAddresses: [ResourceID], applicationGroups: [ResourceID]) {
    let (id, context) = (change.id, change.context)
    guard let children = properties["ipConfigurations"]?.array, !children.isEmpty else { throw CloudError.missing("ipConfigurations", of: id) }
    guard children.count <= NetworkLimits.maximumConfigurationsPerInterface else {
      throw CloudError.quotaExceeded("IpConfiguration", limit: NetworkLimits.maximumConfigurationsPerInterface)
    }
    try AddressLease.releaseAll(of: id, tenant: context.tenant, in: transaction)
    var names: Set<String> = []
    var common: (subnet: ResourceID, name: String)?
    var publicAddresses: [ResourceID] = []
    var groups: [ResourceID] = []
    var result: [JSON] = []
    var hasPrimary = children.contains { $0.member("properties", "primary")?.boolean == true }
    for child in children {
      guard let name = child.member("name")?.string, let given = child.member("properties")?.object?.respelled(Self.configurationMembers) else {
        throw CloudError.missing("ipConfigurations[].properties", of: id)
      }
      try NetworkNames.check(name)
      guard names.insert(name.lowercased()).inserted else {
        throw CloudError(400, "DuplicateResourceName", "Resource \(id) has two child resources with the same name (\(name)).")
      }
      var kept = JSON.Object()
      for (member, value) in given.members where Self.configurationMembers.contains(member) { kept[member] = value }
      let subnet = try subnet(kept["subnet"], change, in: transaction)
      if let common, common.subnet != subnet.id {
        throw CloudError(
          400, "IpConfigurationsOnSameNicCannotUseDifferentSubnets",
          "IP configurations \(NetworkInterface.configurationID(common.name, of: id)) and \(NetworkInterface.configurationID(name, of: id)) on the "
            + "same network interface cannot belong to different subnets.")
      }
      common = (subnet.id, name)
      kept["subnet"] = ResourceReference.json(subnet.id)
      let old = before?.configurations.first { $0.name.lowercased() == name.lowercased() && $0.subnet == subnet.id }
      try allocate(&kept, subnet, name, old: old, change, in: transaction)
      if let address = try publicAddress(kept["publicIPAddress"], change, in: transaction) {
        guard !publicAddresses.contains(address) else { throw Self.publicAddressInUse(address, by: id) }
        publicAddresses.append(address)
        var reference = kept["publicIPAddress"]?.object ?? JSON.Object()
        let option = kept["publicIPAddress"]?.member("properties", "deleteOption")
        reference = JSON.Object([("id", .string(address.description))])
        if let option { reference["properties"] = ["deleteOption": option] }
        kept["publicIPAddress"] = .object(reference)
      }
      for reference in kept["applicationSecurityGroups"]?.array ?? [] {
        if let group = try ResourceReference.resolve(reference, type: ApplicationSecurityGroupType.name, for: id, context, in: transaction) {
          groups.append(group.id)
        }
      }
      if !hasPrimary {
        kept["primary"] = true
        hasPrimary = true
      }
      if kept["primary"] == nil { kept["primary"] = false }
      kept["privateIPAddressVersion"] = "IPv4"
      result.append(["name": .string(name), "properties": .object(kept)])
    }
    if let before, let old = before.network, let network = common?.subnet.parent, old != network {
      throw CloudError(
        400, "NicMovedBetweenVnets", "Network interface \(id) cannot be moved from virtual network \(old) to \(network).")
    }
    properties["ipConfigurations"] = .array(result)
    return (publicAddresses, groups)
  }

  private func subnet(_ json: JSON?, _ change: ResourceChange, in reader: any RecordReader) throws -> VirtualNetwork.Subnet {
    guard let json else { throw CloudError.missing("subnet", of: change.id) }
    guard let text = json.member("id")?.string, let subnetID = ResourceID(text), let networkID = subnetID.parent,
      subnetID.type?.lowercased() == "microsoft.network/virtualnetworks/subnets"
    else { throw CloudError.invalidReference(json.member("id")?.string ?? json.text, of: change.id) }
    guard
      let resource = try ResourceReference.resolve(
        ResourceReference.json(networkID), type: "Microsoft.Network/virtualNetworks", for: change.id, change.context, in: reader),
      let subnet = try VirtualNetwork(resource).subnet(subnetID.name)
    else { throw CloudError.invalidReference(text, of: change.id) }
    let location = change.body.member("location")?.string ?? change.existing?.location
    guard location == nil || location == resource.location else { throw CloudError.invalidReference(text, of: change.id) }
    return subnet
  }

  private func allocate(
    _ kept: inout JSON.Object, _ subnet: VirtualNetwork.Subnet, _ name: String, old: NetworkInterface.Configuration?, _ change: ResourceChange,
    in transaction: RecordTransaction
  ) throws {
    let method = kept["privateIPAllocationMethod"]?.string ?? (kept["privateIPAddress"] == nil ? "Dynamic" : "Static")
    guard let spelled = ["Dynamic", "Static"].first(where: { $0.lowercased() == method.lowercased() }) else {
      throw CloudError(400, "InvalidPrivateIPAllocationMethod", "Private IP allocation method '\(method)' must be Dynamic or Static.")
    }
    var wanted: IPv4Address?
    if spelled == "Static" {
      guard let text = kept["privateIPAddress"]?.string else {
        throw CloudError(
          400, "PrivateIPAddressMissing", "IP configuration \(name) of \(change.id) has a Static allocation method and no privateIPAddress.")
      }
      guard let address = IPv4Address(text) else {
        throw CloudError(400, "InvalidIPAddressFormat", "Private IP address '\(text)' of IP configuration \(name) is not an IPv4 address.")
      }
      wanted = address
    }
    // What was allocated stays while it still fits.
    let address = try AddressLease.take(
      wanted ?? old?.address, in: subnet, for: change.id, name, tenant: change.context.tenant, in: transaction)
    kept["privateIPAllocationMethod"] = .string(spelled)
    kept["privateIPAddress"] = .string(address.description)
  }

  private func publicAddress(_ json: JSON?, _ change: ResourceChange, in reader: any RecordReader) throws -> ResourceID? {
    guard
      let resource = try ResourceReference.resolve(
        json, type: "Microsoft.Network/publicIPAddresses", for: change.id, change.context, in: reader)
    else { return nil }
    let users = try ResourceLink.sources(of: resource.id, Self.publicAddressRole, tenant: change.context.tenant, in: reader)
    if let other = users.first(where: { $0 != change.id }) { throw Self.publicAddressInUse(resource.id, by: other) }
    return resource.id
  }

  private static func publicAddressInUse(_ id: ResourceID, by user: ResourceID) -> CloudError {
    CloudError(
      400, "PublicIPAddressInUse", "Resource \(user) is referencing public IP address \(id) that is already allocated to resource \(user).")
  }

  // MARK: Deleting and showing

  func delete(_ resource: Resource, context: OperationContext, in transaction: RecordTransaction) throws {
    if let machine = try ResourceLink.sources(of: resource.id, Self.machineRole, tenant: resource.tenant, in: transaction).first {
      throw CloudError(
        400, "NicInUse",
        "Network Interface \(resource.id) is used by existing resource \(machine). In order to delete the network interface, it must be "
          + "dissociated from the resource. To learn more, see aka.ms/deletenic.")
    }
    try AddressLease.releaseAll(of: resource.id, tenant: resource.tenant, in: transaction)
    try InterfacePlacement.remove(of: resource, in: transaction)
    changes.notify(after: transaction)
  }

  func companions(of resource: Resource, in reader: any RecordReader) throws -> [ResourceID] {
    (resource.properties["ipConfigurations"]?.array ?? []).compactMap { child in
      guard child.member("properties", "publicIPAddress", "properties", "deleteOption")?.string?.lowercased() == "delete" else { return nil }
      return child.member("properties", "publicIPAddress", "id")?.string.flatMap { ResourceID($0) }
    }
  }

  func render(_ resource: Resource, in reader: any RecordReader) throws -> JSON {
    var shown = resource.properties.object ?? JSON.Object()
    shown["ipConfigurations"] = .array(
      (shown["ipConfigurations"]?.array ?? []).map { child in
        let name = child["name"]?.string ?? ""
        var properties = child["properties"]?.object ?? JSON.Object()
        properties["provisioningState"] = "Succeeded"
        return [
          "name": .string(name), "id": .string(NetworkInterface.configurationID(name, of: resource.id).description),
          "etag": .string("W/\"\(resource.etag)\""), "type": "Microsoft.Network/networkInterfaces/ipConfigurations",
          "properties": .object(properties),
        ]
      })
    if let machine = try ResourceLink.sources(of: resource.id, Self.machineRole, tenant: resource.tenant, in: reader).first {
      shown["virtualMachine"] = ResourceReference.json(machine)
      shown["primary"] = true
    }
    if shown["dnsSettings"] == nil { shown["dnsSettings"] = ["dnsServers": [], "appliedDnsServers": []] }
    shown["hostedWorkloads"] = []
    shown["tapConfigurations"] = []
    shown["nicType"] = "Standard"
    shown["vnetEncryptionSupported"] = false
    shown["provisioningState"] = .string(resource.provisioningState.rawValue)
    return .object(shown)
  }
}
