internal import Base
internal import Records
internal import ResourceManager
internal import Wire

/// Disks by the encryption sets that they are under.
extension DiskRecord {
  static let setIndex = "encryptionSet"

  /// Bounds of one look.
  private static let maximumListed = 100_000

  var setIndexEntry: RecordIndex? {
    encryptionSet.map { RecordIndex(Self.setIndex, tenant.description, $0.canonical, tenant: .zero) }
  }

  /// The resource that it is of: a disk, a snapshot, or the image that it is a part of.
  var owner: ResourceID {
    guard let segments = id.provided.last?.segments, segments.count > 1 else { return id }
    return id.parent ?? id
  }

  /// The disks under a set, in the order of their ids, from behind `after`.
  static func all(
    under set: ResourceID, tenant: GUID, after: ResourceID? = nil, limit: Int = maximumListed, in reader: any RecordReader
  ) throws -> [DiskRecord] {
    let components = [tenant.description, set.canonical]
    let position = after.map { RecordIndexPosition(components: components, key: key(tenant, $0)) }
    return try reader.list(DiskRecord.self, index: setIndex, components, tenant: .zero, after: position, limit: limit)
  }

  static func isAny(under set: ResourceID, tenant: GUID, in reader: any RecordReader) throws -> Bool {
    try !all(under: set, tenant: tenant, limit: 1, in: reader).isEmpty
  }

  /// The disks of all tenants that are under a set.
  static func underSets(in reader: any RecordReader) throws -> [DiskRecord] {
    try reader.list(DiskRecord.self, index: setIndex, [], tenant: .zero, limit: maximumListed)
  }
}
