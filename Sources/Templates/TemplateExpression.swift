internal import Base
internal import Wire

/// An expression of the template language, parsed.
///
/// Source: Microsoft, "Template syntax: expressions" and "Understand the structure and syntax of ARM templates".
indirect enum TemplateExpression: Sendable {
  case string(String)
  case integer(Int64)
  /// A function's name, in lower case, with its arguments.
  case call(String, [TemplateExpression])
  /// A member by name; `isSafe` gives null where it is missing.
  case member(TemplateExpression, String, isSafe: Bool)
  case index(TemplateExpression, TemplateExpression, isSafe: Bool)

  /// The expression inside of a string of a template; nil for a string that is none. A string that begins with `[[` is one with a bracket.
  static func of(_ text: String) throws -> TemplateExpression? {
    guard text.hasPrefix("["), text.hasSuffix("]"), !text.hasPrefix("[[") else { return nil }
    var parser = TemplateExpressionParser(text.dropFirst().dropLast())
    return try parser.whole()
  }

  /// What a string that is no expression stands for.
  static func literal(_ text: String) -> String { text.hasPrefix("[[") ? String(text.dropFirst()) : text }
}

/// Reads one expression.
struct TemplateExpressionParser {
  /// Calls within calls.
  private static let maximumDepth = 64
  private let bytes: [UInt8]
  private var position = 0
  private var depth = 0
  private let text: String

  init(_ text: Substring) {
    self.text = String(text)
    bytes = Array(text.utf8)
  }

  private func failure(_ reason: String) -> CloudError {
    TemplateFailure.invalid("The language expression '\(text.prefix(200))' is not valid: \(reason) at position \(position).")
  }

  private mutating func skipSpace() {
    while position < bytes.count, bytes[position] == 0x20 || bytes[position] == 0x0A || bytes[position] == 0x0D || bytes[position] == 0x09 {
      position += 1
    }
  }

  private mutating func take(_ byte: Character) -> Bool {
    skipSpace()
    guard position < bytes.count, bytes[position] == byte.asciiValue else { return false }
    position += 1
    return true
  }

  mutating func whole() throws -> TemplateExpression {
    let result = try expression()
    skipSpace()
    guard position == bytes.count else { throw failure("an end was expected") }
    return result
  }

  private mutating func expression() throws -> TemplateExpression {
    depth += 1
    defer { depth -= 1 }
    guard depth <= Self.maximumDepth else { throw failure("it is nested too deeply") }
    var result = try primary()
    while true {
      if take(".") {
        let isSafe = take("?")
        result = .member(result, try name(), isSafe: isSafe)
      } else if take("[") {
        let isSafe = take("?")
        let inner = try expression()
        guard take("]") else { throw failure("']' was expected") }
        result = .index(result, inner, isSafe: isSafe)
      } else {
        return result
      }
    }
  }

  private mutating func primary() throws -> TemplateExpression {
    skipSpace()
    guard position < bytes.count else { throw failure("something was expected") }
    let byte = bytes[position]
    if byte == UInt8(ascii: "'") { return .string(try string()) }
    if byte == UInt8(ascii: "-") || byte == UInt8(ascii: "+") || Self.isDigit(byte) { return try number() }
    var function = try name()
    // A function of the template's own: `namespace.name`.
    if take(".") { function += "." + (try name()) }
    guard take("(") else { throw failure("'(' was expected") }
    var arguments: [TemplateExpression] = []
    if take(")") { return .call(function.lowercased(), []) }
    repeat { arguments.append(try expression()) } while take(",")
    guard take(")") else { throw failure("')' was expected") }
    return .call(function.lowercased(), arguments)
  }

  private mutating func string() throws -> String {
    position += 1
    var result: [UInt8] = []
    while position < bytes.count {
      let byte = bytes[position]
      position += 1
      guard byte == UInt8(ascii: "'") else {
        result.append(byte)
        continue
      }
      // Two quotes are one.
      guard position < bytes.count, bytes[position] == UInt8(ascii: "'") else { return String(decoding: result, as: UTF8.self) }
      result.append(byte)
      position += 1
    }
    throw failure("a string has no end")
  }

  private mutating func number() throws -> TemplateExpression {
    let start = position
    position += 1
    while position < bytes.count, Self.isDigit(bytes[position]) { position += 1 }
    guard let value = Int64(String(decoding: bytes[start..<position], as: UTF8.self)) else { throw failure("a number was expected") }
    return .integer(value)
  }

  private mutating func name() throws -> String {
    skipSpace()
    let start = position
    while position < bytes.count, Self.isLetter(bytes[position]) || position > start && Self.isDigit(bytes[position]) { position += 1 }
    guard position > start else { throw failure("a name was expected") }
    return String(decoding: bytes[start..<position], as: UTF8.self)
  }

  private static func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }
  private static func isLetter(_ byte: UInt8) -> Bool { (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte) || byte == 0x5F || byte == 0x24 }
}

/// The two errors of templates.
enum TemplateFailure {
  /// Found before anything is deployed.
  static func invalid(_ detail: String) -> CloudError {
    CloudError(400, "InvalidTemplate", "Deployment template validation failed: '\(detail)'.")
  }

  /// Found while an expression is evaluated.
  static func evaluation(_ detail: String) -> CloudError {
    CloudError(400, "InvalidTemplate", "Unable to process template language expressions: '\(detail)'.")
  }
}
