public import Base
public import Records

extension ExtentStore {
  /// Drops extents of a tenant, at most `limit`, and gives how many and their bytes on the disk. Some may be left when it dropped `limit`. Their space
  /// returns through compaction; readers that are under way finish.
  public func releaseAll(of tenant: GUID, limit: Int, in transaction: RecordTransaction) throws -> (extents: Int, bytes: Int) {
    let records = try transaction.list(ExtentRecord.self, under: RecordKey(tenant: tenant), limit: limit)
    for record in records { try release(record.id, tenant: tenant, in: transaction) }
    return (records.count, records.reduce(0) { $0 + $1.layout.storedBytes })
  }
}
