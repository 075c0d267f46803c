import Access
import Base
import Declarations
import Edge
import Extents
import FoundationEssentials
import Identity
import Keyring
import Logging
import NIOCore
import NIOHTTP1
import Records
import ResourceManager
import SecNumCloud
import Simulation
import Storage
import Synchronization
import Testing
import Wire

/// A cloud on a directory with two tenants, acme and beta, each with people, a storage account and blobs, opened anew as often as a test wants.
final class EndingCloud: Sendable {
  let directory: ScratchDirectory
  let clock: ManualClock
  let random: SeededRandom
  let records: SQLiteRecordStore
  /// What dies when the test says so; the records themselves otherwise.
  let used: any RecordStore
  let keyring: Keyring
  let extents: ExtentStore
  let access: AccessControl
  let identity: IdentityService
  let manager: ResourceManager
  let accounts: StorageAccounts
  let storage: StorageEndpoint
  let machines = ScriptedMachines()
  let host = AlteredHost(LinuxHost(programLimit: .seconds(120)))
  let platform: ObservedPlatform
  let erasure: TenantErasure

  static let first = GUID(high: 0xF1, low: 1)
  static let acme = GUID(high: 0xAC3E_0000_1111_4222, low: 0x8333_4444_5555_6666)
  static let beta = GUID(high: 0xBE7A_0000_1111_4222, low: 0x8333_4444_5555_6666)
  static let start = CalendarDate(dayNumber: 20_880)
  /// The first day on which acme, told on the first one, may be erased.
  static let lastDay = start.adding(days: 21)
  static let text = Array(String(repeating: "ce que acme a écrit ", count: 4000).utf8)
  private static let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

  init(_ directory: ScratchDirectory, day: CalendarDate = start, seed: UInt64 = 1, _ wrap: (any RecordStore) -> any RecordStore = { $0 }) async throws
  {
    self.directory = directory
    clock = ManualClock(day.start.advanced(by: .seconds(43200)))
    random = SeededRandom(seed: seed)
    let address = CloudAddress(domain: "cloud.test", port: 443)
    records = try SQLiteRecordStore(path: directory("records"))
    used = wrap(records)
    let isNew = try await records.read { try $0.fetch(Tenant.self, Tenant.key(Self.first)) } == nil
    let path = directory("root.key")
    let rootKey = isNew ? try RootKey(creatingAt: path, random: random) : try RootKey(readingFrom: path)
    keyring = Keyring(rootKey: rootKey, random: random)
    extents = try await ExtentStore(
      disk: try PosixDisk(path: directory("segments")), records: records, keyring: keyring, random: random, logger: Self.logger)
    access = AccessControl(records: records)
    identity = try await IdentityService(records: records, keyring: keyring, address: address, clock: clock, random: random, logger: Self.logger)
    accounts = StorageAccounts(records: used, keyring: keyring)
    let provider = StorageProvider(accounts: accounts, random: random, address: address, locations: ["paris"])
    manager = ResourceManager(
      records: used, access: access, providers: [provider], locations: [ObservedHouse.paris], tenantProfile: { _ in nil }, clock: clock,
      random: random,
      logger: Self.logger)
    let everybody = Everybody()
    storage = StorageEndpoint(
      accounts: accounts, extents: extents, verifier: everybody, principals: everybody, authorizer: everybody, address: address, clock: clock,
      random: random, logger: Self.logger)
    let (keyring, clock) = (keyring, clock)
    let evidenceKey = try await records.write { try EvidenceKey.ready(keyring: keyring, clock: clock, in: $0) }
    let site = Site(
      address: address, listeningAddresses: ["127.0.0.1"], folder: directory.path, records: directory("records"), segments: directory("segments"),
      log: directory("cocagne.log"), controlSocket: directory("control.sock"), rootKey: directory("root.key"),
      credentials: directory("credentials.json"), machineFolder: directory("machines"), authorityCertificate: "", locations: [ObservedHouse.paris],
      version: "0.0.0", executable: "/bin/true", processID: 1, started: clock.now(), created: clock.now(), tenant: Self.first)
    platform = ObservedPlatform(
      site: site, requirements: try SecNumCloudData.requirements(), records: used, keyring: keyring, extents: extents, access: access,
      identity: identity, documents: DocumentStore(records: records, extents: extents, keyring: keyring, clock: clock, random: random),
      evidenceKey: evidenceKey, host: host, outside: ScriptedOutside(), machines: machines, clock: clock, random: random, logger: Self.logger)
    erasure = TenantErasure(platform: platform, resources: Removal(manager: manager, accounts: accounts, storage: storage))
    if isNew { try await furnish() }
  }

  /// As the composition root has it, but that the background work is done on the spot.
  private struct Removal: TenantResources {
    let manager: ResourceManager
    let accounts: StorageAccounts
    let storage: StorageEndpoint

    func unserved(of tenant: GUID) async throws -> [String] { try await manager.unservedResources(of: tenant).map(\.description) }
    func forget(_ tenant: GUID, in transaction: RecordTransaction) throws { try accounts.forgetAccounts(of: tenant, in: transaction) }
    func clear(_ tenant: GUID) async throws -> [String] {
      let left = try await manager.clear(tenant).map(\.description)
      await manager.drainOperations()
      // One round may leave tasks for the next.
      for _ in 0..<8 { _ = try await storage.purge() }
      return left
    }
  }

  // MARK: What there is

  private func furnish() async throws {
    let (identity, access, now, random) = (identity, access, clock.now(), random)
    let (credential, _) = try await identity.makeSecret(displayName: nil)
    let (ann, beta) = try await records.write { transaction in
      _ = try identity.createTenant(id: Self.first, displayName: "Cocagne", domains: ["cloud.test"], country: "FR", in: transaction)
      let beta = try identity.createTenant(id: Self.beta, displayName: "beta", domains: ["beta.cloud.test"], country: "FR", in: transaction)
      let acme = try identity.createTenant(id: Self.acme, displayName: "acme", domains: ["acme.cloud.test"], country: "FR", in: transaction)
      var users: [User] = []
      for tenant in [acme, beta] {
        let user = try identity.createUser(
          User(
            id: .zero, tenant: tenant.id, userPrincipalName: "ann@\(tenant.domains[0])", displayName: "Ann", mailNickname: "ann", created: now),
          in: transaction)
        users.append(user)
        var application = Application(id: .zero, tenant: tenant.id, appID: .zero, displayName: "robot-\(tenant.displayName)", created: now)
        application.passwordCredentials = [credential]
        application = try identity.createApplication(application, in: transaction)
        let principal = try identity.createServicePrincipal(appID: application.appID, tenant: tenant.id, in: transaction)
        let group = try identity.createGroup(
          Group(id: .zero, tenant: tenant.id, displayName: "team-\(tenant.displayName)", mailNickname: "team", created: now), in: transaction)
        try identity.addMember(user.id, to: group.id, tenant: tenant.id, in: transaction)
        _ = try access.assign(
          RoleAssignmentRequest(roleDefinitionID: BuiltInRole.owner, principalID: principal.id), id: random.guid(),
          at: AccessScope(tenant: tenant.id, path: "/"), resolvedType: .servicePrincipal, by: .zero, now: now, in: transaction)
        try transaction.save(Subscription(id: Self.subscription(tenant.id), tenant: tenant.id, displayName: tenant.displayName, createdTime: now))
      }
      return (users[0], beta)
    }
    try await records.write { transaction in
      let guest = try identity.createGuest(of: ann.id, homeTenant: Self.acme, in: beta, transaction: transaction)
      _ = try access.assign(
        RoleAssignmentRequest(roleDefinitionID: BuiltInRole.reader, principalID: guest.id), id: random.guid(),
        at: AccessScope(tenant: Self.beta, path: "/"), resolvedType: .user, by: .zero, now: now, in: transaction)
    }
    try await makeAccount("acmedata", of: Self.acme)
    try await makeAccount("betadata", of: Self.beta)
    for account in ["acmedata", "betadata"] {
      #expect(try await send(.PUT, "box", account, query: [("restype", "container")]).status.code == 201)
      #expect(try await send(.PUT, "box/small", account, body: Array("petit".utf8)).status.code == 201)
      #expect(try await send(.PUT, "box/large", account, body: Self.text).status.code == 201)
    }
    try await lock(Self.acme)
  }

  static func subscription(_ tenant: GUID) -> GUID { GUID(high: 0x5B, low: tenant.high) }

  func context(_ tenant: GUID, _ path: String) -> ArmContext {
    ArmContext(
      principal: Principal(kind: .user, tenant: tenant, objectID: GUID(high: 9, low: 9), name: "ann"), subscription: Self.subscription(tenant),
      permission: "Microsoft.Resources/write", resourceID: path, apiVersion: "2024-11-01", requestID: random.guid(), correlationID: random.guid(),
      clientAddress: "192.0.2.1", method: "PUT", now: clock.now(), url: "", query: Query())
  }

  private func makeAccount(_ name: String, of tenant: GUID) async throws {
    let id = ResourceID(subscription: Self.subscription(tenant), resourceGroup: "rg", "Microsoft.Storage", ("storageAccounts", name))
    let context = context(tenant, id.description)
    _ = try await manager.putGroup("rg", body: ["location": "paris"], context)
    let type = try #require(manager.catalog.type("Microsoft.Storage/storageAccounts"))
    _ = try await manager.putResource(
      id, type, body: ["location": "paris", "kind": "StorageV2", "sku": ["name": "Standard_LRS"]], ifMatch: nil, ifNoneMatch: nil, context)
  }

  /// A lock on the tenant's group, as its record lies in the store.
  private func lock(_ tenant: GUID) async throws {
    let scope = ResourceID(subscription: Self.subscription(tenant), resourceGroup: "rg")
    try await records.write { try $0.save(GroupLock(tenant: tenant, scope: scope)) }
  }

  private struct GroupLock: Record, Codable {
    static let kind = "arm.lock"
    var tenant: GUID
    var scope: ResourceID
    var name = "keep"
    var level = "CanNotDelete"
    var key: RecordKey { RecordKey(tenant: tenant, components: scope.canonical.split(separator: "/").map(String.init) + ["#", name]) }
  }

  // MARK: Looking

  /// A request to the blob service by somebody who may do everything.
  func send(
    _ method: HTTPMethod, _ path: String, _ account: String, query: [(name: String, value: String)] = [], body: [UInt8] = []
  ) async throws -> EdgeResponse {
    let tenant = account == "acmedata" ? Self.acme : Self.beta
    let headers: HTTPHeaders = ["x-ms-version": "2025-05-05", "Authorization": "Bearer \(tenant)", "x-ms-blob-type": "BlockBlob"]
    return await storage.respond(
      to: EdgeRequest(
        method: method, path: "/\(path)", query: Query(items: query), headers: headers, authority: "\(account).blob.core.cloud.test",
        host: "\(account).blob.core.cloud.test", identifiers: RequestIdentifiers(request: random.guid()), body: Whole(body)))
  }

  /// The whole body of a blob; nil where it is refused.
  func blob(_ path: String, _ account: String) async throws -> [UInt8]? {
    let answer = try await send(.GET, path, account)
    guard answer.status.code == 200 else { return nil }
    switch answer.body {
    case .bytes(let buffer): return Array(buffer.readableBytesView)
    case .stream(_, let body):
      var bytes: [UInt8] = []
      while let chunk = try await body.next() { bytes.append(contentsOf: chunk.readableBytesView) }
      return bytes
    default: return []
    }
  }

  /// The keys of entries that hold a text anywhere.
  func entries(with text: String) async throws -> [String] { try await entries(with: Array(text.utf8)) }

  func entries(with wanted: [UInt8]) async throws -> [String] {
    @Sendable func holds(_ bytes: [UInt8]) -> Bool { bytes.indices.contains { bytes[$0] == wanted[0] && bytes[$0...].starts(with: wanted) } }
    return try await records.read { reader in
      try reader.entries(in: KeyBytes([])..<KeyBytes(Array(repeating: 0xFF, count: 64)), limit: 1_000_000, reversed: false)
        .filter { holds($0.key) || holds($0.value) }.map { String(decoding: $0.key.dropFirst(17), as: UTF8.self) }
    }
  }

  /// Tells acme, lets the notice pass, and begins.
  func begin() async throws {
    try await erasure.giveNotice("acme", lastDay: Self.lastDay)
    clock.set(Self.lastDay.adding(days: 1).start)
    #expect(try await erasure.begin("acme") == Self.acme)
  }

  /// Lets the background work go on until the tenant is erased.
  func finish() async throws -> ErasureCertificate {
    for _ in 0..<10 {
      if case .erased(let certificate) = try await erasure.progress(of: Self.acme) { return certificate }
      try await erasure.carryOn()
    }
    guard case .erased(let certificate) = try await erasure.progress(of: Self.acme) else {
      throw Unfinished(progress: "\(try await erasure.progress(of: Self.acme))")
    }
    return certificate
  }

  struct Unfinished: Error {
    var progress: String
  }
}

/// Whoever names a tenant is one of it, and may do everything.
private struct Everybody: TokenVerifier, PrincipalResolver, Authorizer {
  func principal(bearer token: String, audiences: [String]) async throws -> Principal {
    guard let tenant = GUID(token) else { throw TokenError.malformed }
    return Principal(kind: .servicePrincipal, tenant: tenant, objectID: GUID(high: 2, low: 2))
  }
  func principal(tenant: GUID, objectID: GUID) async throws -> Principal? { nil }
  func principalType(tenant: GUID, objectID: GUID) async throws -> PrincipalType? { nil }
  func decide(_ principal: Principal, _ action: Action, on scope: AccessScope) async throws -> Decision { .allowed }
}

private final class Whole: EdgeBody {
  private let rest: Mutex<ByteBuffer?>
  let length: Int?

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
