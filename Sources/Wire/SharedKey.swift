public import Crypto

#if canImport(FoundationEssentials)
  internal import FoundationEssentials
#endif

/// Shared Key: a request signed with a storage account's key.
///
/// Source: Microsoft, "Authorize with Shared Key", REST reference of the storage services.
public enum SharedKey {
  /// How a service orders the `x-ms-` headers before it signs them.
  public enum HeaderOrder: Sendable {
    /// As the service itself and Microsoft's SDKs for Python and JavaScript do: by a collation in which hyphens count last.
    case collated
    /// By their bytes, as the reference says and other clients do.
    case bytewise
  }

  /// What of a request is signed.
  public struct SignedRequest: Sendable {
    public var method: String
    /// As sent: still percent-encoded.
    public var path: String
    public var query: Query
    public var headers: [(name: String, value: String)]
    public var account: String
    /// The `x-ms-version` in effect.
    public var version: String

    public init(method: String, path: String, query: Query, headers: [(name: String, value: String)], account: String, version: String) {
      self.method = method
      self.path = path
      self.query = query
      self.headers = headers
      self.account = account
      self.version = version
    }

    /// The value of a header; several of one name are joined with commas, as HTTP reads them.
    func header(_ name: String) -> String {
      headers.filter { $0.name.utf8.count == name.utf8.count && $0.name.lowercased() == name }.map(\.value).joined(separator: ",")
    }
  }

  /// The string that `SharedKey` signs for blobs, queues and files.
  public static func stringToSign(_ request: SignedRequest, order: HeaderOrder = .collated) -> String {
    let length = request.header("content-length")
    let date = request.header("x-ms-date").isEmpty ? request.header("date") : ""
    let lines = [
      request.method,
      request.header("content-encoding"),
      request.header("content-language"),
      length == "0" && request.version >= "2015-02-21" ? "" : length,
      request.header("content-md5"),
      request.header("content-type"),
      date,
      request.header("if-modified-since"),
      request.header("if-match"),
      request.header("if-none-match"),
      request.header("if-unmodified-since"),
      request.header("range"),
    ]
    return lines.joined(separator: "\n") + "\n" + canonicalHeaders(request, order: order) + canonicalResource(request)
  }

  /// The string that `SharedKeyLite` signs for blobs, queues and files.
  public static func liteStringToSign(_ request: SignedRequest, order: HeaderOrder = .collated) -> String {
    let date = request.header("x-ms-date").isEmpty ? request.header("date") : ""
    let lines = [request.method, request.header("content-md5"), request.header("content-type"), date]
    return lines.joined(separator: "\n") + "\n" + canonicalHeaders(request, order: order) + liteCanonicalResource(request)
  }

  /// The string that `SharedKey` signs for tables.
  public static func tableStringToSign(_ request: SignedRequest) -> String {
    let lines = [request.method, request.header("content-md5"), request.header("content-type")]
    return lines.joined(separator: "\n") + "\n" + tableLiteStringToSign(request)
  }

  /// The string that `SharedKeyLite` signs for tables.
  public static func tableLiteStringToSign(_ request: SignedRequest) -> String {
    let date = request.header("x-ms-date")
    return "\(date.isEmpty ? request.header("date") : date)\n" + liteCanonicalResource(request)
  }

  /// Base64 of the HMAC-SHA-256 of a string to sign.
  public static func signature(of text: String, key: SymmetricKey) -> String {
    Data(HMAC<SHA256>.authenticationCode(for: Array(text.utf8), using: key)).base64EncodedString()
  }

  /// Whether `signature` is the one that `key` makes of `text`. Takes the same time wherever they differ.
  public static func isValid(signature: String, of text: String, key: SymmetricKey) -> Bool {
    guard let code = Data(base64Encoded: signature) else { return false }
    return HMAC<SHA256>.isValidAuthenticationCode(code, authenticating: Array(text.utf8), using: key)
  }

  private static func canonicalHeaders(_ request: SignedRequest, order: HeaderOrder) -> String {
    var values: [String: String] = [:]
    for header in request.headers {
      let name = header.name.lowercased()
      guard name.hasPrefix("x-ms-") else { continue }
      let value = trimmed(header.value)
      values[name] = values[name].map { "\($0),\(value)" } ?? value
    }
    let names: [String] =
      switch order {
      case .collated: HeaderCollation.sorted(values.keys)
      case .bytewise: values.keys.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
      }
    return names.map { "\($0):\(values[$0] ?? "")\n" }.joined()
  }

  private static func canonicalResource(_ request: SignedRequest) -> String {
    var values: [String: [String]] = [:]
    for item in request.query.items { values[item.name.lowercased(), default: []].append(item.value) }
    var text = "/\(request.account)\(request.path)"
    for name in values.keys.sorted(by: { $0.utf8.lexicographicallyPrecedes($1.utf8) }) {
      let sorted = values[name, default: []].sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
      text += "\n\(name):\(sorted.joined(separator: ","))"
    }
    return text
  }

  private static func liteCanonicalResource(_ request: SignedRequest) -> String {
    let component = request.query["comp"].map { "?comp=\($0)" } ?? ""
    return "/\(request.account)\(request.path)\(component)"
  }

  private static func trimmed(_ value: String) -> String {
    func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 }
    guard let first = value.utf8.first, let last = value.utf8.last, isSpace(first) || isSpace(last) else { return value }
    let body = value.utf8.drop(while: isSpace)
    guard let end = body.lastIndex(where: { !isSpace($0) }) else { return "" }
    return String(body[...end]) ?? value
  }
}

/// The order in which the service sorts header names: letters without regard to case, digits before letters, and hyphens and
/// apostrophes only where everything else is equal (then, the later the first of them stands, the earlier the name).
///
/// Source: Microsoft, azure-sdk-for-python, `_storage_header_sort`.
enum HeaderCollation {
  static func sorted(_ names: some Sequence<String>) -> [String] {
    let weighed = names.map { (name: $0, weights: primary($0)) }
    let sorted = weighed.sorted { left, right in
      if left.weights != right.weights { return left.weights.lexicographicallyPrecedes(right.weights) }
      return secondaryPrecedes(Array(left.name.utf8), Array(right.name.utf8))
    }
    return sorted.map(\.name)
  }

  private static func primary(_ name: String) -> [UInt16] {
    name.utf8.compactMap { byte in
      let weight = weights[Int(byte & 0x7F)]
      return weight == 0 ? nil : weight
    }
  }

  /// Of two names that differ in ignored characters only: the one whose first such character comes later precedes.
  private static func secondaryPrecedes(_ left: [UInt8], _ right: [UInt8]) -> Bool {
    for index in 0..<max(left.count, right.count) {
      let first = index < left.count ? secondary(left[index]) : 1
      let second = index < right.count ? secondary(right[index]) : 1
      if first == second { continue }
      if first == 0 { return true }
      if second == 0 { return false }
      return first < second
    }
    return false
  }

  private static func secondary(_ byte: UInt8) -> Int {
    switch byte {
    case UInt8(ascii: "'"): 0x8012
    case UInt8(ascii: "-"): 0x8212
    default: 0
    }
  }

  /// Primary weights of ASCII; 0 is ignored.
  private static let weights: [UInt16] = {
    var weights = [UInt16](repeating: 0, count: 128)
    let symbols: KeyValuePairs<Character, UInt16> = [
      "!": 0x71C, "#": 0x71F, "$": 0x721, "%": 0x723, "&": 0x725, "*": 0x72D, "+": 0x803, ".": 0x733, "^": 0x743, "_": 0x744, "`": 0x748,
      "|": 0x74C, "~": 0x750,
    ]
    for (symbol, weight) in symbols { weights[Int(symbol.asciiValue ?? 0)] = weight }
    let digits: [UInt16] = [0xD03, 0xD1A, 0xD1C, 0xD1E, 0xD20, 0xD22, 0xD24, 0xD26, 0xD28, 0xD2A]
    for (index, weight) in digits.enumerated() { weights[Int(UInt8(ascii: "0")) + index] = weight }
    let letters: [UInt16] = [
      0xE02, 0xE09, 0xE0A, 0xE1A, 0xE21, 0xE23, 0xE25, 0xE2C, 0xE32, 0xE35, 0xE36, 0xE48, 0xE51, 0xE70, 0xE7C, 0xE7E, 0xE89, 0xE8A, 0xE91, 0xE99,
      0xE9F, 0xEA2, 0xEA4, 0xEA6, 0xEA7, 0xEA9,
    ]
    for (index, weight) in letters.enumerated() {
      weights[Int(UInt8(ascii: "A")) + index] = weight
      weights[Int(UInt8(ascii: "a")) + index] = weight
    }
    return weights
  }()
}
