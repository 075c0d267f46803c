/// The one range that a request may ask for: `bytes=first-last` or `bytes=first-`.
///
/// Source: Microsoft, "Specifying the range header for Blob service operations", REST reference.
public struct ByteRange: Equatable, Sendable {
  public var first: Int
  /// The last byte, inclusive; nil for the end of the resource.
  public var last: Int?

  public init(first: Int, last: Int? = nil) {
    self.first = first
    self.last = last
  }

  /// Nil for any other form: several ranges, a suffix, a unit other than bytes, an end before the start.
  public init?(_ text: some StringProtocol) {
    guard text.utf8.starts(with: "bytes=".utf8) else { return nil }
    let halves = text.utf8.dropFirst(6).split(separator: UInt8(ascii: "-"), omittingEmptySubsequences: false)
    guard halves.count == 2, let first = Self.number(halves[0]) else { return nil }
    guard !halves[1].isEmpty else {
      self.init(first: first)
      return
    }
    guard let last = Self.number(halves[1]), last >= first else { return nil }
    self.init(first: first, last: last)
  }

  /// The bytes of a resource of `size` bytes that the range names; nil when it begins behind the end.
  public func resolve(size: Int) -> Range<Int>? {
    guard first < size else { return nil }
    return first..<(last.map { min($0, size - 1) + 1 } ?? size)
  }

  private static func number(_ digits: some Collection<UInt8>) -> Int? {
    guard !digits.isEmpty, digits.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) else { return nil }
    // A number past every size is still a number.
    return Int(String(decoding: digits, as: UTF8.self)) ?? .max
  }
}
