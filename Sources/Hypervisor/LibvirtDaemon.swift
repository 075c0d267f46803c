internal import Programs

#if canImport(Glibc)
  internal import Glibc
#endif

/// libvirt's daemons, which run machines on behalf of the platform and outlive it.
public enum LibvirtDaemon {
  /// Starts what does not run: by systemd where the host has it, else by hand. Throws `HypervisorError.unavailable` where there is no libvirt.
  public static func ensure() async throws {
    let hasLog = isListening("/run/libvirt/virtlogd-sock")
    let isRunning = await answers()
    if hasLog, isRunning { return }
    do {
      if access("/run/systemd/system", F_OK) == 0 {
        try await Program("systemctl").run(["start", "virtlogd.socket", "libvirtd.socket", "libvirtd.service"])
      } else {
        if !hasLog { try await Program("virtlogd").run(["--daemon"]) }
        if !isRunning { try await Program("libvirtd").run(["--daemon"]) }
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

  /// Whether somebody takes connections at a socket: the file alone may be left of a daemon that was killed.
  private static func isListening(_ path: String) -> Bool {
    let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    guard descriptor >= 0 else { return false }
    defer { close(descriptor) }
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
    return withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size)) }
    } == 0
  }
}
