import Access
import Base
import Compute
import Directory
import Edge
import Hypervisor
import Identity
import Keyring
import Logging
import NIOCore
import NIOHTTP1
import NIOPosix
import Records
import ResourceManager
import Simulation
import Synchronization
import Testing
import Wire

/// `Microsoft.Compute` behind Resource Manager, over real records and keys and twins of hypervisor and networks. Nothing is carried out: what a
/// request records is all that happens, until `finish` says that the rest is done.
final class ComputeFixture: Sendable {
  static let host = "host1"
  static let image = (publisher: "Cocagne", offer: "light", sku: "1")
  /// Sizes that some zones have, beside those that are always offered.
  static let zonalSizes = [
    MachineSize("Standard_Z2", family: "z", processors: 1, memoryMiB: 1024, maximumDataDisks: 2, zones: ["2"]),
    MachineSize("Standard_Z9", family: "z", processors: 1, memoryMiB: 1024, maximumDataDisks: 2, zones: ["9"]),
  ]

  let tenant: GUID
  let subscription: GUID
  let clock = ManualClock()
  let random: SeededRandom
  let records: CountingStore
  let hypervisor: TwinHypervisor
  let networks = TwinNetworks()
  let fabric = TwinFabric()
  let customerKeys = TwinCustomerKeys()
  let customerKeyring: CustomerKeyring
  let service: ComputeService
  private let endpoint: ResourceManagerEndpoint
  private let directory = ScratchDirectory()

  init(seed: UInt64 = 5, memoryGiB: Int64 = 64, overcommit: Double = 1) async throws {
    random = SeededRandom(seed: seed)
    (tenant, subscription) = (random.guid(), random.guid())
    hypervisor = TwinHypervisor(memoryBytes: memoryGiB << 30)
    records = CountingStore(try SQLiteRecordStore(path: directory("records")))
    let logger = Logger(label: "compute tests") { _ in SwiftLogNoOpLogHandler() }
    let keyring = Keyring(rootKey: try RootKey(creatingAt: directory("root.key"), random: random), random: random, clock: clock)
    customerKeyring = CustomerKeyring(keyring: keyring, records: records, keys: customerKeys, clock: clock, logger: logger)
    let address = CloudAddress(domain: "cloud.test", port: 443)
    let issuer = try await IdentityService(records: records, keyring: keyring, address: address, clock: clock, random: random, logger: logger)
    let configuration = ComputeConfiguration(
      host: Self.host, zones: ["1", "2", "3"], location: "paris", folder: directory("machines"), sizes: MachineSize.offered + Self.zonalSizes,
      memoryOvercommit: overcommit, address: address)
    service = ComputeService(
      configuration: configuration, records: records, customerKeys: customerKeyring, issuer: issuer,
      identities: ResourceIdentities(identity: issuer, access: AccessControl(records: records)), networks: networks, fabric: fabric,
      hypervisor: hypervisor, images: DiskImages(random: random), blobs: NoBlobs(), group: MultiThreadedEventLoopGroup.singleton, clock: clock,
      random: random, logger: logger)
    try await service.prepare()
    let caller = Owner(principal: Principal(kind: .user, tenant: tenant, objectID: random.guid(), name: "owner"))
    let paris = Location(
      name: "paris", displayName: "Paris", geography: "France", geographyGroup: "Europe", physicalLocation: "Paris", latitude: "0", longitude: "0",
      zones: ["1", "2", "3"])
    let manager = ResourceManager(
      records: records, access: AccessControl(records: records), providers: [ComputeProvider(service: service)], locations: [paris],
      tenantProfile: { TenantProfile(id: $0, displayName: "t", domains: ["cloud.test"], countryCode: "FR") }, clock: clock, random: random,
      logger: logger)
    endpoint = ResourceManagerEndpoint(
      manager: manager, verifier: caller, authorizer: caller, principals: caller, address: address, logger: logger)
    let (tenant, subscription, now) = (tenant, subscription, clock.now())
    try await records.write {
      try ResourceManager.createSubscription(id: subscription, tenant: tenant, displayName: "s", now: now, in: $0)
    }
    try await addImage("1.0.0")
    _ = await send(.PUT, group, ["location": "paris"])
  }

  func addImage(_ version: String) async throws {
    let image = PlatformImage(
      publisher: Self.image.publisher, offer: Self.image.offer, sku: Self.image.sku, version: version, folder: "images/\(version)",
      sizeBytes: 1 << 30, generations: ["V1"], directBoot: nil, reportsReady: false, digests: [:], signature: "", publishedTime: clock.now(),
      text: nil)
    try await records.write { try $0.save(image) }
  }

  // MARK: Requests

  struct Answer {
    var status: Int
    var json: JSON
    /// The error's code, and what it is about.
    var code: String? { json["error"]?["code"]?.string }
    var target: String? { json["error"]?["target"]?.string }
    var message: String { json["error"]?["message"]?.string ?? "" }
    var properties: JSON { json["properties"] ?? [:] }
    var names: [String] { json["value"]?.array?.compactMap { $0["name"]?.string } ?? [] }
  }

  var subscriptionPath: String { "/subscriptions/\(subscription)" }
  var group: String { "\(subscriptionPath)/resourceGroups/rg" }
  func path(_ type: String, _ name: String) -> String { "\(group)/providers/Microsoft.Compute/\(type)/\(name)" }

  func send(_ method: HTTPMethod, _ path: String, query: [(name: String, value: String)] = [], _ body: JSON? = nil) async -> Answer {
    let headers: HTTPHeaders = ["Authorization": "Bearer token", "Content-Type": "application/json"]
    let request = EdgeRequest(
      method: method, path: path, query: Query(items: query + [("api-version", "2024-11-01")]), headers: headers, host: "management.cloud.test",
      identifiers: RequestIdentifiers(request: random.guid()), body: Text(body?.text ?? ""))
    let response = await endpoint.respond(to: request)
    guard case .bytes(let buffer) = response.body, buffer.readableBytes > 0 else { return Answer(status: Int(response.status.code), json: .null) }
    return Answer(status: Int(response.status.code), json: (try? JSON(parsing: buffer.readableBytesView)) ?? "not JSON")
  }

  /// The body of a machine that is like others, under a merge patch of its properties.
  func machineBody(_ name: String, size: String = "Standard_B1s", zone: String? = nil, _ properties: JSON = [:]) -> JSON {
    let interface = "\(group)/providers/Microsoft.Network/networkInterfaces/\(name)"
    let standard: JSON = [
      "hardwareProfile": ["vmSize": .string(size)],
      "storageProfile": [
        "imageReference": [
          "publisher": .string(Self.image.publisher), "offer": .string(Self.image.offer), "sku": .string(Self.image.sku), "version": "latest",
        ], "osDisk": ["createOption": "FromImage"],
      ], "osProfile": ["computerName": .string(name), "adminUsername": "me", "adminPassword": "Long-enough-1"],
      "networkProfile": ["networkInterfaces": [["id": .string(interface)]]],
    ]
    return .object([
      "location": "paris", "zones": zone.map { [.string($0)] }, "properties": standard.merging(patch: properties),
    ])
  }

  func putMachine(_ name: String, size: String = "Standard_B1s", zone: String? = nil, _ properties: JSON = [:]) async -> Answer {
    await send(.PUT, path("virtualMachines", name), machineBody(name, size: size, zone: zone, properties))
  }

  func putSet(_ name: String, _ properties: JSON = [:], sku: String? = "Aligned") async -> Answer {
    await send(
      .PUT, path("availabilitySets", name),
      .object(["location": "paris", "sku": sku.map { ["name": .string($0)] }, "properties": properties]))
  }

  // MARK: What requests leave behind

  func id(_ name: String) throws -> ResourceID { try #require(ResourceID(path("virtualMachines", name))) }

  func machine(_ name: String) async throws -> Machine {
    let (id, tenant) = (try id(name), tenant)
    return try #require(try await records.read { try Machine.find(id, tenant: tenant, in: $0) })
  }

  func change(_ machine: Machine, _ body: @escaping @Sendable (inout Machine) -> Void) async throws {
    try await records.write { transaction in
      guard var current = try transaction.fetch(Machine.self, machine.key) else { return }
      body(&current)
      try transaction.save(current)
    }
  }

  /// Ends what is under way for a machine, as if it had been carried out: it runs.
  func finish(_ name: String) async throws {
    let (machine, now) = (try await machine(name), clock.now())
    try await records.write { transaction in
      for operation in try LongRunningOperation.pending(machine.id, tenant: machine.tenant, in: transaction) {
        try transaction.remove(LongRunningOperation.self, operation.key)
      }
      guard var resource = try transaction.fetch(Resource.self, Resource.key(tenant: machine.tenant, machine.id)) else { return }
      resource.provisioningState = .succeeded
      try transaction.save(resource)
    }
    try await change(machine) { $0.startedTime = now }
    hypervisor.run(machine.vmID, machine.id)
  }
}

/// A body that is there at once.
private final class Text: EdgeBody {
  let length: Int?
  private let rest: Mutex<ByteBuffer?>

  init(_ text: String) {
    length = text.utf8.count
    rest = Mutex(text.isEmpty ? nil : ByteBuffer(string: text))
  }

  func next() async throws -> ByteBuffer? {
    rest.withLock { rest in
      defer { rest = nil }
      return rest
    }
  }
}
