internal import Base
internal import Ledger
internal import Records

/// One transaction of a ledger: an entry, or a change of its users. It never changes.
///
/// What was written is sealed; the names of collections and tags stand in the clear, as they are looked for by them.
struct LedgerTransaction: Record {
  static let kind = "tenantledger.transaction"
  static let collectionIndex = "collection"
  static let tagIndex = "tag"

  var tenant: GUID
  var log: GUID
  var sequence: Int
  /// Nil for what is no entry.
  var collection: String?
  var tags: [String]
  var leaf: LedgerLeaf
  /// Names the sealed bytes among those under the ledger's key.
  var payload: GUID
  var sealed: [UInt8]

  var id: TransactionID { TransactionID(sequence) }

  var key: RecordKey { Self.key(tenant: tenant, log: log, sequence) }

  static func key(tenant: GUID, log: GUID, _ sequence: Int) -> RecordKey {
    RecordKey(tenant: tenant, log.description, TransactionID.sortable(sequence))
  }

  var indexes: [RecordIndex] {
    guard let collection else { return [] }
    let place = TransactionID.sortable(sequence)
    return [RecordIndex(Self.collectionIndex, log.description, collection, place)]
      + Set(tags).map { RecordIndex(Self.tagIndex, log.description, collection, $0, place) }
  }

  func encode(to writer: inout ByteWriter) {
    writer.guid(tenant)
    writer.guid(log)
    writer.integer(sequence)
    writer.optional(collection) { $0.string($1) }
    writer.list(tags) { $0.string($1) }
    writer.blob(leaf.writeSetDigest.bytes)
    writer.string(leaf.commitEvidence)
    writer.blob(leaf.claimsDigest.bytes)
    writer.guid(payload)
    writer.blob(sealed)
  }

  init(
    tenant: GUID, log: GUID, sequence: Int, collection: String?, tags: [String], leaf: LedgerLeaf, payload: GUID, sealed: [UInt8]
  ) {
    self.tenant = tenant
    self.log = log
    self.sequence = sequence
    self.collection = collection
    self.tags = tags
    self.leaf = leaf
    self.payload = payload
    self.sealed = sealed
  }

  init(from reader: inout ByteReader, format: UInt8) throws {
    (tenant, log, sequence) = (try reader.guid(), try reader.guid(), try reader.integer())
    collection = try reader.optional { try $0.string() }
    tags = try reader.list { try $0.string() }
    guard let writeSetDigest = MerkleHash(try reader.blob()) else { throw ByteReader.Malformed() }
    let commitEvidence = try reader.string()
    guard let claimsDigest = MerkleHash(try reader.blob()) else { throw ByteReader.Malformed() }
    leaf = LedgerLeaf(writeSetDigest: writeSetDigest, commitEvidence: commitEvidence, claimsDigest: claimsDigest)
    payload = try reader.guid()
    sealed = try reader.blob()
  }
}

/// What is sealed of a transaction.
struct LedgerContents: Sendable, Equatable {
  var collection: String
  var tags: [String]
  var contents: String
  /// Under which the claims of the receipt are digested, so that a receipt alone tells nothing of the contents.
  var secretKey: [UInt8]

  var bytes: [UInt8] {
    var writer = ByteWriter(reserving: contents.utf8.count + 512)
    writer.string(collection)
    writer.list(tags) { $0.string($1) }
    writer.string(contents)
    writer.blob(secretKey)
    return writer.bytes
  }

  init(collection: String, tags: [String] = [], contents: String, secretKey: [UInt8]) {
    self.collection = collection
    self.tags = tags
    self.contents = contents
    self.secretKey = secretKey
  }

  init(bytes: [UInt8]) throws {
    var reader = ByteReader(bytes)
    collection = try reader.string()
    tags = try reader.list { try $0.string() }
    contents = try reader.string()
    secretKey = try reader.blob()
  }
}

/// A collection of a ledger, which is there since its first entry.
struct LedgerCollection: Record, Codable {
  static let kind = "tenantledger.collection"
  /// The one of entries that name none.
  ///
  /// Source: the answers of Azure Confidential Ledger.
  static let standard = "subledger:0"

  var tenant: GUID
  var log: GUID
  var name: String
  /// Of its newest entry.
  var newest: Int

  var key: RecordKey { Self.key(tenant: tenant, log: log, name) }

  static func key(tenant: GUID, log: GUID, _ name: String) -> RecordKey { RecordKey(tenant: tenant, log.description, name) }
}
