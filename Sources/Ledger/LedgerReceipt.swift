public import Wire

/// The proof that an entry stands in a ledger whose root a node has signed, in the form that `azure.confidentialledger.receipt.verify_receipt` takes.
///
/// Source: Microsoft, "Azure Confidential Ledger write transaction receipts".
public struct LedgerReceipt: Sendable, Equatable {
  /// Of the node that signed, in PEM.
  public var certificate: String
  /// The SHA-256 of its public key.
  public var nodeID: String
  public var leaf: LedgerLeaf
  public var proof: [MerkleLog.Sibling]
  /// Over the root, ECDSA in DER.
  public var signature: [UInt8]

  public init(certificate: String, nodeID: String, leaf: LedgerLeaf, proof: [MerkleLog.Sibling], signature: [UInt8]) {
    self.certificate = certificate
    self.nodeID = nodeID
    self.leaf = leaf
    self.proof = proof
    self.signature = signature
  }

  /// The member `receipt` of Azure Confidential Ledger's answers.
  public var json: JSON {
    [
      "cert": .string(certificate),
      "leafComponents": [
        "claimsDigest": .string(leaf.claimsDigest.hexadecimal), "commitEvidence": .string(leaf.commitEvidence),
        "writeSetDigest": .string(leaf.writeSetDigest.hexadecimal),
      ],
      "nodeId": .string(nodeID),
      "proof": .array(
        proof.map { sibling in
          switch sibling {
          case .left(let hash): ["left": .string(hash.hexadecimal)]
          case .right(let hash): ["right": .string(hash.hexadecimal)]
          }
        }),
      "serviceEndorsements": [],
      "signature": .string(Base64.encode(signature)),
    ]
  }
}
