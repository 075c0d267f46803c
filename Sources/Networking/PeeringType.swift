internal import Base
internal import Fabric
internal import Records
internal import ResourceManager
internal import Wire

/// `Microsoft.Network/virtualNetworks/virtualNetworkPeerings`: two networks are joined once each has a peering with the other.
///
/// Source: Microsoft, "Virtual Network Peerings", REST reference.
struct PeeringType: EmbeddedType {
  let changes: NetworkChanges
  let random: any RandomSource
  let member = "virtualNetworkPeerings"
  let descriptor = ResourceTypeDescriptor(
    type: "Microsoft.Network/virtualNetworks/virtualNetworkPeerings", apiVersions: NetworkProvider.apiVersions, isTracked: false,
    supportsTags: false, showsETag: true)
  var parentType: any EmbeddingType { VirtualNetworkType(changes: changes, random: random) }

  private static let members = [
    "remoteVirtualNetwork", "allowVirtualNetworkAccess", "allowForwardedTraffic", "allowGatewayTransit", "useRemoteGateways",
    "doNotVerifyRemoteGateways",
  ]
  private static let shownOnly = [
    "provisioningState", "peeringState", "peeringSyncLevel", "remoteAddressSpace", "remoteVirtualNetworkAddressSpace", "resourceGuid",
  ]

  /// Marks a peering whose other half is gone. It stands beside the properties, so that a PUT of the peering clears it.
  static let disconnected = "isDisconnected"

  // MARK: Checking a network's peerings

  static func checked(
    _ json: JSON?, of network: ResourceID, prefixes: [IPv4Prefix], existing: Resource?, _ context: OperationContext, in transaction: RecordTransaction
  ) throws -> [JSON] {
    let children = json?.array ?? []
    guard children.count <= NetworkLimits.maximumPeeringsPerNetwork else {
      throw CloudError.quotaExceeded("VirtualNetworkPeering", limit: NetworkLimits.maximumPeeringsPerNetwork)
    }
    var remotes: Set<ResourceID> = []
    let result: [JSON] = try children.map { child in
      guard let name = child.member("name")?.string, var properties = child.member("properties")?.object?.respelled(members + shownOnly) else {
        throw CloudError.missing("virtualNetworkPeerings[].properties", of: network)
      }
      try NetworkNames.check(name)
      for shown in shownOnly { properties[shown] = nil }
      guard let given = properties["remoteVirtualNetwork"]?.member("id")?.string, let remoteID = ResourceID(given) else {
        throw CloudError.missing("remoteVirtualNetwork", of: network)
      }
      guard remoteID != network, remotes.insert(remoteID).inserted else {
        throw CloudError(
          400, "AnotherPeeringAlreadyReferencesRemoteVnet",
          "Cannot create or update peering \(name): virtual network \(network) cannot have two peerings with \(remoteID), nor one with itself.")
      }
      properties["remoteVirtualNetwork"] = ResourceReference.json(remoteID)
      for flag in ["allowVirtualNetworkAccess"] where properties[flag] == nil { properties[flag] = true }
      for flag in ["allowForwardedTraffic", "allowGatewayTransit", "useRemoteGateways"] where properties[flag] == nil { properties[flag] = false }
      // The network behind a disconnected one may be gone, or another by now: that is checked when the peering is written again.
      if child[disconnected]?.boolean == true { return ["name": .string(name), disconnected: true, "properties": .object(properties)] }
      let remote = try ResourceReference.resolve(
        properties["remoteVirtualNetwork"], type: "Microsoft.Network/virtualNetworks", for: network, context, in: transaction)
      if let remote { try check(name, of: network, prefixes, with: VirtualNetwork(remote)) }
      return ["name": .string(name), "properties": .object(properties)]
    }
    for peering in try existing.map({ try VirtualNetwork($0) })?.peerings ?? [] where !remotes.contains(peering.remote) {
      try disconnectReverse(of: peering, in: network, tenant: context.tenant, in: transaction)
    }
    return result
  }

  private static func check(_ name: String, of network: ResourceID, _ prefixes: [IPv4Prefix], with remote: VirtualNetwork) throws {
    if let own = prefixes.first(where: { prefix in remote.prefixes.contains { $0.overlaps(prefix) } }) {
      throw CloudError(
        400, "VnetAddressSpacesOverlap",
        "Cannot create or update peering \(name). Virtual networks \(network) and \(remote.id) cannot be peered because their address spaces "
          + "overlap. Overlapping address prefixes: \(own).")
    }
    if let reverse = remote.peerings.first(where: { $0.remote == network && $0.isDisconnected }) {
      throw CloudError(
        400, "RemotePeeringIsDisconnected",
        "Cannot create or update peering \(id(name, of: network)) because remote peering \(id(reverse.name, of: remote.id)) referencing parent "
          + "virtual network \(network) is in Disconnected state. Update or re-create the remote peering to get it back to Initiated state. "
          + "Peering gets Disconnected when remote vnet or remote peering is deleted and re-created.")
    }
  }

  private static func id(_ name: String, of network: ResourceID) -> ResourceID {
    var id = network
    id.provided[id.provided.count - 1].segments.append((type: "virtualNetworkPeerings", name: name))
    return id
  }

  // MARK: Being disconnected

  /// The peerings that a network's body gives, with what no body says: which of those that are kept are disconnected.
  static func keepingDisconnected(_ given: JSON?, from kept: JSON?) -> JSON? {
    guard let children = given?.array else { return given }
    let marked = (kept?.array ?? []).filter { $0[disconnected]?.boolean == true }
    return .array(
      children.map { child in
        guard var object = child.object else { return child }
        object[disconnected] = marked.contains { isSame($0, child) } ? true : nil
        return .object(object)
      })
  }

  private static func isSame(_ one: JSON, _ other: JSON) -> Bool {
    one.member("name")?.string?.lowercased() == other.member("name")?.string?.lowercased() && remote(of: one) == remote(of: other)
  }

  private static func remote(of child: JSON) -> ResourceID? {
    child.member("properties", "remoteVirtualNetwork", "id")?.string.flatMap { ResourceID($0) }
  }

  /// A peering that goes, alone or with its network, leaves its other half disconnected: what is made anew under its name does not join by surprise.
  static func disconnectReverse(
    of peering: VirtualNetwork.Peering, in network: ResourceID, tenant: GUID, in transaction: RecordTransaction
  ) throws {
    guard var other = try transaction.fetch(Resource.self, Resource.key(tenant: tenant, peering.remote)),
      var properties = other.properties.object, let theirs = properties["virtualNetworkPeerings"]?.array,
      theirs.contains(where: { remote(of: $0) == network })
    else { return }
    properties["virtualNetworkPeerings"] = .array(
      theirs.map { child in
        guard remote(of: child) == network, var object = child.object else { return child }
        object[disconnected] = true
        return .object(object)
      })
    other.properties = .object(properties)
    try transaction.save(other)
  }

  func checkRemoval(_ id: ResourceID, parent: Resource, in reader: any RecordReader) throws {}

  func shown(_ properties: JSON, id: ResourceID, parent: Resource, in reader: any RecordReader) throws -> JSON {
    var shown = properties.object ?? JSON.Object()
    let isDisconnected = (parent.properties[member]?.array ?? []).contains {
      $0["name"]?.string?.lowercased() == id.name.lowercased() && $0[Self.disconnected]?.boolean == true
    }
    var state = "Disconnected"
    if let remoteID = properties.member("remoteVirtualNetwork", "id")?.string.flatMap({ ResourceID($0) }),
      let remote = try VirtualNetwork.find(remoteID, tenant: parent.tenant, in: reader)
    {
      if !isDisconnected { state = remote.peerings.contains { $0.remote == parent.id && !$0.isDisconnected } ? "Connected" : "Initiated" }
      let space: JSON = ["addressPrefixes": .array(remote.prefixes.map { .string($0.description) })]
      shown["remoteAddressSpace"] = space
      shown["remoteVirtualNetworkAddressSpace"] = space
    }
    shown["peeringState"] = .string(state)
    shown["peeringSyncLevel"] = state == "Connected" ? "FullyInSync" : "LocalNotInSync"
    shown["provisioningState"] = .string(parent.provisioningState.rawValue)
    return .object(shown)
  }
}
