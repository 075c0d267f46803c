/// The roots of the whole subtrees that a tree is made of, from the left: what a verifier keeps while it goes through leaves.
struct MerklePeaks {
  let hashing: MerkleHashing
  private(set) var size = 0
  private var peaks: [MerkleHash] = []

  init(_ hashing: MerkleHashing) { self.hashing = hashing }

  mutating func append(_ leaf: MerkleHash) {
    var node = leaf
    var rest = size
    while !rest.isMultiple(of: 2), let left = peaks.popLast() {
      node = hashing.node(left, node)
      rest >>= 1
    }
    peaks.append(node)
    size += 1
  }

  var root: MerkleHash {
    guard var root = peaks.last else { return hashing.emptyRoot }
    for left in peaks.dropLast().reversed() { root = hashing.node(left, root) }
    return root
  }
}
