import Base
import Hypervisor
import Testing
import Wire

/// The domain that libvirt is given; that it boots is shown by real guests.
@Suite struct DomainTests {
  private func xml(_ boot: MachineSpecification.Boot = .bios, accelerator: HypervisorHost.Accelerator = .tcg) -> String {
    let file = ImageFile(path: "/var/lib/x/disks/a.qcow2", key: [UInt8](repeating: 0x41, count: 32), backing: "/var/lib/x/images/b/disk.qcow2")
    return LibvirtHypervisor.domain(
      MachineSpecification(
        id: GUID(high: 1, low: 2), resourceID: "/subscriptions/s/<&'>", processors: 2, memoryBytes: 512 << 20, boot: boot,
        disks: [
          MachineDisk(serial: "os", file: file, lun: nil), MachineDisk(serial: "data", file: ImageFile(path: "/d", key: file.key), lun: 3),
        ], discs: ["/p.iso"], interfaces: [MachineInterface(tap: "t1", mac: MACAddress(bits: 0x02_00_00_00_00_09), mtu: 1450)],
        consoleLog: "/c.log", folder: "/f"), cloud: "t", accelerator: accelerator)
  }

  @Test func aMachineSaysThatItIsAzures() {
    let text = xml()
    #expect(text.contains("7783-7084-3265-9085-8269-3286-77"))
    #expect(text.contains("id='/subscriptions/s/&lt;&amp;&apos;&gt;'"))
    #expect(text.contains("<memory unit='b'>536870912</memory><vcpu>2</vcpu>"))
    #expect(text.contains("<target dev='t1' managed='no'/>"))
  }

  @Test func disksAreEncryptedAndTheirKeysNotInTheDomain() {
    let text = xml()
    #expect(text.components(separated: "<encryption format='luks'>") == 2)
    #expect(!text.contains(Base64.encode([UInt8](repeating: 0x41, count: 32))))
    #expect(text.contains("<source file='/var/lib/x/images/b/disk.qcow2'><seclabel model='dac' relabel='no'/></source>"))
    #expect(text.contains("controller='1' bus='0' target='0' unit='3'"))
  }

  @Test func secureBootAndTPMAreAsked() {
    let text = xml(.uefi(secureBoot: true, tpmKey: [UInt8](repeating: 7, count: 32)))
    #expect(text.contains("OVMF_CODE_4M.secboot.fd") && text.contains("secure='yes'") && text.contains("tpm-crb") && text.contains("machine='q35'"))
    #expect(!xml(.uefi(secureBoot: false, tpmKey: nil)).contains("tpm"))
  }

  @Test func theAcceleratorDecidesWhatIsEmulated() {
    #expect(xml().contains("type='qemu'") && xml().contains("<tb-cache unit='MiB'>"))
    #expect(xml(accelerator: .kvm).contains("type='kvm'") && xml(accelerator: .kvm).contains("host-passthrough"))
  }
}

extension String {
  fileprivate func components(separated mark: String) -> Int { split(separator: mark, omittingEmptySubsequences: false).count - 1 }
}
