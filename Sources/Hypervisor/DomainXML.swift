internal import Base
internal import Wire

/// The libvirt domain of a machine, as XML.
///
/// Source: libvirt, "Domain XML format".
struct DomainXML {
  /// Where a machine's Azure resource id stands in its domain.
  static let metadataNamespace = "https://cocagne.example/domain/1"
  /// What marks a machine as Azure's to guests: cloud-init and Azure's agent look for it.
  static let chassisAssetTag = "7783-7084-3265-9085-8269-3286-77"
  /// MiB of translated code that an emulated machine keeps.
  static let translationCacheMiB = 64

  let cloud: String
  let machine: MachineSpecification
  let accelerator: HypervisorHost.Accelerator

  static func name(cloud: String, _ id: GUID) -> String { "\(cloud)-\(id)" }

  static func escaped(_ text: String) -> String {
    var result = ""
    for character in text.unicodeScalars {
      switch character {
      case "&": result += "&amp;"
      case "<": result += "&lt;"
      case ">": result += "&gt;"
      case "'": result += "&apos;"
      case "\"": result += "&quot;"
      default: result.unicodeScalars.append(character)
      }
    }
    return result
  }

  var text: String {
    """
    <domain type='\(accelerator == .kvm ? "kvm" : "qemu")'>
    <name>\(Self.name(cloud: cloud, machine.id))</name><uuid>\(machine.id)</uuid>
    <metadata><c:machine xmlns:c='\(Self.metadataNamespace)' id='\(Self.escaped(machine.resourceID))'/></metadata>
    <memory unit='b'>\(machine.memoryBytes)</memory><vcpu>\(machine.processors)</vcpu>
    <cputune><shares>\(1024 * machine.processors)</shares></cputune>
    <sysinfo type='smbios'>\
    <system><entry name='manufacturer'>Microsoft Corporation</entry><entry name='product'>Virtual Machine</entry>\
    <entry name='uuid'>\(machine.id)</entry></system>\
    <chassis><entry name='manufacturer'>Microsoft Corporation</entry><entry name='asset'>\(Self.chassisAssetTag)</entry></chassis></sysinfo>
    <os>\(os)<smbios mode='sysinfo'/></os>
    <features><acpi/><apic/>\(hasSecureBoot ? "<smm state='on'/>" : "")\(tcg)</features>
    <cpu mode='\(accelerator == .kvm ? "host-passthrough" : "maximum")'/>
    <clock offset='utc'/><on_poweroff>destroy</on_poweroff><on_reboot>restart</on_reboot><on_crash>destroy</on_crash>
    <pm><suspend-to-mem enabled='no'/><suspend-to-disk enabled='no'/></pm>
    <devices>
    \(disks)
    <controller type='scsi' index='0' model='virtio-scsi'/><controller type='scsi' index='1' model='virtio-scsi'/>
    <controller type='usb' model='none'/><controller type='virtio-serial' index='0'/>
    \(interfaces)
    <serial type='pty'><log file='\(Self.escaped(machine.consoleLog))' append='on'/><target port='0'/></serial>
    <channel type='unix'><target type='virtio' name='org.qemu.guest_agent.0'/></channel>
    <rng model='virtio'><backend model='random'>/dev/urandom</backend></rng>
    <memballoon model='virtio' freePageReporting='on'/>\(tpm)
    <video><model type='none'/></video>
    </devices></domain>
    """
  }

  private var tcg: String {
    accelerator == .tcg ? "<tcg><tb-cache unit='MiB'>\(Self.translationCacheMiB)</tb-cache></tcg>" : ""
  }

  private var hasSecureBoot: Bool {
    if case .uefi(let secureBoot, _) = machine.boot { secureBoot } else { false }
  }

  private var tpm: String {
    guard case .uefi(_, .some) = machine.boot else { return "" }
    return "<tpm model='tpm-crb'><backend type='emulator' version='2.0' persistent_state='yes'><encryption secret='\(machine.id)'/></backend></tpm>"
  }

  private var os: String {
    switch machine.boot {
    case .bios: return "<type arch='x86_64' machine='pc'>hvm</type><boot dev='hd'/>"
    case .kernel(let path, let initrd, let commandLine):
      let ramdisk = initrd.map { "<initrd>\(Self.escaped($0))</initrd>" } ?? ""
      return "<type arch='x86_64' machine='pc'>hvm</type><kernel>\(Self.escaped(path))</kernel>\(ramdisk)"
        + "<cmdline>\(Self.escaped(commandLine))</cmdline>"
    case .uefi(let secureBoot, _):
      let code = secureBoot ? "OVMF_CODE_4M.secboot.fd" : "OVMF_CODE_4M.fd"
      let variables = secureBoot ? "OVMF_VARS_4M.ms.fd" : "OVMF_VARS_4M.fd"
      return "<type arch='x86_64' machine='q35'>hvm</type>"
        + "<loader readonly='yes' type='pflash'\(secureBoot ? " secure='yes'" : "")>/usr/share/OVMF/\(code)</loader>"
        + "<nvram template='/usr/share/OVMF/\(variables)'>\(Self.escaped(machine.folder))/variables.fd</nvram><boot dev='hd'/>"
    }
  }

  // MARK: Disks

  private var disks: String {
    (machine.disks.map { Self.disk($0) } + machine.discs.enumerated().map { disc($0.element, $0.offset) }).joined(separator: "\n")
  }

  /// One disk's device, as it also is given for hot plugging.
  static func disk(_ disk: MachineDisk) -> String {
    let target: String
    if let lun = disk.lun {
      target = "<target dev='\(scsiName(lun))' bus='scsi'/><address type='drive' controller='1' bus='0' target='0' unit='\(lun)'/>"
    } else {
      target = "<target dev='vda' bus='virtio'/>"
    }
    let backing = disk.file.backing.map { path in
      // The image below is shared and read-only: nobody relabels it.
      "<backingStore type='file'><format type='qcow2'/><source file='\(escaped(path))'><seclabel model='dac' relabel='no'/></source>"
        + "<backingStore/></backingStore>"
    }
    return "<disk type='file' device='disk'><driver name='qemu' type='qcow2' cache='none' io='threads' discard='unmap' detect_zeroes='unmap'"
      + " error_policy='stop'/><source file='\(escaped(disk.file.path))'>\(encryption(disk.file.secretID))</source>"
      + "\(backing ?? "<backingStore/>")\(target)<serial>\(disk.serial)</serial>\(disk.isReadOnly ? "<readonly/>" : "")</disk>"
  }

  static func encryption(_ secret: GUID) -> String {
    "<encryption format='luks'><secret type='passphrase' uuid='\(secret)'/></encryption>"
  }

  /// `sdb` for unit 0 onwards: names are libvirt's own, guests go by the unit.
  static func scsiName(_ lun: Int) -> String {
    let index = lun + 1
    let letters = Array("abcdefghijklmnopqrstuvwxyz")
    return index < 26 ? "sd\(letters[index])" : "sd\(letters[index / 26 - 1])\(letters[index % 26])"
  }

  /// A provisioning disc: for light images, which know virtio block devices alone, a read-only disk.
  private func disc(_ path: String, _ index: Int) -> String {
    let source = "<source file='\(Self.escaped(path))'/>"
    if case .kernel = machine.boot {
      return "<disk type='file' device='disk'><driver name='qemu' type='raw'/>\(source)<target dev='vd\(index == 0 ? "y" : "z")' bus='virtio'/>"
        + "<readonly/></disk>"
    }
    return "<disk type='file' device='cdrom'><driver name='qemu' type='raw'/>\(source)<target dev='sd\(index == 0 ? "y" : "z")' bus='scsi'/>"
      + "<address type='drive' controller='0' bus='0' target='0' unit='\(index)'/><readonly/></disk>"
  }

  private var interfaces: String {
    machine.interfaces.map { interface in
      "<interface type='ethernet'><mac address='\(interface.mac)'/><target dev='\(interface.tap)' managed='no'/><model type='virtio'/>"
        + "<mtu size='\(interface.mtu)'/><rom enabled='no'/></interface>"
    }.joined(separator: "\n")
  }
}

extension ImageFile {
  /// The libvirt secret of a file: derived from its path, so that one left by a crash is found again.
  var secretID: GUID {
    var (high, low): (UInt64, UInt64) = (0xcbf2_9ce4_8422_2325, 0x8422_2325_cbf2_9ce4)
    for byte in path.utf8 {
      high = (high ^ UInt64(byte)) &* 0x100_0000_01b3
      low = (low ^ UInt64(byte) ^ high >> 32) &* 0x100_0000_01b3
    }
    return GUID(randomBytes: GUID(high: high, low: low).bytes)
  }

  /// What libvirt and qemu-img take as the passphrase: the key's base64.
  var passphrase: [UInt8] { Array(Base64.encode(key).utf8) }
}
