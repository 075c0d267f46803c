public import Base
public import Records

/// What services do that follow customers' keys on their own: for data keys that are at rest, and for resources that get another identity.
extension CustomerKeyring {
  /// The newest version of a key, if it may be used for that now. Nothing is wrapped, and nothing is entered in the ledger.
  public func newestVersion(of key: CustomerKey, _ use: CustomerKeyUse) async throws(CustomerKeyError) -> String {
    try await keys.check(key, use)
  }
}

extension Keyring {
  /// Names the principal that must have the right to use the key that protects a data key. Nothing is wrapped anew, so that the key need not be open.
  ///
  /// Throws `KeyringError.noSuchKey`. Does nothing where no customer's key protects it.
  public func reassign(_ id: DataKeyID, tenant: GUID, to identity: GUID, in transaction: RecordTransaction) throws {
    guard let record = try transaction.fetch(WrappedDataKey.self, WrappedDataKey.key(tenant: tenant, id)) else { throw KeyringError.noSuchKey }
    guard var protection = record.protection, protection.identity != identity else { return }
    let content = try openOuter(record, in: transaction)
    protection.identity = identity
    let (version, tenantKey) = try currentTenantKey(tenant, in: transaction)
    var changed = WrappedDataKey(tenant: tenant, id: id, version: version, protection: protection)
    changed.wrapped = try SealedBytes.seal(content, using: tenantKey.wrappingKey, context: changed.context, random: random)
    try transaction.save(changed)
    let entry = DataKeyEntry(tenant: tenant, id: id)
    // The customer allowed another principal: this one is asked for when the key is next needed.
    transaction.afterCommit { [lent] in lent.end(entry) }
  }
}
