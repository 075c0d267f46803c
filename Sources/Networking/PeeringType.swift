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

  static func checked(
    _ json: JSON?, of network: ResourceID, prefixes: [IPv4Prefix], _ context: OperationContext, in reader: any RecordReader
  ) throws -> [JSON] {
    let children = json?.array ?? []
    guard children.count <= NetworkLimits.maximumPeeringsPerNetwork else {
      throw CloudError.quotaExceeded("VirtualNetworkPeering", limit: NetworkLimits.maximumPeeringsPerNetwork)
    }
    var remotes: Set<ResourceID> = []
    return try children.map { child in
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
      // One that was deleted since leaves a peering that is disconnected.
      guard
        let remote = try ResourceReference.resolve(
          properties["remoteVirtualNetwork"], type: "Microsoft.Network/virtualNetworks", for: network, context, in: reader)
      else { return ["name": .string(name), "properties": .object(properties)] }
      let theirs = try VirtualNetwork(remote).prefixes
      if let own = prefixes.first(where: { prefix in theirs.contains { $0.overlaps(prefix) } }) {
        throw CloudError(
          400, "VnetAddressSpacesOverlap",
          "Cannot create or update peering \(name). Virtual networks \(network) and \(remoteID) cannot be peered because their address spaces "
            + "overlap. Overlapping address prefixes: \(own).")
      }
      return ["name": .string(name), "properties": .object(properties)]
    }
  }

  /// A network that goes takes the peerings of others with it out of use: they show `Disconnected`, and are removed here so that a later network
  /// of the same name is not joined by surprise.
  static func removeReverse(of network: VirtualNetwork, tenant: GUID, in transaction: RecordTransaction) throws {
    for peering in network.peerings {
      guard var remote = try transaction.fetch(Resource.self, Resource.key(tenant: tenant, peering.remote)) else { continue }
      guard var properties = remote.properties.object, let theirs = properties["virtualNetworkPeerings"]?.array else { continue }
      properties["virtualNetworkPeerings"] = .array(
        theirs.filter { $0.member("properties", "remoteVirtualNetwork", "id")?.string.flatMap { ResourceID($0) } != network.id })
      remote.properties = .object(properties)
      try transaction.save(remote)
    }
  }

  func checkRemoval(_ id: ResourceID, parent: Resource, in reader: any RecordReader) throws {}

  func shown(_ properties: JSON, id: ResourceID, parent: Resource, in reader: any RecordReader) throws -> JSON {
    var shown = properties.object ?? JSON.Object()
    var state = "Disconnected"
    if let remoteID = properties.member("remoteVirtualNetwork", "id")?.string.flatMap({ ResourceID($0) }),
      let remote = try VirtualNetwork.find(remoteID, tenant: parent.tenant, in: reader)
    {
      state = remote.peerings.contains { $0.remote == parent.id } ? "Connected" : "Initiated"
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
