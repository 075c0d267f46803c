internal import Base

/// The conditions that a request puts on a resource's ETag.
///
/// Source: RFC 9110, sections 13.1.1 and 13.1.2.
struct Preconditions: Sendable {
  var ifMatch: String?
  var ifNoneMatch: String?

  /// Throws 412 when the resource, whose ETag this is (nil: there is none), does not meet them.
  func check(_ etag: GUID?) throws {
    if let ifMatch {
      guard let etag, Self.matches(ifMatch, etag) else { throw CloudError.preconditionFailed() }
    }
    if let ifNoneMatch, let etag, Self.matches(ifNoneMatch, etag) { throw CloudError.preconditionFailed() }
  }

  private static func matches(_ header: String, _ etag: GUID) -> Bool {
    header.split(separator: ",").contains { candidate in
      var text = candidate.drop { $0 == " " }
      while text.last == " " { text = text.dropLast() }
      if text == "*" { return true }
      if text.hasPrefix("W/") { text = text.dropFirst(2) }
      if text.hasPrefix("\""), text.hasSuffix("\""), text.count >= 2 { text = text.dropFirst().dropLast() }
      return text.lowercased() == etag.description
    }
  }
}
