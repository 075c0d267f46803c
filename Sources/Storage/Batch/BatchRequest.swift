package import Base
internal import Wire

/// The requests in the body of a Blob Batch: `multipart/mixed`, each part an HTTP request without a body.
///
/// Parsed by hand, strictly, in one pass over bytes that `StorageLimits.batchBytes` bounds.
/// Source: Microsoft, "Blob Batch", REST reference; RFC 2046, section 5.1.
package struct BatchRequest: Equatable {
  package struct Part: Equatable {
    package var contentID: String?
    package var method: String
    /// As it is on the request line: a path with its query.
    package var target: String
    package var headers: [Header]
  }

  package struct Header: Equatable {
    package var name: String
    package var value: String
  }

  package private(set) var parts: [Part] = []

  /// Bytes of a boundary.
  private static let boundaryBytes = 1...70
  /// Headers of one part, and bytes of one line.
  private static let maximumHeaders = 64
  private static let maximumLineBytes = 16 << 10

  /// The boundary that a `Content-Type` names; nil for what is not `multipart/mixed`.
  static func boundary(contentType: String) -> String? {
    let fields = contentType.split(separator: ";").map { String($0).trimmingSpaces }
    guard fields.first?.lowercased() == "multipart/mixed" else { return nil }
    for field in fields.dropFirst() where field.lowercased().hasPrefix("boundary=") {
      var value = String(field.dropFirst("boundary=".count))
      if value.count >= 2, value.hasPrefix("\""), value.hasSuffix("\"") { value = String(value.dropFirst().dropLast()) }
      return boundaryBytes.contains(value.utf8.count) && value.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F } ? value : nil
    }
    return nil
  }

  /// Throws `InvalidInput` for what is no batch, `ExceedsMaxBatchRequestCount` for too many parts.
  package init(_ body: [UInt8], boundary: String, maximumParts: Int) throws(CloudError) {
    let delimiter = Array("--\(boundary)".utf8)
    var lines = Lines(body, maximumBytes: Self.maximumLineBytes)
    // What stands before the first delimiter has no meaning.
    while true {
      guard let line = try lines.next() else { throw StorageError.invalidInput }
      if Self.isDelimiter(line, delimiter) { break }
      if Self.isEnd(line, delimiter) { throw StorageError.invalidInput }
    }
    while true {
      guard parts.count < maximumParts else { throw StorageError.exceedsMaxBatchRequestCount }
      let (part, isLast) = try Self.part(&lines, delimiter)
      parts.append(part)
      if isLast { return }
    }
  }

  private static func isDelimiter(_ line: ArraySlice<UInt8>, _ delimiter: [UInt8]) -> Bool {
    line.starts(with: delimiter) && line.dropFirst(delimiter.count).allSatisfy(isSpace)
  }

  private static func isEnd(_ line: ArraySlice<UInt8>, _ delimiter: [UInt8]) -> Bool {
    let rest = line.dropFirst(delimiter.count)
    return line.starts(with: delimiter) && rest.starts(with: "--".utf8) && rest.dropFirst(2).allSatisfy(isSpace)
  }

  private static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 }

  /// A part up to the delimiter behind it. True when that is the last one.
  private static func part(_ lines: inout Lines, _ delimiter: [UInt8]) throws(CloudError) -> (Part, Bool) {
    let outer = try headers(&lines, delimiter)
    let type = outer.first(named: "Content-Type")?.lowercased().split(separator: ";").first.map { String($0).trimmingSpaces }
    guard type == "application/http" else { throw StorageError.invalidInput }
    guard let line = try lines.next() else { throw StorageError.invalidInput }
    let request = line.split(separator: 0x20, omittingEmptySubsequences: false)
    guard request.count == 3, request[2].starts(with: "HTTP/1.".utf8), let method = text(request[0]), let target = text(request[1]),
      target.hasPrefix("/"), !method.isEmpty, method.utf8.allSatisfy({ (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0) })
    else { throw StorageError.invalidInput }
    let inner = try headers(&lines, delimiter)
    if let length = inner.first(named: "Content-Length"), length != "0" { throw StorageError.invalidInput }
    let part = Part(contentID: outer.first(named: "Content-ID"), method: method, target: target, headers: inner)
    // Only empty lines may stand where a body would.
    while true {
      guard let line = try lines.next() else { throw StorageError.invalidInput }
      if isDelimiter(line, delimiter) { return (part, false) }
      if isEnd(line, delimiter) { return (part, true) }
      guard line.isEmpty else { throw StorageError.invalidInput }
    }
  }

  /// Headers up to the empty line that ends them.
  private static func headers(_ lines: inout Lines, _ delimiter: [UInt8]) throws(CloudError) -> [Header] {
    var headers: [Header] = []
    while true {
      guard let line = try lines.next(), !isDelimiter(line, delimiter), !isEnd(line, delimiter) else { throw StorageError.invalidInput }
      if line.isEmpty { return headers }
      guard headers.count < maximumHeaders, let colon = line.firstIndex(of: UInt8(ascii: ":")), let name = text(line[..<colon]),
        let value = String(validating: line[(colon + 1)...], as: UTF8.self), !name.isEmpty, name.utf8.allSatisfy(isToken),
        value.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F || $0 == 0x09 })
      else { throw StorageError.invalidInput }
      headers.append(Header(name: name, value: value.trimmingSpaces))
    }
  }

  /// Visible ASCII, of which names and targets consist.
  private static func text(_ bytes: ArraySlice<UInt8>) -> String? {
    bytes.allSatisfy { $0 > 0x20 && $0 < 0x7F } ? String(decoding: bytes, as: UTF8.self) : nil
  }

  private static func isToken(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"): true
    default: "!#$%&'*+-.^_`|~".utf8.contains(byte)
    }
  }

  /// Lines that end with CR LF, or with LF alone.
  private struct Lines {
    private let bytes: [UInt8]
    private let maximumBytes: Int
    private var position = 0

    init(_ bytes: [UInt8], maximumBytes: Int) {
      self.bytes = bytes
      self.maximumBytes = maximumBytes
    }

    /// Nil behind the last one, which need not have an end.
    mutating func next() throws(CloudError) -> ArraySlice<UInt8>? {
      guard position < bytes.count else { return nil }
      let end = bytes[position...].firstIndex(of: 0x0A) ?? bytes.count
      var line = bytes[position..<end]
      position = min(end + 1, bytes.count)
      if line.last == 0x0D { line = line.dropLast() }
      guard line.count <= maximumBytes else { throw StorageError.invalidInput }
      return line
    }
  }
}

extension [BatchRequest.Header] {
  func first(named name: String) -> String? {
    first { $0.name.lowercased() == name.lowercased() }?.value
  }
}
