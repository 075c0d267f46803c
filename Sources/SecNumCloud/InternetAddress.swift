#if canImport(Glibc)
  internal import Glibc
#endif

/// An IPv4 or IPv6 address. One of IPv4 that comes mapped into IPv6 is the one of IPv4.
public struct InternetAddress: Hashable, Sendable, CustomStringConvertible {
  /// Four or sixteen, in network order.
  public let bytes: [UInt8]

  /// Nil for another count than four or sixteen.
  public init?(bytes: [UInt8]) {
    guard bytes.count == 4 || bytes.count == 16 else { return nil }
    let isMapped = bytes.count == 16 && bytes.prefix(10).allSatisfy { $0 == 0 } && bytes[10] == 0xFF && bytes[11] == 0xFF
    self.bytes = isMapped ? Array(bytes.suffix(4)) : bytes
  }

  /// From text as `inet_pton` reads it; nil for anything else, names among them.
  public init?(_ text: String) {
    var bytes = [UInt8](repeating: 0, count: text.contains(":") ? 16 : 4)
    guard inet_pton(bytes.count == 16 ? AF_INET6 : AF_INET, text, &bytes) == 1 else { return nil }
    self.init(bytes: bytes)
  }

  /// Of its bits one, from the first on.
  fileprivate func bit(_ index: Int) -> Bool {
    let mask: UInt8 = 0x80 >> UInt8(index % 8)
    return bytes[index / 8] & mask != 0
  }

  public var isLoopback: Bool { bytes.count == 4 ? bytes[0] == 127 : bytes.dropLast().allSatisfy { $0 == 0 } && bytes[15] == 1 }

  /// All addresses of the host.
  public var isUnspecified: Bool { bytes.allSatisfy { $0 == 0 } }

  /// Of the link alone: 169.254.0.0/16, fe80::/10.
  public var isLinkLocal: Bool {
    bytes.count == 4 ? bytes[0] == 169 && bytes[1] == 254 : bytes[0] == 0xFE && bytes[1] & 0xC0 == 0x80
  }

  /// Of RFC 1918, RFC 6598 and RFC 4193: not routed on the Internet.
  public var isPrivate: Bool { Self.privateRanges.contains { $0.contains(self) } }

  private static let privateRanges = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7"].compactMap { AddressRange($0) }

  public var description: String {
    var text = [CChar](repeating: 0, count: 64)
    var bytes = bytes
    guard inet_ntop(bytes.count == 16 ? AF_INET6 : AF_INET, &bytes, &text, 64) != nil else { return "" }
    return String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }
}

/// Addresses that share their first bits: `10.20.0.0/24`, `fd00::/8`.
public struct AddressRange: Hashable, Sendable, CustomStringConvertible {
  public let first: InternetAddress
  public let length: Int

  /// Nil for anything that is no range, and where bits behind the length are set. An address alone is a range of one.
  public init?(_ text: String) {
    let words = text.split(separator: "/", omittingEmptySubsequences: false)
    guard (1...2).contains(words.count), let first = InternetAddress(String(words[0])) else { return nil }
    let bits = first.bytes.count * 8
    guard let length = words.count == 2 ? Int(words[1]) : bits, (0...bits).contains(length) else { return nil }
    self.first = first
    self.length = length
    guard (length..<bits).allSatisfy({ !first.bit($0) }) else { return nil }
  }

  public func contains(_ address: InternetAddress) -> Bool {
    guard address.bytes.count == first.bytes.count else { return false }
    return (0..<length).allSatisfy { address.bit($0) == first.bit($0) }
  }

  public var description: String { "\(first)/\(length)" }
}
