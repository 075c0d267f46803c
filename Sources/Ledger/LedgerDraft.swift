internal import Base
internal import Records

/// An entry that has no place in the log yet. No two transactions touch the same one, so that the ledger makes none wait for another.
struct LedgerDraft: Record {
  static let kind = "ledger.draft"

  var entry: LedgerEntry

  /// In the order of time, across tenants.
  var key: RecordKey { RecordKey(tenant: Ledger.partition, "draft", LedgerNumber.text(Int(entry.time.microseconds)), entry.id.description) }

  static let all = RecordKey(tenant: Ledger.partition, "draft")

  func encode(to writer: inout ByteWriter) {
    writer.guid(entry.id)
    writer.timestamp(entry.time)
    writer.guid(entry.tenant)
    writer.string(entry.kind.rawValue)
    writer.string(entry.subject)
    writer.string(entry.outcome.rawValue)
    writer.optional(entry.request) { $0.guid($1) }
    for values in [entry.facts, entry.personal] {
      writer.list(values.sorted { $0.key < $1.key }) {
        $0.string($1.key)
        $0.string($1.value)
      }
    }
  }

  init(entry: LedgerEntry) {
    self.entry = entry
  }

  init(from reader: inout ByteReader, format: UInt8) throws {
    let (id, time, tenant) = (try reader.guid(), try reader.timestamp(), try reader.guid())
    guard let kind = LedgerEntry.Kind(rawValue: try reader.string()) else { throw ByteReader.Malformed() }
    let subject = try reader.string()
    guard let outcome = LedgerEntry.Outcome(rawValue: try reader.string()) else { throw ByteReader.Malformed() }
    let request = try reader.optional { try $0.guid() }
    func values() throws -> [String: String] { Dictionary(try reader.list { (try $0.string(), try $0.string()) }) { $1 } }
    entry = LedgerEntry(
      id: id, time: time, tenant: tenant, kind: kind, subject: subject, outcome: outcome, request: request, facts: try values(),
      personal: try values())
  }
}
