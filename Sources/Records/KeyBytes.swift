#if canImport(Glibc)
  internal import Glibc
#endif

/// A byte key, ordered lexicographically by unsigned bytes.
public struct KeyBytes: Comparable, Hashable, Sendable {
  /// The key itself.
  public var bytes: [UInt8]

  /// A key of these bytes; no bytes at all are the smallest key.
  public init(_ bytes: [UInt8]) {
    self.bytes = bytes
  }

  /// Lexicographic by unsigned bytes; a key precedes those that it begins.
  public static func < (left: KeyBytes, right: KeyBytes) -> Bool {
    left.bytes.withUnsafeBytes { left in
      right.bytes.withUnsafeBytes { right in
        let common = min(left.count, right.count)
        guard common > 0, let first = left.baseAddress, let second = right.baseAddress else { return left.count < right.count }
        let order = memcmp(first, second, common)
        return order == 0 ? left.count < right.count : order < 0
      }
    }
  }

  /// The smallest key above this one.
  public var next: KeyBytes { KeyBytes(bytes + [0]) }

  /// Every key that begins with these bytes. They must not be all 0xFF, nor empty: such a prefix has no end.
  public static func prefixed(by prefix: [UInt8]) -> Range<KeyBytes> {
    KeyBytes(prefix)..<afterPrefix(prefix)
  }

  /// The smallest key above every key that begins with these bytes.
  public static func afterPrefix(_ prefix: [UInt8]) -> KeyBytes {
    var end = prefix
    while let last = end.last {
      if last < 0xFF {
        end[end.count - 1] = last + 1
        return KeyBytes(end)
      }
      end.removeLast()
    }
    preconditionFailure("a prefix without an end")
  }
}
