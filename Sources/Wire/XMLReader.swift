/// An element of a parsed XML document.
public struct XMLElement: Sendable {
  /// As written, with its prefix if it has one.
  public var name: String
  public var attributes: [(name: String, value: String)]
  public var children: [XMLElement]
  /// The character data that stands directly in it, joined.
  public var text: String

  public init(name: String, attributes: [(name: String, value: String)] = [], children: [XMLElement] = [], text: String = "") {
    self.name = name
    self.attributes = attributes
    self.children = children
    self.text = text
  }

  /// The first child of a name, exact case.
  public func child(_ name: String) -> XMLElement? {
    children.first { $0.name == name }
  }

  /// The text without the white space around it.
  public var trimmedText: String {
    func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 || byte == 0x0A || byte == 0x0D }
    let bytes = text.utf8.drop(while: isSpace)
    guard let last = bytes.lastIndex(where: { !isSpace($0) }) else { return "" }
    return String(bytes[...last]) ?? text
  }
}

/// Why an XML text was refused.
public struct XMLError: Error, Equatable, Sendable {
  public enum Reason: Equatable, Sendable {
    case notUTF8
    case unexpectedCharacter
    case unexpectedEnd
    case mismatchedTag
    case duplicateAttribute
    /// A document type declaration: where entities would be declared.
    case documentType
    /// Any entity but the five predefined ones, or a character reference to no character.
    case badReference
    case tooDeep
    case tooManyElements
    case tooLarge
  }

  public var reason: Reason
  /// The byte where it was noticed.
  public var offset: Int
}

/// What an XML text may be.
public struct XMLLimits: Sendable {
  public var depth: Int
  public var bytes: Int
  public var elements: Int

  /// Enough for the largest document that storage takes: a list of 50,000 blocks with ids of 64 bytes.
  public init(depth: Int = 16, bytes: Int = 8 << 20, elements: Int = 60_000) {
    self.depth = depth
    self.bytes = bytes
    self.elements = elements
  }
}

extension XMLElement {
  /// Parses a document and gives its root. UTF-8 only (a byte order mark is skipped); no document type, hence no entities but
  /// the predefined ones. Comments and processing instructions are skipped.
  ///
  /// Throws `XMLError`.
  public init(parsing bytes: some Collection<UInt8>, limits: XMLLimits = XMLLimits()) throws(XMLError) {
    guard bytes.count <= limits.bytes else { throw XMLError(reason: .tooLarge, offset: limits.bytes) }
    let bytes = ContiguousArray(bytes)
    guard String(validating: bytes, as: UTF8.self) != nil else { throw XMLError(reason: .notUTF8, offset: 0) }
    var parser = XMLParser(bytes: bytes, limits: limits)
    self = try parser.document()
  }
}

private struct XMLParser {
  let bytes: ContiguousArray<UInt8>
  let limits: XMLLimits
  var position = 0
  var elements = 0

  mutating func document() throws(XMLError) -> XMLElement {
    if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { position = 3 }
    if isNext("<?xml ") { try declaration() }
    try skipMiscellaneous()
    guard isNext("<") else { throw failure(position < bytes.count ? .unexpectedCharacter : .unexpectedEnd) }
    let root = try element(depth: 1)
    try skipMiscellaneous()
    guard position == bytes.count else { throw failure(.unexpectedCharacter) }
    return root
  }

  private func failure(_ reason: XMLError.Reason) -> XMLError {
    XMLError(reason: reason, offset: position)
  }

  private func isNext(_ text: StaticString) -> Bool {
    let count = text.utf8CodeUnitCount
    guard position + count <= bytes.count else { return false }
    return (0..<count).allSatisfy { bytes[position + $0] == text.utf8Start[$0] }
  }

  private func peek() throws(XMLError) -> UInt8 {
    guard position < bytes.count else { throw failure(.unexpectedEnd) }
    return bytes[position]
  }

  private mutating func expect(_ text: StaticString) throws(XMLError) {
    guard isNext(text) else { throw failure(position < bytes.count ? .unexpectedCharacter : .unexpectedEnd) }
    position += text.utf8CodeUnitCount
  }

  private mutating func skip(past text: StaticString) throws(XMLError) {
    while !isNext(text) {
      guard position < bytes.count else { throw failure(.unexpectedEnd) }
      position += 1
    }
    position += text.utf8CodeUnitCount
  }

  private static func isSpace(_ byte: UInt8) -> Bool {
    byte == 0x20 || byte == 0x09 || byte == 0x0A || byte == 0x0D
  }

  private mutating func skipSpace() {
    while position < bytes.count, Self.isSpace(bytes[position]) { position += 1 }
  }

  private mutating func declaration() throws(XMLError) {
    try expect("<?xml")
    let attributes = try attributes()
    try expect("?>")
    for attribute in attributes where attribute.name == "encoding" {
      let encoding = attribute.value.lowercased()
      guard encoding == "utf-8" || encoding == "utf8" || encoding == "us-ascii" else { throw failure(.notUTF8) }
    }
  }

  private mutating func skipMiscellaneous() throws(XMLError) {
    while true {
      skipSpace()
      if isNext("<!--") {
        try comment()
      } else if isNext("<?") {
        try skip(past: "?>")
      } else if isNext("<!") {
        throw failure(.documentType)
      } else {
        return
      }
    }
  }

  private mutating func comment() throws(XMLError) {
    try expect("<!--")
    try skip(past: "--")
    try expect(">")
  }

  private mutating func name() throws(XMLError) -> String {
    let start = position
    while position < bytes.count {
      switch bytes[position] {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "_"), UInt8(ascii: ":"), 0x80...:
        position += 1
      case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."):
        guard position > start else { throw failure(.unexpectedCharacter) }
        position += 1
      default:
        guard position > start else { throw failure(.unexpectedCharacter) }
        return String(decoding: bytes[start..<position], as: UTF8.self)
      }
    }
    throw failure(.unexpectedEnd)
  }

  private mutating func attributes() throws(XMLError) -> [(name: String, value: String)] {
    var attributes: [(name: String, value: String)] = []
    while true {
      let spaceStart = position
      skipSpace()
      let next = try peek()
      if next == UInt8(ascii: ">") || next == UInt8(ascii: "/") || next == UInt8(ascii: "?") { return attributes }
      guard position > spaceStart else { throw failure(.unexpectedCharacter) }
      let name = try name()
      guard !attributes.contains(where: { $0.name == name }) else { throw failure(.duplicateAttribute) }
      skipSpace()
      try expect("=")
      skipSpace()
      let quote = try peek()
      guard quote == UInt8(ascii: "\"") || quote == UInt8(ascii: "'") else { throw failure(.unexpectedCharacter) }
      position += 1
      attributes.append((name, try characters(until: quote)))
      position += 1
    }
  }

  private mutating func element(depth: Int) throws(XMLError) -> XMLElement {
    elements += 1
    guard depth <= limits.depth else { throw failure(.tooDeep) }
    guard elements <= limits.elements else { throw failure(.tooManyElements) }
    try expect("<")
    var element = XMLElement(name: try name())
    element.attributes = try attributes()
    if isNext("/>") {
      position += 2
      return element
    }
    try expect(">")
    while true {
      element.text += try characters(until: UInt8(ascii: "<"))
      if isNext("</") {
        position += 2
        guard try name() == element.name else { throw failure(.mismatchedTag) }
        skipSpace()
        try expect(">")
        return element
      } else if isNext("<!--") {
        try comment()
      } else if isNext("<![CDATA[") {
        position += 9
        let start = position
        try skip(past: "]]>")
        element.text += String(decoding: bytes[start..<position - 3], as: UTF8.self)
      } else if isNext("<?") {
        try skip(past: "?>")
      } else if isNext("<!") {
        throw failure(.documentType)
      } else {
        element.children.append(try self.element(depth: depth + 1))
      }
    }
  }

  /// Character data up to, and without, the given byte, with its references resolved and its line ends normalised.
  private mutating func characters(until end: UInt8) throws(XMLError) -> String {
    var text: [UInt8] = []
    while true {
      let byte = try peek()
      if byte == end { return String(decoding: text, as: UTF8.self) }
      switch byte {
      case UInt8(ascii: "&"): text.append(contentsOf: String(try reference()).utf8)
      case UInt8(ascii: "<"): throw failure(.unexpectedCharacter)
      case 0x0D:
        text.append(0x0A)
        position += position + 1 < bytes.count && bytes[position + 1] == 0x0A ? 2 : 1
      case 0x09, 0x0A, 0x20...:
        text.append(byte)
        position += 1
      default: throw failure(.unexpectedCharacter)
      }
    }
  }

  private mutating func reference() throws(XMLError) -> Unicode.Scalar {
    /// Bytes of the longest reference there is, `&#x10FFFF;`, with a few leading zeros.
    let maximumBytes = 16
    guard let end = bytes[position...].prefix(maximumBytes).firstIndex(of: UInt8(ascii: ";")) else { throw failure(.badReference) }
    let body = String(decoding: bytes[position + 1..<end], as: UTF8.self)
    let scalar: Unicode.Scalar?
    switch body {
    case "amp": scalar = "&"
    case "lt": scalar = "<"
    case "gt": scalar = ">"
    case "quot": scalar = "\""
    case "apos": scalar = "'"
    default:
      let digits = body.hasPrefix("#x") ? body.dropFirst(2) : body.dropFirst(1)
      let isNumber = body.hasPrefix("#") && !digits.hasPrefix("+")
      scalar = isNumber ? UInt32(digits, radix: body.hasPrefix("#x") ? 16 : 10).flatMap(Unicode.Scalar.init) : nil
    }
    guard let scalar, XMLWriter.canWrite(String(scalar)) else { throw failure(.badReference) }
    position = end + 1
    return scalar
  }
}
