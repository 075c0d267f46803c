public import Base
internal import Crypto

#if canImport(Glibc)
  internal import Glibc
#endif

/// The key at the top. Here a file of 32 random bytes with mode 0600; an HSM later.
public struct RootKey: Sendable {
  /// Tells root keys apart and reveals nothing about them: derived from the key one way.
  public let id: GUID
  /// Wraps tenant keys.
  let wrappingKey: SymmetricKey

  private static let byteCount = 32

  /// Makes a new key in a file that must not exist. Returns once the file and its directory entry are durable.
  ///
  /// Throws `KeyringError.rootKeyFile`, and then leaves no file behind that it made.
  public init(creatingAt path: String, random: any RandomSource) throws {
    let bytes = random.bytes(Self.byteCount)
    let descriptor = Glibc.open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw Self.failure("cannot be made", path) }
    do {
      defer { close(descriptor) }
      // The file's mode does not depend on the process's mask.
      guard fchmod(descriptor, 0o600) == 0 else { throw Self.failure("cannot be protected", path) }
      let count = bytes.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
      guard count == bytes.count else { throw Self.failure("cannot be written", path) }
      guard fsync(descriptor) == 0 else { throw Self.failure("cannot be made durable", path) }
      try Self.syncDirectory(of: path)
    } catch {
      unlink(path)
      throw error
    }
    self.init(bytes: bytes)
  }

  /// Reads a key from its file. Throws `KeyringError.rootKeyFile` when it is missing, no regular file, not of 32 bytes, not owned by the process's user, or when
  /// group or others have any access to it.
  public init(readingFrom path: String) throws {
    let descriptor = Glibc.open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC)
    guard descriptor >= 0 else { throw Self.failure("cannot be read", path) }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw Self.failure("cannot be read", path) }
    guard status.st_mode & S_IFMT == S_IFREG else { throw KeyringError.rootKeyFile("\(path) is no regular file") }
    guard status.st_mode & 0o077 == 0 else {
      throw KeyringError.rootKeyFile("\(path) can be used by group or others: its mode must be 0600")
    }
    guard status.st_uid == geteuid() else { throw KeyringError.rootKeyFile("\(path) belongs to another user") }
    var bytes = [UInt8](repeating: 0, count: Self.byteCount + 1)
    let count = bytes.withUnsafeMutableBytes { read(descriptor, $0.baseAddress, $0.count) }
    guard count >= 0 else { throw Self.failure("cannot be read", path) }
    guard count == Self.byteCount else { throw KeyringError.rootKeyFile("\(path) is not \(Self.byteCount) bytes long") }
    self.init(bytes: bytes.dropLast())
  }

  /// Puts the key file at `path` in the place of the one at `destination`, in one durable step: after a crash the one or the other is there, whole.
  public static func move(_ path: String, to destination: String) throws {
    guard rename(path, destination) == 0 else { throw failure("cannot be put in place", destination) }
    try syncDirectory(of: destination)
  }

  init(bytes: some Collection<UInt8>) {
    let key = SymmetricKey(data: Array(bytes))
    wrappingKey = key.derived(for: "root key: wrapping")
    id = key.derived(for: "root key: identifier").withUnsafeBytes { GUID(randomBytes: Array($0.prefix(16))) }
  }

  private static func failure(_ what: String, _ path: String) -> KeyringError {
    let code = errno
    return .rootKeyFile("\(path) \(what): \(String(cString: strerror(code)))")
  }

  private static func syncDirectory(of path: String) throws {
    let end = path.utf8.lastIndex(of: UInt8(ascii: "/"))
    let directory = end.map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
    let descriptor = Glibc.open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { throw failure("cannot be opened", directory) }
    defer { close(descriptor) }
    guard fsync(descriptor) == 0 else { throw failure("cannot be made durable", directory) }
  }
}

extension RootKey: CustomStringConvertible, CustomReflectable {
  public var description: String { "root key \(id)" }
  public var customMirror: Mirror { Mirror(self, children: ["id": id]) }
}
