internal import Base
internal import Edge
internal import NIOHTTP1
internal import Wire

/// One of the rules by which a browser may call the service from another site's pages.
///
/// Source: Microsoft, "Cross-Origin Resource Sharing (CORS) support for Azure Storage".
struct CrossOriginRule: Codable, Equatable, Sendable {
  var allowedOrigins: [String]
  var allowedMethods: [String]
  var allowedHeaders: [String]
  var exposedHeaders: [String]
  var maximumAgeSeconds: Int

  /// Rules of one service.
  static let maximumRules = 5
  /// Headers that one rule may name without a star, and with one.
  static let maximumNamedHeaders = 64
  static let maximumPrefixedHeaders = 2
  /// Origins of one rule, and characters of one origin.
  static let maximumOrigins = 64
  static let maximumOriginCharacters = 256
  private static let methods: Set<String> = ["DELETE", "GET", "HEAD", "MERGE", "PATCH", "POST", "OPTIONS", "PUT"]

  init(_ element: XMLElement) throws {
    func list(_ name: String) throws -> [String] {
      guard let child = element.child(name) else { throw StorageError.missingRequiredXmlNode(name) }
      return child.text.split(separator: ",").map { String($0).trimmingSpaces }.filter { !$0.isEmpty }
    }
    func refused(_ name: String) -> CloudError {
      StorageError.invalidXmlNodeValue(name, element.child(name)?.text ?? "")
    }
    allowedOrigins = try list("AllowedOrigins")
    guard !allowedOrigins.isEmpty, allowedOrigins.count <= Self.maximumOrigins,
      allowedOrigins.allSatisfy({ $0.utf8.count <= Self.maximumOriginCharacters })
    else { throw refused("AllowedOrigins") }
    allowedMethods = try list("AllowedMethods").map { $0.uppercased() }
    guard !allowedMethods.isEmpty, allowedMethods.allSatisfy(Self.methods.contains) else { throw refused("AllowedMethods") }
    allowedHeaders = try list("AllowedHeaders")
    exposedHeaders = try list("ExposedHeaders")
    for (name, headers) in [("AllowedHeaders", allowedHeaders), ("ExposedHeaders", exposedHeaders)] {
      let prefixed = headers.count { $0.hasSuffix("*") }
      guard prefixed <= Self.maximumPrefixedHeaders, headers.count - prefixed <= Self.maximumNamedHeaders else { throw refused(name) }
    }
    guard let age = element.child("MaxAgeInSeconds") else { throw StorageError.missingRequiredXmlNode("MaxAgeInSeconds") }
    guard let seconds = Int(age.trimmedText), seconds >= 0, seconds <= Int(Int32.max) else { throw refused("MaxAgeInSeconds") }
    maximumAgeSeconds = seconds
  }

  func write(to writer: inout XMLWriter) {
    writer.element("CorsRule") { writer in
      writer.element("AllowedOrigins", allowedOrigins.joined(separator: ","))
      writer.element("AllowedMethods", allowedMethods.joined(separator: ","))
      writer.element("AllowedHeaders", allowedHeaders.joined(separator: ","))
      writer.element("ExposedHeaders", exposedHeaders.joined(separator: ","))
      writer.element("MaxAgeInSeconds", maximumAgeSeconds)
    }
  }

  func allows(origin: String, method: String) -> Bool {
    let matches = allowedOrigins.contains { Self.matches(pattern: $0, origin) }
    return matches && allowedMethods.contains(method.uppercased())
  }

  func allows(headers: [String]) -> Bool {
    headers.allSatisfy { header in allowedHeaders.contains { Self.matches(pattern: $0.lowercased(), header.lowercased()) } }
  }

  /// `*` stands for anything, once in a pattern: `https://*.example.org`, `x-ms-meta-*`.
  private static func matches(pattern: String, _ text: String) -> Bool {
    guard let star = pattern.firstIndex(of: "*") else { return pattern == text }
    let (prefix, suffix) = (pattern[..<star], pattern[pattern.index(after: star)...])
    return text.count >= prefix.count + suffix.count && text.hasPrefix(prefix) && text.hasSuffix(suffix)
  }

  // MARK: Answers

  /// The answer to a preflight request. Throws `CorsPreflightFailure`.
  static func preflight(_ rules: [CrossOriginRule], _ request: EdgeRequest) throws -> EdgeResponse {
    guard let origin = request.headers.first(name: "origin"), let method = request.headers.first(name: "access-control-request-method") else {
      throw CloudError(400, "InvalidHeaderValue", "A required CORS header is not present.")
    }
    let text = request.headers.first(name: "access-control-request-headers") ?? ""
    let headers = text.split(separator: ",").map { String($0).trimmingSpaces }
    guard let rule = rules.first(where: { $0.allows(origin: origin, method: method) && $0.allows(headers: headers) }) else {
      throw CloudError(403, "CorsPreflightFailure", "CORS not enabled or no matching rule found for this request.")
    }
    var answer = HTTPHeaders()
    rule.allow(origin, in: &answer)
    answer.add(name: "Access-Control-Allow-Methods", value: method)
    if !text.isEmpty { answer.add(name: "Access-Control-Allow-Headers", value: text) }
    answer.add(name: "Access-Control-Max-Age", value: String(rule.maximumAgeSeconds))
    return EdgeResponse(.ok, headers: answer)
  }

  /// The headers that let a page on another site see an answer; none where no rule matches.
  static func headers(_ rules: [CrossOriginRule], for request: EdgeRequest) -> HTTPHeaders {
    var headers = HTTPHeaders()
    guard let origin = request.headers.first(name: "origin"), !rules.isEmpty else { return headers }
    let rule = rules.first { $0.allows(origin: origin, method: request.method.rawValue) }
    guard let rule else {
      headers.add(name: "Vary", value: "Origin")
      return headers
    }
    rule.allow(origin, in: &headers)
    if !rule.exposedHeaders.isEmpty {
      headers.add(name: "Access-Control-Expose-Headers", value: rule.exposedHeaders.joined(separator: ","))
    }
    return headers
  }

  private func allow(_ origin: String, in headers: inout HTTPHeaders) {
    if allowedOrigins.contains("*") {
      headers.add(name: "Access-Control-Allow-Origin", value: "*")
    } else {
      headers.add(name: "Access-Control-Allow-Origin", value: origin)
      headers.add(name: "Access-Control-Allow-Credentials", value: "true")
      headers.add(name: "Vary", value: "Origin")
    }
  }
}

extension String {
  /// Without the spaces around it.
  var trimmingSpaces: String {
    var text = Substring(self)
    while text.first == " " { text.removeFirst() }
    while text.last == " " { text.removeLast() }
    return String(text)
  }
}
