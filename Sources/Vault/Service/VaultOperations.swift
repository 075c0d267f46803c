internal import Base
internal import NIOHTTP1
internal import Wire

/// All operations of vaults, and how a request finds its own.
package struct VaultOperations: Sendable {
  package let all: [VaultOperation]
  /// The operations and the segments of their patterns, literals in lower case, by the first literal; under the empty text those that begin with a
  /// parameter.
  private let byFirst: [String: [(operation: VaultOperation, pattern: [String])]]

  init(_ operations: [VaultOperation]) {
    all = operations
    let known = operations.map { operation in
      (operation: operation, pattern: operation.pattern.split(separator: "/").map { $0.hasPrefix("{") ? String($0) : $0.lowercased() })
    }
    byFirst = Dictionary(grouping: known) { entry in entry.pattern.first.flatMap { $0.hasPrefix("{") ? nil : $0 } ?? "" }
  }

  struct Match {
    var operation: VaultOperation
    var parameters: [String: String]
  }

  /// Of the patterns that fit, the one with the most literals. Throws 404, 405, or 400 for a name that no thing can have.
  func match(_ method: HTTPMethod, _ path: String) throws -> Match {
    var segments: [String] = []
    for segment in path.split(separator: "/") {
      guard let decoded = percentDecoded(segment) else { throw VaultError.badParameter("The request URI contains an invalid escape.") }
      segments.append(decoded)
    }
    var best: (literals: Int, match: Match)?
    var pathExists = false
    for (operation, pattern) in (byFirst[segments.first?.lowercased() ?? ""] ?? []) + (byFirst[""] ?? []) {
      guard let (parameters, literals) = Self.fit(segments, pattern) else { continue }
      pathExists = true
      guard operation.method == method, literals > best?.literals ?? -1 else { continue }
      best = (literals, Match(operation: operation, parameters: parameters))
    }
    guard let match = best?.match else {
      throw pathExists
        ? CloudError(405, "MethodNotAllowed", "The HTTP method \(method.rawValue) is not allowed on this resource.")
        : CloudError(404, "NotFound", "The request URI does not name anything that this vault has.")
    }
    if let name = match.parameters["name"] { try VaultName.check(name) }
    return match
  }

  private static func fit(_ segments: [String], _ pattern: [String]) -> (parameters: [String: String], literals: Int)? {
    guard segments.count == pattern.count else { return nil }
    var parameters: [String: String] = [:]
    for (segment, expected) in zip(segments, pattern) {
      if expected.hasPrefix("{") {
        parameters[String(expected.dropFirst().dropLast())] = segment
      } else if !segment.equalsIgnoringASCIICase(expected) {
        return nil
      }
    }
    return (parameters, pattern.count - parameters.count)
  }
}

/// The names of things in a vault.
enum VaultName {
  /// 1 to 127 letters, digits and hyphens.
  ///
  /// Source: Microsoft, "Azure Key Vault keys, secrets and certificates overview", object identifiers.
  static func check(_ name: String) throws {
    let fits = (1...127).contains(name.utf8.count) && name.utf8.allSatisfy { isLetterOrDigit($0) || $0 == UInt8(ascii: "-") }
    guard fits else {
      throw VaultError.badParameter(
        "The request URI contains an invalid name: \(name.prefix(128))")
    }
  }

  private static func isLetterOrDigit(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): true
    default: false
    }
  }
}
