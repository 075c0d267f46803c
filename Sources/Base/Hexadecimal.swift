/// The lower-case digit of a value below 16, as ASCII.
public func hexadecimalDigit(_ value: UInt8) -> UInt8 {
  precondition(value < 16)
  return value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") - 10 + value
}

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
    digits.reserveCapacity(2 * underestimatedCount)
    for byte in self {
      digits.append(hexadecimalDigit(byte >> 4))
      digits.append(hexadecimalDigit(byte & 0xF))
    }
    return String(decoding: digits, as: UTF8.self)
  }
}
