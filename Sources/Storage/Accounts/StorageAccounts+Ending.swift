public import Base
public import Records

extension StorageAccounts {
  /// Forgets, with the commit of the transaction that destroys a tenant's keys, every account of the tenant: what is asked of one from then on finds no
  /// key that opens.
  public func forgetAccounts(of tenant: GUID, in transaction: RecordTransaction) throws {
    let accounts = try transaction.list(
      StorageAccount.self, index: StorageAccount.placeIndex, [], tenant: tenant, limit: Self.maximumForgotten)
    for account in accounts { invalidate(account.name, after: transaction) }
  }

  private static let maximumForgotten = 10_000
}
