internal import Base

/// Decodes `%XX` escapes; nil when one is malformed or the result is not UTF-8.
public func percentDecoded(_ text: some Sequence<UInt8>, plusIsSpace: Bool = false) -> String? {
  var bytes: [UInt8] = []
  var iterator = text.makeIterator()
  while let byte = iterator.next() {
    if byte == UInt8(ascii: "%") {
      guard let first = iterator.next().flatMap(hexadecimalValue), let second = iterator.next().flatMap(hexadecimalValue) else { return nil }
      bytes.append(first << 4 | second)
    } else if byte == UInt8(ascii: "+") && plusIsSpace {
      bytes.append(UInt8(ascii: " "))
    } else {
      bytes.append(byte)
    }
  }
  return String(validating: bytes, as: UTF8.self)
}

/// The same for bytes that lie together: most texts have no escape, and become a string at once.
func percentDecoded(_ bytes: UnsafeBufferPointer<UInt8>, plusIsSpace: Bool) -> String? {
  let isPlain = !bytes.contains { $0 == UInt8(ascii: "%") || plusIsSpace && $0 == UInt8(ascii: "+") }
  return isPlain ? String(validating: bytes, as: UTF8.self) : percentDecoded(bytes[...], plusIsSpace: plusIsSpace)
}

extension String {
  /// Compares without regard to the case of ASCII letters.
  public func equalsIgnoringASCIICase(_ other: String) -> Bool {
    self[...].equalsIgnoringASCIICase(other)
  }
}

extension Substring {
  /// Compares without regard to the case of ASCII letters.
  public func equalsIgnoringASCIICase(_ other: String) -> Bool {
    func lowered(_ byte: UInt8) -> UInt8 { (0x41...0x5A).contains(byte) ? byte | 0x20 : byte }
    return utf8.count == other.utf8.count && utf8.elementsEqual(other.utf8) { $0 == $1 || lowered($0) == lowered($1) }
  }
}

/// Decodes `%XX` escapes of a path or a query value.
public func percentDecoded(_ text: some StringProtocol) -> String? {
  percentDecoded(text.utf8)
}

/// Escapes every byte but RFC 3986's unreserved characters and those in `keeping` (ASCII).
public func percentEncoded(_ text: some StringProtocol, keeping kept: String = "") -> String {
  let digits = Array("0123456789ABCDEF".utf8)
  var bytes: [UInt8] = []
  for byte in text.utf8 {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
      UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "~"):
      bytes.append(byte)
    default:
      if kept.utf8.contains(byte) {
        bytes.append(byte)
      } else {
        bytes.append(contentsOf: [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 0xF)]])
      }
    }
  }
  return String(decoding: bytes, as: UTF8.self)
}
