public import Base
public import Records

/// An organization that uses the cloud: a directory of its own, and the owner of everything in it.
public struct Tenant: Record, Codable, Sendable, Equatable {
  public static let kind = "identity.tenant"

  public var id: GUID
  public var displayName: String
  /// Lower case. The first is the default domain. A domain belongs to one tenant of the cloud.
  public var domains: [String]
  /// ISO 3166-1 alpha-2, for example `FR`.
  public var country: String
  public var created: Timestamp

  public init(id: GUID, displayName: String, domains: [String], country: String, created: Timestamp) {
    self.id = id
    self.displayName = displayName
    self.domains = domains
    self.country = country
    self.created = created
  }

  public static func key(_ id: GUID) -> RecordKey { RecordKey(tenant: .zero, id.description) }

  /// Filed under the platform, which lists its tenants and finds them by domain.
  public var key: RecordKey { Self.key(id) }

  public var indexes: [RecordIndex] { domains.map { RecordIndex(Self.domainIndex, $0.lowercased()) } }

  static let domainIndex = "identity.tenant.domain"
}
