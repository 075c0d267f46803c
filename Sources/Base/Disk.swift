/// The files of one directory, as far as durable storage needs them. The operating system's disk is `PosixDisk`; tests use one
/// that loses unsynced writes.
///
/// Calls block. Names are plain file names without separators.
public protocol Disk: Sendable {
  /// The names of the files, sorted.
  func list() throws -> [String]
  /// Creates a file that must not exist. It is there after a crash only once `syncDirectory` has returned.
  func create(_ name: String) throws -> any DiskFile
  /// Opens an existing file for reading and writing.
  func open(_ name: String) throws -> any DiskFile
  /// Removes a file. Open handles stay readable.
  func remove(_ name: String) throws
  /// Makes creations and removals durable.
  func syncDirectory() throws
  /// Bytes that this process may still write.
  func freeBytes() throws -> Int
}

/// An open file. Safe to use from several threads at once at different offsets.
public protocol DiskFile: AnyObject, Sendable {
  /// Writes all bytes at a byte offset, extending the file where needed. Throws `DiskError.full` when there is no space.
  func write(_ bytes: UnsafeRawBufferPointer, at offset: Int) throws
  /// Fills the buffer from a byte offset and gives the count of bytes read, which is smaller only at the end of the file.
  func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int) throws -> Int
  /// Fills the whole buffer as `read` does where no device is to be waited for; false where one may be, and nothing is known of the buffer then.
  func readWithoutWaiting(into buffer: UnsafeMutableRawBufferPointer, at offset: Int) -> Bool
  /// Makes every write that returned before this call durable, with the file's length.
  func sync() throws
  /// The file's length in bytes.
  func size() throws -> Int
}

public enum DiskError: Error, Equatable {
  /// No space left, or a quota or file-size limit reached.
  case full
  /// Another error of the operating system, by its `errno` and the call that failed.
  case system(Int32, call: String)
}
