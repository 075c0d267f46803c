internal import Base
internal import FoundationEssentials
internal import Wire

#if canImport(Glibc)
  internal import Glibc
#endif

/// Where a cloud keeps everything that it has: one directory of mode 0700.
struct DataDirectory {
  let path: String

  /// Absolute, so that a detached process finds it from wherever it runs.
  init(path: String) {
    let absolute = path.hasPrefix("/") ? path : FileManager.default.currentDirectoryPath + "/" + path
    self.path = absolute.hasSuffix("/") && absolute.utf8.count > 1 ? String(absolute.dropLast()) : absolute
  }

  var rootKey: String { path + "/keys/root.key" }
  /// The name of the root key in the security module; where this is, the file above is no more.
  var moduleRootKey: String { path + "/keys/root.hsm" }
  /// The name of the root key that a move into the module has begun with.
  var nextModuleRootKey: String { path + "/keys/root.hsm.next" }
  /// Which security module the cloud uses.
  var moduleSettings: String { path + "/hsm.json" }
  var records: String { path + "/records/cocagne.sqlite" }
  var segments: String { path + "/segments" }
  var log: String { path + "/cocagne.log" }
  var controlSocket: String { path + "/control.sock" }
  /// What the operator decides of machines and their networks.
  var machineSettings: String { path + "/machines.json" }
  /// To which hosts of external key managers the operator lets vaults connect.
  var externalKeySettings: String { path + "/external-keys.json" }
  /// What the operator decides of the ledger's witnesses.
  var ledgerSettings: String { path + "/ledger.json" }
  /// The certificate of the platform's authority, for clients to trust. Public.
  var authorityCertificate: String { path + "/client/ca.pem" }
  /// The directory of the Azure CLI's profile.
  var azureConfiguration: String { path + "/client/azure" }
  /// The first administrator's credentials, of mode 0600.
  var credentials: String { path + "/client/credentials.json" }

  func prepare() throws {
    for directory in [path, path + "/keys", path + "/records", segments, path + "/client", azureConfiguration] {
      if mkdir(directory, 0o700) != 0 && errno != EEXIST {
        let reason = String(cString: strerror(errno))
        throw OperatorError(
          "Impossible de créer le répertoire \(directory) : \(reason).", "Cannot create the directory \(directory): \(reason).")
      }
    }
  }

  /// Replaces a small file as a whole, durably, with mode 0600 or what is given.
  static func write(_ bytes: some Collection<UInt8>, to path: String, mode: mode_t = 0o600) throws {
    let temporary = path + ".new"
    unlink(temporary)
    let descriptor = Glibc.open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode)
    guard descriptor >= 0 else { throw DiskError.system(errno, call: "open") }
    defer { close(descriptor) }
    var rest = Array(bytes)[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
      guard count > 0 else { throw DiskError.system(errno, call: "write") }
      rest = rest.dropFirst(count)
    }
    guard fsync(descriptor) == 0 else { throw DiskError.system(errno, call: "fsync") }
    guard rename(temporary, path) == 0 else { throw DiskError.system(errno, call: "rename") }
    guard let parent = path.lastIndex(of: "/") else { return }
    try PosixDisk(path: String(path[..<parent])).syncDirectory()
  }

  /// The bytes of a small file; nil when it is not there.
  static func read(_ path: String) throws -> [UInt8]? {
    guard access(path, F_OK) == 0 else { return nil }
    return Array(try Data(contentsOf: URL(filePath: path)))
  }
}
