internal import Base
internal import Synchronization
package import Wire

#if canImport(Glibc)
  internal import Glibc
#endif

/// What was asked of a customer's keys, and what became of it: lines of JSON that are only ever added. An answer goes out when its line is on the disk.
package final class ExternalKeyJournal: Sendable {
  private let descriptor: Mutex<Int32>

  /// Makes the file where there is none, readable by its owner alone.
  package init(path: String) throws {
    let opened = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
    guard opened >= 0 else { throw DiskError.system(errno, call: "open") }
    descriptor = Mutex(opened)
  }

  deinit {
    descriptor.withLock { _ = close($0) }
  }

  /// Throws where the line may not be there after a power cut.
  package func add(_ entry: JSON) throws {
    let line = entry.bytes + [UInt8(ascii: "\n")]
    try descriptor.withLock { descriptor in
      // A line that was cut short by an earlier failure must not swallow the next.
      let count = line.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
      guard count == line.count else {
        _ = [UInt8(ascii: "\n")].withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
        throw DiskError.system(errno, call: "write")
      }
      guard fdatasync(descriptor) == 0 else { throw DiskError.system(errno, call: "fdatasync") }
    }
  }
}
