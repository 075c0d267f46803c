public import Base
public import Records

/// A role: a named set of permissions. Built-in ones are the platform's; custom ones are a tenant's and are stored.
public struct RoleDefinition: Record, Codable, Sendable {
  public static let kind = "access.roleDefinition"

  public enum RoleType: String, Sendable, Codable {
    case builtIn = "BuiltInRole"
    case custom = "CustomRole"
  }

  /// `GUID.zero` for built-in roles.
  public var tenant: GUID
  public var id: GUID
  public var roleName: String
  public var description: String
  public var type: RoleType
  public var permissions: [RolePermissions]
  /// Where it may be assigned: at these scopes and below.
  public var assignableScopes: [String]
  public var createdOn: Timestamp?
  public var updatedOn: Timestamp?
  /// Object ids; nil for built-in roles.
  public var createdBy: GUID?
  public var updatedBy: GUID?

  public init(
    tenant: GUID, id: GUID, roleName: String, description: String, type: RoleType, permissions: [RolePermissions], assignableScopes: [String],
    createdOn: Timestamp? = nil, updatedOn: Timestamp? = nil, createdBy: GUID? = nil, updatedBy: GUID? = nil
  ) {
    self.tenant = tenant
    self.id = id
    self.roleName = roleName
    self.description = description
    self.type = type
    self.permissions = permissions
    self.assignableScopes = assignableScopes
    self.createdOn = createdOn
    self.updatedOn = updatedOn
    self.createdBy = createdBy
    self.updatedBy = updatedBy
  }

  public var key: RecordKey { Self.key(tenant: tenant, id) }

  /// Found by its name, which is unique in a tenant without regard to case.
  public var indexes: [RecordIndex] { [RecordIndex(Self.nameIndex, roleName.lowercased())] }

  static let nameIndex = "access.roleDefinition.name"

  public static func key(tenant: GUID, _ id: GUID) -> RecordKey {
    RecordKey(tenant: tenant, id.description)
  }
}
