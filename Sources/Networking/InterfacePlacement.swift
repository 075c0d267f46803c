internal import Base
internal import Records
internal import ResourceManager
internal import Wire

/// That an interface belongs to a machine which runs, or is about to, on a host.
struct InterfacePlacement: Record, Codable {
  static let kind = "network.placement"

  var tenant: GUID
  var interface: ResourceID
  var host: String

  var key: RecordKey { Self.key(tenant, interface) }
  var indexes: [RecordIndex] { [RecordIndex(Self.hostIndex, host, tenant: .zero)] }

  static func key(_ tenant: GUID, _ interface: ResourceID) -> RecordKey { RecordKey(tenant: tenant, interface.canonical) }
  private static let hostIndex = "host"
  /// Interfaces of one host.
  private static let maximum = 65_536

  static func all(on host: String, in reader: any RecordReader) throws -> [InterfacePlacement] {
    try reader.list(InterfacePlacement.self, index: hostIndex, [host], tenant: .zero, limit: maximum)
  }

  static func remove(of resource: Resource, in transaction: RecordTransaction) throws {
    try transaction.remove(InterfacePlacement.self, key(resource.tenant, resource.id))
  }
}
