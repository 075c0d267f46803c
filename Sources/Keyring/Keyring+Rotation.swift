public import Base
internal import Crypto
public import Records
internal import Synchronization

extension Keyring {
  /// Makes a new version of a tenant's key and rewraps the tenant's data keys with it; the data under them is not touched.
  ///
  /// At most `KeyringLimits.maximumRewrapsPerTransaction` data keys are rewrapped; false when some are left, for `rewrapDataKeys`. They work meanwhile.
  /// Sealed secrets keep naming the version that sealed them, and every version stays readable: `isCurrent` tells which are worth sealing anew.
  @discardableResult
  public func rotateTenantKey(tenant: GUID, in transaction: RecordTransaction) throws -> Bool {
    let current = try transaction.fetch(CurrentTenantKey.self, RecordKey(tenant: tenant))
    _ = try makeTenantKey(tenant, version: (current?.version ?? 0) + 1, in: transaction)
    return try rewrapDataKeys(tenant: tenant, in: transaction)
  }

  /// Rewraps data keys that are still under an earlier version of their tenant's key, up to `KeyringLimits.maximumRewrapsPerTransaction`; true when
  /// none is left.
  public func rewrapDataKeys(tenant: GUID, in transaction: RecordTransaction) throws -> Bool {
    let (version, tenantKey) = try currentTenantKey(tenant, in: transaction)
    let limit = KeyringLimits.maximumRewrapsPerTransaction
    // In order of versions: those under the current one come last.
    let records = try transaction.list(WrappedDataKey.self, index: WrappedDataKey.versionIndex, [], tenant: tenant, limit: limit)
    for record in records where record.version != version {
      // What a customer's key has wrapped stays so inside.
      let content = try openOuter(record, in: transaction)
      var rewrapped = WrappedDataKey(tenant: tenant, id: record.id, version: version, protection: record.protection)
      rewrapped.wrapped = try SealedBytes.seal(content, using: tenantKey.wrappingKey, context: rewrapped.context, random: random)
      try transaction.save(rewrapped)
    }
    return records.count < limit || records.last?.version == version
  }

  /// Puts a new root key in the place of the current one: every tenant key is wrapped by both, then `install` makes `next` what the next start will find
  /// (for a file: `RootKey.move`), then the wrappings by the old one go.
  ///
  /// A crash at any point leaves a cloud that opens with whichever key is installed. After one, or after an error, call it again with the same `next`
  /// or another; where `next` was installed already, `retireOldRootKeys` alone is left to do. Rotations must not run beside each other.
  ///
  /// `ended` runs once in the transaction that ends the rotation, also when that is `retireOldRootKeys` after a crash.
  public func rotateRootKey(
    to next: RootKey, records: any RecordStore, install: @Sendable () async throws -> Void,
    ended: @escaping @Sendable (RecordTransaction) throws -> Void = { _ in }
  ) async throws {
    roots.withLock { $0.next = next }
    try await records.write { try $0.save(RootKeyRotation(next: next.id)) }
    try await forEachPage(of: records) { record, transaction in
      guard !record.wrappings.contains(where: { $0.root == next.id }) else { return }
      let key = try self.unwrap(record)
      var record = record
      record.wrappings.append(.init(root: next.id, wrapped: try next.wrap(key, context: record.context, random: self.random)))
      try transaction.save(record)
    }
    try await install()
    roots.withLock { $0 = Roots(current: next) }
    try await retireOldRootKeys(records: records, ended: ended)
  }

  /// Removes the wrappings by root keys other than the current one, which a rotation leaves when it is cut short after `install`.
  public func retireOldRootKeys(
    records: any RecordStore, ended: @escaping @Sendable (RecordTransaction) throws -> Void = { _ in }
  ) async throws {
    // First, so that a tenant key which is being made under both root keys is made again, or is seen below.
    try await records.write { transaction in
      if try transaction.remove(RootKeyRotation.self, RootKeyRotation.key) { try ended(transaction) }
    }
    let current = rootKeyID
    try await forEachPage(of: records) { record, transaction in
      guard record.wrappings.count > 1, record.wrappings.contains(where: { $0.root == current }) else { return }
      var record = record
      record.wrappings.removeAll { $0.root != current }
      try transaction.save(record)
    }
  }

  /// Visits every tenant key, so many in one transaction.
  private func forEachPage(
    of records: any RecordStore, _ visit: @escaping @Sendable (TenantKey, RecordTransaction) throws -> Void
  ) async throws {
    var position: RecordIndexPosition?
    repeat {
      position = try await records.write { [position] transaction in
        let limit = KeyringLimits.maximumRewrapsPerTransaction
        let page = try transaction.list(TenantKey.self, index: TenantKey.everyIndex, [], tenant: .zero, after: position, limit: limit)
        for record in page { try visit(record, transaction) }
        return page.count < limit ? nil : page.last.map { RecordIndexPosition(components: $0.everyComponents, key: $0.key) }
      }
    } while position != nil
  }
}
