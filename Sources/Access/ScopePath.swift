internal import Base

/// A scope's path as it is compared: lower-cased, without a trailing slash; empty for the tenant's root.
struct ScopePath: Hashable, Sendable {
  let text: String

  init(_ path: String) {
    var text = path.lowercased()
    while text.utf8.last == UInt8(ascii: "/") { text.removeLast() }
    self.text = text
  }

  /// The scope of what Graph guards. It is no part of the hierarchy under `/`: a role of one grants nothing in the other.
  static let directory = ScopePath(AccessScope.directory)

  var isDirectory: Bool {
    Self.isPrefix(Self.directory.text, of: text)
  }

  /// Whether this is `other` or an ancestor of it: `/subscriptions/a` is none of `/subscriptions/ab`.
  func covers(_ other: ScopePath) -> Bool {
    isDirectory == other.isDirectory && Self.isPrefix(text, of: other.text)
  }

  /// `/subscriptions/<id>`, or nil above and beside subscriptions.
  var subscription: ScopePath? {
    let segments = text.utf8.split(separator: UInt8(ascii: "/"), maxSplits: 2)
    guard segments.count >= 2, segments[0].elementsEqual("subscriptions".utf8) else { return nil }
    return ScopePath("/subscriptions/\(Substring(segments[1]))")
  }

  private static func isPrefix(_ ancestor: String, of path: String) -> Bool {
    let (ancestor, path) = (ancestor.utf8, path.utf8)
    guard path.count > ancestor.count else { return path.elementsEqual(ancestor) }
    return path.starts(with: ancestor) && path[path.index(path.startIndex, offsetBy: ancestor.count)] == UInt8(ascii: "/")
  }
}

extension AccessScope {
  /// Where the directory's roles are assigned and Graph's routes are guarded.
  public static let directory = "/directory"

  /// The id of the subscription that the scope lies in, as written; nil above subscriptions.
  public var subscription: String? {
    let segments = path.split(separator: "/", maxSplits: 2)
    return segments.count >= 2 && segments[0].lowercased() == "subscriptions" ? String(segments[1]) : nil
  }

  /// Whether what is held here reaches a path of the same tenant: this one, or one below.
  public func covers(path other: String) -> Bool { ScopePath(path).covers(ScopePath(other)) }
}
