/// How the machines of a host are run.
public struct HypervisorOptions: Sendable {
  /// Which libvirt.
  public var uri = "qemu:///system"
  /// What runs the guests' instructions; nil: the processor where it can, else QEMU's translator. See `AcceleratorProbe`.
  public var accelerator: HypervisorHost.Accelerator?
  /// What QEMU may keep of translated code for each machine, in MiB. Below 32 light guests start visibly slower; without a bound it takes 1 GiB.
  public var translationCacheMiB = 64
  /// Whether disks go through the host's page cache. Flushes reach the disk either way; without it, guests do not hold the host's memory twice.
  public var usesHostCache = false
  /// Whom QEMU runs as; nil: the user that the distribution made for it.
  public var owner: FileOwner?
  /// Where OVMF's `OVMF_CODE_4M*.fd` and `OVMF_VARS_4M*.fd` are.
  public var firmwareFolder = "/usr/share/OVMF"
  /// Where libvirt keeps the state of TPMs, in a folder for each machine.
  public var tpmFolder = "/var/lib/libvirt/swtpm"
  /// How long a guest has to let go of a disk.
  public var detachTimeout: Duration = .seconds(30)

  public init() {}
}

/// A user and group of the host, by number.
public struct FileOwner: Sendable, Equatable {
  public var user: UInt32
  public var group: UInt32

  public init(user: UInt32, group: UInt32) {
    self.user = user
    self.group = group
  }
}
