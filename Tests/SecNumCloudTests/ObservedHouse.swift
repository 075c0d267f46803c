import Access
import Base
import Catalogue
import Extents
import Identity
import Keyring
import Logging
import Records
import ResourceManager
import SecNumCloud
import Simulation
import Synchronization

/// A platform to observe: real records, keys, identities, extents and documents in a directory of its own; the host, the outside and the machines are
/// what the test makes of them.
final class ObservedHouse: Sendable {
  let directory = ScratchDirectory()
  let clock = ManualClock()
  let random: SeededRandom
  let records: SQLiteRecordStore
  let keyring: Keyring
  let extents: ExtentStore
  let access: AccessControl
  let identity: IdentityService
  let documents: DocumentStore
  let evidenceKey: EvidenceKey
  let host: AlteredHost
  let outside = ScriptedOutside()
  let machines = ScriptedMachines()
  let platform: ObservedPlatform

  init(seed: UInt64 = 1) async throws {
    random = SeededRandom(seed: seed)
    let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    let address = CloudAddress(domain: "cloud.test", port: 443)
    records = try SQLiteRecordStore(path: directory("records"))
    keyring = Keyring(rootKey: try RootKey(creatingAt: directory("root.key"), random: random), random: random)
    extents = try await ExtentStore(
      disk: try PosixDisk(path: directory("segments")), records: records, keyring: keyring, random: random, logger: logger)
    access = AccessControl(records: records)
    identity = try await IdentityService(records: records, keyring: keyring, address: address, clock: clock, random: random, logger: logger)
    documents = DocumentStore(records: records, extents: extents, keyring: keyring, clock: clock, random: random)
    evidenceKey = try await records.write { [keyring, clock] in try EvidenceKey.ready(keyring: keyring, clock: clock, in: $0) }
    host = AlteredHost(LinuxHost(programLimit: .seconds(120)))
    let site = Site(
      address: address, listeningAddresses: ["127.0.0.1"], folder: directory.path, records: directory("records"), segments: directory("segments"),
      log: directory("cocagne.log"), controlSocket: directory("control.sock"), rootKey: directory("root.key"),
      credentials: directory("credentials.json"), machineFolder: directory("machines"), authorityCertificate: "", locations: [Self.paris],
      version: "0.0.0", executable: "/bin/true", processID: 1, started: clock.now(), created: clock.now(), tenant: random.guid())
    platform = ObservedPlatform(
      site: site, requirements: try SecNumCloudData.requirements(), records: records, keyring: keyring, extents: extents, access: access,
      identity: identity, documents: documents, evidenceKey: evidenceKey, host: host, outside: outside, machines: machines, clock: clock,
      random: random, logger: logger)
  }

  static let paris = Location(
    name: "paris", displayName: "Paris", geography: "France", geographyGroup: "Europe", physicalLocation: "Paris", latitude: "48.8566",
    longitude: "2.3522", zones: ["1", "2", "3"])

  func findings(_ observation: any ControlObservation) async throws -> [Finding] { try await observation.observe(platform) }

  /// What an observation says of each item that it speaks for.
  func verdicts(_ observation: any ControlObservation) async throws -> [ItemID: Verdict] {
    let findings = try await findings(observation)
    var verdicts: [ItemID: Verdict] = [:]
    for item in findings.flatMap(\.items) { verdicts[item] = Verdict.combined(findings.filter { $0.items.contains(item) }.map(\.verdict)) }
    return verdicts
  }
}

/// The real host, but for what a test lays over it.
final class AlteredHost: HostView {
  private struct Changes {
    var files: [String: [UInt8]] = [:]
    var folders: [String: [String]] = [:]
    var attributes: [String: FileAttributes] = [:]
    var destinations: [String: String] = [:]
    var programs: [String: (status: Int, output: String)] = [:]
  }

  private let real: any HostView
  private let changes = Mutex(Changes())

  init(_ real: any HostView) { self.real = real }

  var files: [String: [UInt8]] {
    get { changes.withLock { $0.files } }
    set { changes.withLock { $0.files = newValue } }
  }
  var folders: [String: [String]] {
    get { changes.withLock { $0.folders } }
    set { changes.withLock { $0.folders = newValue } }
  }
  var attributes: [String: FileAttributes] {
    get { changes.withLock { $0.attributes } }
    set { changes.withLock { $0.attributes = newValue } }
  }
  var destinations: [String: String] {
    get { changes.withLock { $0.destinations } }
    set { changes.withLock { $0.destinations = newValue } }
  }
  /// By the program's name, or by its name and arguments joined by spaces.
  var programs: [String: (status: Int, output: String)] {
    get { changes.withLock { $0.programs } }
    set { changes.withLock { $0.programs = newValue } }
  }

  func bytes(of path: String, from offset: Int, limit: Int) throws -> [UInt8]? {
    if let file = files[path] { return Array(file.dropFirst(offset).prefix(limit)) }
    return try real.bytes(of: path, from: offset, limit: limit)
  }

  func names(in folder: String) throws -> [String]? { try folders[folder] ?? real.names(in: folder) }

  func attributes(of path: String) throws -> FileAttributes? { try attributes[path] ?? real.attributes(of: path) }

  func destination(of link: String) -> String? { destinations[link] ?? real.destination(of: link) }

  func run(_ program: String, _ arguments: [String]) async throws -> (status: Int, output: String) {
    let all = programs
    if let answer = all[([program] + arguments).joined(separator: " ")] ?? all[program] { return answer }
    return try await real.run(program, arguments)
  }
}

/// What a stranger would get, as the test says.
final class ScriptedOutside: OutsideView {
  typealias Answering = @Sendable (OutsideRequest) async throws -> OutsideAnswer
  typealias Shaking = @Sendable (HandshakeOffer) async throws -> Handshake?
  typealias Exchanging = @Sendable ([UInt8], String, Int) async throws -> [UInt8]?

  private struct Script {
    var request: Answering = { _ in OutsideAnswer(status: 401, headers: [], body: []) }
    var handshake: Shaking = { _ in nil }
    var exchange: Exchanging = { _, _, _ in nil }
  }

  private let script = Mutex(Script())

  func onRequest(_ body: @escaping Answering) { script.withLock { $0.request = body } }
  func onHandshake(_ body: @escaping Shaking) { script.withLock { $0.handshake = body } }
  func onExchange(_ body: @escaping Exchanging) { script.withLock { $0.exchange = body } }

  func request(_ request: OutsideRequest) async throws -> OutsideAnswer { try await script.withLock { $0.request }(request) }
  func handshake(_ offer: HandshakeOffer) async throws -> Handshake? { try await script.withLock { $0.handshake }(offer) }
  func exchange(_ datagram: [UInt8], host: String, port: Int) async throws -> [UInt8]? {
    try await script.withLock { $0.exchange }(datagram, host, port)
  }
}

/// The machines, disks and networks that a test names.
final class ScriptedMachines: MachinesView {
  private struct State {
    var disks: [DiskOnHost] = []
    var machines: [MachineOnHost] = []
    var networks: [NetworkOnHost] = []
  }

  private let state = Mutex(State())

  func set(disks: [DiskOnHost] = [], machines: [MachineOnHost] = [], networks: [NetworkOnHost] = []) {
    state.withLock { $0 = State(disks: disks, machines: machines, networks: networks) }
  }

  func disks() async throws -> [DiskOnHost] { state.withLock { $0.disks } }
  func machines() async throws -> [MachineOnHost] { state.withLock { $0.machines } }
  func networks() async throws -> [NetworkOnHost] { state.withLock { $0.networks } }
}
