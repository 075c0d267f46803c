public import Access
public import Base
internal import Crypto
public import Fabric
public import Hypervisor
public import Identity
public import Keyring
public import Logging
public import NIOCore
public import Records
public import ResourceManager
internal import Synchronization
internal import Wire

#if canImport(FoundationEssentials)
  internal import FoundationEssentials
#endif

/// What the operator decides of machines.
public struct ComputeConfiguration: Sendable {
  /// The name of this host.
  public var host: String
  /// The zones that this host stands for.
  public var zones: [String]
  public var location: String
  /// The folder of images, disks and machines' files: readable by the user that QEMU runs as.
  public var folder: String
  public var sizes: [MachineSize]
  /// Bytes of machines' memory that may be promised for each that this host has.
  public var memoryOvercommit: Double
  /// Where the wire server tells guests that time comes from, and the cloud's address for tokens.
  public var address: CloudAddress

  public init(
    host: String, zones: [String], location: String, folder: String, sizes: [MachineSize], memoryOvercommit: Double, address: CloudAddress
  ) {
    self.host = host
    self.zones = zones
    self.location = location
    self.folder = folder
    self.sizes = sizes
    self.memoryOvercommit = memoryOvercommit
    self.address = address
  }
}

/// Everything that `Microsoft.Compute`'s types share: engines, keys, and where things lie.
public final class ComputeService: Sendable {
  let configuration: ComputeConfiguration
  let records: any RecordStore
  let keyring: Keyring
  let customerKeys: CustomerKeyring
  let issuer: IdentityService
  let identities: any ManagedIdentities
  let networks: any MachineNetworks
  let fabric: any Fabric
  let hypervisor: any Hypervisor
  private let images: DiskImages
  private let blobs: any BlobSource
  let steps: Steps
  /// Disks that are read or written by URL.
  let openDisks = OpenDisks()
  private let verified = Mutex<Set<RecordKey>>([])
  let scheduler = Scheduler()
  let clock: any WallClock
  let random: any RandomSource
  let logger: Logger
  let diagnostics: ConsoleSignatures
  private let group: any EventLoopGroup
  private let listening = Mutex<MetadataService?>(nil)

  public init(
    configuration: ComputeConfiguration, records: any RecordStore, customerKeys: CustomerKeyring, issuer: IdentityService,
    identities: any ManagedIdentities, networks: any MachineNetworks, fabric: any Fabric, hypervisor: any Hypervisor, images: DiskImages,
    blobs: any BlobSource, group: any EventLoopGroup, clock: any WallClock, random: any RandomSource, logger: Logger
  ) {
    self.configuration = configuration
    self.records = records
    keyring = customerKeys.keyring
    self.customerKeys = customerKeys
    self.issuer = issuer
    self.identities = identities
    self.networks = networks
    self.fabric = fabric
    self.hypervisor = hypervisor
    self.images = images
    self.blobs = blobs
    self.clock = clock
    self.random = random
    self.logger = logger
    steps = Steps(logger: logger)
    self.group = group
    diagnostics = ConsoleSignatures(random: random, address: configuration.address)
  }

  /// The one metadata service of the process.
  var metadata: MetadataService {
    listening.withLock { service in
      if let service { return service }
      let made = MetadataService(service: self, group: group)
      service = made
      return made
    }
  }

  var sizes: [MachineSize] { configuration.sizes }
  var location: String { configuration.location }
  var address: CloudAddress { configuration.address }
  var diskKeys: DiskKeys { DiskKeys(records: records, customerKeys: customerKeys, address: address) }
  var disks: DiskWorker {
    DiskWorker(
      records: records, keyring: keyring, keys: diskKeys, images: images, hypervisor: hypervisor, blobs: blobs, steps: steps,
      folder: configuration.folder, verify: verify)
  }

  /// Images are read through once a process: nobody but the operator can write to them.
  @Sendable private func verify(_ image: PlatformImage) async throws {
    guard !verified.withLock({ $0.contains(image.key) }) else { return }
    try await ImageStore(service: self).verify(image)
    _ = verified.withLock { $0.insert(image.key) }
  }

  var lifecycle: MachineLifecycle { MachineLifecycle(service: self) }

  // MARK: Disks and secrets

  /// Files a new disk with a key of its own. A copy is encrypted as its original, where nothing else is said.
  func newDisk(
    _ id: ResourceID, bytes: Int64, source: DiskRecord.Source, backing: String?, encryption: DiskEncryption, tenant: GUID,
    in transaction: RecordTransaction
  ) throws -> DiskRecord {
    var ancestor: DiskRecord.ImageName?
    var original: DiskRecord?
    switch source {
    case .platformImage(let publisher, let offer, let sku, let version):
      ancestor = DiskRecord.ImageName(publisher: publisher, offer: offer, sku: sku, version: version)
    case .copy(let origin):
      original = try DiskRecord.find(origin, tenant: tenant, in: transaction)
      ancestor = original?.ancestor
    case .empty, .blob, .upload: break
    }
    // A copy is made by who has the original open, not of a blank.
    var blank: BlankDisk?
    if case .copy = source {} else { blank = try BlankDisk.any(in: transaction) }
    let record = DiskRecord(
      tenant: tenant, id: id, guid: blank?.guid ?? random.guid(),
      dataKey: try blank?.give(to: tenant, keyring, in: transaction) ?? keyring.makeDataKey(tenant: tenant, in: transaction), sizeBytes: bytes,
      source: source, backing: backing, ancestor: ancestor, isReady: false,
      awaitsUpload: source == .upload, encryptionSet: encryption.settled(copying: original))
    try transaction.save(record)
    return record
  }

  func secrets(of machine: Machine, osDisk: DiskRecord, in reader: any RecordReader) throws -> MachineSecrets {
    guard let sealed = machine.secrets else { return MachineSecrets() }
    let bytes = try keyring.openPayload(sealed, id: machine.vmID, key: osDisk.dataKey, tenant: machine.tenant, in: reader)
    return try JSONDecoder().decode(MachineSecrets.self, from: Data(bytes))
  }

  func sealed(_ secrets: MachineSecrets, of machine: Machine, osDisk: DiskRecord, in reader: any RecordReader) throws -> [UInt8] {
    let bytes = Array(try JSONEncoder().encode(secrets))
    return try keyring.sealPayload(bytes, id: machine.vmID, key: osDisk.dataKey, tenant: machine.tenant, in: reader)
  }

  /// The key of a machine's TPM: of the disk's, so that it ends with it.
  func tpmKey(of machine: Machine, osDisk: DiskRecord) async throws -> [UInt8] {
    let keyring = keyring
    let key = try await records.read { try keyring.dataKey(osDisk.dataKey, tenant: machine.tenant, in: $0) }
    return HKDF<SHA256>.deriveKey(inputKeyMaterial: key, info: Array("tpm \(machine.vmID)".utf8), outputByteCount: 32).withUnsafeBytes { Array($0) }
  }

  // MARK: Running

  /// Makes the folders, files this host's record, and watches machines until it is cancelled.
  public func run() async throws {
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { try await MachineWatch(service: self).run() }
      group.addTask { try await BlankDisks(service: self).run() }
      group.addTask { try await DiskKeyWatch(service: self).run() }
      group.addTask { try await KeyRotation(service: self).run() }
      try await group.waitForAll()
    }
  }

  /// Makes what must be there before the first request. Throws what the operator must mend.
  public func prepare() async throws {
    for (path, mode) in [("", 0o711), ("/blanks", 0o700), ("/disks", 0o711), ("/images", 0o711), ("/machines", 0o711)] as [(String, UInt32)] {
      try RemovableFile.makeFolder(configuration.folder + path, mode: mode)
    }
    DiskBytes.endLeftovers(in: configuration.folder + "/disks")
    let host = try await hypervisor.host()
    let configuration = configuration
    try await records.write { transaction in
      let known = try transaction.fetch(HostRecord.self, HostRecord.key(configuration.host))
      try transaction.save(
        HostRecord(
          name: configuration.host, zones: configuration.zones, state: known?.state ?? .available, accelerator: host.accelerator.rawValue,
          processors: host.processors, memoryBytes: host.memoryBytes, overcommit: configuration.memoryOvercommit, version: host.version))
    }
  }

  /// Ends every machine of this host at once, and records that they are off.
  public func stopAll() async throws {
    let host = configuration.host
    let networks = networks
    for machine in try await records.read({ try Machine.all(on: host, in: $0) }) {
      try await records.write { transaction in
        guard var current = try transaction.fetch(Machine.self, machine.key) else { return }
        if current.wanted == .running { current.wanted = .stopped }
        current.startedSize = nil
        try transaction.save(current)
        let interfaces = try ResourceLink.targets(of: machine.id, VirtualMachineType.interfaceRole, tenant: machine.tenant, in: transaction)
        try networks.withdraw(interfaces, tenant: machine.tenant, in: transaction)
      }
    }
    for machine in try await hypervisor.machines() { try await hypervisor.destroy(machine.id) }
  }

  /// How many machines of this host are wanted running, and how much memory is promised to them, in bytes.
  public func load() async throws -> (machines: Int, promisedBytes: Int64) {
    let host = configuration.host
    return try await records.read { reader in
      let machines = try Machine.all(on: host, in: reader)
      return (machines.filter { $0.wanted == .running }.count, machines.reduce(0) { $0 + $1.memoryBytes })
    }
  }
}
