public import Base
public import Records
public import Wire

/// A tracked resource: what Resource Manager stores for every type, and the type's own `properties`.
public struct Resource: Record, Codable, Sendable {
  public static let kind = "arm.resource"

  public var tenant: GUID
  public var id: ResourceID
  public var location: String?
  public var tags: [String: String]
  /// The members beside `properties` that the type uses, as on the wire.
  public var sku: JSON?
  public var kindName: String?
  public var identity: JSON?
  public var zones: [String]?
  /// What the type keeps. The wire form of `properties` is made from it by `ResourceType.render`.
  public var properties: JSON
  public var provisioningState: ProvisioningState
  /// Changes with each change of the resource.
  public var etag: GUID
  public var createdTime: Timestamp
  public var changedTime: Timestamp

  public init(
    tenant: GUID, id: ResourceID, location: String?, tags: [String: String] = [:], sku: JSON? = nil, kindName: String? = nil, identity: JSON? = nil,
    zones: [String]? = nil, properties: JSON = [:], provisioningState: ProvisioningState = .succeeded, etag: GUID, createdTime: Timestamp,
    changedTime: Timestamp
  ) {
    self.tenant = tenant
    self.id = id
    self.location = location
    self.tags = tags
    self.sku = sku
    self.kindName = kindName
    self.identity = identity
    self.zones = zones
    self.properties = properties
    self.provisioningState = provisioningState
    self.etag = etag
    self.createdTime = createdTime
    self.changedTime = changedTime
  }

  /// Filed under the tenant by subscription, group and the rest of the id, lower-cased: one range holds a subscription's or a group's resources.
  public var key: RecordKey { Self.key(tenant: tenant, id) }

  public static func key(tenant: GUID, _ id: ResourceID) -> RecordKey {
    RecordKey(tenant: tenant, components: id.canonical.split(separator: "/").map(String.init))
  }

  /// Finds a subscription's, group's or parent's resources of one type without reading the others.
  public var indexes: [RecordIndex] {
    [RecordIndex(Self.typeIndex, components: Self.typeComponents(id.subscription ?? .zero, id.type ?? "", id))]
  }

  static let typeIndex = "type"

  /// Where resources of a type are filed that lie at or below an id.
  static func typeComponents(_ subscription: GUID, _ type: String, _ id: ResourceID) -> [String] {
    [subscription.description, type.lowercased()] + id.canonical.split(separator: "/").map(String.init)
  }

  public func encode(to writer: inout ByteWriter) throws {
    writer.guid(tenant)
    writer.string(id.description)
    writer.optional(location) { $0.string($1) }
    writer.list(tags.sorted { $0.key < $1.key }) {
      $0.string($1.key)
      $0.string($1.value)
    }
    writer.optional(sku) { $0.blob($1.bytes) }
    writer.optional(kindName) { $0.string($1) }
    writer.optional(identity) { $0.blob($1.bytes) }
    writer.optional(zones) { $0.list($1) { $0.string($1) } }
    writer.blob(properties.bytes)
    writer.string(provisioningState.rawValue)
    writer.guid(etag)
    writer.timestamp(createdTime)
    writer.timestamp(changedTime)
  }

  public init(from reader: inout ByteReader, format: UInt8) throws {
    tenant = try reader.guid()
    guard let id = ResourceID(try reader.string()) else { throw ByteReader.Malformed() }
    self.id = id
    location = try reader.optional { try $0.string() }
    let pairs = try reader.list { (try $0.string(), try $0.string()) }
    tags = Dictionary(pairs) { $1 }
    sku = try reader.optional { try JSON(parsing: try $0.blob()) }
    kindName = try reader.optional { try $0.string() }
    identity = try reader.optional { try JSON(parsing: try $0.blob()) }
    zones = try reader.optional { try $0.list { try $0.string() } }
    properties = try JSON(parsing: try reader.blob())
    guard let state = ProvisioningState(rawValue: try reader.string()) else { throw ByteReader.Malformed() }
    provisioningState = state
    etag = try reader.guid()
    createdTime = try reader.timestamp()
    changedTime = try reader.timestamp()
  }
}

/// Source: Microsoft, "Async operations: provisioningState values".
public enum ProvisioningState: String, Codable, Sendable {
  case creating = "Creating"
  case updating = "Updating"
  case deleting = "Deleting"
  case succeeded = "Succeeded"
  case failed = "Failed"
  case canceled = "Canceled"

  /// Whether nothing is under way.
  public var isFinal: Bool {
    switch self {
    case .creating, .updating, .deleting: false
    case .succeeded, .failed, .canceled: true
    }
  }
}
