public import Base

/// The four conditional headers of a request, and what they say about a resource.
///
/// Source: Microsoft, "Specifying conditional headers for Blob service operations", REST reference; RFC 9110, section 13.
public struct ConditionalHeaders: Sendable, Equatable {
  /// The tags of `If-Match` without their quotes, or `*`; empty when the header is absent.
  public var ifMatch: [String] = []
  /// The tags of `If-None-Match`, likewise.
  public var ifNoneMatch: [String] = []
  public var ifModifiedSince: Timestamp?
  public var ifUnmodifiedSince: Timestamp?

  public init() {}

  /// Why headers were refused before they were compared with anything.
  public enum Malformed: Error, Equatable {
    /// Not an RFC 1123 date, or an empty tag.
    case value(header: String, String)
    /// A combination that the service does not evaluate.
    case combination
  }

  /// Reads the headers; `header` gives a header's value by its name. Throws `Malformed.value`.
  public init(_ header: (String) -> String?) throws(Malformed) {
    ifMatch = try Self.tags("If-Match", header("If-Match"))
    ifNoneMatch = try Self.tags("If-None-Match", header("If-None-Match"))
    ifModifiedSince = try Self.date("If-Modified-Since", header("If-Modified-Since"))
    ifUnmodifiedSince = try Self.date("If-Unmodified-Since", header("If-Unmodified-Since"))
  }

  public var isEmpty: Bool {
    ifMatch.isEmpty && ifNoneMatch.isEmpty && ifModifiedSince == nil && ifUnmodifiedSince == nil
  }

  private static func tags(_ name: String, _ value: String?) throws(Malformed) -> [String] {
    guard let value else { return [] }
    var tags: [String] = []
    for piece in value.utf8.split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false) {
      var tag = piece.drop { $0 == UInt8(ascii: " ") }
      while tag.last == UInt8(ascii: " ") { tag = tag.dropLast() }
      if tag.starts(with: "W/".utf8) { tag = tag.dropFirst(2) }
      if tag.count >= 2, tag.first == UInt8(ascii: "\""), tag.last == UInt8(ascii: "\"") { tag = tag.dropFirst().dropLast() }
      guard !tag.isEmpty else { throw .value(header: name, value) }
      tags.append(String(decoding: tag, as: UTF8.self))
    }
    return tags
  }

  private static func date(_ name: String, _ value: String?) throws(Malformed) -> Timestamp? {
    guard let value else { return nil }
    guard let date = Timestamp(httpDate: value) else { throw .value(header: name, value) }
    return date
  }

  /// What the conditions say.
  public enum Outcome: Equatable, Sendable {
    case met
    /// 304, for a read only.
    case notModified
    /// 412.
    case failed
    /// `If-None-Match: *` on a write to a resource that exists: 409 for those that create, else 412.
    case exists
    /// `If-None-Match: *` on a read: 400.
    case unsatisfiable
  }

  /// For reading a resource that exists: `If-Match && If-Unmodified-Since && (If-None-Match || If-Modified-Since)`.
  public func evaluateRead(etag: ETag, lastModified: Timestamp) -> Outcome {
    if isEmpty { return .met }
    if ifNoneMatch == ["*"] { return .unsatisfiable }
    if !ifMatch.isEmpty && ifMatch != ["*"] && !ifMatch.contains(etag.text) { return .failed }
    if let limit = ifUnmodifiedSince, lastModified.wholeSecond > limit { return .failed }
    let differs: Bool? = ifNoneMatch.isEmpty ? nil : !ifNoneMatch.contains(etag.text)
    let changed: Bool? = ifModifiedSince.map { lastModified.wholeSecond > $0 }
    switch (differs, changed) {
    case (nil, nil), (true, _), (_, true): return .met
    default: return .notModified
    }
  }

  /// For a write. `etag` and `lastModified` are nil when the resource does not exist. Throws `Malformed.combination` for what the
  /// service does not evaluate: several tags in one header, or other pairs than a tag with the date that goes with it.
  public func evaluateWrite(etag: ETag?, lastModified: Timestamp?) throws(Malformed) -> Outcome {
    if isEmpty { return .met }
    guard ifMatch.count <= 1, ifNoneMatch.count <= 1 else { throw .combination }
    let forMatch = !ifMatch.isEmpty || ifUnmodifiedSince != nil
    let forNoneMatch = !ifNoneMatch.isEmpty || ifModifiedSince != nil
    guard !(forMatch && forNoneMatch) else { throw .combination }
    guard let etag, let lastModified else { return ifMatch.isEmpty ? .met : .failed }
    if let tag = ifNoneMatch.first { return tag == "*" ? .exists : tag == etag.text ? .failed : .met }
    if let tag = ifMatch.first { return tag == "*" || tag == etag.text ? .met : .failed }
    if let limit = ifModifiedSince { return lastModified.wholeSecond > limit ? .met : .failed }
    if let limit = ifUnmodifiedSince { return lastModified.wholeSecond <= limit ? .met : .failed }
    return .met
  }
}
