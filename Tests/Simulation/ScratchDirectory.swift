#if canImport(Glibc)
  internal import Glibc
#endif

/// A directory that is gone with its owner. It is in memory where the machine has a file system there, so that tests which open many stores do not wait for a
/// disk.
public final class ScratchDirectory: Sendable {
  public let path: String

  public init() {
    let parent = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp"
    var template = Array("\(parent)/cocagne-XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else { preconditionFailure("no directory can be made in \(parent)") }
    path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  deinit {
    Self.remove(path)
  }

  /// The path of a file in it.
  public func callAsFunction(_ name: String) -> String { path + "/" + name }

  private static func remove(_ path: String) {
    if let directory = opendir(path) {
      while let entry = readdir(directory) {
        let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
          pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
        }
        if name != "." && name != ".." { remove(path + "/" + name) }
      }
      closedir(directory)
      rmdir(path)
    } else {
      unlink(path)
    }
  }
}
