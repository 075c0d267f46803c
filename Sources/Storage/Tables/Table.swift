internal import Base
internal import Records
internal import Wire

/// A table of entities. Its name keeps the case in which it was made, and is found in any.
struct Table: Record, Sendable {
  static let kind = "storage.table"

  var tenant: GUID
  /// The account's (`StorageAccount.partition`).
  var partition: String
  var name: String
  /// What its entities are filed under. A table that is made again under an old name has another one, and so begins empty even while the entities of
  /// the old one are still being purged.
  var id: GUID
  var createdTime: Timestamp
  var policies: [StoredAccessPolicy] = []

  var key: RecordKey { RecordKey(tenant: tenant, partition, name.lowercased()) }

  static func key(_ account: StorageAccount, name: String) -> RecordKey {
    RecordKey(tenant: account.tenant, account.partition, name.lowercased())
  }

  /// The table that a request names; 404 when it is not there.
  static func require(_ name: String, _ account: StorageAccount, in reader: any RecordReader) throws -> Table {
    guard let table = try reader.fetch(Table.self, key(account, name: name)) else { throw TableError.tableNotFound }
    return table
  }
}

extension Table {
  func encode(to writer: inout ByteWriter) {
    writer.guid(tenant)
    writer.string(partition)
    writer.string(name)
    writer.guid(id)
    writer.timestamp(createdTime)
    writer.list(policies) { writer, policy in policy.encode(to: &writer) }
  }

  init(from reader: inout ByteReader, format: UInt8) throws {
    tenant = try reader.guid()
    partition = try reader.string()
    name = try reader.string()
    id = try reader.guid()
    createdTime = try reader.timestamp()
    policies = try reader.list { reader in try StoredAccessPolicy(from: &reader) }
  }
}

extension Table {
  static let nameLength = 3...63

  /// Throws for a name that no table may have.
  ///
  /// Source: Microsoft, "Understanding the Table service data model", table names.
  static func checkName(_ name: String) throws(CloudError) {
    guard nameLength.contains(name.utf8.count) else { throw TableError.tableNameLength }
    for (index, byte) in name.utf8.enumerated() {
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): break
      case UInt8(ascii: "0")...UInt8(ascii: "9") where index > 0: break
      default: throw TableError.invalidTableName
      }
    }
    // The list of tables stands under this name.
    if name.lowercased() == "tables" { throw TableError.invalidInput }
  }
}
