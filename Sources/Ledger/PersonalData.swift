internal import Base
internal import Crypto
internal import Keyring
internal import Records
internal import Wire

/// What names a person in an entry, beside the log: values and salts, sealed under their owner's key. Without this record a commitment tells nothing, so
/// that removing it erases the person from the log, whose tree stays as it is.
struct PersonalData: Record {
  static let kind = "ledger.personal"
  private static let saltBytes = 16
  private static let context = "ledger.personal"

  /// Under whom it is filed: the tenant of the entry, or the ledger's own partition.
  var partition: GUID
  var sequence: Int
  var sealed: [UInt8]

  var key: RecordKey { Self.key(partition, sequence) }

  static func all(_ partition: GUID) -> RecordKey { RecordKey(tenant: partition, "ledger") }

  static func key(_ partition: GUID, _ sequence: Int) -> RecordKey { RecordKey(tenant: partition, "ledger", LedgerNumber.text(sequence)) }

  struct Value: Equatable {
    var name: String
    var salt: [UInt8]
    var value: String

    /// SHA-256(salt ‖ name ‖ 0 ‖ value).
    var commitment: MerkleHash { MerkleHash(of: salt + Array(name.utf8) + [0] + Array(value.utf8)) }
  }

  static func salted(_ personal: [String: String], random: any RandomSource) -> [Value] {
    personal.map { Value(name: $0.key, salt: random.bytes(saltBytes), value: $0.value) }
  }

  func encode(to writer: inout ByteWriter) {
    writer.guid(partition)
    writer.integer(sequence)
    writer.blob(sealed)
  }

  init(from reader: inout ByteReader, format: UInt8) throws {
    partition = try reader.guid()
    sequence = try reader.integer()
    sealed = try reader.blob()
  }

  init(_ values: [Value], partition: GUID, sequence: Int, keyring: Keyring, in transaction: RecordTransaction) throws {
    self.partition = partition
    self.sequence = sequence
    var writer = ByteWriter()
    writer.list(values) {
      $0.string($1.name)
      $0.blob($1.salt)
      $0.string($1.value)
    }
    sealed = try keyring.seal(
      writer.bytes, context: "\(Self.context)/\(sequence)", tenant: Self.keyOwner(partition), in: transaction)
  }

  func open(keyring: Keyring, in reader: any RecordReader) throws -> [Value] {
    var bytes = ByteReader(
      try keyring.open(sealed, context: "\(Self.context)/\(sequence)", tenant: Self.keyOwner(partition), in: reader))
    return try bytes.list { Value(name: try $0.string(), salt: try $0.blob(), value: try $0.string()) }
  }

  private static func keyOwner(_ partition: GUID) -> GUID { partition == Ledger.partition ? .zero : partition }
}
