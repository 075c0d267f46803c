internal import Base
internal import Records

/// One version of a tenant's key-encryption key, wrapped by the root key.
///
/// Versions stay for good: secrets that were sealed under one rest in records that the keyring does not see.
struct TenantKey: Record, Equatable {
  static let kind = "keyring.tenantKey"
  /// The keys of all tenants, under the platform.
  static let everyIndex = "every"

  var tenant: GUID
  var version: UInt32
  /// One a root key; two while the root key is rotated.
  var wrappings: [Wrapping]

  struct Wrapping: Equatable {
    var root: GUID
    var wrapped: [UInt8]
  }

  var key: RecordKey { Self.key(tenant: tenant, version: version) }

  static func key(tenant: GUID, version: UInt32) -> RecordKey {
    RecordKey(tenant: tenant, String(version))
  }

  var everyComponents: [String] { [tenant.description, String(version)] }

  var indexes: [RecordIndex] { [RecordIndex(Self.everyIndex, components: everyComponents, tenant: .zero)] }

  /// What is authenticated with a wrapped key, so that no key can stand in for another.
  var context: [UInt8] {
    var writer = ByteWriter()
    writer.string(Self.kind)
    writer.guid(tenant)
    writer.unsigned(UInt64(version))
    return writer.bytes
  }

  func encode(to writer: inout ByteWriter) {
    writer.guid(tenant)
    writer.unsigned(UInt64(version))
    writer.list(wrappings) { writer, wrapping in
      writer.guid(wrapping.root)
      writer.blob(wrapping.wrapped)
    }
  }

  init(tenant: GUID, version: UInt32, wrappings: [Wrapping] = []) {
    self.tenant = tenant
    self.version = version
    self.wrappings = wrappings
  }

  init(from reader: inout ByteReader, format: UInt8) throws {
    tenant = try reader.guid()
    guard let version = UInt32(exactly: try reader.unsigned()) else { throw ByteReader.Malformed() }
    self.version = version
    wrappings = try reader.list { Wrapping(root: try $0.guid(), wrapped: try $0.blob()) }
  }
}
