internal import Programs

#if canImport(Glibc)
  internal import Glibc
#endif

/// libvirt's daemons, which run machines on behalf of the platform and outlive it.
public enum LibvirtDaemon {
  /// Starts what does not run: by systemd where the host has it, else by hand. Throws `HypervisorError.unavailable` where there is no libvirt.
  public static func ensure() async throws {
    if await answers() { return }
    do {
      if access("/run/systemd/system", F_OK) == 0 {
        try await Program("systemctl").run(["start", "virtlogd.socket", "libvirtd.socket", "libvirtd.service"])
      } else {
        if access("/run/libvirt/virtlogd-sock", F_OK) != 0 { try await Program("virtlogd").run(["--daemon"]) }
        try await Program("libvirtd").run(["--daemon"])
      }
    } catch {
      throw HypervisorError.unavailable("\(error)")
    }
    for _ in 0..<100 {
      if await answers() { return }
      try await Task.sleep(for: .milliseconds(100))
    }
    throw HypervisorError.unavailable("libvirtd does not answer on qemu:///system")
  }

  private static func answers() async -> Bool {
    do {
      try await Program("virsh").run(["--quiet", "--connect", "qemu:///system", "version"])
      return true
    } catch {
      return false
    }
  }
}
