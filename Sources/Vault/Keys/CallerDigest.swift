internal import Base
internal import Crypto

/// Digests that callers computed themselves, as the library's types: those have no initializer, because who signs somebody else's digest signs what he has
/// not seen. Key Vault's callers want just that.
enum CallerDigest {
  /// Throws `KeyError.wrongData` for another length.
  static func sha256(_ bytes: [UInt8]) throws -> SHA256Digest { try digest(bytes) }
  static func sha384(_ bytes: [UInt8]) throws -> SHA384Digest { try digest(bytes) }
  static func sha512(_ bytes: [UInt8]) throws -> SHA512Digest { try digest(bytes) }

  /// The library's digests are their bytes and nothing else; a test compares what comes of it with the library's own.
  private static func digest<D: Digest>(_ bytes: [UInt8]) throws -> D {
    precondition(_isPOD(D.self) && MemoryLayout<D>.size == D.byteCount, "a digest is its bytes")
    guard bytes.count == D.byteCount else { throw KeyError.wrongData }
    return withUnsafeTemporaryAllocation(byteCount: D.byteCount, alignment: MemoryLayout<D>.alignment) { memory in
      memory.copyBytes(from: bytes)
      return memory.load(as: D.self)
    }
  }
}
