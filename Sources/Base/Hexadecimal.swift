/// The sixteen lower-case digits, as ASCII.
let hexadecimalDigits: [UInt8] = Array("0123456789abcdef".utf8)

/// The value of one ASCII hexadecimal digit in either case, or nil.
public func hexadecimalValue(_ byte: UInt8) -> UInt8? {
  switch byte {
  case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
  case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
  case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
  default: nil
  }
}

extension Sequence<UInt8> {
  /// Lower-case hexadecimal, two digits a byte.
  public var hexadecimal: String {
    var digits: [UInt8] = []
    for byte in self {
      digits.append(hexadecimalDigits[Int(byte >> 4)])
      digits.append(hexadecimalDigits[Int(byte & 0xF)])
    }
    return String(decoding: digits, as: UTF8.self)
  }
}
