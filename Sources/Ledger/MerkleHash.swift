internal import Base
internal import Crypto

/// The SHA-256 of a leaf or a node of a tree.
public struct MerkleHash: Hashable, Sendable {
  public static let byteCount = 32

  /// Always `byteCount` bytes.
  public let bytes: [UInt8]

  /// Nil for anything but 32 bytes.
  public init?(_ bytes: some Collection<UInt8>) {
    guard bytes.count == Self.byteCount else { return nil }
    self.bytes = Array(bytes)
  }

  /// The SHA-256 of some bytes.
  public init(of bytes: [UInt8]) {
    var hash = SHA256()
    hash.update(data: bytes)
    self.bytes = Array(hash.finalize())
  }

  /// 32 bytes of zero: the digest of claims where there are none.
  public static let zero = MerkleHash(zeros: ())

  private init(zeros: Void) { bytes = [UInt8](repeating: 0, count: Self.byteCount) }

  /// 64 lower-case digits.
  public var hexadecimal: String { bytes.hexadecimal }
}

/// How a tree makes a node of two.
public enum MerkleHashing: Sendable, Hashable {
  /// SHA-256(left ‖ right), leaves as they are given. Source: Microsoft, CCF, "Merkle tree" and "Receipts".
  case ccf
  /// SHA-256(1 ‖ left ‖ right), leaves SHA-256(0 ‖ data). Source: RFC 6962, section 2.1.
  case rfc6962

  /// The parent of two nodes.
  public func node(_ left: MerkleHash, _ right: MerkleHash) -> MerkleHash {
    switch self {
    case .ccf: MerkleHash(of: left.bytes + right.bytes)
    case .rfc6962: MerkleHash(of: [1] + left.bytes + right.bytes)
    }
  }

  /// The leaf of some data.
  public func leaf(of data: [UInt8]) -> MerkleHash {
    switch self {
    case .ccf: MerkleHash(of: data)
    case .rfc6962: MerkleHash(of: [0] + data)
    }
  }

  /// The root of a tree without leaves.
  public var emptyRoot: MerkleHash { MerkleHash(of: []) }
}
