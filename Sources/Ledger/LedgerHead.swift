public import Base
public import Records
public import Wire

/// A certificate of a node, once for all the heads that were signed under it.
struct NodeCertificate: Record, Codable {
  static let kind = "ledger.nodeCertificate"
  /// One for each year that a log lives.
  static let maximumCount = 1000

  var id: String
  var pem: String

  var key: RecordKey { Self.key(id) }

  static let all = RecordKey(tenant: Ledger.partition, "nodeCertificate")

  static func key(_ id: String) -> RecordKey { RecordKey(tenant: Ledger.partition, "nodeCertificate", id) }

  init(_ pem: String) {
    id = MerkleHash(of: Array(pem.utf8)).hexadecimal
    self.pem = pem
  }
}

/// The log at one size, signed.
public struct LedgerHead: Record, Codable, Sendable, Equatable {
  public static let kind = "ledger.head"

  /// The number of entries.
  public var size: Int
  public var time: Timestamp
  /// The root of the tree of receipts.
  public var root: String
  /// Of the node's key over that root; base64 of DER.
  public var signature: String
  /// Which certificate the node has signed under: the SHA-256 of its PEM.
  public var nodeCertificate: String
  public var nodeID: String
  /// The checkpoint: a signed note, with a line for each witness that has cosigned it.
  public var note: String

  public var key: RecordKey { Self.key(size) }

  static let all = RecordKey(tenant: Ledger.partition, "head")

  static func key(_ size: Int) -> RecordKey { RecordKey(tenant: Ledger.partition, "head", LedgerNumber.text(size)) }

  /// As exports have it.
  public var json: JSON {
    [
      "size": .integer(Int64(size)), "time": .string(time.iso8601Fractional), "root": .string(root), "signature": .string(signature),
      "nodeCertificate": .string(nodeCertificate), "nodeId": .string(nodeID), "checkpoint": .string(note),
    ]
  }
}
