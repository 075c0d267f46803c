public import Base
public import Records

/// That a principal holds a role at a scope and below.
public struct RoleAssignment: Record, Sendable, Equatable {
  public static let kind = "access.roleAssignment"

  public var tenant: GUID
  public var id: GUID
  /// As first written, without a trailing slash except for `/` itself; `/directory` for directory roles.
  public var scope: String
  public var roleDefinitionID: GUID
  public var principalID: GUID
  public var principalType: PrincipalType
  public var description: String?
  public var createdOn: Timestamp
  public var updatedOn: Timestamp
  /// The object ids of who assigned and who last changed it; `GUID.zero` for the platform itself.
  public var createdBy: GUID
  public var updatedBy: GUID

  public init(
    tenant: GUID, id: GUID, scope: String, roleDefinitionID: GUID, principalID: GUID, principalType: PrincipalType, description: String? = nil,
    createdOn: Timestamp, createdBy: GUID
  ) {
    self.tenant = tenant
    self.id = id
    self.scope = scope
    self.roleDefinitionID = roleDefinitionID
    self.principalID = principalID
    self.principalType = principalType
    self.description = description
    self.createdOn = createdOn
    updatedOn = createdOn
    self.createdBy = createdBy
    updatedBy = createdBy
  }

  /// Filed under the principal, so that a decision reads one range for each of the caller's ids.
  public var key: RecordKey { RecordKey(tenant: tenant, principalID.description, id.description) }

  public var indexes: [RecordIndex] {
    [
      RecordIndex(Self.idIndex, id.description),
      RecordIndex(Self.roleIndex, roleDefinitionID.description),
      RecordIndex(Self.subscriptionIndex, ScopePath(scope).subscription?.text ?? "/"),
    ]
  }

  static let idIndex = "access.roleAssignment.id"
  static let roleIndex = "access.roleAssignment.role"
  static let subscriptionIndex = "access.roleAssignment.subscription"

  public func encode(to writer: inout ByteWriter) {
    writer.guid(tenant)
    writer.guid(id)
    writer.string(scope)
    writer.guid(roleDefinitionID)
    writer.guid(principalID)
    writer.string(principalType.rawValue)
    writer.optional(description) { $0.string($1) }
    writer.timestamp(createdOn)
    writer.timestamp(updatedOn)
    writer.guid(createdBy)
    writer.guid(updatedBy)
  }

  public init(from reader: inout ByteReader, format: UInt8) throws {
    tenant = try reader.guid()
    id = try reader.guid()
    scope = try reader.string()
    roleDefinitionID = try reader.guid()
    principalID = try reader.guid()
    guard let type = PrincipalType(rawValue: try reader.string()) else { throw ByteReader.Malformed() }
    principalType = type
    description = try reader.optional { try $0.string() }
    createdOn = try reader.timestamp()
    updatedOn = try reader.timestamp()
    createdBy = try reader.guid()
    updatedBy = try reader.guid()
  }
}
