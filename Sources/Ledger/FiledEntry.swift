public import Base
public import Records
public import Wire

/// An entry that has its place in the log for good.
///
/// Its write set is canonical JSON (members in the order of their bytes), one line: `facts`, `id`, `kind`, `outcome`, `personal` (a commitment for each
/// name), `request`, `sequence`, `subject`, `tenant`, `time`. Members without a value are left out.
public struct FiledEntry: Record, Equatable {
  public static let kind = "ledger.entry"
  static let tenantIndex = "tenant"

  /// From 1; a log of size n ends with number n.
  public var sequence: Int
  public var tenant: GUID
  /// What the leaf commits to, byte for byte.
  public var writeSet: [UInt8]

  public var key: RecordKey { Self.key(sequence) }

  public var indexes: [RecordIndex] { [RecordIndex(Self.tenantIndex, tenant.description, LedgerNumber.text(sequence))] }

  static let all = RecordKey(tenant: Ledger.partition, "entry")

  static func key(_ sequence: Int) -> RecordKey { RecordKey(tenant: Ledger.partition, "entry", LedgerNumber.text(sequence)) }

  /// The write set as JSON.
  public var json: JSON { (try? JSON(parsing: writeSet)) ?? .null }

  public var leaf: LedgerLeaf { Self.leaf(of: writeSet, sequence: sequence) }

  /// The leaf of a write set at a place.
  public static func leaf(of writeSet: [UInt8], sequence: Int) -> LedgerLeaf {
    let digest = MerkleHash(of: writeSet)
    return LedgerLeaf(writeSetDigest: digest, commitEvidence: "ce:1.\(sequence):\(digest.hexadecimal)")
  }

  init(_ entry: LedgerEntry, sequence: Int, commitments: [String: MerkleHash]) {
    self.sequence = sequence
    tenant = entry.tenant
    func object(_ values: [String: String]) -> JSON? {
      guard !values.isEmpty else { return nil }
      return .object(JSON.Object(values.sorted { Self.precedes($0.key, $1.key) }.map { (name: $0.key, value: .string($0.value)) }))
    }
    writeSet =
      JSON.object([
        "facts": object(entry.facts), "id": .string(entry.id.description), "kind": .string(entry.kind.rawValue),
        "outcome": .string(entry.outcome.rawValue), "personal": object(commitments.mapValues(\.hexadecimal)),
        "request": entry.request.map { .string($0.description) }, "sequence": .integer(Int64(sequence)), "subject": .string(entry.subject),
        "tenant": .string(entry.tenant.description), "time": .string(entry.time.iso8601Fractional),
      ]).bytes
  }

  private static func precedes(_ left: String, _ right: String) -> Bool { left.utf8.lexicographicallyPrecedes(right.utf8) }

  public func encode(to writer: inout ByteWriter) {
    writer.integer(sequence)
    writer.guid(tenant)
    writer.blob(writeSet)
  }

  public init(from reader: inout ByteReader, format: UInt8) throws {
    sequence = try reader.integer()
    tenant = try reader.guid()
    writeSet = try reader.blob()
  }
}
