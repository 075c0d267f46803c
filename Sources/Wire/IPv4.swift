/// An IPv4 address.
public struct IPv4Address: Hashable, Sendable, Comparable, Codable, LosslessStringConvertible {
  public var bits: UInt32

  public init(bits: UInt32) {
    self.bits = bits
  }

  public init(_ first: UInt8, _ second: UInt8, _ third: UInt8, _ fourth: UInt8) {
    bits = UInt32(first) << 24 | UInt32(second) << 16 | UInt32(third) << 8 | UInt32(fourth)
  }

  /// Four decimal numbers without leading zeros; anything else gives nil.
  public init?(_ text: String) {
    let words = text.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
    guard words.count == 4 else { return nil }
    var bits: UInt32 = 0
    for word in words {
      guard (1...3).contains(word.count), word.count == 1 || word.first != UInt8(ascii: "0") else { return nil }
      guard word.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) else { return nil }
      let value = word.reduce(0) { $0 * 10 + Int($1 - UInt8(ascii: "0")) }
      guard value < 256 else { return nil }
      bits = bits << 8 | UInt32(value)
    }
    self.bits = bits
  }

  public var description: String {
    "\(bits >> 24).\(bits >> 16 & 255).\(bits >> 8 & 255).\(bits & 255)"
  }

  public static func < (left: IPv4Address, right: IPv4Address) -> Bool { left.bits < right.bits }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    guard let value = IPv4Address(try container.decode(String.self)) else {
      throw DecodingError.dataCorruptedError(in: container, debugDescription: "not an IPv4 address")
    }
    self = value
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(description)
  }
}

/// An IPv4 network in CIDR notation: an address whose bits behind `length` are zero.
public struct IPv4Prefix: Hashable, Sendable, Codable, LosslessStringConvertible {
  public let first: IPv4Address
  /// 0 to 32.
  public let length: Int

  /// Bits behind the length are cleared.
  public init(_ address: IPv4Address, length: Int) {
    precondition((0...32).contains(length), "a prefix has 0 to 32 bits")
    first = IPv4Address(bits: address.bits & Self.mask(length))
    self.length = length
  }

  /// `10.0.0.0/16`; an address alone is a prefix of 32 bits. Nil for anything else, and where bits behind the length are set.
  public init?(_ text: String) {
    let words = text.split(separator: "/", omittingEmptySubsequences: false)
    guard (1...2).contains(words.count), let address = IPv4Address(String(words[0])) else { return nil }
    var length = 32
    if words.count == 2 {
      guard words[1].utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }), words[1].count <= 2, let number = Int(words[1]),
        number <= 32
      else { return nil }
      length = number
    }
    guard address.bits & ~Self.mask(length) == 0 else { return nil }
    self.init(address, length: length)
  }

  private static func mask(_ length: Int) -> UInt32 {
    length == 0 ? 0 : UInt32.max << UInt32(32 - length)
  }

  public var description: String { "\(first)/\(length)" }
  public var last: IPv4Address { IPv4Address(bits: first.bits | ~Self.mask(length)) }
  /// How many addresses it holds.
  public var count: Int { 1 << (32 - length) }
  /// In dotted form: `255.255.0.0`.
  public var netmask: IPv4Address { IPv4Address(bits: Self.mask(length)) }

  /// The address at an offset from the first; the offset must be below `count`.
  public func address(at offset: Int) -> IPv4Address {
    precondition(offset >= 0 && offset < count, "an address of the prefix")
    return IPv4Address(bits: first.bits + UInt32(offset))
  }

  public func contains(_ address: IPv4Address) -> Bool {
    address.bits & Self.mask(length) == first.bits
  }

  public func contains(_ other: IPv4Prefix) -> Bool {
    length <= other.length && contains(other.first)
  }

  public func overlaps(_ other: IPv4Prefix) -> Bool {
    contains(other) || other.contains(self)
  }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    guard let value = IPv4Prefix(try container.decode(String.self)) else {
      throw DecodingError.dataCorruptedError(in: container, debugDescription: "not an IPv4 prefix")
    }
    self = value
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(description)
  }
}

/// The 48-bit hardware address of an interface.
public struct MACAddress: Hashable, Sendable, Comparable, Codable, LosslessStringConvertible {
  /// The lower 48 bits.
  public let bits: UInt64

  public init(bits: UInt64) {
    self.bits = bits & 0xFFFF_FFFF_FFFF
  }

  /// Six pairs of hexadecimal digits with `:` or `-` between them, or none.
  public init?(_ text: String) {
    let digits = text.utf8.filter { $0 != UInt8(ascii: ":") && $0 != UInt8(ascii: "-") }
    guard digits.count == 12, let bits = UInt64(String(decoding: digits, as: UTF8.self), radix: 16) else { return nil }
    self.bits = bits
  }

  private var pairs: [String] {
    (0..<6).reversed().map { index in
      let pair = String(bits >> UInt64(8 * index) & 0xFF, radix: 16)
      return pair.count == 1 ? "0" + pair : pair
    }
  }

  /// As Linux writes it: `02:1a:2b:3c:4d:5e`.
  public var description: String { pairs.joined(separator: ":") }
  /// As Azure writes it: `02-1A-2B-3C-4D-5E`.
  public var azureText: String { pairs.map { $0.uppercased() }.joined(separator: "-") }

  public static func < (left: MACAddress, right: MACAddress) -> Bool { left.bits < right.bits }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    guard let value = MACAddress(try container.decode(String.self)) else {
      throw DecodingError.dataCorruptedError(in: container, debugDescription: "not a MAC address")
    }
    self = value
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(description)
  }
}
