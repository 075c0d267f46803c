internal import Base
// Where Foundation is loaded, the compiler takes the system's `stat` for CoreFoundation's.
internal import CoreFoundation

#if canImport(Glibc)
  internal import Glibc
#endif

/// What files take and what is left, in bytes.
enum DiskSpace {
  /// Free for this user at a path, or at the nearest folder above it that exists.
  static func freeBytes(at path: String) -> Int {
    var place = path
    while true {
      if let free = try? PosixDisk.freeBytes(at: place) { return free }
      guard let slash = place.lastIndex(of: "/"), place != "/" else { return 0 }
      place = slash == place.startIndex ? "/" : String(place[..<slash])
    }
  }

  /// What the files of a directory take on disk.
  static func usedBytes(in directory: String) throws -> Int {
    try PosixDisk(path: directory).list().reduce(0) { total, name in
      var status = stat()
      return stat(directory + "/" + name, &status) == 0 ? total + Int(status.st_blocks) * 512 : total
    }
  }

  /// The resident memory of this process.
  static func residentBytes() -> Int {
    var usage = [UInt8](repeating: 0, count: 256)
    let descriptor = open("/proc/self/statm", O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return 0 }
    defer { close(descriptor) }
    let count = usage.withUnsafeMutableBytes { read(descriptor, $0.baseAddress, $0.count) }
    let fields = String(decoding: usage.prefix(max(0, count)), as: UTF8.self).split(separator: " ")
    return fields.count > 1 ? (Int(fields[1]) ?? 0) * Int(getpagesize()) : 0
  }
}
