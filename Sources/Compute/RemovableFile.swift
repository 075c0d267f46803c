internal import Base

#if canImport(Glibc)
  internal import Glibc
#endif

/// Files and folders that may be gone already.
enum RemovableFile {
  struct Failure: Error {
    var path: String
    var code: Int32
  }

  static func remove(_ path: String) throws {
    guard unlink(path) == 0 || errno == ENOENT else { throw Failure(path: path, code: errno) }
  }

  /// Makes a folder where there is none.
  static func makeFolder(_ path: String, mode: mode_t) throws {
    guard mkdir(path, mode) == 0 || errno == EEXIST else { throw Failure(path: path, code: errno) }
    guard chmod(path, mode) == 0 else { throw Failure(path: path, code: errno) }
  }

  /// What lies in a folder; nothing where there is none.
  static func names(in path: String) throws -> [String] {
    guard let folder = opendir(path) else {
      if errno == ENOENT { return [] }
      throw Failure(path: path, code: errno)
    }
    defer { closedir(folder) }
    var names: [String] = []
    while let entry = readdir(folder) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
        pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      if name != ".", name != ".." { names.append(name) }
    }
    return names
  }

  /// Removes a folder with the files in it, and theirs.
  static func removeFolder(_ path: String) throws {
    for name in try names(in: path) {
      let inner = "\(path)/\(name)"
      var status = stat()
      if lstat(inner, &status) == 0, status.st_mode & S_IFMT == S_IFDIR { try removeFolder(inner) } else { try remove(inner) }
    }
    guard rmdir(path) == 0 || errno == ENOENT else { throw Failure(path: path, code: errno) }
  }

  /// The last bytes of a file; empty where there is none.
  static func tail(_ path: String, bytes: Int) -> [UInt8] {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return [] }
    defer { close(descriptor) }
    let size = Int(lseek(descriptor, 0, SEEK_END))
    let start = max(0, size - bytes)
    var buffer = [UInt8](repeating: 0, count: size - start)
    var filled = 0
    while filled < buffer.count {
      let count = buffer.withUnsafeMutableBytes { pread(descriptor, $0.baseAddress?.advanced(by: filled), $0.count - filled, off_t(start + filled)) }
      guard count > 0 else { break }
      filled += count
    }
    return Array(buffer[..<filled])
  }
}
