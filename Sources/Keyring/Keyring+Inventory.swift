public import Base
public import Records

/// What is known of keys without opening any.
extension Keyring {
  /// A version of a tenant's key, as it rests in the records.
  public struct TenantKeyDescription: Hashable, Sendable {
    public var tenant: GUID
    public var version: UInt32
    /// The root keys that it is wrapped by: one, or two while the root key is rotated.
    public var roots: [GUID]
    public var bits: Int
  }

  /// A data key, as it rests in the records.
  public struct DataKeyDescription: Hashable, Sendable {
    public var tenant: GUID
    public var id: DataKeyID
    /// The version of the tenant's key that wraps it.
    public var tenantKeyVersion: UInt32
    public var bits: Int
    /// How a customer's key protects it; nil where none does.
    public var protection: CustomerProtection?

    init(_ record: WrappedDataKey) {
      tenant = record.tenant
      id = record.id
      tenantKeyVersion = record.version
      protection = record.protection
      // What a customer's key has wrapped was checked to be a key of 256 bits, before and after.
      bits = record.protection == nil ? SealedBytes.plaintextBits(sealedBytes: record.wrapped.count) : 256
    }
  }

  /// The keys of all tenants, every version, up to `limit`.
  public static func tenantKeys(limit: Int, in reader: any RecordReader) throws -> [TenantKeyDescription] {
    try reader.list(TenantKey.self, index: TenantKey.everyIndex, [], tenant: .zero, limit: limit).map { record in
      TenantKeyDescription(
        tenant: record.tenant, version: record.version, roots: record.wrappings.map(\.root),
        bits: record.wrappings.map { SealedBytes.plaintextBits(sealedBytes: $0.wrapped.count) }.min() ?? 0)
    }
  }

  /// The version of a tenant's key that wraps what is new; nil where the tenant has none.
  public static func currentVersion(ofTenant tenant: GUID, in reader: any RecordReader) throws -> UInt32? {
    try reader.fetch(CurrentTenantKey.self, RecordKey(tenant: tenant))?.version
  }

  /// The data keys of a tenant, up to `limit`.
  public static func dataKeys(ofTenant tenant: GUID, limit: Int, in reader: any RecordReader) throws -> [DataKeyDescription] {
    try reader.list(WrappedDataKey.self, under: RecordKey(tenant: tenant), limit: limit).map(DataKeyDescription.init)
  }

  /// A tenant's data key; nil where there is none of the id.
  public static func description(ofDataKey id: DataKeyID, tenant: GUID, in reader: any RecordReader) throws -> DataKeyDescription? {
    try reader.fetch(WrappedDataKey.self, WrappedDataKey.key(tenant: tenant, id)).map(DataKeyDescription.init)
  }
}

extension SealedBytes {
  /// How long what is sealed in so many bytes is, in bits.
  static func plaintextBits(sealedBytes: Int) -> Int { max(0, sealedBytes - Keyring.payloadOverheadBytes) * 8 }
}
