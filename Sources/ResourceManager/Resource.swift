public import Base
public import Records
public import Wire

/// A tracked resource: what Resource Manager stores for every type, and the type's own `properties`.
public struct Resource: Record, Codable, Sendable {
  public static let kind = "arm.resource"
  public static let format: UInt8 = 2

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
  /// What is not open of it, as it rests: `content` is empty meanwhile.
  var sealed: SealedContent?

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
