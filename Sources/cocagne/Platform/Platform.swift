internal import Access
internal import Base
internal import Compute
internal import Directory
internal import Edge
internal import Extents
internal import Identity
internal import Keyring
internal import Logging
internal import Monitor
internal import NIOCore
internal import NIOPosix
internal import NIOSSL
internal import Networking
internal import Records
internal import ResourceManager
internal import SecNumCloud
internal import Security
internal import ServiceLifecycle
internal import Storage
internal import UnixSignals
internal import Wire

/// The composition root: every floor of one running cloud, opened from its data directory.
struct Platform {
  /// Requests under way and operations' current steps have this long to end after SIGTERM.
  static let gracefulShutdown: Duration = .seconds(8)

  let directory: DataDirectory
  let identity: PlatformIdentity
  let listening: Listening
  /// Whether it also serves at the ports of storage emulators.
  let hasDevelopmentStorage: Bool
  let authority: CertificateAuthority
  let serverKey: String
  let keyring: Keyring
  let records: SQLiteRecordStore
  let extents: ExtentStore
  let access: AccessControl
  let issuer: IdentityService
  let clock: any WallClock
  let random: any RandomSource
  let logger: Logger
  /// What the first start made; nil at later ones.
  let firstCredentials: Credentials?
  let started: Timestamp

  static let paris = Location(
    name: "paris", displayName: "Paris", geography: "France", geographyGroup: "Europe", physicalLocation: "Paris", latitude: "48.8566",
    longitude: "2.3522", zones: ["1", "2", "3"])

  static func alreadyRunning(_ directory: DataDirectory) -> OperatorError {
    OperatorError(
      "Un nuage tourne déjà dans \(directory.path) : « cocagne status » le montre, « cocagne down » l'arrête.",
      "A cloud is already running in \(directory.path): “cocagne status” shows it, “cocagne down” stops it.")
  }

  /// Opens the cloud of a data directory, and makes it where the directory is empty.
  static func open(
    _ directory: DataDirectory, domain: String?, port: Int?, hasDevelopmentStorage: Bool, clock: any WallClock, random: any RandomSource,
    logger: Logger
  ) async throws -> Platform {
    let records: SQLiteRecordStore
    do {
      records = try SQLiteRecordStore(path: directory.records)
    } catch RecordStoreError.inUse {
      throw alreadyRunning(directory)
    }
    let known = try await records.read { try $0.fetch(PlatformIdentity.self, PlatformIdentity.key) }
    let rootKey = try rootKey(directory, isNew: known == nil, random: random)
    let keyring = Keyring(rootKey: rootKey, random: random)
    let listening = try Listening.choose(port: port ?? known?.port)
    if hasDevelopmentStorage { try Listening.requireDevelopmentPorts() }
    let address = CloudAddress(domain: domain ?? known?.domain ?? "cocagne.localhost", port: listening.port)
    if let known, known.domain != address.domain {
      throw OperatorError(
        "Ce nuage s'appelle \(known.domain) ; un domaine ne change plus.", "This cloud is called \(known.domain); a domain does not change.")
    }
    let access = AccessControl(records: records)
    let issuer = try await IdentityService(
      records: records, keyring: keyring, address: address, clock: clock, random: random, logger: Logger(label: "identity", copying: logger))
    let extents = try await ExtentStore(
      disk: PosixDisk(path: directory.segments), records: records, keyring: keyring, random: random, logger: Logger(label: "extents", copying: logger)
    )
    let bootstrap = Bootstrap(records: records, access: access, issuer: issuer, address: address, clock: clock, random: random)
    let (identity, credentials) = try await bootstrap.ready(known, directory: directory)
    let authority = try await records.write {
      try CertificateAuthority.ready(domain: address.domain, keyring: keyring, clock: clock, in: $0)
    }
    let serverKey = try await records.read { try authority.serverKey(keyring: keyring, in: $0) }
    try DataDirectory.write(authority.certificate.utf8, to: directory.authorityCertificate, mode: 0o644)
    try ClientProfile(address: address, directory: directory).write()
    return Platform(
      directory: directory, identity: identity, listening: listening, hasDevelopmentStorage: hasDevelopmentStorage, authority: authority,
      serverKey: serverKey, keyring: keyring, records: records, extents: extents, access: access, issuer: issuer, clock: clock,
      random: random, logger: logger, firstCredentials: credentials,
      started: clock.now())
  }

  private static func rootKey(_ directory: DataDirectory, isNew: Bool, random: any RandomSource) throws -> RootKey {
    if isNew, try DataDirectory.read(directory.rootKey) == nil { return try RootKey(creatingAt: directory.rootKey, random: random) }
    return try RootKey(readingFrom: directory.rootKey)
  }

  /// Serves until SIGTERM or SIGINT. `report` gets the lines for the operator once the cloud answers.
  func run(report: @escaping @Sendable (String) -> Void) async throws {
    let group = MultiThreadedEventLoopGroup.singleton
    let accounts = StorageAccounts(records: records, keyring: keyring)
    let storage = StorageEndpoint(
      accounts: accounts, extents: extents, verifier: issuer, principals: issuer, authorizer: access, address: identity.address, clock: clock,
      random: random, logger: named("storage"))
    if hasDevelopmentStorage {
      try await DevelopmentStorage(accounts: accounts, random: random, address: identity.address).ready(
        tenant: identity.tenant, subscription: identity.subscription, location: Self.paris.name, now: clock.now())
    }
    let machines = try await MachinePlatform.open(self, blobs: storage, group: group)
    let routes = RouteBook()
    let sovereignty = try await Sovereignty.open(self, machines: machines, routes: routes, group: group)
    let manager = resourceManager(accounts: accounts, machines: machines, compliance: sovereignty.compliance)
    let management = ResourceManagerEndpoint(
      manager: manager, verifier: issuer, authorizer: access, principals: issuer, address: identity.address, logger: named("arm"))
    routes.publish(managementRoutes(management))
    let erasure = TenantErasure(
      platform: sovereignty.platform, resources: TenantResourceRemoval(manager: manager, accounts: accounts))
    let greeting = greeting(hasMachines: machines != nil)
    let door = try FrontDoor(
      configuration: FrontDoor.Configuration(
        addresses: listening.addresses, port: listening.port,
        plainListeners: hasDevelopmentStorage ? DevelopmentStorage.ports.map { PlainListener(port: $1, name: $0, service: storage) } : []),
      hosts: hosts(management: management, storage: storage, machines: machines),
      certificates: try NIOSSLCertificate.fromPEMBytes(Array(authority.serverCertificate.utf8)),
      privateKey: try NIOSSLPrivateKey(bytes: Array(serverKey.utf8), format: .pem), group: group, clock: clock, random: random, logger: named("edge"),
      onReady: { report(greeting) })
    let control = ControlSocket(
      path: directory.controlSocket, group: group, logger: named("control"), handler: { try await handle($0, $1, machines, sovereignty, erasure) })
    let issuer = issuer
    let extents = extents
    var background = [
      BackgroundWork(name: "identity") { try await issuer.run() },
      BackgroundWork(name: "operations") { try await manager.run(dispatcher: management.dispatcher) },
      BackgroundWork(name: "purge") { try await storage.run() }, BackgroundWork(name: "compaction") { try await extents.run() },
      BackgroundWork(name: "secnumcloud") { try await sovereignty.run() }, BackgroundWork(name: "erasure") { try await erasure.run() },
    ]
    if let machines {
      background += [
        BackgroundWork(name: "networks") { try await machines.networks.run() }, BackgroundWork(name: "machines") { try await machines.compute.run() },
      ]
    }
    let services: [any Service] = [control, door] + background
    var configuration = ServiceGroupConfiguration(
      services: services.map { .init(service: $0) }, gracefulShutdownSignals: [.sigterm, .sigint], logger: named("lifecycle"))
    configuration.maximumGracefulShutdownDuration = Self.gracefulShutdown
    try await ServiceGroup(configuration: configuration).run()
    try await records.close()
    logger.notice("stopped")
  }

  private func resourceManager(
    accounts: StorageAccounts, machines: MachinePlatform?, compliance: any RegulatoryCompliance
  ) -> ResourceManager {
    let records = records
    let locations = [Self.paris]
    return ResourceManager(
      records: records, access: access,
      providers: [
        StorageProvider(accounts: accounts, random: random, clock: clock, address: identity.address, locations: locations.map(\.name)),
        MonitorProvider(),
        SecurityProvider(compliance: compliance, address: identity.address, locations: locations.map(\.name)),
      ] + (machines?.providers ?? []),
      locations: locations, secrets: KeyringSealer(keyring: keyring), environment: environment,
      tenantProfile: { id in
        try await records.read { reader in
          try reader.fetch(Tenant.self, Tenant.key(id)).map {
            TenantProfile(id: $0.id, displayName: $0.displayName, domains: $0.domains, countryCode: $0.country)
          }
        }
      },
      clock: clock, random: random, logger: named("arm"))
  }

  private func hosts(management: ResourceManagerEndpoint, storage: StorageEndpoint, machines: MachinePlatform?) -> HostTable {
    let address = identity.address
    let login = IdentityEndpoint(service: issuer, authorizer: access, logger: named("login"))
    let graph = DirectoryEndpoint(
      records: records, access: access, identity: issuer, address: address, clock: clock, random: random, logger: named("graph"))
    var hosts: [(name: HostTable.Name, service: any EdgeService)] = StorageEndpoint.hostNames(domain: address.domain).map { ($0, storage) }
    hosts += [
      (.exact(address.host("management")), management), (.exact(address.host("login")), login),
      (.exact(address.host("graph")), graph), (.address, storage),
    ]
    if let machines {
      hosts =
        [
          (.exact(address.host("diagnostics")), DiagnosticsEndpoint(service: machines.compute)),
          (.beginning(DiskAccessEndpoint.hostPrefix, below: "blob.core.\(address.domain)"), DiskAccessEndpoint(service: machines.compute)),
        ] + hosts
    }
    return HostTable(hosts)
  }

  /// The endpoints of this cloud, as templates ask for them.
  private var environment: JSON {
    let address = identity.address
    return [
      "name": "Cocagne", "resourceManager": .string(address.url("management") + "/"), "graph": .string(address.url("graph") + "/"),
      "authentication": [
        "loginEndpoint": .string(address.url("login") + "/"), "audiences": [.string(address.url("management") + "/")], "tenant": "common",
        "identityProvider": "AAD",
      ], "suffixes": ["storage": .string(address.storageSuffix)],
    ]
  }

  private func named(_ label: String) -> Logger {
    Logger(label: label, copying: logger)
  }
}

/// Secrets of requests rest under their tenant's key.
private struct KeyringSealer: SecretSealer {
  let keyring: Keyring
  private static let context = "request"

  func seal(_ bytes: [UInt8], tenant: GUID, in transaction: RecordTransaction) throws -> [UInt8] {
    guard bytes.count <= KeyringLimits.maximumSecretBytes else {
      throw CloudError(400, "InvalidTemplate", "The secure parameters are longer than \(KeyringLimits.maximumSecretBytes) bytes together.")
    }
    return try keyring.seal(bytes, context: Self.context, tenant: tenant, in: transaction)
  }

  func open(_ sealed: [UInt8], tenant: GUID, in reader: any RecordReader) throws -> [UInt8] {
    try keyring.open(sealed, context: Self.context, tenant: tenant, in: reader)
  }
}

extension Logger {
  /// A logger of another label with the same handler's level.
  init(label: String, copying other: Logger) {
    let level = other.logLevel
    self.init(label: label) { LogLines(label: $0, level: level, clock: SystemClock()) }
  }
}

/// Work that goes on beside the requests and is cancelled, between two steps, when the cloud stops.
private struct BackgroundWork: Service {
  let name: String
  let work: @Sendable () async throws -> Void

  func run() async throws {
    do {
      try await cancelWhenGracefulShutdown { try await work() }
    } catch is CancellationError {
      // That is how it ends. An error would cancel the services that are still letting requests finish.
    }
  }
}
