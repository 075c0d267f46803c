import Base
import Catalogue
import Directory
import Edge
import Identity
import Logging
import NIOCore
import NIOHTTP1
import ResourceManager
import SecNumCloud
import Storage
import Synchronization
import Wire

/// The cloud's endpoints over a house's own records: what a stranger asks is answered as the cloud answers it, without the wire in between.
final class HouseDoor: OutsideView {
  private let house: ObservedHouse
  private let management: ResourceManagerEndpoint
  private let login: IdentityEndpoint
  private let graph: DirectoryEndpoint
  private let storage: StorageEndpoint
  private let past = Mutex<[OutsideRequest]>([])

  /// What was asked so far.
  var requests: [OutsideRequest] { past.withLock { $0 } }

  init(_ house: ObservedHouse) {
    self.house = house
    let logger = Logger(label: "door") { _ in SwiftLogNoOpLogHandler() }
    let address = house.platform.site.address
    let accounts = StorageAccounts(records: house.records, keyring: house.keyring)
    let manager = ResourceManager(
      records: house.records, access: house.access,
      providers: [StorageProvider(accounts: accounts, random: house.random, address: address, locations: ["paris"])],
      locations: house.platform.site.locations,
      tenantProfile: { TenantProfile(id: $0, displayName: "t", domains: ["cloud.test"], countryCode: "FR") }, clock: house.clock,
      random: house.random,
      logger: logger)
    management = ResourceManagerEndpoint(
      manager: manager, verifier: house.identity, authorizer: house.access, principals: house.identity, address: address, logger: logger)
    login = IdentityEndpoint(service: house.identity, authorizer: house.access, logger: logger)
    graph = DirectoryEndpoint(
      records: house.records, access: house.access, identity: house.identity, address: address, clock: house.clock, random: house.random,
      logger: logger)
    storage = StorageEndpoint(
      accounts: accounts, extents: house.extents, verifier: house.identity, principals: house.identity, authorizer: house.access, address: address,
      clock: house.clock, random: house.random, logger: logger)
  }

  func request(_ request: OutsideRequest) async throws -> OutsideAnswer {
    past.withLock { $0.append(request) }
    let parts = request.path.split(separator: "?", maxSplits: 1)
    let inner = EdgeRequest(
      method: HTTPMethod(rawValue: request.method), path: String(parts[0]), query: Query(parsing: parts.count > 1 ? String(parts[1]) : "") ?? Query(),
      headers: HTTPHeaders(request.headers.map { ($0.name, $0.value) }), authority: request.host, host: request.host,
      identifiers: RequestIdentifiers(request: house.random.guid()), body: WholeBody(request.body))
    let service = request.host.split(separator: ".")[0]
    let response: EdgeResponse =
      switch service {
      case "login": await login.respond(to: inner)
      case "management": await management.respond(to: inner)
      case "graph": await graph.respond(to: inner)
      default: await storage.respond(to: inner)
      }
    var body: [UInt8] = []
    switch response.body {
    case .bytes(let buffer): body = Array(buffer.readableBytesView)
    case .stream(_, let source): while let piece = try await source.next() { body += piece.readableBytesView }
    case .head: break
    }
    return OutsideAnswer(status: Int(response.status.code), headers: response.headers.map { ($0.name.lowercased(), $0.value) }, body: body)
  }

  func handshake(_ offer: HandshakeOffer) async throws -> Handshake? { nil }
  func exchange(_ datagram: [UInt8], host: String, port: Int) async throws -> [UInt8]? { nil }
}

/// A body that is there at once.
private final class WholeBody: EdgeBody {
  let length: Int?
  private let rest: Mutex<ByteBuffer?>

  init(_ bytes: [UInt8]) {
    length = bytes.count
    rest = Mutex(bytes.isEmpty ? nil : ByteBuffer(bytes: bytes))
  }

  func next() async throws -> ByteBuffer? {
    rest.withLock { rest in
      defer { rest = nil }
      return rest
    }
  }
}

/// The engines of a host, as a test says: what `ScriptedMachines` tells, with images, what is missing, and who answers whom.
final class ScriptedInventory: MachineInventory {
  private struct State {
    var images: [ImageOnOffer] = []
    var missing: [String] = []
    /// Pairs of namespaces, asked first.
    var reached: Set<[String]> = []
    /// Whether all networks have the same addresses.
    var common = false
  }

  let machinesView = ScriptedMachines()
  private let state = Mutex(State())

  func set(images: [ImageOnOffer] = [], missing: [String] = [], reached: Set<[String]> = [], common: Bool = false) {
    state.withLock { $0 = State(images: images, missing: missing, reached: reached, common: common) }
  }

  func disks() async throws -> [DiskOnHost] { try await machinesView.disks() }
  func machines() async throws -> [MachineOnHost] { try await machinesView.machines() }
  func networks() async throws -> [NetworkOnHost] { try await machinesView.networks() }
  func images() async throws -> [ImageOnOffer] { state.withLock { $0.images } }
  func missing() async throws -> [String] { state.withLock { $0.missing } }
  func answers(_ asked: String, to asking: String) async throws -> Bool? {
    asked == asking ? true : state.withLock { $0.common ? nil : $0.reached.contains([asked, asking]) }
  }
}

extension ObservedHouse {
  /// The same platform with other eyes.
  func platform(outside: (any OutsideView)? = nil, machines: (any MachinesView)? = nil) -> ObservedPlatform {
    ObservedPlatform(
      site: platform.site, requirements: platform.requirements, records: records, keyring: keyring, extents: extents, access: access,
      identity: identity, documents: documents, evidenceKey: evidenceKey, host: host, outside: outside ?? self.outside,
      machines: machines ?? self.machines, clock: clock, random: random, logger: platform.logger)
  }

  /// Files a register, as the operator would.
  func file<R: Register>(_ type: R.Type, _ text: String) async throws {
    try await documents.set(type, text: text, file: "\(R.name).yaml", author: "test")
  }
}

extension [Finding] {
  /// What is said of one item, all findings together.
  func verdict(_ item: ItemID) -> Verdict? { Verdict.combined(filter { $0.items.contains(item) }.map(\.verdict)) }

  func reason(_ item: ItemID) -> String { filter { $0.items.contains(item) }.compactMap(\.reason?.french).joined(separator: " ") }
}
