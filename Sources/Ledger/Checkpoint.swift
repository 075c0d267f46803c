internal import Wire

/// A log's name, size and root, as witnesses sign it.
///
/// Source: C2SP, "Transparency Log Checkpoints" (tlog-checkpoint).
public struct Checkpoint: Sendable, Equatable {
  public var origin: String
  public var size: Int
  public var root: MerkleHash

  public init(origin: String, size: Int, root: MerkleHash) {
    self.origin = origin
    self.size = size
    self.root = root
  }

  public var text: String { "\(origin)\n\(size)\n\(Base64.encode(root.bytes))\n" }

  /// Reads the first three lines; further ones are the log's own affair. Nil for what is no checkpoint.
  public init?(text: String) {
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    guard lines.count >= 4, !lines[0].isEmpty, let size = Int(lines[1]), size >= 0, String(size) == lines[1],
      let root = Base64.decode(String(lines[2])).flatMap({ MerkleHash($0) })
    else { return nil }
    self.init(origin: String(lines[0]), size: size, root: root)
  }
}
