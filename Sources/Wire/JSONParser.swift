internal import Base

/// Why a JSON text was refused.
public struct JSONError: Error, Equatable, Sendable {
  public enum Reason: Equatable, Sendable {
    case unexpectedCharacter
    case unexpectedEnd
    case badEscape
    case badNumber
    case notUTF8
    case duplicateName
    case tooDeep
    case tooLarge
  }

  public var reason: Reason
  /// The byte where it was noticed.
  public var offset: Int

  public init(reason: Reason, offset: Int) {
    self.reason = reason
    self.offset = offset
  }
}

/// What a JSON text may be.
public struct JSONLimits: Sendable {
  public var depth: Int
  public var bytes: Int

  public init(depth: Int = 64, bytes: Int = 4 << 20) {
    self.depth = depth
    self.bytes = bytes
  }
}

extension JSON {
  /// Parses RFC 8259 JSON in UTF-8 (a byte order mark is skipped). Of duplicate names, the whole text is refused.
  ///
  /// Throws `JSONError`.
  public init(parsing bytes: some Collection<UInt8>, limits: JSONLimits = JSONLimits()) throws(JSONError) {
    guard bytes.count <= limits.bytes else { throw JSONError(reason: .tooLarge, offset: limits.bytes) }
    var parser = JSONParser(bytes: ContiguousArray(bytes), maximumDepth: limits.depth)
    self = try parser.document()
  }

  public init(parsing text: String, limits: JSONLimits = JSONLimits()) throws(JSONError) {
    try self.init(parsing: Array(text.utf8), limits: limits)
  }
}

extension JSON {
  /// Parses what Azure's deployment endpoints take for JSON: besides the standard, comments, names without quotes, single quotes, line breaks inside
  /// of strings, and a comma behind the last element. The CLI sends template files just as they are written.
  ///
  /// Throws `JSONError`.
  public init(parsingLeniently bytes: some Collection<UInt8>, limits: JSONLimits = JSONLimits()) throws(JSONError) {
    guard bytes.count <= limits.bytes else { throw JSONError(reason: .tooLarge, offset: limits.bytes) }
    var parser = JSONParser(bytes: ContiguousArray(bytes), maximumDepth: limits.depth, isLenient: true)
    self = try parser.document()
  }
}

private struct JSONParser {
  let bytes: ContiguousArray<UInt8>
  let maximumDepth: Int
  let isLenient: Bool
  var position = 0

  init(bytes: ContiguousArray<UInt8>, maximumDepth: Int, isLenient: Bool = false) {
    self.bytes = bytes
    self.maximumDepth = maximumDepth
    self.isLenient = isLenient
    if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { position = 3 }
  }

  mutating func document() throws(JSONError) -> JSON {
    let value = try value(depth: 0)
    skipSpace()
    guard position == bytes.count else { throw failure(.unexpectedCharacter) }
    return value
  }

  private func failure(_ reason: JSONError.Reason) -> JSONError {
    JSONError(reason: reason, offset: position)
  }

  private mutating func skipSpace() {
    while position < bytes.count {
      switch bytes[position] {
      case 0x20, 0x09, 0x0A, 0x0D: position += 1
      case UInt8(ascii: "/") where isLenient && position + 1 < bytes.count && bytes[position + 1] == UInt8(ascii: "/"):
        while position < bytes.count, bytes[position] != 0x0A { position += 1 }
      case UInt8(ascii: "/") where isLenient && position + 1 < bytes.count && bytes[position + 1] == UInt8(ascii: "*"):
        skipComment()
      default: return
      }
    }
  }

  private mutating func skipComment() {
    position += 2
    while position < bytes.count, !(bytes[position - 1] == UInt8(ascii: "*") && bytes[position] == UInt8(ascii: "/") && position > 2) {
      position += 1
    }
    position = min(position + 1, bytes.count)
  }

  /// A member's name: a string or, leniently, a plain word.
  private mutating func name() throws(JSONError) -> String {
    let first = try peek()
    if first == UInt8(ascii: "\"") || isLenient && first == UInt8(ascii: "'") { return try string() }
    guard isLenient else { throw failure(.unexpectedCharacter) }
    let start = position
    while position < bytes.count, Self.isWord(bytes[position]) { position += 1 }
    guard position > start else { throw failure(.unexpectedCharacter) }
    return String(decoding: bytes[start..<position], as: UTF8.self)
  }

  private static func isWord(_ byte: UInt8) -> Bool {
    (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte) || byte == 0x5F || byte == 0x24
  }

  /// Whether what comes ends the list: behind a comma only leniently.
  private mutating func ends(_ byte: UInt8, afterComma: Bool) throws(JSONError) -> Bool {
    skipSpace()
    guard try peek() == byte, isLenient || !afterComma else { return false }
    return true
  }

  private func peek() throws(JSONError) -> UInt8 {
    guard position < bytes.count else { throw failure(.unexpectedEnd) }
    return bytes[position]
  }

  private mutating func expect(_ byte: UInt8) throws(JSONError) {
    guard try peek() == byte else { throw failure(.unexpectedCharacter) }
    position += 1
  }

  private mutating func value(depth: Int) throws(JSONError) -> JSON {
    guard depth <= maximumDepth else { throw failure(.tooDeep) }
    skipSpace()
    switch try peek() {
    case UInt8(ascii: "{"): return try object(depth: depth)
    case UInt8(ascii: "["): return try array(depth: depth)
    case UInt8(ascii: "\""): return .string(try string())
    case UInt8(ascii: "'") where isLenient: return .string(try string())
    case UInt8(ascii: "t"): return try literal("true", .boolean(true))
    case UInt8(ascii: "f"): return try literal("false", .boolean(false))
    case UInt8(ascii: "n"): return try literal("null", .null)
    default: return try number()
    }
  }

  private mutating func literal(_ text: StaticString, _ value: JSON) throws(JSONError) -> JSON {
    for index in 0..<text.utf8CodeUnitCount { try expect(text.utf8Start[index]) }
    return value
  }

  private mutating func object(depth: Int) throws(JSONError) -> JSON {
    position += 1
    var object = JSON.Object()
    var names: Set<String> = []
    skipSpace()
    if try peek() == UInt8(ascii: "}") {
      position += 1
      return .object(object)
    }
    while true {
      skipSpace()
      let name = try name()
      guard names.insert(name).inserted else { throw failure(.duplicateName) }
      skipSpace()
      try expect(UInt8(ascii: ":"))
      object.append(name, try value(depth: depth + 1))
      skipSpace()
      if try peek() == UInt8(ascii: "}") { break }
      try expect(UInt8(ascii: ","))
      if try ends(UInt8(ascii: "}"), afterComma: true) { break }
    }
    position += 1
    return .object(object)
  }

  private mutating func array(depth: Int) throws(JSONError) -> JSON {
    position += 1
    var elements: [JSON] = []
    skipSpace()
    if try peek() == UInt8(ascii: "]") {
      position += 1
      return .array(elements)
    }
    while true {
      elements.append(try value(depth: depth + 1))
      skipSpace()
      if try peek() == UInt8(ascii: "]") { break }
      try expect(UInt8(ascii: ","))
      if try ends(UInt8(ascii: "]"), afterComma: true) { break }
    }
    position += 1
    return .array(elements)
  }

  private mutating func string() throws(JSONError) -> String {
    let quote = try peek()
    position += 1
    let start = position
    while position < bytes.count, bytes[position] != quote, bytes[position] != UInt8(ascii: "\\"), bytes[position] >= 0x20 {
      position += 1
    }
    if try peek() == quote {
      guard let text = String(validating: bytes[start..<position], as: UTF8.self) else { throw failure(.notUTF8) }
      position += 1
      return text
    }
    return try escapedString(from: start, quote)
  }

  private mutating func escapedString(from start: Int, _ quote: UInt8) throws(JSONError) -> String {
    var text = Array(bytes[start..<position])
    while true {
      let byte = try peek()
      position += 1
      switch byte {
      case quote:
        guard let result = String(validating: text, as: UTF8.self) else { throw failure(.notUTF8) }
        return result
      case UInt8(ascii: "\\"): try escape(into: &text)
      case 0..<0x20 where !isLenient: throw failure(.unexpectedCharacter)
      default: text.append(byte)
      }
    }
  }

  private mutating func escape(into text: inout [UInt8]) throws(JSONError) {
    let byte = try peek()
    position += 1
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(byte)
    case UInt8(ascii: "'") where isLenient: text.append(byte)
    case UInt8(ascii: "b"): text.append(0x08)
    case UInt8(ascii: "f"): text.append(0x0C)
    case UInt8(ascii: "n"): text.append(0x0A)
    case UInt8(ascii: "r"): text.append(0x0D)
    case UInt8(ascii: "t"): text.append(0x09)
    case UInt8(ascii: "u"):
      var code = try codeUnit()
      if (0xD800..<0xDC00).contains(code) {
        try expect(UInt8(ascii: "\\"))
        try expect(UInt8(ascii: "u"))
        let low = try codeUnit()
        guard (0xDC00..<0xE000).contains(low) else { throw failure(.badEscape) }
        code = 0x10000 + (code - 0xD800) << 10 + (low - 0xDC00)
      }
      guard let scalar = Unicode.Scalar(code) else { throw failure(.badEscape) }
      text.append(contentsOf: Array(String(Character(scalar)).utf8))
    default: throw failure(.badEscape)
    }
  }

  private mutating func codeUnit() throws(JSONError) -> UInt32 {
    var value: UInt32 = 0
    for _ in 0..<4 {
      guard let digit = hexadecimalValue(try peek()) else { throw failure(.badEscape) }
      value = value << 4 | UInt32(digit)
      position += 1
    }
    return value
  }

  private mutating func number() throws(JSONError) -> JSON {
    let start = position
    var isInteger = true
    if try peek() == UInt8(ascii: "-") { position += 1 }
    let first = try peek()
    guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(first) else { throw failure(.unexpectedCharacter) }
    skipDigits()
    if first == UInt8(ascii: "0"), bytes[start..<position].drop(while: { $0 == UInt8(ascii: "-") }).count > 1 { throw failure(.badNumber) }
    if position < bytes.count, bytes[position] == UInt8(ascii: ".") {
      isInteger = false
      position += 1
      try requireDigits()
    }
    if position < bytes.count, bytes[position] | 0x20 == UInt8(ascii: "e") {
      isInteger = false
      position += 1
      let sign = try peek()
      if sign == UInt8(ascii: "+") || sign == UInt8(ascii: "-") { position += 1 }
      try requireDigits()
    }
    let text = String(decoding: bytes[start..<position], as: UTF8.self)
    if isInteger, let value = Int64(text) { return .integer(value) }
    guard let value = Double(text), value.isFinite else { throw failure(.badNumber) }
    return .number(value)
  }

  private mutating func requireDigits() throws(JSONError) {
    let start = position
    skipDigits()
    guard position > start else { throw failure(.badNumber) }
  }

  private mutating func skipDigits() {
    while position < bytes.count, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(bytes[position]) { position += 1 }
  }
}
