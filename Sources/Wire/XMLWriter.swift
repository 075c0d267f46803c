/// Writes XML 1.0 in UTF-8 straight into bytes, as storage's answers need it: a list of five thousand blobs is one pass.
public struct XMLWriter: Sendable {
  public private(set) var bytes: [UInt8] = []

  /// Begins a document with the XML declaration that storage writes.
  public init(reserving capacity: Int = 4096) {
    bytes.reserveCapacity(capacity)
    raw(#"<?xml version="1.0" encoding="utf-8"?>"#)
  }

  /// Opens an element that `close` must close.
  public mutating func open(_ name: String, _ attributes: KeyValuePairs<String, String> = [:]) {
    raw("<")
    raw(name)
    for (attribute, value) in attributes {
      raw(" ")
      raw(attribute)
      raw("=\"")
      escaped(value, inAttribute: true)
      raw("\"")
    }
    raw(">")
  }

  public mutating func close(_ name: String) {
    raw("</")
    raw(name)
    raw(">")
  }

  /// An element that holds text only; `<Name />` when the text is empty, as storage writes it.
  public mutating func element(_ name: String, _ text: String, _ attributes: KeyValuePairs<String, String> = [:]) {
    if text.isEmpty && attributes.isEmpty {
      raw("<")
      raw(name)
      raw(" />")
    } else {
      open(name, attributes)
      escaped(text, inAttribute: false)
      close(name)
    }
  }

  public mutating func element(_ name: String, _ value: Int) {
    element(name, String(value))
  }

  public mutating func element(_ name: String, _ value: Bool) {
    element(name, value ? "true" : "false")
  }

  /// An element that holds what `content` writes.
  public mutating func element(_ name: String, _ attributes: KeyValuePairs<String, String> = [:], content: (inout XMLWriter) throws -> Void) rethrows
  {
    open(name, attributes)
    try content(&self)
    close(name)
  }

  /// Whether XML 1.0 can say this text at all: it has no word for most control characters, U+FFFE and U+FFFF.
  ///
  /// Source: W3C, "Extensible Markup Language (XML) 1.0", production 2.
  public static func canWrite(_ text: some StringProtocol) -> Bool {
    var last: (UInt8, UInt8) = (0, 0)
    for byte in text.utf8 {
      if byte < 0x20 && byte != 0x09 && byte != 0x0A && byte != 0x0D { return false }
      if last == (0xEF, 0xBF) && byte >= 0xBE { return false }
      last = (last.1, byte)
    }
    return true
  }

  /// Whether a byte stands for itself wherever it is.
  private static func isPlain(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "&"), UInt8(ascii: "<"), UInt8(ascii: ">"), UInt8(ascii: "\""): false
    default: (0x20..<0x7F).contains(byte)
    }
  }

  private mutating func raw(_ text: String) {
    bytes.append(contentsOf: text.utf8)
  }

  private mutating func escaped(_ text: String, inAttribute: Bool) {
    if text.utf8.allSatisfy(Self.isPlain) { return raw(text) }
    guard Self.canWrite(text) else {
      let writable = text.unicodeScalars.map { Self.canWrite(String($0)) ? Character($0) : "\u{FFFD}" }
      return escaped(String(writable), inAttribute: inAttribute)
    }
    for byte in text.utf8 {
      switch byte {
      case UInt8(ascii: "&"): raw("&amp;")
      case UInt8(ascii: "<"): raw("&lt;")
      case UInt8(ascii: ">"): raw("&gt;")
      case UInt8(ascii: "\"") where inAttribute: raw("&quot;")
      // A parser would normalise these away.
      case 0x0D: raw("&#xD;")
      case 0x0A where inAttribute: raw("&#xA;")
      case 0x09 where inAttribute: raw("&#x9;")
      default: bytes.append(byte)
      }
    }
  }
}
