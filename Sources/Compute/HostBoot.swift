#if canImport(Glibc)
  internal import Glibc
#endif

/// Which start of this host it is.
enum HostBoot {
  /// The kernel's random identifier of this boot; empty where it gives none.
  static func identifier() -> String {
    let descriptor = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return "" }
    defer { close(descriptor) }
    var buffer = [UInt8](repeating: 0, count: 64)
    let count = read(descriptor, &buffer, buffer.count)
    return String(decoding: buffer[..<max(0, count)].filter { $0 > 0x20 }, as: UTF8.self)
  }
}
