/// Base64 for URLs and tokens (RFC 4648, section 5), without padding.
public enum Base64URL {
  public static func encode(_ bytes: some Sequence<UInt8>) -> String {
    String(
      decoding: Base64.encode(bytes).utf8.compactMap { byte -> UInt8? in
        switch byte {
        case UInt8(ascii: "+"): UInt8(ascii: "-")
        case UInt8(ascii: "/"): UInt8(ascii: "_")
        case UInt8(ascii: "="): nil
        default: byte
        }
      }, as: UTF8.self)
  }

  /// Nil for anything but the one form that `encode` gives: two texts never mean the same bytes.
  public static func decode(_ text: some StringProtocol) -> [UInt8]? {
    var standard = text.utf8.map { byte -> UInt8 in
      switch byte {
      case UInt8(ascii: "-"): UInt8(ascii: "+")
      case UInt8(ascii: "_"): UInt8(ascii: "/")
      case UInt8(ascii: "+"), UInt8(ascii: "/"), UInt8(ascii: "="): UInt8(ascii: "!")
      default: byte
      }
    }
    standard.append(contentsOf: Array(repeating: UInt8(ascii: "="), count: (4 - standard.count % 4) % 4))
    guard let bytes = Base64.decode(String(decoding: standard, as: UTF8.self)), encode(bytes).utf8.elementsEqual(text.utf8) else { return nil }
    return bytes
  }
}
