public import Base
internal import CLibvirt
internal import FoundationEssentials
public import Logging
internal import Synchronization
internal import Wire

#if canImport(Glibc)
  internal import Glibc
#endif

/// Machines as transient libvirt domains of QEMU: a domain is there while its machine runs, and gone when it has ended.
public final class LibvirtHypervisor: Hypervisor {
  private let cloud: String
  private let logger: Logger
  private let connection: LibvirtConnection
  private let accelerator: HypervisorHost.Accelerator
  private let listeners: EndListeners

  /// `cloud` is a short lower-case name: domains are called `<cloud>-<id>`, and others are not touched.
  public init(cloud: String, accelerator: HypervisorHost.Accelerator? = nil, logger: Logger) {
    self.cloud = cloud
    self.logger = logger
    self.accelerator = accelerator ?? Self.usableAccelerator()
    let listeners = EndListeners(prefix: cloud + "-")
    self.listeners = listeners
    connection = LibvirtConnection(logger: logger) { listeners.register(on: $0) }
  }

  /// KVM where the processor's own virtualisation stands behind `/dev/kvm`. The kernel's software variant (`kvm_pvm`) opens too, and runs no
  /// unmodified guest.
  public static func usableAccelerator() -> HypervisorHost.Accelerator {
    guard access("/dev/kvm", R_OK | W_OK) == 0, access("/sys/module/kvm_pvm", F_OK) != 0 else { return .tcg }
    for module in ["kvm_intel", "kvm_amd"] where access("/sys/module/\(module)/parameters", F_OK) == 0 {
      let flags = cpuFlags()
      if flags.contains("vmx") || flags.contains("svm") { return .kvm }
    }
    return .tcg
  }

  private static func cpuFlags() -> Set<Substring> {
    guard let file = fopen("/proc/cpuinfo", "r") else { return [] }
    defer { fclose(file) }
    var line = [CChar](repeating: 0, count: 16_384)
    while fgets(&line, Int32(line.count), file) != nil {
      let text = String(decoding: line.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
      if text.hasPrefix("flags") { return Set(text.split { $0 == " " || $0 == "\t" || $0 == "\n" }) }
    }
    return []
  }

  // MARK: Looking

  public func host() async throws -> HypervisorHost {
    let accelerator = accelerator
    return try await connection.run { connection in
      var info = virNodeInfo()
      guard virNodeGetInfo(connection, &info) == 0 else { throw LibvirtConnection.failure() }
      var (hypervisor, library): (UInt, UInt) = (0, 0)
      guard virConnectGetVersion(connection, &hypervisor) == 0, virConnectGetLibVersion(connection, &library) == 0 else {
        throw LibvirtConnection.failure()
      }
      func text(_ version: UInt) -> String { "\(version / 1_000_000).\(version / 1000 % 1000).\(version % 1000)" }
      return HypervisorHost(
        accelerator: accelerator, processors: Int(info.cpus), memoryBytes: Int64(info.memory) << 10,
        version: "QEMU \(text(hypervisor)), libvirt \(text(library))")
    }
  }

  public func machines() async throws -> [RunningMachine] {
    let prefix = cloud + "-"
    return try await connection.run { connection in
      var domains: UnsafeMutablePointer<virDomainPtr?>?
      let count = virConnectListAllDomains(connection, &domains, UInt32(VIR_CONNECT_LIST_DOMAINS_ACTIVE.rawValue))
      guard count >= 0 else { throw LibvirtConnection.failure() }
      defer { free(domains) }
      var machines: [RunningMachine] = []
      for index in 0..<Int(count) {
        guard let domain = domains?[index] else { continue }
        defer { virDomainFree(domain) }
        guard let name = virDomainGetName(domain).map({ String(cString: $0) }), name.hasPrefix(prefix),
          let id = GUID(String(name.dropFirst(prefix.count)))
        else { continue }
        // One that ended since the list was made is not there any more.
        if let machine = Self.describe(domain, id) { machines.append(machine) }
      }
      return machines
    }
  }

  public func exists(_ id: GUID) async throws -> Bool {
    let name = DomainXML.name(cloud: cloud, id)
    return try await connection.run { connection in
      guard let domain = virDomainLookupByName(connection, name) else {
        guard LibvirtConnection.lastErrorCode() == VIR_ERR_NO_DOMAIN.rawValue else { throw LibvirtConnection.failure() }
        return false
      }
      virDomainFree(domain)
      return true
    }
  }

  private static func describe(_ domain: OpaquePointer, _ id: GUID) -> RunningMachine? {
    var (state, reason): (Int32, Int32) = (0, 0)
    guard virDomainGetState(domain, &state, &reason, 0) == 0, let raw = virDomainGetXMLDesc(domain, 0) else { return nil }
    defer { free(raw) }
    let xml = String(cString: raw)
    let phase: RunningMachine.Phase =
      switch virDomainState(UInt32(state)) {
      case VIR_DOMAIN_RUNNING, VIR_DOMAIN_BLOCKED: .running
      case VIR_DOMAIN_PAUSED, VIR_DOMAIN_PMSUSPENDED: .paused
      case VIR_DOMAIN_SHUTDOWN: .stopping
      default: .ended
      }
    return RunningMachine(
      id: id, resourceID: Self.values("id=", in: xml, near: DomainXML.metadataNamespace).first ?? "", phase: phase, disks: Set(serials(xml)))
  }

  private static func serials(_ xml: String) -> [String] {
    xml.texts(between: "<serial>", and: "</serial>")
  }

  private static func values(_ attribute: String, in xml: String, near mark: String) -> [String] {
    guard let rest = xml.texts(between: mark, and: ">").first else { return [] }
    for quote in ["'", "\""] {
      if let found = rest.texts(between: attribute + quote, and: quote).first {
        return [
          found.replacing("&amp;", with: "&").replacing("&lt;", with: "<").replacing("&gt;", with: ">").replacing("&apos;", with: "'")
            .replacing("&quot;", with: "\"")
        ]
      }
    }
    return []
  }

  public func ends() -> AsyncStream<MachineEnd> { listeners.stream() }

  // MARK: Starting and ending

  /// The domain of a machine, for tests.
  package static func domain(_ machine: MachineSpecification, cloud: String, accelerator: HypervisorHost.Accelerator) -> String {
    DomainXML(cloud: cloud, machine: machine, accelerator: accelerator).text
  }

  public func start(_ specification: MachineSpecification) async throws {
    let xml = DomainXML(cloud: cloud, machine: specification, accelerator: accelerator).text
    let name = DomainXML.name(cloud: cloud, specification.id)
    try await connection.run { connection in
      if let present = virDomainLookupByName(connection, name) {
        virDomainFree(present)
        return
      }
      var secrets: [OpaquePointer] = []
      defer { for secret in secrets { Self.undefine(secret) } }
      for disk in specification.disks { secrets.append(try Self.defineSecret(disk.file, connection)) }
      if case .uefi(_, let key?) = specification.boot {
        let usage = "<usage type='vtpm'><name>\(name)</name></usage>"
        secrets.append(try Self.defineSecret(specification.id, usage, Array(Base64.encode(key).utf8), connection))
      }
      guard let domain = virDomainCreateXML(connection, xml, 0) else { throw LibvirtConnection.failure() }
      virDomainFree(domain)
    }
  }

  /// A secret that libvirt keeps in memory alone, for as long as a machine opens its disk.
  private static func defineSecret(_ file: ImageFile, _ connection: OpaquePointer) throws -> OpaquePointer {
    try defineSecret(
      file.secretID, "<usage type='volume'><volume>\(DomainXML.escaped(file.path))</volume></usage>", file.passphrase, connection)
  }

  private static func defineSecret(_ id: GUID, _ usage: String, _ passphrase: [UInt8], _ connection: OpaquePointer) throws -> OpaquePointer {
    let xml = "<secret ephemeral='yes' private='yes'><uuid>\(id)</uuid>\(usage)</secret>"
    guard let secret = virSecretDefineXML(connection, xml, 0) else { throw LibvirtConnection.failure() }
    guard virSecretSetValue(secret, passphrase, passphrase.count, 0) == 0 else {
      defer { undefine(secret) }
      throw LibvirtConnection.failure()
    }
    return secret
  }

  private static func undefine(_ secret: OpaquePointer) {
    virSecretUndefine(secret)
    virSecretFree(secret)
  }

  public func requestShutdown(_ id: GUID) async throws {
    try await with(id) { domain in
      guard virDomainShutdownFlags(domain, UInt32(VIR_DOMAIN_SHUTDOWN_ACPI_POWER_BTN.rawValue)) == 0 else { throw LibvirtConnection.failure() }
    }
  }

  public func destroy(_ id: GUID) async throws {
    try await with(id) { domain in
      guard virDomainDestroy(domain) == 0 else { throw LibvirtConnection.failure() }
    }
  }

  /// Where libvirt keeps the state of TPMs.
  private static let trustedPlatformModules = "/var/lib/libvirt/swtpm"

  public func forget(_ id: GUID) async throws {
    guard FileManager.default.fileExists(atPath: "\(Self.trustedPlatformModules)/\(id)") else { return }
    try FileManager.default.removeItem(atPath: "\(Self.trustedPlatformModules)/\(id)")
  }

  public func reset(_ id: GUID) async throws {
    try await with(id) { domain in
      guard virDomainReset(domain, 0) == 0 else { throw LibvirtConnection.failure() }
    }
  }

  /// Runs calls on a machine's domain; nothing where it is not there, or goes away meanwhile.
  private func with(_ id: GUID, _ body: @escaping @Sendable (OpaquePointer) throws -> Void) async throws {
    let name = DomainXML.name(cloud: cloud, id)
    try await connection.run { connection in
      guard let domain = virDomainLookupByName(connection, name) else {
        guard LibvirtConnection.lastErrorCode() == VIR_ERR_NO_DOMAIN.rawValue else { throw LibvirtConnection.failure() }
        return
      }
      defer { virDomainFree(domain) }
      do {
        try body(domain)
      } catch {
        guard let present = virDomainLookupByName(connection, name) else { return }
        virDomainFree(present)
        throw error
      }
    }
  }

  // MARK: Disks of running machines

  public func attach(_ disk: MachineDisk, to id: GUID) async throws {
    let name = DomainXML.name(cloud: cloud, id)
    try await connection.run { connection in
      guard let domain = virDomainLookupByName(connection, name) else { throw LibvirtConnection.failure() }
      defer { virDomainFree(domain) }
      if Self.describe(domain, id)?.disks.contains(disk.serial) == true { return }
      let secret = try Self.defineSecret(disk.file, connection)
      defer { Self.undefine(secret) }
      guard virDomainAttachDeviceFlags(domain, DomainXML.disk(disk), UInt32(VIR_DOMAIN_AFFECT_LIVE.rawValue)) == 0 else {
        throw LibvirtConnection.failure()
      }
    }
  }

  /// Seconds that a guest has to let go of a disk.
  private static let detachSeconds = 30

  public func detach(diskWithSerial serial: String, from id: GUID) async throws {
    let deadline = ContinuousClock.now.advanced(by: .seconds(Self.detachSeconds))
    var isAsked = false
    while true {
      guard let machine = try await machines().first(where: { $0.id == id }), machine.disks.contains(serial) else { return }
      if !isAsked {
        try await with(id) { domain in
          guard let xml = Self.diskXML(withSerial: serial, of: domain) else { return }
          guard virDomainDetachDeviceFlags(domain, xml, UInt32(VIR_DOMAIN_AFFECT_LIVE.rawValue)) == 0 else { throw LibvirtConnection.failure() }
        }
        isAsked = true
        continue
      }
      guard ContinuousClock.now < deadline else { throw HypervisorError.timedOut("the guest keeps disk \(serial)") }
      try await Task.sleep(for: .milliseconds(50))
    }
  }

  /// The `<disk>` element of a running domain.
  private static func diskXML(withSerial serial: String, of domain: OpaquePointer) -> String? {
    guard let raw = virDomainGetXMLDesc(domain, 0) else { return nil }
    defer { free(raw) }
    let found = String(cString: raw).texts(between: "<disk ", and: "</disk>").first { $0.contains("<serial>\(serial)</serial>") }
    return found.map { "<disk \($0)</disk>" }
  }

  private static func target(withSerial serial: String, of domain: OpaquePointer) throws -> String {
    guard let xml = diskXML(withSerial: serial, of: domain), let name = xml.texts(between: "<target dev='", and: "'").first else {
      throw HypervisorError.refused("there is no disk \(serial)")
    }
    return name
  }

  public func grow(diskWithSerial serial: String, of id: GUID, to bytes: Int64) async throws {
    try await with(id) { domain in
      let name = try Self.target(withSerial: serial, of: domain)
      guard virDomainBlockResize(domain, name, UInt64(bytes), UInt32(VIR_DOMAIN_BLOCK_RESIZE_BYTES.rawValue)) == 0 else {
        throw LibvirtConnection.failure()
      }
    }
  }

  public func copy(diskWithSerial serial: String, of id: GUID, to target: ImageFile) async throws {
    do {
      try await startCopy(serial, id, target)
      while try await isCopying(id) { try await Task.sleep(for: .milliseconds(50)) }
      try await finishCopy(id)
    } catch {
      try? await with(id) { virDomainAbortJob($0) }
      throw error
    }
  }

  private func startCopy(_ serial: String, _ id: GUID, _ target: ImageFile) async throws {
    let name = DomainXML.name(cloud: cloud, id)
    try await connection.run { connection in
      guard let domain = virDomainLookupByName(connection, name) else { throw LibvirtConnection.failure() }
      defer { virDomainFree(domain) }
      let disk = try Self.target(withSerial: serial, of: domain)
      let secret = try Self.defineSecret(target, connection)
      defer { Self.undefine(secret) }
      // A job left by a process that died is of no use to anybody.
      virDomainAbortJob(domain)
      let xml =
        "<domainbackup mode='push'><disks><disk name='\(disk)' type='file'><driver type='qcow2'/><target file='\(DomainXML.escaped(target.path))'>"
        + "\(DomainXML.encryption(target.secretID))</target></disk></disks></domainbackup>"
      guard virDomainBackupBegin(domain, xml, nil, UInt32(VIR_DOMAIN_BACKUP_BEGIN_REUSE_EXTERNAL.rawValue)) == 0 else {
        throw LibvirtConnection.failure()
      }
    }
  }

  private func isCopying(_ id: GUID) async throws -> Bool {
    let name = DomainXML.name(cloud: cloud, id)
    return try await connection.run { connection in
      guard let domain = virDomainLookupByName(connection, name) else { throw LibvirtConnection.failure() }
      defer { virDomainFree(domain) }
      var info = virDomainJobInfo()
      guard virDomainGetJobInfo(domain, &info) == 0 else { throw LibvirtConnection.failure() }
      return info.type != Int32(VIR_DOMAIN_JOB_NONE.rawValue)
    }
  }

  /// Throws where the copy did not end well.
  private func finishCopy(_ id: GUID) async throws {
    let name = DomainXML.name(cloud: cloud, id)
    try await connection.run { connection in
      guard let domain = virDomainLookupByName(connection, name) else { throw LibvirtConnection.failure() }
      defer { virDomainFree(domain) }
      var type: Int32 = 0
      var parameters: virTypedParameterPtr?
      var count: Int32 = 0
      guard virDomainGetJobStats(domain, &type, &parameters, &count, UInt32(VIR_DOMAIN_JOB_STATS_COMPLETED.rawValue)) == 0 else {
        throw LibvirtConnection.failure()
      }
      virTypedParamsFree(parameters, count)
      guard type == Int32(VIR_DOMAIN_JOB_COMPLETED.rawValue) else { throw HypervisorError.refused("the copy ended as job type \(type)") }
    }
  }

  // MARK: Guest agent

  public func execute(
    _ program: String, _ arguments: [String], environment: [String], input: [UInt8], in id: GUID, timeoutSeconds: Int64
  ) async throws -> GuestOutput {
    let started = try await ask(
      id,
      [
        "execute": "guest-exec",
        "arguments": [
          "path": .string(program), "arg": .array(arguments.map { .string($0) }), "env": .array(environment.map { .string($0) }),
          "input-data": .string(Base64.encode(input)), "capture-output": true,
        ],
      ])
    guard let process = started["return"]?["pid"]?.integer else { throw HypervisorError.refused("the guest agent started nothing") }
    let deadline = ContinuousClock.now.advanced(by: .seconds(timeoutSeconds))
    while true {
      let state = try await ask(id, ["execute": "guest-exec-status", "arguments": ["pid": .integer(process)]])
      if let result = state["return"], result["exited"]?.boolean == true {
        func bytes(_ name: String) -> [UInt8] { result[name]?.string.flatMap { Base64.decode($0) } ?? [] }
        return GuestOutput(status: Int32(result["exitcode"]?.integer ?? -1), output: bytes("out-data"), complaint: bytes("err-data"))
      }
      guard ContinuousClock.now < deadline else { throw HypervisorError.timedOut("the command did not end in time") }
      try await Task.sleep(for: .milliseconds(200))
    }
  }

  private static let agentTimeoutSeconds: Int32 = 10

  private func ask(_ id: GUID, _ command: JSON) async throws -> JSON {
    let name = DomainXML.name(cloud: cloud, id)
    let text = command.text
    let answer = try await connection.run { connection -> String in
      guard let domain = virDomainLookupByName(connection, name) else { throw LibvirtConnection.failure() }
      defer { virDomainFree(domain) }
      guard let raw = virDomainQemuAgentCommand(domain, text, Self.agentTimeoutSeconds, 0) else { throw LibvirtConnection.failure() }
      defer { free(raw) }
      return String(cString: raw)
    }
    return try JSON(parsing: answer, limits: JSONLimits(depth: 16, bytes: 64 << 20))
  }
}
