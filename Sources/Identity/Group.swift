public import Base
public import Records

/// A set of principals, to which roles can be assigned. Its members are `GroupMember` records.
public struct Group: Record, Codable, Sendable, Equatable {
  public static let kind = "identity.group"

  public var id: GUID
  public var tenant: GUID
  public var displayName: String
  public var mailNickname: String
  public var description: String?
  public var securityEnabled: Bool
  public var mailEnabled: Bool
  public var created: Timestamp

  public init(
    id: GUID, tenant: GUID, displayName: String, mailNickname: String, description: String? = nil, securityEnabled: Bool = true,
    mailEnabled: Bool = false, created: Timestamp
  ) {
    self.id = id
    self.tenant = tenant
    self.displayName = displayName
    self.mailNickname = mailNickname
    self.description = description
    self.securityEnabled = securityEnabled
    self.mailEnabled = mailEnabled
    self.created = created
  }

  public static func key(tenant: GUID, _ id: GUID) -> RecordKey { RecordKey(tenant: tenant, id.description) }

  public var key: RecordKey { Self.key(tenant: tenant, id) }
}
