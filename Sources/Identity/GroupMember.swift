public import Access
public import Base
public import Records

/// That a principal is a direct member of a group of its tenant.
public struct GroupMember: Record, Sendable, Equatable {
  public static let kind = "identity.groupMember"

  public var tenant: GUID
  public var group: GUID
  public var member: GUID
  public var memberType: PrincipalType

  public init(tenant: GUID, group: GUID, member: GUID, memberType: PrincipalType) {
    self.tenant = tenant
    self.group = group
    self.member = member
    self.memberType = memberType
  }

  public static func key(tenant: GUID, group: GUID, member: GUID) -> RecordKey {
    RecordKey(tenant: tenant, group.description, member.description)
  }

  /// Filed under the group; the index finds the groups of a member.
  public var key: RecordKey { Self.key(tenant: tenant, group: group, member: member) }

  public var indexes: [RecordIndex] { [RecordIndex(Self.memberIndex, member.description)] }

  static let memberIndex = "identity.groupMember.member"

  public func encode(to writer: inout ByteWriter) {
    writer.guid(tenant)
    writer.guid(group)
    writer.guid(member)
    writer.string(memberType.rawValue)
  }

  public init(from reader: inout ByteReader, format: UInt8) throws {
    tenant = try reader.guid()
    group = try reader.guid()
    member = try reader.guid()
    guard let type = PrincipalType(rawValue: try reader.string()) else { throw ByteReader.Malformed() }
    memberType = type
  }
}
