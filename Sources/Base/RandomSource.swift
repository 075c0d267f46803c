internal import CLinux

#if canImport(Glibc)
  internal import Glibc
#endif

/// Randomness. The system's is cryptographically strong; tests pass a seeded one whose seed they print on failure.
public protocol RandomSource: Sendable {
  /// `count` random bytes.
  func bytes(_ count: Int) -> [UInt8]
}

extension RandomSource {
  /// A random (version 4) identifier.
  public func guid() -> GUID {
    GUID(randomBytes: bytes(16))
  }

  /// A uniformly random number below `bound`. `bound` must be positive.
  public func number(below bound: Int) -> Int {
    precondition(bound > 0)
    let limit = UInt64.max - UInt64.max % UInt64(bound)
    while true {
      let value = bytes(8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
      if value < limit { return Int(value % UInt64(bound)) }
    }
  }

  /// `count` characters drawn uniformly from `alphabet` (ASCII).
  public func text(_ count: Int, from alphabet: [UInt8]) -> String {
    String(decoding: (0..<count).map { _ in alphabet[number(below: alphabet.count)] }, as: UTF8.self)
  }
}

/// The operating system's generator (`getrandom`).
public struct SystemRandom: RandomSource {
  public init() {}

  public func bytes(_ count: Int) -> [UInt8] {
    [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
      while filled < count {
        let given = getrandom(buffer.baseAddress.map { $0 + filled }, count - filled, 0)
        // A signal may interrupt a long one.
        precondition(given > 0 || errno == EINTR, "getrandom: errno \(errno)")
        filled += max(given, 0)
      }
    }
  }
}
