internal import Base
internal import NIOHTTP1
internal import Wire

/// All operations of ledgers, and how a request finds its own.
package struct LedgerOperations: Sendable {
  package let all: [LedgerOperation]
  private let patterns: [[Substring]]

  init(_ operations: [LedgerOperation]) {
    all = operations
    patterns = operations.map { $0.pattern.split(separator: "/") }
  }

  struct Match {
    var operation: LedgerOperation
    var parameters: [String: String]
  }

  /// Of the patterns that fit, the one with the most literals. Paths of CCF are case-sensitive. Throws 404 or 405.
  func match(_ method: HTTPMethod, _ path: String) throws -> Match {
    var segments: [String] = []
    for segment in path.split(separator: "/", omittingEmptySubsequences: false).dropFirst() {
      guard let decoded = percentDecoded(segment) else { throw LedgerServiceError.unknownPath(String(path.prefix(256))) }
      segments.append(decoded)
    }
    var best: (literals: Int, match: Match)?
    var allowed: [HTTPMethod] = []
    for (operation, pattern) in zip(all, patterns) {
      guard let parameters = Self.fit(segments, pattern) else { continue }
      allowed.append(operation.method)
      let literals = pattern.count - parameters.count
      if operation.method == method, literals > best?.literals ?? -1 { best = (literals, Match(operation: operation, parameters: parameters)) }
    }
    if let match = best?.match { return match }
    let shown = String(path.prefix(256))
    throw allowed.isEmpty ? LedgerServiceError.unknownPath(shown) : LedgerServiceError.unsupportedVerb(shown, allowed: allowed)
  }

  private static func fit(_ segments: [String], _ pattern: [Substring]) -> [String: String]? {
    guard segments.count == pattern.count else { return nil }
    var parameters: [String: String] = [:]
    for (segment, expected) in zip(segments, pattern) {
      if expected.hasPrefix("{") {
        guard !segment.isEmpty else { return nil }
        parameters[String(expected.dropFirst().dropLast())] = segment
      } else if segment != expected {
        return nil
      }
    }
    return parameters
  }
}
