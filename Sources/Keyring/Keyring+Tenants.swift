public import Base
internal import Crypto
public import Records

/// The end of a tenant's keys.
extension Keyring {
  /// A key that is no more, as a certificate names it.
  public struct DestroyedKey: Hashable, Sendable, Codable {
    /// `tenant/<version>`, or `data/<id>`.
    public var name: String
    /// Derived from the key one way: tells it from every other and reveals nothing of it. In hexadecimal; nil for a key that could not be opened.
    public var fingerprint: String?
  }

  /// What `destroyTenantKeys` destroyed.
  public struct DestroyedKeys: Sendable {
    /// Every version of the tenant's key, and the first `KeyringLimits.maximumNamedDataKeys` of its data keys.
    public var keys: [DestroyedKey]
    public var tenantKeyCount: Int
    public var dataKeyCount: Int
  }

  /// Destroys every version of a tenant's key, and with the commit every key of the tenant that is in memory. From then on nothing opens what is
  /// under them: its data keys, its sealed secrets, every byte of its extents and disks.
  ///
  /// The wrapped data keys stay until whatever they belong to is removed, and open under nothing.
  public func destroyTenantKeys(_ tenant: GUID, in transaction: RecordTransaction) throws -> DestroyedKeys {
    precondition(tenant != .zero, "the platform's own keys are no tenant's")
    let versions = try transaction.list(TenantKey.self, under: RecordKey(tenant: tenant), limit: KeyringLimits.maximumTenantKeyVersions)
    let wrapped = try transaction.list(WrappedDataKey.self, under: RecordKey(tenant: tenant), limit: KeyringLimits.maximumCountedDataKeys)
    var keys = versions.map { DestroyedKey(name: "tenant/\($0.version)", fingerprint: (try? unwrap($0))?.fingerprint) }
    keys += wrapped.prefix(KeyringLimits.maximumNamedDataKeys).map { record in
      DestroyedKey(name: "data/\(record.id)", fingerprint: (try? unwrap(record, in: transaction))?.fingerprint)
    }
    for version in versions { try transaction.remove(TenantKey.self, version.key) }
    try transaction.remove(CurrentTenantKey.self, RecordKey(tenant: tenant))
    transaction.afterCommit { [dataKeys, lent, tenantKeys] in
      tenantKeys.destroyAll(of: tenant) { $0.tenant == tenant }
      dataKeys.destroyAll(of: tenant) { $0.tenant == tenant }
      lent.destroyAll(of: tenant)
    }
    return DestroyedKeys(keys: keys, tenantKeyCount: versions.count, dataKeyCount: wrapped.count)
  }
}

extension SymmetricKey {
  fileprivate var fingerprint: String { derived(for: "key: fingerprint").withUnsafeBytes { Array($0).hexadecimal } }
}
