internal import Access
internal import Base
internal import Records

/// What hangs on a principal or an application, and goes with it.
enum DirectoryTraces {
  /// Removes kept properties, ownerships of and by it, and its roles.
  static func remove(of id: GUID, tenant: GUID, _ access: AccessControl, in transaction: RecordTransaction) throws {
    try transaction.remove(KeptProperties.self, KeptProperties.key(tenant: tenant, id))
    for ownership in try Ownership.owners(of: id, tenant: tenant, in: transaction) { try transaction.remove(Ownership.self, ownership.key) }
    for ownership in try Ownership.owned(by: id, tenant: tenant, in: transaction) { try transaction.remove(Ownership.self, ownership.key) }
    try access.unassignAll(of: id, tenant: tenant, in: transaction)
  }
}
