internal import Access
internal import Base
internal import Compute
internal import Directory
internal import Edge
internal import Extents
internal import Identity
internal import Keyring
internal import Ledger
internal import LedgerService
internal import Lockbox
internal import Logging
internal import Monitor
internal import NIOCore
internal import NIOPosix
internal import NIOSSL
internal import Networking
internal import Operators
internal import Records
internal import ResourceManager
internal import SecNumCloud
internal import Security
internal import SecurityModule
internal import ServiceLifecycle
internal import Storage
internal import UnixSignals
internal import Vault
internal import Wire

/// The composition root: every floor of one running cloud, opened from its data directory.
struct Platform {
  /// Requests under way and operations' current steps have this long to end after SIGTERM.
  static let gracefulShutdown: Duration = .seconds(8)

  let directory: DataDirectory
  let identity: PlatformIdentity
  let listening: Listening
  /// The port that operators alone enter by.
  let operatorsPort: Int
  /// Whether it also serves at the ports of storage emulators.
  let hasDevelopmentStorage: Bool
  let authority: CertificateAuthority
  let serverKey: String
  let keyring: Keyring
  /// Nil where the operator has named none.
  let module: SecurityModule?
  let records: SQLiteRecordStore
  let extents: ExtentStore
  let access: AccessControl
  let issuer: IdentityService
  let ledger: Ledger
  /// Where refusals are noted for the ledger.
  let notes: LedgerNotes
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
    _ directory: DataDirectory, domain: String?, port: Int?, operatorsPort wantedOperatorsPort: Int?, hasDevelopmentStorage: Bool,
    clock: any WallClock, random: any RandomSource, logger: Logger
  ) async throws -> Platform {
    let records: SQLiteRecordStore
    do {
      records = try SQLiteRecordStore(path: directory.records)
    } catch RecordStoreError.inUse {
      throw alreadyRunning(directory)
    }
    let known = try await records.read { try $0.fetch(PlatformIdentity.self, PlatformIdentity.key) }
    let place = RootKeyPlace(directory: directory)
    let moduleSettings = try ModuleSettings.read(directory)
    let module = try moduleSettings?.module(logger: Logger(label: "hsm", copying: logger))
    let keyring = Keyring(rootKey: try place.open(isNew: known == nil, settings: moduleSettings, module: module, random: random), random: random)
    records.use(keyring.recordSealer)
    try await place.finishMove(keyring, settings: moduleSettings, records: records)
    let listening = try Listening.choose(port: port ?? known?.port)
    let operatorsPort = try listening.chooseOperatorsPort(wantedOperatorsPort, known: known?.operatorsPort)
    if hasDevelopmentStorage { try Listening.requireDevelopmentPorts() }
    let address = CloudAddress(domain: domain ?? known?.domain ?? "cocagne.localhost", port: listening.port)
    if let known, known.domain != address.domain {
      throw OperatorError(
        "Ce nuage s'appelle \(known.domain) ; un domaine ne change plus.", "This cloud is called \(known.domain); a domain does not change.")
    }
    let access = AccessControl(records: records)
    let notes = LedgerNotes(records: records, clock: clock, random: random, logger: Logger(label: "ledger", copying: logger))
    let issuer = try await IdentityService(
      records: records, keyring: keyring, address: address, notes: notes, clock: clock, random: random,
      logger: Logger(label: "identity", copying: logger))
    let extents = try await ExtentStore(
      disk: PosixDisk(path: directory.segments), records: records, keyring: keyring, random: random, logger: Logger(label: "extents", copying: logger)
    )
    let bootstrap = Bootstrap(records: records, access: access, issuer: issuer, address: address, clock: clock, random: random)
    let (identity, credentials) = try await bootstrap.ready(known, operatorsPort: operatorsPort, directory: directory)
    let authority = try await records.write {
      try CertificateAuthority.ready(domain: address.domain, keyring: keyring, clock: clock, in: $0)
    }
    let serverKey = try await records.read { try authority.serverKey(keyring: keyring, in: $0) }
    try DataDirectory.write(authority.certificate.utf8, to: directory.authorityCertificate, mode: 0o644)
    try ClientProfile(address: address, directory: directory).write()
    let ledger = try await Ledger(
      origin: "\(address.domain)/ledger", records: records, keyring: keyring,
      witnesses: try LedgerSettings.read(directory).open(group: MultiThreadedEventLoopGroup.singleton), clock: clock, random: random,
      logger: Logger(label: "ledger", copying: logger), isTenant: { try issuer.isTenant($0, in: $1) })
    return Platform(
      directory: directory, identity: identity, listening: listening, operatorsPort: operatorsPort, hasDevelopmentStorage: hasDevelopmentStorage,
      authority: authority,
      serverKey: serverKey, keyring: keyring, module: module, records: records, extents: extents, access: access, issuer: issuer, ledger: ledger,
      notes: notes, clock: clock, random: random, logger: logger, firstCredentials: credentials,
      started: clock.now())
  }

  /// Serves until SIGTERM or SIGINT. `report` gets the lines for the operator once the cloud answers.
  func run(report: @escaping @Sendable (String) -> Void) async throws {
    let group = MultiThreadedEventLoopGroup.singleton
    let vaults = Vaults(records: records, keyring: keyring)
    let vault = VaultEndpoint(
      vaults: vaults, verifier: issuer, authorizer: access, principals: issuer, access: access, address: identity.address, module: module,
      authority: PlatformCertificateIssuer(authority: authority, identity: issuer, records: records, keyring: keyring), notes: notes,
      externalKeyHosts: try ExternalKeySettings.read(directory), clock: clock, random: random, logger: named("vault"))
    let customerKeyring = CustomerKeyring(
      keyring: keyring, records: records, keys: vault.customerKeys, clock: clock, logger: named("customer keys"))
    let accounts = StorageAccounts(records: records, keyring: keyring, customers: customerKeyring)
    let storage = StorageEndpoint(
      accounts: accounts, extents: extents, verifier: issuer, principals: issuer, authorizer: access, address: identity.address, notes: notes,
      clock: clock, random: random, logger: named("storage"))
    if hasDevelopmentStorage {
      try await DevelopmentStorage(accounts: accounts, random: random, address: identity.address).ready(
        tenant: identity.tenant, subscription: identity.subscription, location: Self.paris.name, now: clock.now())
    }
    let machines = try await MachinePlatform.open(self, customerKeys: customerKeyring, blobs: storage, group: group)
    let routes = RouteBook()
    let sovereignty = try await Sovereignty.open(self, machines: machines, routes: routes, group: group)
    let ledgers = ConfidentialLedgers(records: records, keyring: keyring, random: random)
    let lockbox = Lockbox(records: records, notes: notes, clock: clock, random: random, logger: named("lockbox"))
    let manager = resourceManager(
      accounts: accounts, vaults: vaults, ledgers: ledgers, lockbox: lockbox, machines: machines, customerKeys: customerKeyring,
      compliance: sovereignty.compliance)
    let management = ResourceManagerEndpoint(
      manager: manager, verifier: issuer, authorizer: access, principals: issuer, address: identity.address, logger: named("arm"))
    routes.publish(managementRoutes(management))
    let erasure = TenantErasure(
      platform: sovereignty.platform, resources: TenantResourceRemoval(manager: manager, accounts: accounts, vaults: vaults, random: random))
    let greeting = greeting(hasMachines: machines != nil)
    let onReady = Self.afterLast(of: 2) { report(greeting) }
    let door = try FrontDoor(
      configuration: FrontDoor.Configuration(
        addresses: listening.addresses, port: listening.port,
        plainListeners: hasDevelopmentStorage ? DevelopmentStorage.ports.map { PlainListener(port: $1, name: $0, service: storage) } : []),
      hosts: hosts(management: management, storage: storage, vault: vault, ledgers: ledgers, machines: machines),
      certificates: try NIOSSLCertificate.fromPEMBytes(Array(authority.serverCertificate.utf8)),
      privateKey: try NIOSSLPrivateKey(bytes: Array(serverKey.utf8), format: .pem), group: group, clock: clock, random: random, logger: named("edge"),
      onReady: onReady)
    let log = ActionLog(records: records, clock: clock, random: random, logger: named("control"))
    try await log.enterInterrupted()
    let actions = OperatorActions(log: log)
    let authorityRequests = AuthorityRequests(
      records: records, isTenant: { [issuer] in try issuer.isTenant($0, in: $1) }, clock: clock, random: random)
    let requests = LockboxCommands(lockbox: lockbox, register: authorityRequests)
    let eyes = LockboxEyes(manager: manager, storage: storage, address: identity.address)
    let operators = OperatorService(
      self, actions: log, routes: LockboxRoutes(lockbox: lockbox, eyes: eyes).routes + AuthorityRoutes(register: authorityRequests).routes,
      status: { try await status(machines) },
      tenants: { try await erasure.handle("tenant list", [:])["tenants"]?.array ?? [] })
    let operatorDoor = try operatorDoor(operators, group: group, onReady: onReady)
    let control = ControlSocket(
      path: directory.controlSocket, group: group, logger: named("control"),
      handler: { command, arguments, account in
        try Self.requireListed(command)
        return try await actions.perform(command, arguments, by: account) {
          if command.hasPrefix(OperatorService.prefix) { return try await operators.handle(command, arguments, account) }
          if LockboxCommands.commands.contains(command) { return try await requests.handle(command, arguments, by: account) }
          return try await handle(command, arguments, machines, sovereignty, erasure)
        }
      })
    let issuer = issuer
    let ledger = ledger
    let notes = notes
    let extents = extents
    let ledgerLogger = named("ledgers")
    var background = [
      BackgroundWork(name: "identity") { try await issuer.run() }, BackgroundWork(name: "ledger") { try await ledger.run() },
      BackgroundWork(name: "notes") { try await notes.run() }, BackgroundWork(name: "operators") { try await operators.tokens.run() },
      BackgroundWork(name: "operations") { try await manager.run(dispatcher: management.dispatcher) },
      BackgroundWork(name: "purge") { try await storage.run() }, BackgroundWork(name: "vaults") { try await vault.run() },
      BackgroundWork(name: "customer keys") { try await customerKeyring.run() },
      BackgroundWork(name: "compaction") { try await extents.run() },
      BackgroundWork(name: "lockbox") { try await lockbox.run() },
      BackgroundWork(name: "secnumcloud") { try await sovereignty.run() }, BackgroundWork(name: "erasure") { try await erasure.run() },
      BackgroundWork(name: "ledgers") {
        try await ledgers.run { ledgerLogger.error("what a deleted ledger left is still there", metadata: ["error": "\($0)"]) }
      },
    ]
    if let machines {
      background += [
        BackgroundWork(name: "networks") { try await machines.networks.run() }, BackgroundWork(name: "machines") { try await machines.compute.run() },
      ]
    }
    let services: [any Service] = [control, door, operatorDoor] + background
    var configuration = ServiceGroupConfiguration(
      services: services.map { .init(service: $0) }, gracefulShutdownSignals: [.sigterm, .sigint], logger: named("lifecycle"))
    configuration.maximumGracefulShutdownDuration = Self.gracefulShutdown
    try await ServiceGroup(configuration: configuration).run()
    await notes.finish()
    try await records.close()
    logger.notice("stopped")
  }

  var identities: ResourceIdentities { ResourceIdentities(identity: issuer, access: access) }

  private func resourceManager(
    accounts: StorageAccounts, vaults: Vaults, ledgers: ConfidentialLedgers, lockbox: Lockbox, machines: MachinePlatform?,
    customerKeys: CustomerKeyring, compliance: any RegulatoryCompliance
  ) -> ResourceManager {
    let records = records
    let locations = [Self.paris]
    return ResourceManager(
      records: records, access: access,
      providers: [
        StorageProvider(
          accounts: accounts, random: random, clock: clock, address: identity.address, locations: locations.map(\.name), identities: identities),
        VaultProvider(vaults: vaults, random: random, address: identity.address, hasSecurityModule: module != nil),
        ConfidentialLedgerProvider(ledgers: ledgers, address: identity.address), MonitorProvider(),
        ManagedIdentityProvider(identities: identities),
        LockboxProvider(lockbox: lockbox),
        SecurityProvider(compliance: compliance, address: identity.address, locations: locations.map(\.name)),
      ] + (machines?.providers ?? []),
      locations: locations, secrets: KeyringSealer(keyring: keyring), customerKeys: customerKeys, identities: identities,
      environment: environment,
      tenantProfile: { id in
        try await records.read { reader in
          try reader.fetch(Tenant.self, Tenant.key(id)).map {
            TenantProfile(id: $0.id, displayName: $0.displayName, domains: $0.domains, countryCode: $0.country)
          }
        }
      },
      notes: notes, clock: clock, random: random, logger: named("arm"))
  }

  private func hosts(
    management: ResourceManagerEndpoint, storage: StorageEndpoint, vault: VaultEndpoint, ledgers: ConfidentialLedgers, machines: MachinePlatform?
  ) -> HostTable {
    let address = identity.address
    let login = IdentityEndpoint(service: issuer, authorizer: access, logger: named("login"))
    let graph = DirectoryEndpoint(
      records: records, access: access, identity: issuer, address: address, notes: notes, clock: clock, random: random, logger: named("graph"))
    var hosts: [(name: HostTable.Name, service: any EdgeService)] = StorageEndpoint.hostNames(domain: address.domain).map { ($0, storage) }
    hosts += [
      (.exact(address.host("management")), management), (.exact(address.host("login")), login),
      (.exact(address.host("graph")), graph), (VaultEndpoint.hostName(domain: address.domain), vault), (.address, storage),
      (
        LedgerIdentityEndpoint.hostName(domain: address.domain),
        LedgerIdentityEndpoint(ledgers: ledgers, authority: authority.certificate, logger: named("ledgers"))
      ),
      (
        LedgerServiceEndpoint.hostName(domain: address.domain),
        LedgerServiceEndpoint(ledgers: ledgers, verifier: issuer, address: address, notes: notes, clock: clock, logger: named("ledgers"))
      ),
    ]
    if let machines {
      hosts =
        [
          (.exact(address.host("diagnostics")), DiagnosticsEndpoint(service: machines.compute)),
          (
            .beginning(DiskAccessEndpoint.hostPrefix, below: "blob.core.\(address.domain)"),
            DiskAccessEndpoint(service: machines.compute, notes: notes)
          ),
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
      ], "suffixes": ["storage": .string(address.storageSuffix), "keyvaultDns": .string(".\(address.vaultSuffix)")],
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
