import Access
import Base
import Fabric
import Hypervisor
import Records
import ResourceManager
import Synchronization
import Wire

/// A host without processes: machines run as long as nobody ends them, and every question is counted.
final class TwinHypervisor: Hypervisor {
  private struct State {
    var running: [GUID: RunningMachine] = [:]
    var looks = 0
    var starts = 0
  }

  private let state = Mutex(State())
  private let memoryBytes: Int64

  init(memoryBytes: Int64) {
    self.memoryBytes = memoryBytes
  }

  /// How often it was asked what runs, and how many machines it was told to start.
  var looks: Int { state.withLock { $0.looks } }
  var starts: Int { state.withLock { $0.starts } }

  func run(_ id: GUID, _ resource: ResourceID, phase: RunningMachine.Phase = .running) {
    state.withLock { $0.running[id] = RunningMachine(id: id, resourceID: resource.description, phase: phase, disks: []) }
  }

  func end(_ id: GUID) {
    state.withLock { $0.running[id] = nil }
  }

  func host() async throws -> HypervisorHost {
    HypervisorHost(accelerator: .tcg, processors: 4, memoryBytes: memoryBytes, version: "twin")
  }

  func machines() async throws -> [RunningMachine] {
    state.withLock { state in
      state.looks += 1
      return Array(state.running.values)
    }
  }

  func start(_ specification: MachineSpecification) async throws {
    state.withLock { state in
      state.starts += 1
      state.running[specification.id] = RunningMachine(
        id: specification.id, resourceID: specification.resourceID, phase: .running, disks: Set(specification.disks.map(\.serial)))
    }
  }

  func requestShutdown(_ id: GUID) async throws { end(id) }
  func forget(_ id: GUID) async throws {}

  func exists(_ id: GUID) async throws -> Bool { try await machines().contains { $0.id == id } }

  func destroy(_ id: GUID) async throws { end(id) }
  func reset(_ id: GUID) async throws {}
  func attach(_ disk: MachineDisk, to id: GUID) async throws {}
  func detach(diskWithSerial serial: String, from id: GUID) async throws {}
  func grow(diskWithSerial serial: String, of id: GUID, to bytes: Int64) async throws {}
  func copy(diskWithSerial serial: String, of id: GUID, to target: ImageFile) async throws {}

  func execute(
    _ program: String, _ arguments: [String], environment: [String], input: [UInt8], in id: GUID, timeoutSeconds: Int64
  ) async throws -> GuestOutput { GuestOutput(status: 0, output: [], complaint: []) }

  func ends() -> AsyncStream<MachineEnd> { AsyncStream { $0.finish() } }
}

/// Networks in which every interface that somebody names is there, and which remember what was taken off their host.
final class TwinNetworks: MachineNetworks {
  private let taken = Mutex<[ResourceID]>([])

  var withdrawn: [ResourceID] { taken.withLock { $0 } }

  func interface(_ id: ResourceID, tenant: GUID, in reader: any RecordReader) throws -> MachineInterfaceRecord? {
    let name = GUID(high: 7, low: id.canonical.utf8.reduce(0) { $0 &* 31 &+ UInt64($1) })
    return MachineInterfaceRecord(
      id: id, location: "paris", name: InterfaceName(name), network: NetworkName(GUID(high: 8, low: 8)), mac: MACAddress(bits: 0x02_00_00_00_00_01),
      addresses: [FabricAddress(privateAddress: IPv4Address(10, 0, 0, 4))], subnet: IPv4Prefix(IPv4Address(10, 0, 0, 0), length: 24))
  }

  func place(_ interfaces: [ResourceID], tenant: GUID, on host: String, in transaction: RecordTransaction) throws {}

  func withdraw(_ interfaces: [ResourceID], tenant: GUID, in transaction: RecordTransaction) throws {
    taken.withLock { $0 += interfaces }
  }

  func prepareTap(_ interface: InterfaceName) async throws -> String { "tap" }
  func connect(_ interfaces: [InterfaceName]) async throws {}
}

/// A host without namespaces; it counts how often it was asked for one.
final class TwinFabric: Fabric {
  private let count = Mutex(0)

  var looks: Int { count.withLock { $0 } }

  func apply(_ wanted: FabricState) async throws -> FabricReport { FabricReport() }
  func prepareTap(_ interface: InterfaceName) async throws -> String { "tap" }
  func listen(in network: NetworkName, address: IPv4Address, port: UInt16) throws -> Int32 { throw FabricError("there is no kernel here") }
  func removeAll() async throws {}

  func identity(of network: NetworkName) -> UInt64? {
    count.withLock { $0 += 1 }
    return nil
  }
}

/// A cloud without blobs.
struct NoBlobs: BlobSource {
  func open(_ url: String, as principal: Principal) async throws -> any OpenedBlob {
    throw CloudError(404, "BlobNotFound", "There are no blobs here.")
  }
}

/// A store that counts what is asked of it.
final class CountingStore: RecordStore {
  private let inner: any RecordStore
  private let counts = Mutex((reads: 0, writes: 0))

  init(_ inner: any RecordStore) {
    self.inner = inner
  }

  /// Reads and writes since the last call.
  func take() -> (reads: Int, writes: Int) {
    counts.withLock { counts in
      defer { counts = (0, 0) }
      return counts
    }
  }

  func read<Result: Sendable>(_ body: @Sendable (any RecordReader) throws -> Result) async throws -> Result {
    counts.withLock { $0.reads += 1 }
    return try await inner.read(body)
  }

  @discardableResult
  func write<Result: Sendable>(_ body: @escaping @Sendable (RecordTransaction) throws -> Result) async throws -> Result {
    counts.withLock { $0.writes += 1 }
    return try await inner.write(body)
  }

  func settle() async { await inner.settle() }
}

/// One caller, by any token, who may do everything.
struct Owner: TokenVerifier, PrincipalResolver, Authorizer {
  let principal: Principal

  func principal(bearer token: String, audiences: [String]) async throws -> Principal { principal }
  func principal(tenant: GUID, objectID: GUID) async throws -> Principal? { principal }
  func principalType(tenant: GUID, objectID: GUID) async throws -> PrincipalType? { .user }
  func decide(_ principal: Principal, _ action: Action, on scope: AccessScope) async throws -> Decision { .allowed }
}
