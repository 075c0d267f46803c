internal import Base
internal import Edge
internal import NIOHTTP1
internal import Wire

/// How much metadata an answer carries.
///
/// Source: Microsoft, "Payload format for Table service operations", REST reference.
enum ODataFormat: String, Sendable {
  case none = "nometadata"
  case minimal = "minimalmetadata"
  case full = "fullmetadata"

  var contentType: String { "application/json;odata=\(rawValue);streaming=true;charset=utf-8" }

  /// What a request asks for, by `$format` or else `Accept`. Throws 415 for what is not JSON.
  static func requested(by request: EdgeRequest) throws(CloudError) -> ODataFormat {
    if let text = request.query["$format"] {
      guard let format = try of(text) else { throw refusal(of: text) }
      return format
    }
    guard let accept = request.headers.first(name: "accept"), !accept.isEmpty else { return .minimal }
    for range in accept.split(separator: ",") {
      if let format = try of(String(range)) { return format }
    }
    throw refusal(of: accept)
  }

  private static func of(_ range: String) throws(CloudError) -> ODataFormat? {
    let parts = range.split(separator: ";").map { String($0).trimmedASCII.lowercased() }
    switch parts.first {
    case "application/json", "*/*", "application/*", "json": break
    default: return nil
    }
    guard let level = parts.first(where: { $0.hasPrefix("odata=") }) else { return .minimal }
    guard let format = ODataFormat(rawValue: String(level.dropFirst("odata=".count))) else { throw TableError.mediaTypeNotSupported }
    return format
  }

  private static func refusal(of range: String) -> CloudError {
    range.contains("atom") ? TableError.atomNotSupported : TableError.mediaTypeNotSupported
  }
}
