public import Base
public import Records
internal import Wire

/// A tenant's unit of ownership: everything that Resource Manager keeps lives in one.
public struct Subscription: Record, Codable, Sendable {
  public static let kind = "arm.subscription"

  public enum State: String, Codable, Sendable {
    case enabled = "Enabled"
    case disabled = "Disabled"
  }

  public var id: GUID
  public var tenant: GUID
  public var displayName: String
  public var state: State
  public var tags: [String: String]
  public var createdTime: Timestamp

  public init(id: GUID, tenant: GUID, displayName: String, state: State = .enabled, tags: [String: String] = [:], createdTime: Timestamp) {
    self.id = id
    self.tenant = tenant
    self.displayName = displayName
    self.state = state
    self.tags = tags
    self.createdTime = createdTime
  }

  public var key: RecordKey { Self.key(tenant: tenant, id) }

  /// Found across tenants by the platform's background work only.
  public var indexes: [RecordIndex] { [RecordIndex(Self.allIndex, id.description, tenant: .zero)] }

  static let allIndex = "all"

  public static func key(tenant: GUID, _ id: GUID) -> RecordKey {
    RecordKey(tenant: tenant, id.description)
  }

  /// `/subscriptions/<id>`.
  public var path: String { "/subscriptions/\(id)" }

  /// Source: Microsoft, "Subscriptions - Get", REST reference.
  var json: JSON {
    .object([
      "id": .string(path),
      "authorizationSource": "RoleBased",
      "managedByTenants": [],
      "tags": tags.isEmpty ? nil : Tags.json(tags),
      "subscriptionId": .string(id.description),
      "tenantId": .string(tenant.description),
      "displayName": .string(displayName),
      "state": .string(state.rawValue),
      "subscriptionPolicies": [
        "locationPlacementId": "Internal_2014-09-01",
        "quotaId": "Internal_2014-09-01",
        "spendingLimit": "Off",
      ],
    ])
  }
}

/// What the tenants list shows of a tenant.
public struct TenantProfile: Sendable {
  public var id: GUID
  public var displayName: String
  /// The first is the default one.
  public var domains: [String]
  /// ISO 3166-1 alpha-2, for example `FR`.
  public var countryCode: String

  public init(id: GUID, displayName: String, domains: [String], countryCode: String) {
    self.id = id
    self.displayName = displayName
    self.domains = domains
    self.countryCode = countryCode
  }

  /// Source: Microsoft, "Tenants - List", REST reference.
  var json: JSON {
    .object([
      "id": .string("/tenants/\(id)"),
      "tenantId": .string(id.description),
      "countryCode": .string(countryCode),
      "displayName": .string(displayName),
      "domains": .array(domains.map { .string($0) }),
      "tenantCategory": "Home",
      "defaultDomain": JSON.string(domains.first),
      "tenantType": "AAD",
    ])
  }
}
