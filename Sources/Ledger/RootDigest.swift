internal import Crypto

#if canImport(FoundationEssentials)
  internal import FoundationEssentials
#endif

/// A root as the library's signatures take it: what is signed is the root itself, not its hash.
struct RootDigest: Digest {
  static var byteCount: Int { MerkleHash.byteCount }

  let root: MerkleHash

  func withUnsafeBytes<Result>(_ body: (UnsafeRawBufferPointer) throws -> Result) rethrows -> Result {
    try root.bytes.withUnsafeBytes(body)
  }

  func hash(into hasher: inout Hasher) { hasher.combine(root) }

  var description: String { root.hexadecimal }
}
