internal import Base
internal import Fabric
internal import Records
internal import ResourceManager
internal import Wire

/// `Microsoft.Network/publicIPAddresses`.
///
/// Source: Microsoft, "Public IP Addresses", REST reference.
struct PublicIPAddressType: ResourceType {
  let configuration: NetworkConfiguration
  let changes: NetworkChanges
  let random: any RandomSource
  let descriptor = ResourceTypeDescriptor(
    type: "Microsoft.Network/publicIPAddresses", apiVersions: NetworkProvider.apiVersions, supportsZones: true, showsETag: true,
    linkPermission: "Microsoft.Network/publicIPAddresses/join/action")

  private static let members = [
    "publicIPAllocationMethod", "publicIPAddressVersion", "idleTimeoutInMinutes", "dnsSettings", "ddosSettings", "ipTags", "deleteOption",
  ]

  func put(_ change: ResourceChange, in transaction: RecordTransaction) throws -> Resource {
    let existing = change.existing
    if existing == nil {
      try NetworkQuota.check(.publicIPAddresses, change.context, in: transaction)
      try NetworkNames.check(change.id.name)
    }
    var properties = existing?.properties.object ?? JSON.Object()
    for (name, value) in (change.body.member("properties")?.object?.respelled(Self.members) ?? JSON.Object()).members
    where Self.members.contains(name) {
      properties[name] = value
    }
    let sku = try sku(change.body, existing)
    let method = properties["publicIPAllocationMethod"]?.string ?? "Dynamic"
    guard let spelled = ["Static", "Dynamic"].first(where: { $0.lowercased() == method.lowercased() }) else {
      throw CloudError(
        400, "InvalidPublicIPAllocationMethod", "Public IP allocation method '\(method)' of \(change.id.name) must be Static or Dynamic.")
    }
    properties["publicIPAllocationMethod"] = .string(spelled)
    if sku["name"]?.string == "Standard", spelled != "Static" {
      throw CloudError(
        400, "PublicIPAddressAllocationMethodNotSupported",
        "Standard SKU publicIp \(change.id) is not allowed to have a Dynamic allocation method: it must be Static.")
    }
    if let version = properties["publicIPAddressVersion"]?.string, version.lowercased() != "ipv4" {
      throw CloudError(400, "IPv6NotSupported", "Public IP address \(change.id.name) asks for \(version), which this cloud does not serve.")
    }
    properties["publicIPAddressVersion"] = "IPv4"
    let timeout = properties["idleTimeoutInMinutes"]?.integer ?? 4
    guard (4...30).contains(timeout) else {
      throw CloudError(
        400, "InvalidIdleTimeoutInMinutes", "The idle timeout of \(change.id.name) is \(timeout) minutes; it must be between 4 and 30.")
    }
    properties["idleTimeoutInMinutes"] = .integer(timeout)
    if properties["ipTags"] == nil { properties["ipTags"] = [] }
    if properties["resourceGuid"] == nil { properties["resourceGuid"] = .string(random.guid().description) }
    if properties["ipAddress"] == nil {
      // One that is Dynamic keeps its address too: nothing is gained here by taking it away.
      properties["ipAddress"] = .string(
        try PublicAddressLease.take(for: change.id, configuration, tenant: change.context.tenant, in: transaction).description)
    }
    return Resource(
      tenant: change.context.tenant, id: change.id, location: nil, sku: sku,
      zones: change.body.member("zones")?.array?.compactMap(\.string) ?? existing?.zones, properties: .object(properties), etag: .zero,
      createdTime: change.context.now, changedTime: change.context.now)
  }

  private func sku(_ body: JSON, _ existing: Resource?) throws -> JSON {
    let given = body.member("sku", "name")?.string ?? existing?.sku?["name"]?.string ?? "Basic"
    guard let name = ["Standard", "Basic"].first(where: { $0.lowercased() == given.lowercased() }) else {
      throw CloudError(400, "InvalidSku", "The public IP SKU '\(given)' is not one of Basic, Standard.")
    }
    return ["name": .string(name), "tier": "Regional"]
  }

  func delete(_ resource: Resource, context: OperationContext, in transaction: RecordTransaction) throws {
    if let user = try Self.user(of: resource.id, tenant: resource.tenant, in: transaction) {
      throw CloudError(
        400, "PublicIPAddressCannotBeDeleted",
        "Public IP address \(resource.id) can not be deleted since it is still allocated to resource \(user). In order to delete the public IP, "
          + "disassociate/detach the Public IP address from the resource. To learn how to do this, see aka.ms/deletepublicip.")
    }
    if let address = Self.address(of: resource) { try transaction.remove(PublicAddressLease.self, PublicAddressLease.key(address)) }
    changes.notify(after: transaction)
  }

  static func address(of resource: Resource) -> IPv4Address? {
    resource.properties["ipAddress"]?.string.flatMap { IPv4Address($0) }
  }

  /// The IP configuration that bears it.
  static func user(of id: ResourceID, tenant: GUID, in reader: any RecordReader) throws -> ResourceID? {
    guard let interface = try ResourceLink.sources(of: id, NetworkInterfaceType.publicAddressRole, tenant: tenant, in: reader).first,
      let resource = try reader.fetch(Resource.self, Resource.key(tenant: tenant, interface))
    else { return nil }
    let configuration = try NetworkInterface(resource).configurations.first { $0.publicAddress == id }
    return configuration.map { NetworkInterface.configurationID($0.name, of: interface) } ?? interface
  }

  func render(_ resource: Resource, in reader: any RecordReader) throws -> JSON {
    var shown = resource.properties.object ?? JSON.Object()
    if let user = try Self.user(of: resource.id, tenant: resource.tenant, in: reader) { shown["ipConfiguration"] = ResourceReference.json(user) }
    shown["provisioningState"] = .string(resource.provisioningState.rawValue)
    return .object(shown)
  }
}

/// An address of the operator's pool that a public IP address holds, cloud-wide.
struct PublicAddressLease: Record, Codable {
  static let kind = "network.public"

  var address: IPv4Address
  var tenant: GUID
  var holder: ResourceID

  var key: RecordKey { Self.key(address) }
  static func key(_ address: IPv4Address) -> RecordKey {
    let digits = String(address.bits)
    return RecordKey(tenant: .zero, String(repeating: "0", count: 10 - digits.count) + digits)
  }

  /// The lowest free address of the pool, behind the outbound address.
  static func take(
    for holder: ResourceID, _ configuration: NetworkConfiguration, tenant: GUID, in transaction: RecordTransaction
  ) throws -> IPv4Address {
    let taken = Set(
      try transaction.list(PublicAddressLease.self, under: RecordKey(tenant: .zero, components: []), limit: configuration.poolSize + 1)
        .map(\.address))
    for prefix in configuration.publicPool {
      // The first and the last of a prefix are the network and its broadcast address.
      var next = prefix.count > 2 ? prefix.first.bits + 1 : prefix.first.bits
      let end = prefix.count > 2 ? prefix.last.bits - 1 : prefix.last.bits
      while next <= end {
        let address = IPv4Address(bits: next)
        if address != configuration.outboundAddress, !taken.contains(address) {
          try transaction.save(PublicAddressLease(address: address, tenant: tenant, holder: holder))
          return address
        }
        next += 1
      }
    }
    throw CloudError(
      400, "PublicIPAllocationFailed", "No address is left in this cloud's pool of public IP addresses for \(holder.name).")
  }
}
