internal import Base
internal import Fabric
internal import Records
internal import ResourceManager
internal import Wire

/// What a virtual network's kept properties say, typed.
struct VirtualNetwork {
  struct Subnet {
    var id: ResourceID
    var name: String
    var prefix: IPv4Prefix
    var securityGroup: ResourceID?
  }

  struct Peering {
    var name: String
    var remote: ResourceID
    var allowsAccess: Bool
    var allowsForwarded: Bool
    /// Whether its other half went since it was written.
    var isDisconnected: Bool
  }

  var id: ResourceID
  var name: NetworkName
  /// The VXLAN network identifier.
  var identifier: UInt32
  var prefixes: [IPv4Prefix]
  var subnets: [Subnet]
  var peerings: [Peering]
  var resolvers: [IPv4Address]

  init(_ resource: Resource) throws {
    let properties = resource.properties
    guard let guid = properties["resourceGuid"]?.string.flatMap({ GUID($0) }), let identifier = properties["vxlanIdentifier"]?.integer else {
      throw CloudError.internalError(Malformed(id: resource.id))
    }
    id = resource.id
    name = NetworkName(guid)
    self.identifier = UInt32(identifier)
    prefixes = (properties.member("addressSpace", "addressPrefixes")?.array ?? []).compactMap { $0.string.flatMap { IPv4Prefix($0) } }
    resolvers = (properties.member("dhcpOptions", "dnsServers")?.array ?? []).compactMap { $0.string.flatMap { IPv4Address($0) } }
    subnets = (properties["subnets"]?.array ?? []).compactMap { child in
      guard let name = child["name"]?.string, let prefix = child["properties"]?["addressPrefix"]?.string.flatMap({ IPv4Prefix($0) }) else {
        return nil
      }
      return Subnet(
        id: Self.subnetID(name, of: resource.id), name: name, prefix: prefix,
        securityGroup: child.member("properties", "networkSecurityGroup", "id")?.string.flatMap { ResourceID($0) })
    }
    peerings = (properties["virtualNetworkPeerings"]?.array ?? []).compactMap { child in
      guard let name = child["name"]?.string,
        let remote = child.member("properties", "remoteVirtualNetwork", "id")?.string.flatMap({ ResourceID($0) })
      else { return nil }
      return Peering(
        name: name, remote: remote, allowsAccess: child.member("properties", "allowVirtualNetworkAccess")?.boolean ?? true,
        allowsForwarded: child.member("properties", "allowForwardedTraffic")?.boolean ?? false,
        isDisconnected: child[PeeringType.disconnected]?.boolean ?? false)
    }
  }

  struct Malformed: Error {
    var id: ResourceID
  }

  static func subnetID(_ name: String, of network: ResourceID) -> ResourceID {
    var id = network
    id.provided[id.provided.count - 1].segments.append((type: "subnets", name: name))
    return id
  }

  func subnet(_ name: String) -> Subnet? {
    subnets.first { $0.name.lowercased() == name.lowercased() }
  }

  /// The virtual network of an id, with its record; nil where it is not there.
  static func find(_ id: ResourceID, tenant: GUID, in reader: any RecordReader) throws -> VirtualNetwork? {
    try reader.fetch(Resource.self, Resource.key(tenant: tenant, id)).map { try VirtualNetwork($0) }
  }
}

/// An identifier that a virtual network holds: no two networks of the cloud share one.
struct NetworkIdentifier: Record, Codable {
  static let kind = "network.identifier"
  var value: UInt32
  var key: RecordKey { Self.key(value) }
  static func key(_ value: UInt32) -> RecordKey { RecordKey(tenant: .zero, String(value)) }

  /// Takes one that is free.
  static func take(_ random: any RandomSource, in transaction: RecordTransaction) throws -> UInt32 {
    while true {
      let guess = random.bytes(3).reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
      guard guess > 0 else { continue }
      if try transaction.insert(NetworkIdentifier(value: guess)) { return guess }
    }
  }
}
