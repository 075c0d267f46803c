/// The host as an observation sees it: files, links and programs. What it means (`/proc/net/tcp`, `dpkg-query`) is read in extensions and observations.
public protocol HostView: Sendable {
  /// Bytes of a file from an offset, at most `limit` of them; nil when there is no file. Throws `DiskError`.
  func bytes(of path: String, from offset: Int, limit: Int) throws -> [UInt8]?
  /// The names in a folder, sorted, without `.` and `..`; nil when there is no folder.
  func names(in folder: String) throws -> [String]?
  /// Nil when there is nothing at the path. A symbolic link is not followed.
  func attributes(of path: String) throws -> FileAttributes?
  /// Where a symbolic link leads; nil where there is none.
  func destination(of link: String) -> String?
  /// Runs a program of the host; throws where there is none. A status other than 0 is no error here.
  func run(_ program: String, _ arguments: [String]) async throws -> (status: Int, output: String)
}

/// What the file system says of one entry.
public struct FileAttributes: Hashable, Sendable {
  /// Permission bits, such as `0o600`.
  public var mode: UInt32
  public var owner: UInt32
  public var bytes: Int
  public var isFolder: Bool
  public var isLink: Bool
  /// Seconds since 1970.
  public var modified: Int64
  /// The number of the device that it lies on.
  public var device: UInt64

  public init(mode: UInt32, owner: UInt32, bytes: Int, isFolder: Bool, isLink: Bool, modified: Int64, device: UInt64) {
    self.mode = mode
    self.owner = owner
    self.bytes = bytes
    self.isFolder = isFolder
    self.isLink = isLink
    self.modified = modified
    self.device = device
  }
}

extension HostView {
  /// The whole of a small file as text; nil when there is none. Throws where it is longer than `limit` bytes.
  public func text(of path: String, limit: Int = 4 << 20) throws -> String? {
    guard let bytes = try bytes(of: path, from: 0, limit: limit + 1) else { return nil }
    guard bytes.count <= limit else { throw ObservationFailure("\(path) dépasse \(limit) octets.", "\(path) is longer than \(limit) bytes.") }
    return String(decoding: bytes, as: UTF8.self)
  }
}

/// Why an observation could not be made.
public struct ObservationFailure: Error, CustomStringConvertible {
  public var text: Text

  public init(_ french: String, _ english: String) { text = Text(french, english) }

  public var description: String { "\(text.french) — \(text.english)" }
}
