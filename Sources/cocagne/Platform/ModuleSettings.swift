internal import Base
// Where Foundation is loaded, the compiler takes the system's `stat` for CoreFoundation's.
internal import CoreFoundation
internal import Logging
internal import SecurityModule
internal import Wire

#if canImport(Glibc)
  internal import Glibc
#endif

/// Which hardware security module the cloud uses: `hsm.json` in the data directory. Without that file there is none.
struct ModuleSettings: Equatable {
  /// The absolute path of a PKCS#11 library.
  var library: String
  /// The label of the token.
  var token: String
  /// A file of mode 0600 with the PIN; nil where the environment has it.
  var pinFile: String?

  static let pinVariable = "COCAGNE_HSM_PIN"
  private static let maximumPINBytes = 256

  static func read(_ directory: DataDirectory) throws -> ModuleSettings? {
    try DataDirectory.read(directory.moduleSettings).map { try ModuleSettings($0, path: directory.moduleSettings) }
  }

  init(_ bytes: [UInt8], path: String) throws {
    guard let json = try? JSON(parsing: bytes), let library = json["library"]?.string, library.hasPrefix("/"),
      let token = json["token"]?.string, (1...32).contains(token.utf8.count)
    else {
      throw OperatorError(
        "\(path) n'est pas utilisable : il y faut « library », un chemin absolu, et « token », l'étiquette du jeton.",
        "\(path) cannot be used: it needs “library”, an absolute path, and “token”, the token's label.")
    }
    self.init(library: library, token: token, pinFile: json["pinFile"]?.string)
  }

  init(library: String, token: String, pinFile: String?) {
    self.library = library
    self.token = token
    self.pinFile = pinFile
  }

  func write(_ directory: DataDirectory) throws {
    let json: JSON = ["library": .string(library), "token": .string(token), "pinFile": pinFile.map { .string($0) } ?? .null]
    try DataDirectory.write(json.bytes + [UInt8(ascii: "\n")], to: directory.moduleSettings)
  }

  /// The module; its token is opened by the first call. The PIN is read at each opening.
  func module(logger: Logger) throws -> SecurityModule {
    do {
      return try SecurityModule(library: library, token: token, logger: logger) { try pin() }
    } catch let error as SecurityModuleError {
      throw unavailable("\(error)")
    }
  }

  func unavailable(_ reason: String) -> OperatorError {
    OperatorError(
      "Le HSM (jeton « \(token) », bibliothèque \(library)) n'est pas disponible : \(reason)",
      "The HSM (token “\(token)”, library \(library)) is not available: \(reason)")
  }

  private func pin() throws -> [UInt8] {
    guard let pinFile else {
      guard let pin = getenv(Self.pinVariable).map({ Array(String(cString: $0).utf8) }), !pin.isEmpty else {
        throw NoPIN(reason: "\(Self.pinVariable) is not set, and hsm.json names no pinFile")
      }
      return pin
    }
    let descriptor = open(pinFile, O_RDONLY | O_NOFOLLOW | O_CLOEXEC)
    guard descriptor >= 0 else { throw NoPIN(reason: "\(pinFile): \(String(cString: strerror(errno)))") }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { throw NoPIN(reason: "\(pinFile) is no regular file") }
    guard status.st_mode & 0o077 == 0 else { throw NoPIN(reason: "\(pinFile) can be used by group or others: its mode must be 0600") }
    guard status.st_uid == geteuid() else { throw NoPIN(reason: "\(pinFile) belongs to another user") }
    var bytes = [UInt8](repeating: 0, count: Self.maximumPINBytes)
    let count = bytes.withUnsafeMutableBytes { Glibc.read(descriptor, $0.baseAddress, $0.count) }
    var pin = bytes.prefix(max(0, count))
    while pin.last == UInt8(ascii: "\n") || pin.last == UInt8(ascii: "\r") { pin.removeLast() }
    guard !pin.isEmpty else { throw NoPIN(reason: "\(pinFile) is empty") }
    return Array(pin)
  }

  private struct NoPIN: Error, CustomStringConvertible {
    var reason: String
    var description: String { reason }
  }
}
