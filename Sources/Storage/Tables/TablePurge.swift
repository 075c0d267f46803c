internal import Base
internal import Records

/// Bounded steps by which tables that no client can reach any longer are removed (`BlobPurge`).
enum TablePurge {
  /// Tables or entities of one step; an entity may have a megabyte.
  static let maximumRecordsPerStep = 64

  /// The entities of each table become a task of their own. True when the account has no table left.
  static func purge(account partition: String, tenant: GUID, contents: BlobContents, in transaction: RecordTransaction) throws -> Bool {
    let tables = try transaction.list(Table.self, under: RecordKey(tenant: tenant, partition), limit: maximumRecordsPerStep)
    for table in tables {
      try transaction.remove(Table.self, table.key)
      try contents.schedule(.entities(table.id), tenant: tenant, in: transaction)
    }
    return tables.count < maximumRecordsPerStep
  }

  static func purge(entities table: GUID, tenant: GUID, in transaction: RecordTransaction) throws -> Bool {
    let parent = RecordKey(tenant: tenant, table.description)
    return try transaction.removeAll(Entity.self, under: parent, limit: maximumRecordsPerStep) < maximumRecordsPerStep
  }
}
