public import Base
internal import Crypto
public import Records

/// Data keys under customers' keys. `CustomerKeyring` asks the customers; what is here is done in a transaction.
extension Keyring {
  /// A data key that a customer's key has wrapped, on its way into a record.
  public struct PreparedDataKey: Sendable {
    /// Nil for a new key.
    var id: DataKeyID?
    var tenant: GUID
    var key: SymmetricKey
    var wrapping: CustomerWrapping
    public var protection: CustomerProtection
    /// When the customer's side was asked.
    var asked: Timestamp

    public var isNew: Bool { id == nil }

    /// Whether it is a data key that exists.
    public func isOf(_ id: DataKeyID) -> Bool { self.id == id }
  }

  /// Makes a data key that a customer's key protects, of one that was prepared as new.
  public func makeDataKey(_ prepared: PreparedDataKey, in transaction: RecordTransaction) throws -> DataKeyID {
    precondition(prepared.id == nil, "a data key that exists already")
    let id = random.guid()
    guard try transaction.insert(try sealed(prepared, id, in: transaction)) else { preconditionFailure("a random identifier came twice") }
    lend(prepared, id, after: transaction)
    return id
  }

  /// Puts a data key that exists under a customer's key, in the place of the protection that it has. What it encrypts is not touched.
  ///
  /// Throws `KeyringError.noSuchKey` where the key was destroyed meanwhile.
  public func protect(_ prepared: PreparedDataKey, in transaction: RecordTransaction) throws {
    guard let id = prepared.id else { preconditionFailure("a data key that does not exist") }
    guard let present = try transaction.fetch(WrappedDataKey.self, WrappedDataKey.key(tenant: prepared.tenant, id)) else {
      throw KeyringError.noSuchKey
    }
    // Of a tenant whose keys were destroyed meanwhile, nothing comes back.
    _ = try openOuter(present, in: transaction)
    try transaction.save(try sealed(prepared, id, in: transaction))
    let entry = DataKeyEntry(tenant: prepared.tenant, id: id)
    // A read that began earlier must not bring the key back to where nobody asks the customer.
    transaction.afterCommit { [dataKeys] in dataKeys.destroy(entry) }
    lend(prepared, id, after: transaction)
  }

  /// Gives a data key back to the tenant's key alone. Throws `KeyringError.closed` where the customer's key is not open.
  public func unprotect(_ id: DataKeyID, tenant: GUID, in transaction: RecordTransaction) throws {
    guard let record = try transaction.fetch(WrappedDataKey.self, WrappedDataKey.key(tenant: tenant, id)) else { throw KeyringError.noSuchKey }
    guard record.protection != nil else { return }
    let entry = DataKeyEntry(tenant: tenant, id: id)
    guard let key = lent[entry] else { throw KeyringError.closed }
    let (version, tenantKey) = try currentTenantKey(tenant, in: transaction)
    var plain = WrappedDataKey(tenant: tenant, id: id, version: version)
    plain.wrapped = try tenantKey.wrappingKey.wrap(key, context: plain.context, random: random)
    try transaction.save(plain)
    transaction.afterCommit { [dataKeys, lent] in
      dataKeys.allow(entry)
      lent.end(entry)
    }
  }

  /// How a customer's key protects a data key; nil where none does. Throws `KeyringError.noSuchKey`.
  public static func protection(of id: DataKeyID, tenant: GUID, in reader: any RecordReader) throws -> CustomerProtection? {
    guard let record = try reader.fetch(WrappedDataKey.self, WrappedDataKey.key(tenant: tenant, id)) else { throw KeyringError.noSuchKey }
    return record.protection
  }

  /// Data keys of all tenants that customers' keys protect, from behind one of them.
  static func protectedDataKeys(after: WrappedDataKey?, limit: Int, in reader: any RecordReader) throws -> [WrappedDataKey] {
    let position = after.map { RecordIndexPosition(components: $0.protectedComponents, key: $0.key) }
    return try reader.list(WrappedDataKey.self, index: WrappedDataKey.protectedIndex, [], tenant: .zero, after: position, limit: limit)
  }

  /// What the tenant's key has wrapped: a data key, or what a customer's key has made of one.
  func openOuter(_ record: WrappedDataKey, in reader: any RecordReader) throws -> [UInt8] {
    let key = try tenantKey(record.tenant, version: record.version, in: reader).wrappingKey
    return Array(try SealedBytes.open(record.wrapped, using: key, context: record.context))
  }

  private func sealed(_ prepared: PreparedDataKey, _ id: DataKeyID, in transaction: RecordTransaction) throws -> WrappedDataKey {
    let (version, tenantKey) = try currentTenantKey(prepared.tenant, in: transaction)
    var record = WrappedDataKey(tenant: prepared.tenant, id: id, version: version, protection: prepared.protection)
    record.wrapped = try SealedBytes.seal(prepared.wrapping.wrapped, using: tenantKey.wrappingKey, context: record.context, random: random)
    return record
  }

  private func lend(_ prepared: PreparedDataKey, _ id: DataKeyID, after transaction: RecordTransaction) {
    let entry = DataKeyEntry(tenant: prepared.tenant, id: id)
    transaction.afterCommit { [lent] in lent.lend(prepared.key, entry, prepared.protection, asked: prepared.asked) }
  }
}
