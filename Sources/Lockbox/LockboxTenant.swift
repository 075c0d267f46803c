internal import Base
internal import Records

/// Whether a tenant lets itself be asked for access. One that has never said so is as one that has said no: nobody can ask it, and nobody looks.
struct LockboxTenant: Record, Codable, Sendable {
  static let kind = "lockbox.tenant"

  var tenant: GUID
  var isOptedIn: Bool
  var changed: Timestamp

  var key: RecordKey { Self.key(tenant) }

  static func key(_ tenant: GUID) -> RecordKey { RecordKey(tenant: tenant, "lockbox") }

  static func isOptedIn(_ tenant: GUID, in reader: any RecordReader) throws -> Bool {
    try reader.fetch(LockboxTenant.self, key(tenant))?.isOptedIn ?? false
  }
}
