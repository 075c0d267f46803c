public import Base
public import Wire

/// The machines of one host: the waist between what tenants want to run and what runs.
///
/// A machine here is a running thing or nothing: it exists from `start` until it ends, whoever ends it, and outlives this process.
public protocol Hypervisor: Sendable {
  /// What this host is and has.
  func host() async throws -> HypervisorHost

  /// Every machine of this cloud that exists now, whatever its phase.
  func machines() async throws -> [RunningMachine]

  /// Whether a machine exists now, whatever its phase.
  func exists(_ id: GUID) async throws -> Bool

  /// Starts a machine; one of that id that exists already is left as it is. Throws `HypervisorError`.
  func start(_ specification: MachineSpecification) async throws

  /// Asks the guest to shut down (ACPI). One that is not there is no error, here and below.
  func requestShutdown(_ id: GUID) async throws
  /// Ends it at once.
  func destroy(_ id: GUID) async throws
  /// Removes what is kept of a machine that is off between two of its runs: its TPM's state.
  func forget(_ id: GUID) async throws
  /// Resets it, as a reset button does.
  func reset(_ id: GUID) async throws

  /// Plugs a disk into a running machine; one with that serial that is there already is no error.
  func attach(_ disk: MachineDisk, to id: GUID) async throws
  /// Asks the guest to let go of a disk, and waits until it is gone. Throws `HypervisorError.timedOut` where the guest does not answer.
  func detach(diskWithSerial serial: String, from id: GUID) async throws
  /// Makes a running machine see that its disk has grown to `bytes`.
  func grow(diskWithSerial serial: String, of id: GUID, to bytes: Int64) async throws
  /// Copies a disk of a running machine as it is at this moment (crash-consistent) into `target`, an empty disk of the same size. Returns once
  /// the copy is whole.
  func copy(diskWithSerial serial: String, of id: GUID, to target: ImageFile) async throws

  /// Runs a program inside of a machine by its guest agent. Throws `HypervisorError.refused` where no agent answers.
  func execute(
    _ program: String, _ arguments: [String], environment: [String], input: [UInt8], in id: GUID, timeoutSeconds: Int64
  ) async throws -> GuestOutput

  /// Ends of machines, from now on, with what is known of why. For a machine that ended while nobody listened there is none.
  func ends() -> AsyncStream<MachineEnd>
}

public struct HypervisorHost: Sendable, Equatable {
  public enum Accelerator: String, Sendable, Codable {
    /// The processor's own virtualisation.
    case kvm
    /// QEMU translates every instruction: right, and tens of times slower.
    case tcg
  }

  public var accelerator: Accelerator
  public var processors: Int
  public var memoryBytes: Int64
  /// For example `QEMU 7.2.22, libvirt 9.0.0`.
  public var version: String

  public init(accelerator: Accelerator, processors: Int, memoryBytes: Int64, version: String) {
    self.accelerator = accelerator
    self.processors = processors
    self.memoryBytes = memoryBytes
    self.version = version
  }
}

public struct RunningMachine: Sendable, Equatable {
  public enum Phase: String, Sendable {
    case running
    /// Stopped by the hypervisor, for example because a disk has no more room.
    case paused
    /// The guest is shutting down.
    case stopping
    /// It is over, or crashed, and about to disappear.
    case ended
  }

  public var id: GUID
  /// The Azure resource id that it was started for.
  public var resourceID: String
  public var phase: Phase
  /// Serials of the disks that are plugged in.
  public var disks: Set<String>

  public init(id: GUID, resourceID: String, phase: Phase, disks: Set<String>) {
    self.id = id
    self.resourceID = resourceID
    self.phase = phase
    self.disks = disks
  }
}

/// What a program in a guest left behind.
public struct GuestOutput: Sendable, Equatable {
  public var status: Int32
  public var output: [UInt8]
  public var complaint: [UInt8]

  public init(status: Int32, output: [UInt8], complaint: [UInt8]) {
    self.status = status
    self.output = output
    self.complaint = complaint
  }
}

public struct MachineEnd: Sendable, Equatable {
  public enum Reason: String, Sendable, Codable {
    /// The guest shut down by itself.
    case shutDown
    /// The platform ended it.
    case destroyed
    /// QEMU died or failed.
    case failed
  }

  public var id: GUID
  public var reason: Reason

  public init(id: GUID, reason: Reason) {
    self.id = id
    self.reason = reason
  }
}

/// Everything that a machine is started with.
public struct MachineSpecification: Sendable, Equatable {
  public enum Boot: Sendable, Equatable {
    /// From the first disk, by a PC BIOS: Azure's generation 1.
    case bios
    /// From the first disk, by UEFI with secure boot and a TPM 2.0 whose state is kept: Azure's generation 2, Trusted Launch.
    /// `tpmKey` encrypts the TPM's state; nil: there is no TPM.
    case uefi(secureBoot: Bool, tpmKey: [UInt8]?)
    /// A kernel and initial RAM disk beside the disk: light images.
    case kernel(path: String, initrd: String?, commandLine: String)
  }

  /// The machine's `vmId`: its SMBIOS UUID, and what the hypervisor knows it by.
  public var id: GUID
  public var resourceID: String
  public var processors: Int
  public var memoryBytes: Int64
  public var boot: Boot
  public var disks: [MachineDisk]
  /// ISO or UDF images, read-only: the provisioning discs.
  public var discs: [String]
  public var interfaces: [MachineInterface]
  /// Where the serial console is written, through virtlogd, which bounds and rotates it.
  public var consoleLog: String
  /// The folder that belongs to this machine alone, for firmware variables.
  public var folder: String

  public init(
    id: GUID, resourceID: String, processors: Int, memoryBytes: Int64, boot: Boot, disks: [MachineDisk], discs: [String] = [],
    interfaces: [MachineInterface], consoleLog: String, folder: String
  ) {
    self.id = id
    self.resourceID = resourceID
    self.processors = processors
    self.memoryBytes = memoryBytes
    self.boot = boot
    self.disks = disks
    self.discs = discs
    self.interfaces = interfaces
    self.consoleLog = consoleLog
    self.folder = folder
  }
}

public struct MachineDisk: Sendable, Equatable {
  /// Names it in the guest and here: up to 20 characters.
  public var serial: String
  public var file: ImageFile
  /// Nil for the disk that the machine boots from; a data disk's logical unit number, 0 to 63, which Azure's guests find it by.
  public var lun: Int?
  public var isReadOnly: Bool

  public init(serial: String, file: ImageFile, lun: Int?, isReadOnly: Bool = false) {
    self.serial = serial
    self.file = file
    self.lun = lun
    self.isReadOnly = isReadOnly
  }
}

/// A qcow2 file whose contents are encrypted with LUKS.
public struct ImageFile: Sendable, Equatable {
  public var path: String
  /// 32 random bytes; the passphrase is their base64.
  public var key: [UInt8]
  /// The read-only, unencrypted qcow2 image that it stands on, if any.
  public var backing: String?

  public init(path: String, key: [UInt8], backing: String? = nil) {
    self.path = path
    self.key = key
    self.backing = backing
  }
}

public struct MachineInterface: Sendable, Equatable {
  /// A tap in the host's namespace.
  public var tap: String
  public var mac: MACAddress
  public var mtu: Int

  public init(tap: String, mac: MACAddress, mtu: Int) {
    self.tap = tap
    self.mac = mac
    self.mtu = mtu
  }
}

public enum HypervisorError: Error, CustomStringConvertible {
  /// libvirt or QEMU said no, in its words.
  case refused(String)
  /// The hypervisor cannot be reached.
  case unavailable(String)
  case timedOut(String)

  public var description: String {
    switch self {
    case .refused(let text): "refused: \(text)"
    case .unavailable(let text): "unavailable: \(text)"
    case .timedOut(let text): "timed out: \(text)"
    }
  }
}
