internal import CLinux

#if canImport(Glibc)
  import Glibc
#endif

/// A directory of the operating system's file system.
public struct PosixDisk: Disk {
  public let path: String

  /// The directory is made, with mode 0700, where it is missing.
  public init(path: String) throws {
    self.path = path
    if mkdir(path, 0o700) != 0 && errno != EEXIST { throw DiskError.current("mkdir") }
  }

  public func list() throws -> [String] {
    guard let directory = opendir(path) else { throw DiskError.current("opendir") }
    defer { closedir(directory) }
    var names: [String] = []
    while let entry = readdir(directory) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
        pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      if name != "." && name != ".." { names.append(name) }
    }
    return names.sorted()
  }

  public func create(_ name: String) throws -> any DiskFile {
    try PosixFile(path: path + "/" + name, flags: O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC)
  }

  public func open(_ name: String) throws -> any DiskFile {
    try PosixFile(path: path + "/" + name, flags: O_RDWR | O_CLOEXEC)
  }

  public func remove(_ name: String) throws {
    guard unlink(path + "/" + name) == 0 else { throw DiskError.current("unlink") }
  }

  public func syncDirectory() throws {
    let descriptor = Glibc.open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { throw DiskError.current("open") }
    defer { close(descriptor) }
    guard fsync(descriptor) == 0 else { throw DiskError.current("fsync") }
  }

  public func freeBytes() throws -> Int { try Self.freeBytes(at: path) }

  /// Bytes that this process may still write on the file system of a path, which must exist.
  public static func freeBytes(at path: String) throws -> Int {
    var status = statvfs()
    guard statvfs(path, &status) == 0 else { throw DiskError.current("statvfs") }
    return Int(status.f_bavail) * Int(status.f_frsize)
  }
}

final class PosixFile: DiskFile {
  private let descriptor: Int32

  init(path: String, flags: Int32) throws {
    descriptor = Glibc.open(path, flags, 0o600)
    guard descriptor >= 0 else { throw DiskError.current("open") }
  }

  deinit {
    close(descriptor)
  }

  func write(_ bytes: UnsafeRawBufferPointer, at offset: Int) throws {
    var written = 0
    while written < bytes.count {
      let count = pwrite(descriptor, bytes.baseAddress?.advanced(by: written), bytes.count - written, off_t(offset + written))
      if count < 0 {
        if errno == EINTR { continue }
        throw DiskError.current("pwrite")
      }
      written += count
    }
  }

  func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int) throws -> Int {
    var filled = 0
    while filled < buffer.count {
      let count = pread(descriptor, buffer.baseAddress?.advanced(by: filled), buffer.count - filled, off_t(offset + filled))
      if count < 0 {
        if errno == EINTR { continue }
        throw DiskError.current("pread")
      }
      if count == 0 { break }
      filled += count
    }
    return filled
  }

  func readWithoutWaiting(into buffer: UnsafeMutableRawBufferPointer, at offset: Int) -> Bool {
    read_cached(descriptor, buffer.baseAddress, UInt(buffer.count), offset) == buffer.count
  }

  func sync() throws {
    guard fdatasync(descriptor) == 0 else { throw DiskError.current("fdatasync") }
  }

  func size() throws -> Int {
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw DiskError.current("fstat") }
    return Int(status.st_size)
  }
}

extension DiskError {
  fileprivate static func current(_ call: String) -> DiskError {
    let code = errno
    return code == ENOSPC || code == EDQUOT || code == EFBIG ? .full : .system(code, call: call)
  }
}
