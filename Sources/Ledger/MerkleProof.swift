/// What a verifier does with proofs.
public enum MerkleProof {
  /// The root to which a leaf and its siblings lead.
  public static func root(of leaf: MerkleHash, _ path: [MerkleLog.Sibling], _ hashing: MerkleHashing = .ccf) -> MerkleHash {
    path.reduce(leaf) { node, sibling in
      switch sibling {
      case .left(let left): hashing.node(left, node)
      case .right(let right): hashing.node(node, right)
      }
    }
  }

  /// Whether a proof shows that the tree of `size` leaves and a root goes on from an earlier one.
  ///
  /// Source: RFC 9162, section 2.1.4.2.
  public static func isConsistent(
    _ proof: [MerkleHash], from earlier: (size: Int, root: MerkleHash), to later: (size: Int, root: MerkleHash), _ hashing: MerkleHashing = .ccf
  ) -> Bool {
    guard earlier.size >= 0, earlier.size <= later.size else { return false }
    if earlier.size == later.size { return proof.isEmpty && earlier.root == later.root }
    if earlier.size == 0 { return proof.isEmpty && earlier.root == hashing.emptyRoot }
    var (node, last) = (earlier.size - 1, later.size - 1)
    while !node.isMultiple(of: 2) { (node, last) = (node >> 1, last >> 1) }
    var rest = proof[...]
    guard var old = earlier.size.isPowerOfTwo ? earlier.root : rest.popFirst() else { return false }
    var new = old
    while let hash = rest.popFirst() {
      guard last != 0 else { return false }
      if !node.isMultiple(of: 2) || node == last {
        (old, new) = (hashing.node(hash, old), hashing.node(hash, new))
        while node.isMultiple(of: 2) && node != 0 { (node, last) = (node >> 1, last >> 1) }
      } else {
        new = hashing.node(new, hash)
      }
      (node, last) = (node >> 1, last >> 1)
    }
    return last == 0 && old == earlier.root && new == later.root
  }
}

extension Int {
  fileprivate var isPowerOfTwo: Bool { self > 0 && self & (self - 1) == 0 }
}
