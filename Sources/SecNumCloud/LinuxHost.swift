internal import Base
// Where Foundation is loaded, the compiler takes the system's `stat` for CoreFoundation's.
internal import CoreFoundation
internal import Programs

#if canImport(Glibc)
  internal import Glibc
#endif

/// The Linux that this process runs on.
public struct LinuxHost: HostView {
  private let programLimit: Duration
  private static let outputLimit = 16 << 20
  private static let chunkBytes = 64 << 10

  /// `programLimit` is what one program may take.
  public init(programLimit: Duration = .seconds(20)) {
    self.programLimit = programLimit
  }

  public func bytes(of path: String, from offset: Int, limit: Int) throws -> [UInt8]? {
    precondition(offset >= 0 && limit >= 0, "a range of bytes does not begin before its file")
    // A pipe without a writer would not open otherwise.
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)
    guard descriptor >= 0 else {
      guard Self.isAbsent(errno) else { throw DiskError.system(errno, call: "open") }
      return nil
    }
    defer { close(descriptor) }
    // The files of /proc say nothing of their length: they are read until they end.
    var bytes: [UInt8] = []
    while bytes.count < limit {
      let wanted = min(Self.chunkBytes, limit - bytes.count)
      let place = off_t(offset + bytes.count)
      var count = 0
      let chunk = [UInt8](unsafeUninitializedCapacity: wanted) { buffer, filled in
        count = pread(descriptor, buffer.baseAddress, wanted, place)
        filled = max(0, count)
      }
      if count < 0 {
        let code = errno
        if code == EINTR { continue }
        guard Self.isAbsent(code) else { throw DiskError.system(code, call: "pread") }
        return nil
      }
      if count == 0 { break }
      bytes += chunk
    }
    return bytes
  }

  public func names(in folder: String) throws -> [String]? {
    guard let directory = opendir(folder) else {
      guard Self.isAbsent(errno) else { throw DiskError.system(errno, call: "opendir") }
      return nil
    }
    defer { closedir(directory) }
    var names: [String] = []
    while let entry = readdir(directory) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
        pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      guard name != "." && name != ".." else { continue }
      guard names.count < ObservationLimits.maximumListed else {
        throw ObservationFailure(
          "\(folder) contient plus de \(ObservationLimits.maximumListed) entrées.",
          "\(folder) holds more than \(ObservationLimits.maximumListed) entries.")
      }
      names.append(name)
    }
    return names.sorted()
  }

  public func attributes(of path: String) throws -> FileAttributes? {
    var status = stat()
    guard lstat(path, &status) == 0 else {
      guard Self.isAbsent(errno) else { throw DiskError.system(errno, call: "lstat") }
      return nil
    }
    return FileAttributes(
      mode: status.st_mode & 0o7777, owner: status.st_uid, bytes: Int(status.st_size), isFolder: status.st_mode & S_IFMT == S_IFDIR,
      isLink: status.st_mode & S_IFMT == S_IFLNK, modified: Int64(status.st_mtim.tv_sec), device: UInt64(status.st_dev))
  }

  public func destination(of link: String) -> String? {
    var text = [CChar](repeating: 0, count: Int(PATH_MAX))
    let count = readlink(link, &text, text.count)
    return count > 0 ? String(decoding: text.prefix(count).map { UInt8(bitPattern: $0) }, as: UTF8.self) : nil
  }

  public func run(_ program: String, _ arguments: [String]) async throws -> (status: Int, output: String) {
    let output = try await withDeadline(programLimit, program) {
      try await Program(program).run(arguments, accepting: Set(0...255), outputLimit: Self.outputLimit)
    }
    return (Int(output.status), output.text)
  }

  /// A process that has ended leaves names in /proc behind for a moment.
  private static func isAbsent(_ code: Int32) -> Bool { code == ENOENT || code == ENOTDIR || code == ESRCH }
}
