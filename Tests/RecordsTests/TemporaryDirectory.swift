import Foundation

/// A directory that is gone with its owner.
final class TemporaryDirectory: Sendable {
  let path: String

  /// In memory where the machine has a file system there, so that tests which open thousands of stores do not wait for a disk.
  init() throws {
    let parent = FileManager.default.fileExists(atPath: "/dev/shm") ? "/dev/shm" : NSTemporaryDirectory()
    path = parent + "/records-" + UUID().uuidString
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
  }

  deinit {
    try? FileManager.default.removeItem(atPath: path)
  }

  func callAsFunction(_ name: String) -> String { path + "/" + name }
}
