/// A 128-bit identifier, written as Azure writes it: 32 lower-case hexadecimal digits in groups of 8-4-4-4-12.
public struct GUID: Hashable, Sendable, Codable, Comparable, LosslessStringConvertible {
  public let high: UInt64
  public let low: UInt64

  public init(high: UInt64, low: UInt64) {
    self.high = high
    self.low = low
  }

  /// The identifier of the platform itself, under which records live that belong to no tenant.
  public static let zero = GUID(high: 0, low: 0)

  /// A version 4 identifier from 16 random bytes.
  public init(randomBytes bytes: [UInt8]) {
    precondition(bytes.count == 16)
    let high = bytes[0..<8].reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    let low = bytes[8..<16].reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    self.high = high & 0xFFFF_FFFF_FFFF_0FFF | 0x4000
    self.low = low & 0x3FFF_FFFF_FFFF_FFFF | 0x8000_0000_0000_0000
  }

  /// Parses the 36-character form, in either case; anything else gives nil.
  public init?(_ text: String) {
    var (high, low): (UInt64, UInt64) = (0, 0)
    var position = 0
    for byte in text.utf8 {
      if position == 8 || position == 13 || position == 18 || position == 23 {
        guard byte == UInt8(ascii: "-") else { return nil }
      } else {
        guard let nibble = hexadecimalValue(byte) else { return nil }
        // What the first half no longer holds is the second's.
        if position < 18 { high = high << 4 | UInt64(nibble) } else { low = low << 4 | UInt64(nibble) }
      }
      position += 1
    }
    guard position == 36 else { return nil }
    self.init(high: high, low: low)
  }

  public var description: String {
    String(unsafeUninitializedCapacity: 36) { buffer in
      var position = 0
      for index in 0..<32 {
        if index == 8 || index == 12 || index == 16 || index == 20 {
          buffer[position] = UInt8(ascii: "-")
          position += 1
        }
        let word = index < 16 ? high : low
        buffer[position] = hexadecimalDigit(UInt8(truncatingIfNeeded: word >> UInt64(60 - 4 * (index % 16)) & 0xF))
        position += 1
      }
      return 36
    }
  }

  /// The 16 bytes, most significant first.
  public var bytes: [UInt8] { withBytes { Array($0) } }

  /// Gives the 16 bytes for the duration of `body`.
  public func withBytes<Result>(_ body: (UnsafeRawBufferPointer) throws -> Result) rethrows -> Result {
    try withUnsafeBytes(of: (high.bigEndian, low.bigEndian), body)
  }

  public static func < (left: GUID, right: GUID) -> Bool {
    (left.high, left.low) < (right.high, right.low)
  }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    guard let value = GUID(try container.decode(String.self)) else {
      throw DecodingError.dataCorruptedError(in: container, debugDescription: "not a GUID")
    }
    self = value
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(description)
  }
}
