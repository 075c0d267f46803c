#if canImport(Glibc)
  internal import Glibc
#endif

/// The exclusive ownership of a store: an advisory lock on a file beside it, which the operating system drops with the process.
final class StoreLock: Sendable {
  private let descriptor: Int32

  /// Throws `RecordStoreError.inUse` when somebody has it.
  init(storePath: String) throws {
    let path = storePath + ".lock"
    descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw RecordStoreError.cannotOpen(path: path, errno: errno) }
    while flock(descriptor, LOCK_EX | LOCK_NB) != 0 {
      if errno == EINTR { continue }
      let code = errno
      close(descriptor)
      throw code == EWOULDBLOCK ? RecordStoreError.inUse(path: storePath) : RecordStoreError.cannotOpen(path: path, errno: code)
    }
  }

  deinit {
    // A child that was forked and is not yet another program has the file open too: closing alone would leave the lock with it.
    flock(descriptor, LOCK_UN)
    close(descriptor)
  }
}

/// Makes a file, and its directory entry durable, that only its owner may read; narrows the mode of one that is there.
///
/// Must be called before this process has the file open elsewhere: closing any descriptor of a file drops SQLite's locks on it.
func preparePrivateFile(_ path: String) throws {
  let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
  guard descriptor >= 0 else { throw RecordStoreError.cannotOpen(path: path, errno: errno) }
  defer { close(descriptor) }
  guard fchmod(descriptor, 0o600) == 0, fsync(descriptor) == 0 else { throw RecordStoreError.cannotOpen(path: path, errno: errno) }
  let directoryPath = path.lastIndex(of: "/").map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
  let directory = open(directoryPath, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
  guard directory >= 0 else { throw RecordStoreError.cannotOpen(path: directoryPath, errno: errno) }
  defer { close(directory) }
  guard fsync(directory) == 0 else { throw RecordStoreError.cannotOpen(path: directoryPath, errno: errno) }
}
