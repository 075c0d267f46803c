internal import Base
internal import Synchronization

#if canImport(Glibc)
  internal import Glibc
#endif

/// Starts this program again in the background and waits until it serves.
enum Detached {
  /// The file descriptor on which a detached cloud reports once: how its start went, and the lines to print.
  static let reportDescriptor: Int32 = 3

  /// How the start of a detached cloud went; the first character of its report.
  private enum Outcome: Character {
    case serves = "+"
    case failed = "-"
  }

  /// glibc's `POSIX_SPAWN_SETSID`, which its headers show to GNU sources only.
  private static let startsSession: Int16 = 0x80

  /// Runs `cocagne` with these arguments in a session of its own, its output going to the log. Returns what it reported.
  static func start(arguments: [String], log: String) throws -> String {
    var ends: [Int32] = [0, 0]
    guard pipe(&ends) == 0 else { throw DiskError.system(errno, call: "pipe") }
    let (reading, writing) = (ends[0], ends[1])
    for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    defer { close(reading) }
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
    posix_spawn_file_actions_addopen(&actions, 1, log, O_WRONLY | O_CREAT | O_APPEND, 0o600)
    posix_spawn_file_actions_adddup2(&actions, 1, 2)
    posix_spawn_file_actions_adddup2(&actions, writing, reportDescriptor)
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    posix_spawnattr_setflags(&attributes, startsSession)
    var pointers: [UnsafeMutablePointer<CChar>?] = (["cocagne"] + arguments).map { strdup($0) }
    pointers.append(nil)
    defer { pointers.forEach { free($0) } }
    var child = pid_t()
    let status = posix_spawn(&child, "/proc/self/exe", &actions, &attributes, pointers, environ)
    close(writing)
    guard status == 0 else { throw DiskError.system(status, call: "posix_spawn") }
    let report = readAll(reading)
    let text = String(report.dropFirst())
    switch report.first.flatMap(Outcome.init) {
    case .serves: return text
    case .failed: throw StartFailure(description: text)
    case nil:
      throw OperatorError(
        "Le nuage n'a pas démarré. Son journal dit pourquoi : \(log)", "The cloud did not start. Its log says why: \(log)")
    }
  }

  /// Tells once how the start went: the waiting parent where there is one, else the terminal.
  final class StartReport: Sendable {
    private let isDetached: Bool
    private let isSent = Mutex(false)

    init(isDetached: Bool) {
      self.isDetached = isDetached
    }

    /// What to print now that the cloud serves.
    func serves(_ text: String) {
      guard isDetached else { return print(text) }
      send(.serves, text + "\n")
    }

    /// Why the cloud does not start. Nobody waits any more for the end of one that served.
    func failed(_ error: any Error) {
      if isDetached { send(.failed, "\(error)") }
    }

    private func send(_ outcome: Outcome, _ text: String) {
      let isFirst = isSent.withLock { isSent in
        defer { isSent = true }
        return !isSent
      }
      guard isFirst else { return }
      let bytes = Array((String(outcome.rawValue) + text).utf8)
      // The parent may have been interrupted; the cloud serves all the same.
      _ = bytes.withUnsafeBytes { write(reportDescriptor, $0.baseAddress, $0.count) }
      close(reportDescriptor)
    }
  }

  /// What a detached cloud said of its failed start.
  private struct StartFailure: Error, CustomStringConvertible {
    var description: String
  }

  private static func readAll(_ descriptor: Int32) -> String {
    var bytes: [UInt8] = []
    var piece = [UInt8](repeating: 0, count: 4096)
    while true {
      let count = piece.withUnsafeMutableBytes { read(descriptor, $0.baseAddress, $0.count) }
      if count < 0 && errno == EINTR { continue }
      guard count > 0 else { break }
      bytes.append(contentsOf: piece[..<count])
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}
