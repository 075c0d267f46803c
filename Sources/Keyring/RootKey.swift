public import Base
internal import Crypto

#if canImport(Glibc)
  internal import Glibc
#endif

/// The key at the top: a file of 32 random bytes with mode 0600, or a key inside of a hardware security module.
public struct RootKey: Sendable {
  /// Tells root keys apart and reveals nothing about them: derived from the key one way, or the name of the module's key.
  public let id: GUID
  private let form: Form

  private enum Form {
    /// Wraps tenant keys.
    case inMemory(SymmetricKey)
    case inModule(any RootKeyModule)
  }

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

  /// A key that a module holds.
  public init(_ module: any RootKeyModule) {
    id = module.id
    form = .inModule(module)
  }

  /// Whether the key is inside of a module, and not in this process.
  public var isInModule: Bool {
    guard case .inModule = form else { return false }
    return true
  }

  /// Wraps a tenant's key.
  func wrap(_ key: SymmetricKey, context: [UInt8], random: any RandomSource) throws -> [UInt8] {
    switch form {
    case .inMemory(let wrappingKey): return try wrappingKey.wrap(key, context: context, random: random)
    case .inModule(let module):
      let nonce = random.bytes(SealedBytes.nonceBytes)
      return nonce + (try module.wrap(key.withUnsafeBytes { Array($0) }, nonce: nonce, context: context))
    }
  }

  /// Opens what `wrap` gave. Throws `KeyringError.corrupt`, `KeyringError.rootKeyUnavailable`.
  func unwrap(_ wrapped: [UInt8], context: [UInt8]) throws -> SymmetricKey {
    switch form {
    case .inMemory(let wrappingKey): return try wrappingKey.unwrap(wrapped, context: context)
    case .inModule(let module):
      guard wrapped.count > SealedBytes.nonceBytes else { throw KeyringError.corrupt }
      let key = SymmetricKey(
        data: try module.unwrap(
          Array(wrapped.dropFirst(SealedBytes.nonceBytes)), nonce: Array(wrapped.prefix(SealedBytes.nonceBytes)), context: context))
      guard key.bitCount == 256 else { throw KeyringError.corrupt }
      return key
    }
  }

  /// A key of 256 bits for one purpose beside wrapping.
  func derived(for purpose: String) throws -> SymmetricKey {
    switch form {
    case .inMemory(let wrappingKey): return wrappingKey.derived(for: purpose)
    case .inModule(let module):
      let key = SymmetricKey(data: try module.derive("cocagne \(purpose)"))
      guard key.bitCount == 256 else { throw KeyringError.corrupt }
      return key
    }
  }

  init(bytes: some Collection<UInt8>) {
    let key = SymmetricKey(data: Array(bytes))
    form = .inMemory(key.derived(for: "root key: wrapping"))
    id = key.derived(for: "root key: identifier").withUnsafeBytes { GUID(randomBytes: Array($0.prefix(16))) }
  }

  /// Overwrites the key's file, makes that durable, and removes it. A file that is not there is no error. What a medium keeps of overwritten blocks is
  /// beyond this: only an encrypted medium, or its destruction, answers for those.
  public static func destroy(_ path: String, random: any RandomSource) throws {
    let descriptor = Glibc.open(path, O_WRONLY | O_NOFOLLOW | O_CLOEXEC)
    if descriptor < 0, errno == ENOENT { return }
    guard descriptor >= 0 else { throw failure("cannot be opened", path) }
    do {
      defer { close(descriptor) }
      let count = random.bytes(byteCount).withUnsafeBytes { pwrite(descriptor, $0.baseAddress, $0.count, 0) }
      guard count == byteCount, fsync(descriptor) == 0 else { throw failure("cannot be overwritten", path) }
    }
    guard unlink(path) == 0 else { throw failure("cannot be removed", path) }
    try syncDirectory(of: path)
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
