internal import Base
internal import Wire

/// The process's own log: one JSON object a line.
struct PlatformLog {
  struct Line {
    var time: Timestamp?
    var level: String
    var label: String
    var message: String
    var members: JSON
  }

  let path: String
  let attributes: FileAttributes?
  /// The youngest lines, the oldest of them first.
  let lines: [Line]
  /// Lines among the youngest that are none.
  let malformed: Int
  /// What the file begins with.
  let head: [UInt8]

  /// Enough for some thousands of lines.
  private static let tailBytes = 1 << 20
  private static let headBytes = 4096

  init(_ platform: ObservedPlatform) throws {
    path = platform.site.log
    attributes = try platform.host.attributes(of: path)
    guard let size = attributes?.bytes else {
      (lines, malformed, head) = ([], 0, [])
      return
    }
    head = try platform.host.bytes(of: path, from: 0, limit: Self.headBytes) ?? []
    let start = max(0, size - Self.tailBytes)
    var bytes = (try platform.host.bytes(of: path, from: start, limit: Self.tailBytes * 2) ?? [])[...]
    // The window begins in the midst of a line, and the last one may be under way.
    if start > 0 { bytes = bytes.drop { $0 != UInt8(ascii: "\n") } }
    if let end = bytes.lastIndex(of: UInt8(ascii: "\n")) { bytes = bytes[..<end] } else { bytes = [] }
    var malformed = 0
    lines = bytes.split(separator: UInt8(ascii: "\n")).compactMap { text in
      guard let json = try? JSON(parsing: Array(text)), let message = json["message"]?.string, let level = json["level"]?.string else {
        malformed += 1
        return nil
      }
      return Line(
        time: json["time"]?.string.flatMap { Timestamp(iso8601: $0) }, level: level, label: json["label"]?.string ?? "", message: message,
        members: json)
    }
    self.malformed = malformed
  }

  /// Whether a line tells of the request of an id.
  func holds(request id: String, where isWanted: (Line) -> Bool = { _ in true }) -> Bool {
    lines.contains { $0.members["request"]?.string == id && isWanted($0) }
  }
}
