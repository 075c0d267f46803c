internal import Base

/// A word of the filter language.
enum ODataToken: Equatable {
  case identifier(String)
  case literal(ODataFilter.Literal)
  case open
  case close
  case comma
  case colon
  case slash
  case end
}

/// Cuts a filter into words.
struct ODataLexer {
  private let bytes: [UInt8]
  private(set) var position = 0
  private let keepsTypes: Bool

  init(_ text: String, keepsTypes: Bool = false) throws(ODataError) {
    self.keepsTypes = keepsTypes
    var bytes = Array(text.utf8)
    guard bytes.count <= ODataLimits.maximumFilterBytes else {
      throw .limit("The filter is longer than \(ODataLimits.maximumFilterBytes) bytes")
    }
    while let last = bytes.last, Self.isSpace(last) { bytes.removeLast() }
    if let first = bytes.first(where: { !Self.isSpace($0) }), first == UInt8(ascii: "["), bytes.last == UInt8(ascii: "]") {
      bytes.removeLast()
      position = 1 + (bytes.firstIndex(of: first) ?? 0)
    }
    self.bytes = bytes
  }

  mutating func next() throws(ODataError) -> ODataToken {
    while position < bytes.count, Self.isSpace(bytes[position]) { position += 1 }
    guard position < bytes.count else { return .end }
    let single: ODataToken? =
      switch bytes[position] {
      case UInt8(ascii: "("): .open
      case UInt8(ascii: ")"): .close
      case UInt8(ascii: ","): .comma
      case UInt8(ascii: ":"): .colon
      case UInt8(ascii: "/"): .slash
      default: nil
      }
    if let single {
      position += 1
      return single
    }
    if bytes[position] == UInt8(ascii: "'") { return .literal(.string(try quoted())) }
    return try word()
  }

  /// A string in single quotes; a quote inside is doubled.
  private mutating func quoted() throws(ODataError) -> String {
    let start = position
    position += 1
    var content: [UInt8] = []
    while position < bytes.count {
      let byte = bytes[position]
      position += 1
      if byte != UInt8(ascii: "'") {
        content.append(byte)
      } else if position < bytes.count, bytes[position] == UInt8(ascii: "'") {
        content.append(byte)
        position += 1
      } else {
        return String(decoding: content, as: UTF8.self)
      }
    }
    throw .syntax("There is an unterminated string literal", offset: start)
  }

  private mutating func word() throws(ODataError) -> ODataToken {
    let start = position
    let startsLikeNumber = Self.isDigit(bytes[position]) || bytes[position] == UInt8(ascii: "-")
    while position < bytes.count, Self.isWord(bytes[position]) || startsLikeNumber && Self.isTimeMark(bytes[position]) { position += 1 }
    guard position > start else { throw .syntax("Syntax error: character is not valid", offset: start) }
    let text = String(decoding: bytes[start..<position], as: UTF8.self)
    if position < bytes.count, bytes[position] == UInt8(ascii: "'") { return try prefixed(text, start: start) }
    if keepsTypes, startsLikeNumber { return .literal(.typed(prefix: "", text)) }
    if let guid = GUID(text) { return .literal(.guid(guid)) }
    switch text.lowercased() {
    case "true": return .literal(.boolean(true))
    case "false": return .literal(.boolean(false))
    case "null": return .literal(.null)
    default: break
    }
    guard startsLikeNumber else {
      guard text.unicodeScalars.contains(where: \.properties.isAlphabetic) else {
        throw .syntax("Syntax error: '\(text)' is not valid", offset: start)
      }
      return .identifier(text)
    }
    if let number = Double(text), number.isFinite { return .literal(.number(number)) }
    if let timestamp = Timestamp(iso8601: text) { return .literal(.timestamp(timestamp)) }
    throw .syntax("'\(text)' is not a literal", offset: start)
  }

  /// OData 3's typed literals: `datetime'…'`, `datetimeoffset'…'`, `guid'…'`.
  private mutating func prefixed(_ prefix: String, start: Int) throws(ODataError) -> ODataToken {
    let text = try quoted()
    if keepsTypes { return .literal(.typed(prefix: prefix.lowercased(), text)) }
    switch prefix.lowercased() {
    case "datetime", "datetimeoffset":
      if let timestamp = Timestamp(iso8601: text) { return .literal(.timestamp(timestamp)) }
    case "guid":
      if let guid = GUID(text) { return .literal(.guid(guid)) }
    default: break
    }
    throw .syntax("'\(prefix)' is not a literal's type", offset: start)
  }

  private static func isSpace(_ byte: UInt8) -> Bool {
    byte == 0x20 || byte == 0x09 || byte == 0x0A || byte == 0x0D
  }

  private static func isDigit(_ byte: UInt8) -> Bool {
    (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
  }

  private static func isWord(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
      UInt8(ascii: "_"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "@"), UInt8(ascii: "$"):
      true
    default: byte >= 0x80
    }
  }

  /// What dates hold and names do not.
  private static func isTimeMark(_ byte: UInt8) -> Bool {
    byte == UInt8(ascii: ":") || byte == UInt8(ascii: "+")
  }
}
