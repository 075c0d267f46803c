internal import Base
internal import Extents

/// A backup's folder, looked at from outside: whether its files are those of its sums, and whether anything in them lies in clear.
struct BackupLook {
  static let sums = "SHA256SUMS"

  private(set) var files = 0
  /// Files whose digest was computed, and their bytes.
  private(set) var digested = 0
  private(set) var digestedBytes = 0
  private(set) var windows = 0
  /// What is missing or changed.
  private(set) var gaps: [Text] = []
  /// What lies there in clear.
  private(set) var clearGaps: [Text] = []

  private static let maximumSumsBytes = 4 << 20
  private static let sampledFiles = 128
  private static let maximumDigestedBytes = 32 << 20
  /// One file of the sample is digested as a whole, unless it is even larger.
  private static let maximumWholeBytes = 512 << 20
  private static let windowBytes = 16 << 10
  private static let maximumWindows = 16

  init(_ backup: BackupCatalogue.Backup, on platform: ObservedPlatform) throws {
    let host = platform.host
    let path = backup.folder + "/" + Self.sums
    guard let bytes = try host.bytes(of: path, from: 0, limit: Self.maximumSumsBytes) else {
      gaps.append(Text("\(path) n'est pas là.", "\(path) is not there."))
      return
    }
    guard sha256Hexadecimal(bytes) == backup.sums else {
      gaps.append(Text("\(path) n'a plus l'empreinte du catalogue.", "\(path) no longer has the digest that the catalogue has."))
      return
    }
    guard let entries = BackupSums(bytes) else {
      gaps.append(Text("\(path) n'est pas une liste d'empreintes.", "\(path) is no list of digests."))
      return
    }
    files = entries.files.count
    let sizes = try sizes(entries, backup, host)
    let sample = platform.random.sample(entries.files.filter { sizes[$0.path] != nil }, Self.sampledFiles)
    let readable = sample.filter { sizes[$0.path, default: 0] <= Self.maximumWholeBytes }
    let whole = readable.isEmpty ? nil : readable[platform.random.number(below: readable.count)].path
    var small = 0
    for entry in sample {
      let file = backup.folder + "/" + entry.path
      let size = sizes[entry.path, default: 0]
      let isSmall = small + size <= Self.maximumDigestedBytes
      if isSmall { small += size }
      if isSmall || entry.path == whole, let digest = try host.sha256(of: file) {
        digested += 1
        digestedBytes += size
        if digest != entry.sha256 { gaps.append(Text("\(file) a changé.", "\(file) has changed.")) }
      }
      // What tells of the backup is meant to be read.
      if size >= RawBytes.fewestBytes, windows < Self.maximumWindows {
        let offset = platform.random.number(below: max(1, size - Self.windowBytes))
        guard let window = try host.bytes(of: file, from: offset, limit: Self.windowBytes) else { continue }
        windows += 1
        if case .legible = RawBytes(segment: window) {
          clearGaps.append(Text("\(file) n'est pas chiffré à l'octet \(offset).", "\(file) is not encrypted at byte \(offset)."))
        }
      }
    }
  }

  /// The size of every file, by its path: none lacks, and together they have the bytes that the catalogue tells of.
  private mutating func sizes(_ entries: BackupSums, _ backup: BackupCatalogue.Backup, _ host: any HostView) throws -> [String: Int] {
    var sizes: [String: Int] = [:]
    for entry in entries.files {
      let file = backup.folder + "/" + entry.path
      sizes[entry.path] = try host.attributes(of: file)?.bytes
      if sizes[entry.path] == nil { gaps.append(Text("\(file) n'est pas là.", "\(file) is not there.")) }
    }
    let total = sizes.values.reduce(0, +)
    if let bytes = backup.bytes, sizes.count == entries.files.count, total != bytes {
      gaps.append(
        Text("\(backup.folder) a \(total) octets au lieu de \(bytes).", "\(backup.folder) has \(total) bytes instead of \(bytes)."))
    }
    return sizes
  }
}

/// The digests of a folder's files, as `sha256sum` writes and checks them.
public struct BackupSums: Sendable {
  public struct File: Hashable, Sendable {
    /// Below the folder.
    public var path: String
    public var sha256: String

    public init(path: String, sha256: String) {
      self.path = path
      self.sha256 = sha256
    }
  }

  public var files: [File]

  public init(files: [File]) { self.files = files }

  /// Nil for what is no such list, or leads out of the folder.
  public init?(_ bytes: [UInt8]) {
    var files: [File] = []
    for line in String(decoding: bytes, as: UTF8.self).split(separator: "\n") {
      let (digest, path) = (line.prefix(64), line.dropFirst(66))
      guard line.utf8.count > 66, digest.utf8.allSatisfy({ (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }),
        line.dropFirst(64).prefix(2) == "  ", !path.hasPrefix("/"), !path.split(separator: "/").contains("..")
      else { return nil }
      files.append(File(path: String(path), sha256: String(digest)))
    }
    guard !files.isEmpty else { return nil }
    self.files = files
  }

  public var bytes: [UInt8] { Array(files.map { "\($0.sha256)  \($0.path)\n" }.joined().utf8) }
}
