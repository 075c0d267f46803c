internal import Base
internal import Records
internal import Wire

/// The properties of a directory object that the platform does not use itself: kept for the caller and given back.
struct KeptProperties: Record, Codable {
  static let kind = "directory.kept"

  var tenant: GUID
  var id: GUID
  var properties: JSON

  static func key(tenant: GUID, _ id: GUID) -> RecordKey { RecordKey(tenant: tenant, id.description) }

  var key: RecordKey { Self.key(tenant: tenant, id) }
}

/// That a principal owns a group or an application.
struct Ownership: Record, Codable {
  static let kind = "directory.ownership"

  var tenant: GUID
  var object: GUID
  var owner: GUID

  static func key(tenant: GUID, object: GUID, owner: GUID) -> RecordKey {
    RecordKey(tenant: tenant, object.description, owner.description)
  }

  /// Filed under the object; the index finds what somebody owns.
  var key: RecordKey { Self.key(tenant: tenant, object: object, owner: owner) }

  var indexes: [RecordIndex] { [RecordIndex(Self.ownerIndex, owner.description)] }

  static let ownerIndex = "directory.ownership.owner"

  static func owners(of object: GUID, tenant: GUID, in reader: any RecordReader) throws -> [Ownership] {
    try reader.list(Ownership.self, under: RecordKey(tenant: tenant, object.description), limit: DirectoryLimits.maximumOwners)
  }

  static func owned(by owner: GUID, tenant: GUID, in reader: any RecordReader) throws -> [Ownership] {
    try reader.list(Ownership.self, index: Ownership.ownerIndex, [owner.description], tenant: tenant, limit: DirectoryLimits.maximumOwnedObjects)
  }
}
