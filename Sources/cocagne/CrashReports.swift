#if canImport(Glibc)
  internal import Glibc
#endif

/// What a crash leaves behind: where it happened, and nothing of what was in memory, where keys and secrets are.
enum CrashReports {
  /// The runtime reads it before `main`.
  ///
  /// Source: Swift, "Backtracing support for Swift": beside each register that holds an address, a report shows the bytes there.
  private static let variable = "SWIFT_BACKTRACE"
  private static let setting = "registers=none"

  /// Makes this process leave no core file, and no bytes of its memory in a report: where its environment does not say so yet, it begins anew with
  /// one that does. Does nothing where it cannot: then there is no `/proc`.
  static func keepMemoryOut() {
    refuseCoreFiles()
    let known = getenv(variable).map { String(cString: $0) } ?? ""
    guard !known.split(separator: ",").contains(Substring(setting)) else { return }
    setenv(variable, known.isEmpty ? setting : "\(known),\(setting)", 1)
    var pointers: [UnsafeMutablePointer<CChar>?] = CommandLine.arguments.map { strdup($0) }
    pointers.append(nil)
    execv("/proc/self/exe", pointers)
    pointers.forEach { free($0) }
  }

  /// One byte is no core file, and the one limit that the kernel also heeds where it would pipe a core to a program; 0 it would not.
  ///
  /// Source: Linux, fs/coredump.c, `do_coredump`.
  private static func refuseCoreFiles() {
    var limit = rlimit(rlim_cur: 1, rlim_max: 1)
    setrlimit(__rlimit_resource_t(RLIMIT_CORE.rawValue), &limit)
  }
}
