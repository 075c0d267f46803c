internal import Base
internal import Records

/// A data key, wrapped by a version of its tenant's key; before that by a customer's, where a customer protects it.
struct WrappedDataKey: Record, Equatable {
  static let kind = "keyring.dataKey"
  static let format: UInt8 = 2
  /// A tenant's data keys by the version of the key that wraps them.
  static let versionIndex = "version"
  /// Those of all tenants that customers' keys protect.
  static let protectedIndex = "protected"

  var tenant: GUID
  var id: GUID
  /// The version of the tenant's key.
  var version: UInt32
  var wrapped: [UInt8]
  /// Nil: the tenant's key alone opens it.
  var protection: CustomerProtection?

  var key: RecordKey { Self.key(tenant: tenant, id) }

  static func key(tenant: GUID, _ id: GUID) -> RecordKey {
    RecordKey(tenant: tenant, id.description)
  }

  /// Ten digits hold every version, so that their order is that of the numbers.
  static func indexComponent(version: UInt32) -> String {
    let digits = String(version)
    return String(repeating: "0", count: 10 - digits.count) + digits
  }

  var indexes: [RecordIndex] {
    let place = RecordIndex(Self.versionIndex, Self.indexComponent(version: version))
    return protection == nil ? [place] : [place, RecordIndex(Self.protectedIndex, components: protectedComponents, tenant: .zero)]
  }

  /// Where it is found by `protectedIndex`.
  var protectedComponents: [String] { [tenant.description, id.description] }

  /// What is authenticated with the wrapped key.
  var context: [UInt8] {
    var writer = ByteWriter()
    writer.string(Self.kind)
    writer.guid(tenant)
    writer.guid(id)
    writer.unsigned(UInt64(version))
    protection?.encode(to: &writer)
    return writer.bytes
  }

  func encode(to writer: inout ByteWriter) {
    writer.guid(tenant)
    writer.guid(id)
    writer.unsigned(UInt64(version))
    writer.blob(wrapped)
    writer.optional(protection) { $1.encode(to: &$0) }
  }

  init(tenant: GUID, id: GUID, version: UInt32, wrapped: [UInt8] = [], protection: CustomerProtection? = nil) {
    self.tenant = tenant
    self.id = id
    self.version = version
    self.wrapped = wrapped
    self.protection = protection
  }

  init(from reader: inout ByteReader, format: UInt8) throws {
    tenant = try reader.guid()
    id = try reader.guid()
    guard let version = UInt32(exactly: try reader.unsigned()) else { throw ByteReader.Malformed() }
    self.version = version
    wrapped = try reader.blob()
    protection = format < 2 ? nil : try reader.optional { try CustomerProtection(from: &$0) }
  }
}
