internal import Base
internal import Records

/// Which version of a tenant's key wraps what is new.
struct CurrentTenantKey: Record, Equatable {
  static let kind = "keyring.currentTenantKey"

  var tenant: GUID
  var version: UInt32

  var key: RecordKey { RecordKey(tenant: tenant) }

  func encode(to writer: inout ByteWriter) {
    writer.guid(tenant)
    writer.unsigned(UInt64(version))
  }

  init(tenant: GUID, version: UInt32) {
    self.tenant = tenant
    self.version = version
  }

  init(from reader: inout ByteReader, format: UInt8) throws {
    tenant = try reader.guid()
    guard let version = UInt32(exactly: try reader.unsigned()) else { throw ByteReader.Malformed() }
    self.version = version
  }
}
