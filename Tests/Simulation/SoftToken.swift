internal import Base

#if canImport(Glibc)
  internal import Glibc
#endif

/// A token of SoftHSM in a directory of its own that is gone with it, and a copy of the library that knows this token alone: what one test closes or takes
/// away is nobody else's.
///
/// SoftHSM finds its tokens by a file that an environment variable names, or else by one of a fixed path. In the copy that path is the token's own: the
/// environment belongs to all tests of the process and may not be changed while they run.
public final class SoftToken: Sendable {
  public static let pin = Array("271828".utf8)

  public let label: String
  /// The path of a PKCS#11 library that no other test uses.
  public let library: String
  private let scratch = ScratchDirectory()

  private static let originals = [
    "/usr/lib/softhsm/libsofthsm2.so", "/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so", "/usr/lib/aarch64-linux-gnu/softhsm/libsofthsm2.so",
  ]
  private static let variable = "SOFTHSM2_CONF"
  private static let fixedPath = "/etc/softhsm/softhsm2.conf"

  /// Makes a token. The package `softhsm2` must be there.
  public init() {
    let id = SystemRandom().guid().bytes.hexadecimal
    label = "token-" + id.prefix(8)
    library = scratch("module.so")
    mkdir(scratch("tokens"), 0o700)
    let lines = ["directories.tokendir = \(scratch("tokens"))", "objectstore.backend = file", "log.level = ERROR", "slots.removable = false"]
    // As long as the fixed path at most.
    let settings = scratch("c")
    Self.write(Array(lines.map { $0 + "\n" }.joined().utf8), to: settings)
    guard let original = Self.originals.first(where: { access($0, R_OK) == 0 }) else { preconditionFailure("softhsm2 is not installed") }
    let unset = String(("S" + id).prefix(Self.variable.utf8.count)).uppercased()
    let bytes = Self.replacing(Self.variable, by: unset, in: Self.read(original))
    Self.write(Self.replacing(Self.fixedPath, by: settings, in: bytes), to: library)
    Self.run(
      "/usr/bin/env",
      [
        "\(Self.variable)=\(settings)", "/usr/bin/softhsm2-util", "--init-token", "--free", "--label", label, "--pin",
        String(decoding: Self.pin, as: UTF8.self), "--so-pin", "314159",
      ])
  }

  /// Takes the token away, as somebody who pulls a device out.
  public func takeAway() {
    precondition(rename(scratch("tokens"), scratch("away")) == 0)
  }

  public func bringBack() {
    precondition(rename(scratch("away"), scratch("tokens")) == 0)
  }

  private static func replacing(_ old: String, by new: String, in bytes: [UInt8]) -> [UInt8] {
    let old = Array(old.utf8)
    precondition(new.utf8.count <= old.count, "\(new) is too long")
    guard let place = bytes.indices.first(where: { bytes[$0...].starts(with: old) }) else { preconditionFailure("the library has no such text") }
    var bytes = bytes
    bytes.replaceSubrange(place..<place + old.count, with: Array(new.utf8) + Array(repeating: 0, count: old.count - new.utf8.count))
    return bytes
  }

  private static func read(_ path: String) -> [UInt8] {
    guard let file = fopen(path, "r") else { preconditionFailure("\(path) cannot be read") }
    defer { fclose(file) }
    fseek(file, 0, SEEK_END)
    var bytes = [UInt8](repeating: 0, count: ftell(file))
    rewind(file)
    precondition(fread(&bytes, 1, bytes.count, file) == bytes.count)
    return bytes
  }

  private static func write(_ bytes: [UInt8], to path: String) {
    guard let file = fopen(path, "w") else { preconditionFailure("\(path) cannot be written") }
    precondition(fwrite(bytes, 1, bytes.count, file) == bytes.count && fclose(file) == 0)
  }

  private static func run(_ program: String, _ arguments: [String]) {
    var child = pid_t()
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0)
    var pointers: [UnsafeMutablePointer<CChar>?] = ([program] + arguments).map { strdup($0) }
    pointers.append(nil)
    defer { for pointer in pointers { free(pointer) } }
    guard posix_spawn(&child, program, &actions, nil, pointers, environ) == 0 else { preconditionFailure("\(program) cannot be run") }
    var status: Int32 = 0
    while waitpid(child, &status, 0) < 0 && errno == EINTR {}
    precondition(status == 0, "\(program) failed")
  }
}
