#if canImport(Glibc)
  internal import Glibc
#endif

/// The addresses from which a signature may be used: one, or two with all between them.
///
/// Source: Microsoft, "Create a service SAS", field `sip`.
struct AddressRange: Equatable, Sendable {
  let first: [UInt8]
  let last: [UInt8]

  /// Parses `168.1.5.65` or `168.1.5.60-168.1.5.70`, IPv4 or IPv6.
  init?(_ text: String) {
    let ends = text.split(separator: "-", omittingEmptySubsequences: false)
    guard (1...2).contains(ends.count), let first = Self.bytes(String(ends[0])), let last = Self.bytes(String(ends[ends.count - 1])),
      first.count == last.count, !last.lexicographicallyPrecedes(first)
    else { return nil }
    self.first = first
    self.last = last
  }

  func contains(_ address: String) -> Bool {
    guard let bytes = Self.bytes(address), bytes.count == first.count else { return false }
    return !bytes.lexicographicallyPrecedes(first) && !last.lexicographicallyPrecedes(bytes)
  }

  /// Four bytes, or sixteen; an IPv4 address in IPv6's clothes (`::ffff:1.2.3.4`) is one of four.
  private static func bytes(_ text: String) -> [UInt8]? {
    var four = in_addr()
    if inet_pton(AF_INET, text, &four) == 1 { return withUnsafeBytes(of: &four) { Array($0) } }
    var sixteen = in6_addr()
    guard inet_pton(AF_INET6, text, &sixteen) == 1 else { return nil }
    let bytes = withUnsafeBytes(of: &sixteen) { Array($0) }
    let mappedPrefix: [UInt8] = Array(repeating: 0, count: 10) + [0xFF, 0xFF]
    return bytes.starts(with: mappedPrefix) ? Array(bytes.suffix(4)) : bytes
  }
}
