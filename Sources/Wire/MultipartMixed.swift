/// The parts of a `multipart/mixed` body, each with its headers: how batches of requests travel.
///
/// Source: RFC 2046, section 5.1; OData 3.0, "Batch Processing".
public enum MultipartMixed {
  /// What stands between two boundaries.
  public struct Part: Sendable {
    public var headers: [(name: String, value: String)]
    public var body: ArraySlice<UInt8>

    /// A header's value by its name in any case.
    public subscript(name: String) -> String? {
      headers.first { $0.name.lowercased() == name.lowercased() }?.value
    }
  }

  /// Why a body was refused.
  public enum Malformed: Error, Equatable {
    /// No beginning, no end, or headers that are none.
    case structure
    /// More parts than the caller allows.
    case tooManyParts
  }

  /// Characters of a boundary (RFC 2046).
  public static let maximumBoundaryLength = 70
  /// Bytes of one line of headers.
  static let maximumHeaderBytes = 16 << 10
  /// Headers of one part.
  static let maximumHeaders = 64

  /// The boundary that a content type names; nil when it is not `multipart/mixed` or names none.
  public static func boundary(of contentType: String) -> String? {
    let fields = contentType.split(separator: ";").map { trimmed($0) }
    guard let type = fields.first, type.lowercased() == "multipart/mixed" else { return nil }
    for field in fields.dropFirst() where field.lowercased().hasPrefix("boundary=") {
      var value = field.dropFirst("boundary=".count)
      if value.count >= 2, value.first == "\"", value.last == "\"" { value = value.dropFirst().dropLast() }
      return value.isEmpty || value.utf8.count > maximumBoundaryLength ? nil : String(value)
    }
    return nil
  }

  /// Takes a body apart. What stands before the first boundary and behind the last one is passed over.
  public static func parts(_ bytes: ArraySlice<UInt8>, boundary: String, limit: Int) throws(Malformed) -> [Part] {
    let delimiter = Array("--\(boundary)".utf8)
    var parts: [Part] = []
    var start: Int?
    var position = bytes.startIndex
    while position < bytes.endIndex {
      let lineEnd = bytes[position...].firstIndex(of: UInt8(ascii: "\n")) ?? bytes.endIndex
      let next = min(lineEnd + 1, bytes.endIndex)
      if let isLast = isBoundary(bytes[position..<lineEnd], delimiter) {
        if let start {
          guard parts.count < limit else { throw .tooManyParts }
          parts.append(try part(bytes[start..<withoutLineEnd(bytes, start, position)]))
        }
        if isLast { return parts }
        start = next
      }
      position = next
    }
    throw .structure
  }

  /// Whether a line is a boundary, and if so whether it is the one that ends the body.
  private static func isBoundary(_ line: ArraySlice<UInt8>, _ delimiter: [UInt8]) -> Bool? {
    guard line.starts(with: delimiter) else { return nil }
    var rest = line.dropFirst(delimiter.count)
    let isLast = rest.starts(with: "--".utf8)
    if isLast { rest = rest.dropFirst(2) }
    return rest.allSatisfy(isSpace) ? isLast : nil
  }

  /// The end of a part: the line end before a boundary belongs to the boundary.
  private static func withoutLineEnd(_ bytes: ArraySlice<UInt8>, _ start: Int, _ boundary: Int) -> Int {
    var end = boundary
    if end > start, bytes[end - 1] == UInt8(ascii: "\n") { end -= 1 }
    if end > start, bytes[end - 1] == UInt8(ascii: "\r") { end -= 1 }
    return end
  }

  private static func part(_ bytes: ArraySlice<UInt8>) throws(Malformed) -> Part {
    var rest = bytes
    let headers = try headers(&rest)
    return Part(headers: headers, body: rest)
  }

  /// Takes headers up to and with the empty line that ends them.
  static func headers(_ rest: inout ArraySlice<UInt8>) throws(Malformed) -> [(name: String, value: String)] {
    var headers: [(name: String, value: String)] = []
    while let line = line(&rest) {
      if line.isEmpty { return headers }
      guard line.count <= maximumHeaderBytes, headers.count < maximumHeaders, let colon = line.firstIndex(of: UInt8(ascii: ":")) else {
        throw .structure
      }
      guard let name = String(validating: line[..<colon], as: UTF8.self), let value = String(validating: line[(colon + 1)...], as: UTF8.self) else {
        throw .structure
      }
      let header = (name: trimmed(name[...]), value: trimmed(value[...]))
      guard isToken(header.name), header.value.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F || $0 == 0x09 }) else { throw .structure }
      headers.append(header)
    }
    return headers
  }

  /// A header's name as RFC 9110 has it: what else stands there must not get among the headers of a request.
  private static func isToken(_ name: String) -> Bool {
    let separators = "\"(),/:;<=>?@[\\]{}".utf8
    return !name.isEmpty && name.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && !separators.contains($0) }
  }

  /// Takes a line without its end; nil when nothing is left.
  static func line(_ rest: inout ArraySlice<UInt8>) -> ArraySlice<UInt8>? {
    guard !rest.isEmpty else { return nil }
    let end = rest.firstIndex(of: UInt8(ascii: "\n")) ?? rest.endIndex
    var line = rest[rest.startIndex..<end]
    rest = rest[min(end + 1, rest.endIndex)...]
    if line.last == UInt8(ascii: "\r") { line = line.dropLast() }
    return line
  }

  private static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 || byte == 0x0D }

  private static func trimmed(_ text: Substring) -> String {
    guard let first = text.utf8.firstIndex(where: { !isSpace($0) }), let last = text.utf8.lastIndex(where: { !isSpace($0) }) else { return "" }
    return String(text[first...last])
  }
}

/// A request as it lies in a part of a batch (`application/http`).
public struct EmbeddedRequest: Sendable {
  public var method: String
  /// The path as sent, still percent-encoded, beginning with `/`: of an absolute URL, what stands behind its host.
  public var path: String
  /// Behind the `?`, still encoded; empty when there is none.
  public var query: String
  public var headers: [(name: String, value: String)]
  public var body: ArraySlice<UInt8>

  /// Throws `MultipartMixed.Malformed.structure` for what is no request.
  public init(_ part: MultipartMixed.Part) throws(MultipartMixed.Malformed) {
    var rest = part.body
    // Some writers leave an empty line before the request.
    while rest.first == UInt8(ascii: "\r") || rest.first == UInt8(ascii: "\n") { rest = rest.dropFirst() }
    guard let line = MultipartMixed.line(&rest), line.count <= MultipartMixed.maximumHeaderBytes else { throw .structure }
    let words = line.split(separator: UInt8(ascii: " "), omittingEmptySubsequences: true)
    guard words.count == 3, words[2].starts(with: "HTTP/1.".utf8), let method = String(validating: words[0], as: UTF8.self),
      let target = String(validating: words[1], as: UTF8.self), target.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F })
    else { throw .structure }
    self.method = method
    let parts = Self.origin(target).split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
    path = parts.first.map(String.init) ?? ""
    query = parts.count == 2 ? String(parts[1]) : ""
    guard path.utf8.first == UInt8(ascii: "/") else { throw .structure }
    headers = try MultipartMixed.headers(&rest)
    body = rest
    if let length = headers.first(where: { $0.name.lowercased() == "content-length" }) {
      guard let count = Int(length.value), (0...rest.count).contains(count) else { throw .structure }
      body = rest.prefix(count)
    }
  }

  /// The part of a target that begins with the path.
  private static func origin(_ target: String) -> Substring {
    for scheme in ["https://", "http://"] where target.lowercased().hasPrefix(scheme) {
      let rest = target.dropFirst(scheme.count)
      return rest.firstIndex(of: "/").map { rest[$0...] } ?? "/"
    }
    return target[...]
  }
}
