public import Base
public import Fabric
public import Logging
public import Records
internal import ResourceManager
internal import Synchronization
public import Wire

/// Keeps this host's networks as the records want them, and gives machines their interfaces.
public final class NetworkService: MachineNetworks {
  let configuration: NetworkConfiguration
  let changes = NetworkChanges()
  let records: any RecordStore
  private let fabric: any Fabric
  private let logger: Logger
  private let state = Mutex(State())

  private struct State {
    var connected: Set<InterfaceName> = []
    /// Rounds that found something changed by others, since the start.
    var repairs = 0
  }

  public init(configuration: NetworkConfiguration, records: any RecordStore, fabric: any Fabric, logger: Logger) {
    self.configuration = configuration
    self.records = records
    self.fabric = fabric
    self.logger = logger
  }

  /// How often something had to be put right that was not as it had been left.
  public var repairCount: Int { state.withLock { $0.repairs } }

  /// Reconciles until it is cancelled: after each change, and every few seconds to find drift.
  public func run() async throws {
    changes.notify()
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { [changes] in
        while true {
          try await Task.sleep(for: .seconds(NetworkLimits.reconcileIntervalSeconds))
          changes.notify()
        }
      }
      for await _ in changes.stream {
        try Task.checkCancellation()
        await reconcile()
      }
      group.cancelAll()
    }
  }

  /// One round.
  public func reconcile() async {
    do {
      let wanted = try await records.read { [configuration] in try WantedFabric.state(configuration, in: $0) }
      let report = try await fabric.apply(wanted)
      if !report.repaired.isEmpty {
        logger.warning("networks repaired", metadata: ["repaired": "\(report.repaired.joined(separator: ", "))"])
      }
      state.withLock { state in
        state.connected = report.connected
        state.repairs += report.repaired.count
      }
    } catch _ where Task.isCancelled {
      return
    } catch {
      logger.error("networks could not be reconciled", metadata: ["error": "\(error)"])
    }
  }

  // MARK: MachineNetworks

  public func interface(_ id: ResourceID, tenant: GUID, in reader: any RecordReader) throws -> MachineInterfaceRecord? {
    guard let resource = try reader.fetch(Resource.self, Resource.key(tenant: tenant, id)) else { return nil }
    let interface = try NetworkInterface(resource)
    guard let networkID = interface.network, let network = try VirtualNetwork.find(networkID, tenant: tenant, in: reader),
      let primary = interface.configurations.first, let subnet = network.subnets.first(where: { $0.id == primary.subnet })
    else { return nil }
    return MachineInterfaceRecord(
      id: resource.id, location: resource.location ?? "", name: interface.name, network: network.name, mac: interface.mac,
      addresses: try interface.configurations.map { configuration in
        let bearer = try configuration.publicAddress.flatMap { try reader.fetch(Resource.self, Resource.key(tenant: tenant, $0)) }
        return FabricAddress(privateAddress: configuration.address, publicAddress: bearer.flatMap { PublicIPAddressType.address(of: $0) })
      }, subnet: subnet.prefix)
  }

  public func place(_ interfaces: [ResourceID], tenant: GUID, on host: String, in transaction: RecordTransaction) throws {
    for interface in interfaces { try transaction.save(InterfacePlacement(tenant: tenant, interface: interface, host: host)) }
    changes.notify(after: transaction)
  }

  public func withdraw(_ interfaces: [ResourceID], tenant: GUID, in transaction: RecordTransaction) throws {
    for interface in interfaces { try transaction.remove(InterfacePlacement.self, InterfacePlacement.key(tenant, interface)) }
    changes.notify(after: transaction)
  }

  public func prepareTap(_ interface: InterfaceName) async throws -> String {
    let tap = try await fabric.prepareTap(interface)
    _ = state.withLock { $0.connected.remove(interface) }
    return tap
  }

  public func connect(_ interfaces: [InterfaceName]) async throws {
    let deadline = ContinuousClock.now.advanced(by: .seconds(NetworkLimits.connectSeconds))
    while !state.withLock({ Set(interfaces).isSubset(of: $0.connected) }) {
      guard ContinuousClock.now < deadline else {
        throw FabricError("interfaces \(interfaces.map(\.id.description).joined(separator: ", ")) were not connected in time")
      }
      await reconcile()
      try await Task.sleep(for: .milliseconds(50))
    }
  }
}
