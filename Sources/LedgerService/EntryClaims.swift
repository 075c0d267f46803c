internal import Crypto
internal import Ledger
internal import Wire

/// The claims that a receipt makes of an entry, and their digest, which is part of the leaf.
///
/// Source: Microsoft, "Verify Azure Confidential Ledger write transaction receipts", application claims, protocol `LedgerEntryV1`.
enum EntryClaims {
  private static let version = "LedgerEntryV1"

  static func digest(of contents: LedgerContents) -> MerkleHash {
    let key = SymmetricKey(data: contents.secretKey)
    func code(_ text: String) -> [UInt8] { Array(HMAC<SHA256>.authenticationCode(for: Array(text.utf8), using: key)) }
    let entry = MerkleHash(of: code(contents.collection) + code(contents.contents))
    let claim = MerkleHash(of: Array(version.utf8) + entry.bytes)
    // One claim, its count in four bytes, the least significant first.
    return MerkleHash(of: [1, 0, 0, 0] + claim.bytes)
  }

  static func json(of contents: LedgerContents) -> JSON {
    [
      [
        "kind": "LedgerEntry",
        "ledgerEntry": [
          "collectionId": .string(contents.collection), "contents": .string(contents.contents), "protocol": .string(version),
          "secretKey": .string(Base64.encode(contents.secretKey)),
        ],
      ]
    ]
  }
}
