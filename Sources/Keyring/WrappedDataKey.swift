internal import Base
internal import Records

/// A data key, wrapped by a version of its tenant's key.
struct WrappedDataKey: Record, Equatable {
  static let kind = "keyring.dataKey"
  /// A tenant's data keys by the version of the key that wraps them.
  static let versionIndex = "version"

  var tenant: GUID
  var id: GUID
  /// The version of the tenant's key.
  var version: UInt32
  var wrapped: [UInt8]

  var key: RecordKey { Self.key(tenant: tenant, id) }

  static func key(tenant: GUID, _ id: GUID) -> RecordKey {
    RecordKey(tenant: tenant, id.description)
  }

  /// Ten digits hold every version, so that their order is that of the numbers.
  static func indexComponent(version: UInt32) -> String {
    let digits = String(version)
    return String(repeating: "0", count: 10 - digits.count) + digits
  }

  var indexes: [RecordIndex] { [RecordIndex(Self.versionIndex, Self.indexComponent(version: version))] }

  /// What is authenticated with the wrapped key.
  var context: [UInt8] {
    var writer = ByteWriter()
    writer.string(Self.kind)
    writer.guid(tenant)
    writer.guid(id)
    writer.unsigned(UInt64(version))
    return writer.bytes
  }

  func encode(to writer: inout ByteWriter) {
    writer.guid(tenant)
    writer.guid(id)
    writer.unsigned(UInt64(version))
    writer.blob(wrapped)
  }

  init(tenant: GUID, id: GUID, version: UInt32, wrapped: [UInt8] = []) {
    self.tenant = tenant
    self.id = id
    self.version = version
    self.wrapped = wrapped
  }

  init(from reader: inout ByteReader, format: UInt8) throws {
    tenant = try reader.guid()
    id = try reader.guid()
    guard let version = UInt32(exactly: try reader.unsigned()) else { throw ByteReader.Malformed() }
    self.version = version
    wrapped = try reader.blob()
  }
}
