internal import Base
internal import Fabric
internal import Records
internal import ResourceManager
internal import Wire

/// Reads from the records what this host's networks are to be.
struct WantedFabric {
  let configuration: NetworkConfiguration
  let reader: any RecordReader
  private var networks: [ResourceID: (tenant: GUID, network: VirtualNetwork)] = [:]
  private var rules: [ResourceID: [SecurityRule]] = [:]

  static func state(_ configuration: NetworkConfiguration, in reader: any RecordReader) throws -> FabricState {
    var builder = WantedFabric(configuration: configuration, reader: reader)
    return try builder.state()
  }

  /// The same, with the resource and tenant of each network.
  static func owned(
    _ configuration: NetworkConfiguration, in reader: any RecordReader
  ) throws -> (state: FabricState, owners: [NetworkName: NetworkOwner]) {
    var builder = WantedFabric(configuration: configuration, reader: reader)
    let state = try builder.state()
    let owners = builder.networks.map { ($0.value.network.name, NetworkOwner(tenant: $0.value.tenant, resource: $0.key)) }
    return (state, Dictionary(owners) { first, _ in first })
  }

  private init(configuration: NetworkConfiguration, reader: any RecordReader) {
    self.configuration = configuration
    self.reader = reader
  }

  private mutating func state() throws -> FabricState {
    var interfaces: [ResourceID: [(tenant: GUID, interface: NetworkInterface)]] = [:]
    for placement in try InterfacePlacement.all(on: configuration.host, in: reader) {
      guard let resource = try reader.fetch(Resource.self, Resource.key(tenant: placement.tenant, placement.interface)) else { continue }
      let interface = try NetworkInterface(resource)
      guard let network = interface.network, try load(network, tenant: placement.tenant) != nil else { continue }
      interfaces[network, default: []].append((placement.tenant, interface))
    }
    // A network that is joined with one here must be here too, for packets to have a way.
    for (tenant, network) in networks.values {
      for peering in network.peerings where try isJoined(network, peering, tenant: tenant) { _ = try load(peering.remote, tenant: tenant) }
    }
    var result = FabricState(
      publicPool: configuration.publicPool, outboundAddress: configuration.outboundAddress, reachesBeyondHost: configuration.reachesBeyondHost,
      resolvers: configuration.resolvers)
    for (id, entry) in networks.sorted(by: { $0.value.network.name < $1.value.network.name }) {
      result.networks.append(try fabricNetwork(entry.network, tenant: entry.tenant, interfaces[id]?.map(\.interface) ?? []))
    }
    return result
  }

  private mutating func load(_ id: ResourceID, tenant: GUID) throws -> VirtualNetwork? {
    if let known = networks[id] { return known.network }
    guard let network = try VirtualNetwork.find(id, tenant: tenant, in: reader) else { return nil }
    networks[id] = (tenant, network)
    return network
  }

  private mutating func isJoined(_ network: VirtualNetwork, _ peering: VirtualNetwork.Peering, tenant: GUID) throws -> Bool {
    guard !peering.isDisconnected, let remote = try VirtualNetwork.find(peering.remote, tenant: tenant, in: reader) else { return false }
    return remote.peerings.contains { $0.remote == network.id && !$0.isDisconnected }
  }

  private mutating func fabricNetwork(
    _ network: VirtualNetwork, tenant: GUID, _ interfaces: [NetworkInterface]
  ) throws -> FabricNetwork {
    var peers: [FabricPeer] = []
    for peering in network.peerings where try isJoined(network, peering, tenant: tenant) {
      guard peering.allowsAccess, let remote = networks[peering.remote]?.network else { continue }
      peers.append(FabricPeer(name: remote.name, prefixes: remote.prefixes, allowsForwarded: peering.allowsForwarded))
    }
    let reach = network.prefixes + peers.flatMap(\.prefixes)
    return FabricNetwork(
      name: network.name, identifier: network.identifier, prefixes: network.prefixes,
      subnets: network.subnets.map { FabricSubnet(name: $0.name, prefix: $0.prefix, resolvers: network.resolvers) },
      interfaces: try interfaces.sorted { $0.name < $1.name }.map { try fabricInterface($0, network, reach, tenant: tenant) }, peers: peers,
      names: try names(in: network, tenant: tenant), domain: "\(network.name.id.description.prefix(8)).\(configuration.internalDomain)")
  }

  private mutating func fabricInterface(
    _ interface: NetworkInterface, _ network: VirtualNetwork, _ reach: [IPv4Prefix], tenant: GUID
  ) throws -> FabricInterface {
    let primary = interface.configurations.first
    let subnet = network.subnets.first { $0.id == primary?.subnet }
    return FabricInterface(
      name: interface.name, mac: interface.mac,
      addresses: try interface.configurations.map { configuration in
        let resource = try configuration.publicAddress.flatMap { try reader.fetch(Resource.self, Resource.key(tenant: tenant, $0)) }
        return FabricAddress(privateAddress: configuration.address, publicAddress: resource.flatMap { PublicIPAddressType.address(of: $0) })
      },
      subnet: subnet?.name ?? "", forwards: interface.forwards,
      subnetRules: try subnet?.securityGroup.flatMap { try fabricRules($0, network, reach, tenant: tenant) },
      interfaceRules: try interface.securityGroup.flatMap { try fabricRules($0, network, reach, tenant: tenant) })
  }

  private mutating func fabricRules(
    _ group: ResourceID, _ network: VirtualNetwork, _ reach: [IPv4Prefix], tenant: GUID
  ) throws -> FabricRules? {
    if rules[group] == nil {
      guard let resource = try reader.fetch(Resource.self, Resource.key(tenant: tenant, group)) else { return nil }
      rules[group] = try NetworkSecurityGroupType.rules(of: resource)
    }
    let reader = reader
    let compiled = try (rules[group] ?? []).map { rule in
      (rule.direction, try rule.fabricRule(network: reach) { try Self.members(of: $0, in: network, tenant: tenant, reader) })
    }
    return FabricRules(
      inbound: compiled.filter { $0.0 == .inbound }.map(\.1), outbound: compiled.filter { $0.0 == .outbound }.map(\.1))
  }

  /// The addresses, in one network, of the configurations that bear an application security group.
  private static func members(
    of group: ResourceID, in network: VirtualNetwork, tenant: GUID, _ reader: any RecordReader
  ) throws -> [IPv4Prefix] {
    try ResourceLink.sources(of: group, NetworkInterfaceType.applicationGroupRole, tenant: tenant, in: reader).flatMap { id -> [IPv4Prefix] in
      guard let resource = try reader.fetch(Resource.self, Resource.key(tenant: tenant, id)) else { return [] }
      return try NetworkInterface(resource).configurations
        .filter { $0.applicationGroups.contains(group) && $0.subnet.parent == network.id }
        .map { IPv4Prefix($0.address, length: 32) }
    }
  }

  /// The names of the machines of a network: each bears that of its machine at its first address.
  private func names(in network: VirtualNetwork, tenant: GUID) throws -> [FabricHostName] {
    var names: [FabricHostName] = []
    for subnet in network.subnets {
      for lease in try AddressLease.all(in: subnet.id, tenant: tenant, in: reader) {
        guard
          let machine = try ResourceLink.sources(of: lease.interface, NetworkInterfaceType.machineRole, tenant: tenant, in: reader).first,
          let resource = try reader.fetch(Resource.self, Resource.key(tenant: tenant, machine))
        else { continue }
        let label = resource.properties.member("osProfile", "computerName")?.string ?? machine.name
        if !names.contains(where: { $0.label == label.lowercased() }) {
          names.append(FabricHostName(label: label.lowercased(), address: lease.address))
        }
      }
    }
    return names
  }
}
