/// The file systems of the host, as `/proc/self/mountinfo` has them.
struct HostMounts {
  struct Mount: Hashable {
    /// `259:2`: the numbers of the device.
    var device: String
    var point: String
    var type: String
    /// Such as `/dev/mapper/data`, or what an engine of the kernel calls it.
    var source: String
  }

  let mounts: [Mount]
  private let host: any HostView

  /// Throws `ObservationFailure` where the host does not say.
  init(_ host: any HostView) throws {
    self.host = host
    guard let text = try host.text(of: "/proc/self/mountinfo") else {
      throw ObservationFailure("/proc/self/mountinfo manque.", "/proc/self/mountinfo lacks.")
    }
    mounts = text.split(separator: "\n").compactMap(Self.mount)
  }

  /// A line: id, parent, device, root, point, options, any number of further fields, a hyphen, type, source, options.
  private static func mount(_ line: Substring) -> Mount? {
    let words = line.split(separator: " ")
    guard words.count >= 10, let hyphen = words.dropFirst(6).firstIndex(of: "-"), words.count > hyphen + 2 else { return nil }
    return Mount(device: String(words[2]), point: unescaped(words[4]), type: String(words[hyphen + 1]), source: unescaped(words[hyphen + 2]))
  }

  /// Blanks stand as `\040`.
  private static func unescaped(_ text: Substring) -> String {
    var bytes: [UInt8] = []
    var rest = Array(text.utf8)[...]
    while let byte = rest.popFirst() {
      if byte == UInt8(ascii: "\\"), rest.count >= 3, let value = UInt8(String(decoding: rest.prefix(3), as: UTF8.self), radix: 8) {
        bytes.append(value)
        rest = rest.dropFirst(3)
      } else {
        bytes.append(byte)
      }
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  /// What a path lies on. Of several mounts on one point the last one is seen.
  func mount(of path: String) -> Mount? {
    mounts.enumerated().filter { path == $0.element.point || path.hasPrefix($0.element.point == "/" ? "/" : $0.element.point + "/") }
      .max { ($0.element.point.utf8.count, $0.offset) < ($1.element.point.utf8.count, $1.offset) }?.element
  }

  /// File systems whose bytes lie on another machine.
  static let networkTypes: Set<String> = [
    "9p", "afs", "ceph", "cifs", "davfs", "fuse.glusterfs", "fuse.rclone", "fuse.s3fs", "fuse.sshfs", "glusterfs", "lustre", "ncpfs", "nfs", "nfs4",
    "ocfs2", "orangefs", "smb3", "smbfs", "virtiofs",
  ]

  /// Whether what lies on a mount is encrypted by the kernel (dm-crypt), the device itself or every one that it is made of.
  func isEncrypted(_ mount: Mount) throws -> Bool { try isEncrypted(folder: "/sys/dev/block/\(mount.device)", depth: 0) }

  private static let deepestStack = 8

  private func isEncrypted(folder: String, depth: Int) throws -> Bool {
    guard depth < Self.deepestStack else { return false }
    if let uuid = try host.text(of: folder + "/dm/uuid", limit: 4096), uuid.hasPrefix("CRYPT-") { return true }
    guard let parts = try host.names(in: folder + "/slaves"), !parts.isEmpty else { return false }
    return try parts.allSatisfy { try isEncrypted(folder: "/sys/class/block/\($0)", depth: depth + 1) }
  }
}
