internal import Base
internal import Wire

/// A request's path, taken apart: decoded segments without empty ones, so that doubled slashes make no difference.
package struct ArmPath: Sendable {
  package var segments: [String]
  /// The same in lower case, for matching.
  package var folded: [String]

  /// Throws 400 for a path that names nothing in any form: malformed escapes, control characters, dot segments, escaped slashes, excessive length.
  package init(_ raw: String) throws {
    let limits = ResourceManagerLimits.self
    guard raw.utf8.count <= limits.maximumPathCharacters else { throw Self.invalid("The request URI is too long.", status: 414) }
    var segments: [String] = []
    for piece in Self.pieces(raw) {
      guard let segment = percentDecoded(piece) else { throw Self.invalid("The request URI holds a malformed escape.") }
      guard segment != ".", segment != ".." else { throw Self.invalid("The request URI holds a dot segment.") }
      guard !segment.unicodeScalars.contains(where: { $0.value < 0x20 || $0.value == 0x7F || $0 == "/" || $0 == "\\" }) else {
        throw Self.invalid("The request URI holds a control character or an escaped slash in a segment.")
      }
      guard segment.count <= limits.maximumNameCharacters else {
        throw CloudError(
          400, "InvalidResourceName",
          "The provided resource name '\(segment.prefix(64))…' is too long. The maximum length is \(limits.maximumNameCharacters) characters.")
      }
      segments.append(segment)
    }
    guard segments.count <= limits.maximumPathSegments else { throw Self.invalid("The request URI has too many segments.") }
    self.segments = segments
    folded = segments.map { $0.lowercased() }
  }

  /// The segments, still escaped. Clients that put a scope into a URL's template escape all of it: a first segment that begins with an escaped slash
  /// is such a scope.
  private static func pieces(_ raw: String) -> [Substring.UTF8View.SubSequence] {
    let slash = UInt8(ascii: "/")
    let pieces = raw.utf8.split(separator: slash)
    guard let first = pieces.first, first.prefix(3).elementsEqual("%2f".utf8, by: { $0 | 0x20 == $1 | 0x20 }) else { return pieces.map { $0 } }
    let scope = Substring(first).replacing("%2F", with: "/").replacing("%2f", with: "/")
    return scope.utf8.split(separator: slash) + pieces.dropFirst()
  }

  private static func invalid(_ message: String, status: Int = 400) -> CloudError {
    CloudError(status, "InvalidRequestUri", message)
  }

  /// `/` and the first `count` segments.
  func text(_ count: Int) -> String {
    "/" + segments[..<count].joined(separator: "/")
  }

  var text: String { text(segments.count) }
}
