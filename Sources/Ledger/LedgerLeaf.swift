/// What a leaf of a ledger's tree is made of.
///
/// Source: Microsoft, "Verify Azure Confidential Ledger write transaction receipts", and CCF, "Receipts".
public struct LedgerLeaf: Sendable, Hashable {
  /// The SHA-256 of what was written.
  public var writeSetDigest: MerkleHash
  /// A text that names the transaction.
  public var commitEvidence: String
  /// `MerkleHash.zero` where nothing is claimed.
  public var claimsDigest: MerkleHash

  public init(writeSetDigest: MerkleHash, commitEvidence: String, claimsDigest: MerkleHash = .zero) {
    self.writeSetDigest = writeSetDigest
    self.commitEvidence = commitEvidence
    self.claimsDigest = claimsDigest
  }

  /// SHA-256(write set digest ‖ SHA-256(commit evidence) ‖ claims digest).
  public var hash: MerkleHash {
    MerkleHash(of: writeSetDigest.bytes + MerkleHash(of: Array(commitEvidence.utf8)).bytes + claimsDigest.bytes)
  }
}
