#if canImport(Glibc)
  internal import Glibc
#endif

/// Finds out whether this host's processor can run guests by itself.
///
/// That `/dev/kvm` opens says too little: KVM-PVM, which a cloud's own machines may have, opens and runs firmware, but interprets the kernel of an
/// unmodified guest so slowly that it never gets to user space. Trying would take minutes; the name of the module says it at once. A module
/// that is built into the kernel is under `/sys/module` too, because it has parameters.
enum AcceleratorProbe {
  static func accelerator(modules: String = "/sys/module", device: String = "/dev/kvm") -> HypervisorHost.Accelerator {
    let hasVirtualisation = ["kvm_intel", "kvm_amd"].contains { access("\(modules)/\($0)", F_OK) == 0 }
    let isParavirtual = access("\(modules)/kvm_pvm", F_OK) == 0
    return hasVirtualisation && !isParavirtual && access(device, R_OK | W_OK) == 0 ? .kvm : .tcg
  }
}
