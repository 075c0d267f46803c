internal import Base
internal import Compute
internal import Fabric
internal import Hypervisor
internal import Keyring
internal import Logging
internal import NIOCore
internal import Networking
internal import ResourceManager
internal import Wire

#if canImport(Glibc)
  internal import Glibc
#endif

/// Machines and networks of this host, where it can have any: they take root, libvirt and the kernel's networking.
struct MachinePlatform {
  /// What tells this cloud's things on the host from another's.
  let cloud: String
  /// Where disks, images and the state of networks lie.
  let folder: String
  let networks: NetworkService
  let compute: ComputeService
  let fabric: LinuxFabric
  let hypervisor: LibvirtHypervisor

  /// Nil, and said in the log, where this process may not run machines.
  static func open(
    _ platform: Platform, customerKeys: CustomerKeyring, blobs: any BlobSource, group: any EventLoopGroup
  ) async throws -> MachinePlatform? {
    guard geteuid() == 0 else {
      platform.logger.notice("machines and networks are off: they need root")
      return nil
    }
    do {
      try await LibvirtDaemon.ensure()
    } catch {
      platform.logger.notice("machines and networks are off", metadata: ["reason": "\(error)"])
      return nil
    }
    let cloud = platform.identity.shortName
    let settings = try MachineSettings.read(platform.directory, cloud: cloud)
    try Self.makeFolders(settings.folder)
    let address = platform.identity.address
    let host = hostName()
    let fabric = LinuxFabric(cloud: cloud, folder: settings.folder + "/networks", logger: Logger(label: "fabric", copying: platform.logger))
    let conflicts = try await fabric.conflicts(with: settings.publicPool)
    guard conflicts.isEmpty else {
      let listed = conflicts.joined(separator: ", ")
      throw OperatorError(
        "publicPool dans \(platform.directory.machineSettings) contient des adresses de cet hôte (\(listed)) : choisissez-en une autre.",
        "publicPool in \(platform.directory.machineSettings) holds addresses of this host (\(listed)): choose another one.")
    }
    let networks = NetworkService(
      configuration: NetworkConfiguration(
        host: host, publicPool: settings.publicPool, reachesBeyondHost: settings.reachesBeyondHost, resolvers: settings.resolvers,
        internalDomain: "internal.\(address.domain)"),
      records: platform.records, fabric: fabric, logger: Logger(label: "network", copying: platform.logger))
    let hypervisor = LibvirtHypervisor(cloud: cloud, logger: Logger(label: "hypervisor", copying: platform.logger))
    let location = Platform.paris
    let compute = ComputeService(
      configuration: ComputeConfiguration(
        host: host, zones: location.zones, location: location.name, folder: settings.folder, sizes: settings.sizes,
        memoryOvercommit: settings.memoryOvercommit, address: address),
      records: platform.records, customerKeys: customerKeys, issuer: platform.issuer, identities: platform.identities, networks: networks,
      fabric: fabric, hypervisor: hypervisor, images: DiskImages(random: platform.random), blobs: blobs, group: group, clock: platform.clock,
      random: platform.random, logger: Logger(label: "compute", copying: platform.logger))
    try await compute.prepare()
    return MachinePlatform(cloud: cloud, folder: settings.folder, networks: networks, compute: compute, fabric: fabric, hypervisor: hypervisor)
  }

  private static func makeFolders(_ path: String) throws {
    var made = ""
    for word in path.split(separator: "/") {
      made += "/\(word)"
      guard mkdir(made, 0o711) == 0 || errno == EEXIST else {
        throw OperatorError("Impossible de créer \(made).", "Cannot create \(made).")
      }
    }
  }

  private static func hostName() -> String {
    var name = [CChar](repeating: 0, count: 256)
    gethostname(&name, name.count - 1)
    let text = String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    return text.isEmpty ? "host" : text
  }

  var providers: [any ResourceProvider] {
    [NetworkProvider(service: networks, random: SystemRandom()), ComputeProvider(service: compute)]
  }

  /// Ends every machine and takes every network of this cloud off the host: before the host itself goes down, or the cloud for good.
  func evacuate() async throws {
    try await compute.stopAll()
    await networks.reconcile()
    try await fabric.removeAll()
  }
}
