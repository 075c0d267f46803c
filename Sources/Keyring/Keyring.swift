public import Base
public import Crypto
public import Records
internal import Synchronization

#if canImport(FoundationEssentials)
  internal import FoundationEssentials
#endif

/// The key hierarchy: the root key wraps one key-encryption key a tenant, which wraps the tenant's data keys and its secrets.
///
/// Keys rest wrapped in `Records`. Destroying a data key makes everything under it unreadable for good: that rests on the record store overwriting what is
/// removed (SQLite's `secure_delete`, which `SQLiteRecordStore` sets and asks back), on its write-ahead log being bounded and reused, and on backups
/// being given up. The platform itself is the tenant `GUID.zero`.
public final class Keyring: Sendable {
  struct Roots: Sendable {
    var current: RootKey
    /// The root key that takes over, while it is rotated: new tenant keys are wrapped by both.
    var next: RootKey?
  }

  struct TenantKeyID: Hashable, Sendable {
    var tenant: GUID
    var version: UInt32
  }

  struct DataKeyEntry: Hashable, Sendable {
    var tenant: GUID
    var id: DataKeyID
  }

  let random: any RandomSource
  let roots: Mutex<Roots>
  let dataKeys = KeyCache<DataKeyEntry>(limit: KeyringLimits.maximumCachedDataKeys)
  let tenantKeys = KeyCache<TenantKeyID>(limit: KeyringLimits.maximumCachedTenantKeys)
  /// Data keys that customers protect, while the customers' keys are open.
  let lent: LentKeys

  /// A keyring under a root key. `random` gives keys and nonces: in production nothing but the system's generator. By `clock` go the times for which
  /// customers lend their keys.
  public init(rootKey: RootKey, random: any RandomSource, clock: any WallClock = SystemClock()) {
    self.random = random
    lent = LentKeys(clock: clock)
    roots = Mutex(Roots(current: rootKey))
  }

  /// The identifier of the root key in use.
  public var rootKeyID: GUID { rootKey.id }

  /// The root key in use.
  public var rootKey: RootKey { roots.withLock { $0.current } }

  /// Makes a data key for one owner (a storage account, a disk) of a tenant. The tenant's own key is made where there is none yet.
  ///
  /// `key` is one that something was made with before it had an owner; nil for a new one.
  public func makeDataKey(_ key: SymmetricKey? = nil, tenant: GUID, in transaction: RecordTransaction) throws -> DataKeyID {
    let (version, tenantKey) = try currentTenantKey(tenant, in: transaction)
    var record = WrappedDataKey(tenant: tenant, id: random.guid(), version: version)
    record.wrapped = try tenantKey.wrappingKey.wrap(key ?? SymmetricKey(random: random), context: record.context, random: random)
    guard try transaction.insert(record) else { preconditionFailure("a random identifier came twice") }
    return record.id
  }

  /// The key itself; cached in memory after its first use. Throws `KeyringError.noSuchKey` once it was destroyed, and `KeyringError.closed` where a
  /// customer's key protects it that is not open.
  public func dataKey(_ id: DataKeyID, tenant: GUID, in reader: any RecordReader) throws -> SymmetricKey {
    if let key = cachedDataKey(id, tenant: tenant) { return key }
    guard let record = try reader.fetch(WrappedDataKey.self, WrappedDataKey.key(tenant: tenant, id)) else { throw KeyringError.noSuchKey }
    guard record.protection == nil else { throw KeyringError.closed }
    let entry = DataKeyEntry(tenant: tenant, id: id)
    let key = try unwrap(record, in: reader)
    dataKeys.insert(key, for: entry, of: tenant)
    return key
  }

  /// A data key that is in memory since its last use, without a read; nil when it is not there, which says nothing about whether it exists.
  public func cachedDataKey(_ id: DataKeyID, tenant: GUID) -> SymmetricKey? {
    let entry = DataKeyEntry(tenant: tenant, id: id)
    return dataKeys[entry] ?? lent[entry]
  }

  /// Whether a data key is open because a customer's key allows it, and only for as long.
  public func isLent(_ id: DataKeyID, tenant: GUID) -> Bool { lent[DataKeyEntry(tenant: tenant, id: id)] != nil }

  /// Destroys a data key: its record goes, and with the commit its cached copy. Throws `KeyringError.noSuchKey` when there is none.
  public func destroyDataKey(_ id: DataKeyID, tenant: GUID, in transaction: RecordTransaction) throws {
    guard try transaction.remove(WrappedDataKey.self, WrappedDataKey.key(tenant: tenant, id)) else { throw KeyringError.noSuchKey }
    transaction.afterCommit { [dataKeys, lent] in
      let entry = DataKeyEntry(tenant: tenant, id: id)
      dataKeys.destroy(entry)
      lent.destroy(entry)
    }
  }

  /// Encrypts a small secret (an account key, a signing key) of up to `KeyringLimits.maximumSecretBytes` under the tenant's key. `context` is
  /// authenticated with it and must be given again.
  public func seal(_ plaintext: some Collection<UInt8>, context: String, tenant: GUID, in transaction: RecordTransaction) throws -> [UInt8] {
    precondition(plaintext.count <= KeyringLimits.maximumSecretBytes, "a secret beyond the bound")
    let (version, key) = try currentTenantKey(tenant, in: transaction)
    let secret = SealedSecret(
      version: version,
      sealed: try SealedBytes.seal(
        Array(plaintext), using: key.secretsKey, context: SealedSecret.context(context, tenant: tenant, version: version), random: random))
    return secret.bytes
  }

  /// Decrypts what `seal` gave. Throws `KeyringError.corrupt` when the bytes, the context or the tenant are not those.
  public func open(_ sealed: some Collection<UInt8>, context: String, tenant: GUID, in reader: any RecordReader) throws -> [UInt8] {
    let secret = try SealedSecret(sealed)
    let key: TenantKeyMaterial
    do {
      key = try tenantKey(tenant, version: secret.version, in: reader)
    } catch KeyringError.noSuchKey {
      throw KeyringError.corrupt
    }
    let context = SealedSecret.context(context, tenant: tenant, version: secret.version)
    return Array(try SealedBytes.open(secret.sealed, using: key.secretsKey, context: context))
  }

  /// Whether a sealed secret is under the tenant's current key: one that is not is best sealed anew. Throws `KeyringError.corrupt` when it is no sealed secret.
  public func isCurrent(_ sealed: some Collection<UInt8>, tenant: GUID, in reader: any RecordReader) throws -> Bool {
    try reader.fetch(CurrentTenantKey.self, RecordKey(tenant: tenant))?.version == SealedSecret(sealed).version
  }

  func unwrap(_ record: WrappedDataKey, in reader: any RecordReader) throws -> SymmetricKey {
    guard record.protection == nil else { throw KeyringError.closed }
    return try tenantKey(record.tenant, version: record.version, in: reader).wrappingKey.unwrap(record.wrapped, context: record.context)
  }

  /// The key that wraps what is new, made where the tenant has none.
  func currentTenantKey(_ tenant: GUID, in transaction: RecordTransaction) throws -> (version: UInt32, key: TenantKeyMaterial) {
    guard let current = try transaction.fetch(CurrentTenantKey.self, RecordKey(tenant: tenant)) else {
      return (1, try makeTenantKey(tenant, version: 1, in: transaction))
    }
    return (current.version, try tenantKey(tenant, version: current.version, in: transaction))
  }

  /// Makes a version of a tenant's key and makes it the current one.
  func makeTenantKey(_ tenant: GUID, version: UInt32, in transaction: RecordTransaction) throws -> TenantKeyMaterial {
    let key = SymmetricKey(random: random)
    var record = TenantKey(tenant: tenant, version: version)
    // Read, so that the transaction runs again if a rotation of the root key begins before it commits.
    let rotation = try transaction.fetch(RootKeyRotation.self, RootKeyRotation.key)
    let roots = roots.withLock { $0 }
    for root in [roots.current, roots.next].compactMap({ $0 }) where root.id == roots.current.id || root.id == rotation?.next {
      record.wrappings.append(.init(root: root.id, wrapped: try root.wrap(key, context: record.context, random: random)))
    }
    guard try transaction.insert(record) else { preconditionFailure("a version of a tenant's key was made twice") }
    try transaction.save(CurrentTenantKey(tenant: tenant, version: version))
    return TenantKeyMaterial(key)
  }

  func tenantKey(_ tenant: GUID, version: UInt32, in reader: any RecordReader) throws -> TenantKeyMaterial {
    let id = TenantKeyID(tenant: tenant, version: version)
    if let key = tenantKeys[id] { return TenantKeyMaterial(key) }
    guard let record = try reader.fetch(TenantKey.self, TenantKey.key(tenant: tenant, version: version)) else { throw KeyringError.noSuchKey }
    let key = try unwrap(record)
    if let transaction = reader as? RecordTransaction {
      // One that made the key may yet fail, and the version be made again with another key.
      transaction.afterCommit { [tenantKeys] in tenantKeys.insert(key, for: id, of: tenant) }
    } else {
      tenantKeys.insert(key, for: id, of: tenant)
    }
    return TenantKeyMaterial(key)
  }

  func unwrap(_ record: TenantKey) throws -> SymmetricKey {
    let roots = roots.withLock { $0 }
    for root in [roots.current, roots.next].compactMap({ $0 }) {
      guard let wrapping = record.wrappings.first(where: { $0.root == root.id }) else { continue }
      return try root.unwrap(wrapping.wrapped, context: record.context)
    }
    throw KeyringError.wrongRootKey(expected: record.wrappings.map(\.root))
  }
}

/// Identifies a data key among those of its tenant.
public typealias DataKeyID = GUID
