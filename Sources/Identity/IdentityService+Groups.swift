internal import Access
public import Base
public import Records

extension IdentityService {
  /// Makes a group. Where `group.id` is zero, a new id is given.
  @discardableResult
  public func createGroup(_ group: Group, in transaction: RecordTransaction) throws -> Group {
    var group = group
    if group.id == .zero { group.id = random.guid() }
    group.created = clock.now()
    try checkGroup(group, in: transaction)
    guard try transaction.insert(group) else { throw DirectoryErrors.conflict("id") }
    return group
  }

  public func updateGroup(_ group: Group, in transaction: RecordTransaction) throws {
    guard try transaction.exists(Group.self, group.key) else { throw DirectoryErrors.notFound(group.id) }
    try checkGroup(group, in: transaction)
    try transaction.save(group)
  }

  /// Removes a group with its members' records and its own memberships; false when there is none.
  @discardableResult
  public func deleteGroup(_ id: GUID, tenant: GUID, in transaction: RecordTransaction) throws -> Bool {
    guard try transaction.exists(Group.self, Group.key(tenant: tenant, id)) else { return false }
    try removeMemberships(of: id, tenant: tenant, in: transaction)
    try transaction.removeAll(
      GroupMember.self, under: RecordKey(tenant: tenant, id.description), limit: IdentityLimits.maximumGroupMembers)
    return try transaction.remove(Group.self, Group.key(tenant: tenant, id))
  }

  public func group(_ id: GUID, tenant: GUID, in reader: any RecordReader) throws -> Group? {
    try reader.fetch(Group.self, Group.key(tenant: tenant, id))
  }

  /// A tenant's groups in the order of their ids, beginning after `after`.
  public func groups(tenant: GUID, after: GUID? = nil, limit: Int, in reader: any RecordReader) throws -> [Group] {
    try reader.list(Group.self, under: RecordKey(tenant: tenant), after: after.map { Group.key(tenant: tenant, $0) }, limit: limit)
  }

  // MARK: Members

  /// Makes a user, service principal or group of the tenant a member.
  ///
  /// Throws 404 where the group or the member is missing, 400 where it is a member already, 403 when the group is full.
  @discardableResult
  public func addMember(_ member: GUID, to group: GUID, tenant: GUID, in transaction: RecordTransaction) throws -> GroupMember {
    guard try transaction.exists(Group.self, Group.key(tenant: tenant, group)) else { throw DirectoryErrors.notFound(group) }
    guard let type = try principalType(member, tenant: tenant, in: transaction) else { throw DirectoryErrors.notFound(member) }
    guard member != group else {
      throw CloudError(400, "Request_BadRequest", "One or more added object references cannot be added to the 'members' property: '\(member)'.")
    }
    let members = RecordKey(tenant: tenant, group.description)
    guard try transaction.count(GroupMember.self, under: members, limit: IdentityLimits.maximumGroupMembers) < IdentityLimits.maximumGroupMembers
    else { throw DirectoryErrors.quota("members") }
    let record = GroupMember(tenant: tenant, group: group, member: member, memberType: type)
    guard try transaction.insert(record) else { throw DirectoryErrors.alreadyMember }
    return record
  }

  /// False when it was no direct member.
  @discardableResult
  public func removeMember(_ member: GUID, from group: GUID, tenant: GUID, in transaction: RecordTransaction) throws -> Bool {
    try transaction.remove(GroupMember.self, GroupMember.key(tenant: tenant, group: group, member: member))
  }

  public func isMember(_ member: GUID, of group: GUID, tenant: GUID, in reader: any RecordReader) throws -> Bool {
    try reader.exists(GroupMember.self, GroupMember.key(tenant: tenant, group: group, member: member))
  }

  /// Direct members in the order of their ids, beginning after `after`.
  public func members(of group: GUID, tenant: GUID, after: GUID? = nil, limit: Int, in reader: any RecordReader) throws -> [GroupMember] {
    try reader.list(
      GroupMember.self, under: RecordKey(tenant: tenant, group.description),
      after: after.map { GroupMember.key(tenant: tenant, group: group, member: $0) }, limit: limit)
  }

  /// The groups that a principal is a direct member of.
  public func directGroups(of principal: GUID, tenant: GUID, in reader: any RecordReader) throws -> [GUID] {
    try reader.list(
      GroupMember.self, index: GroupMember.memberIndex, [principal.description], tenant: tenant, limit: IdentityLimits.maximumTransitiveGroups
    ).map(\.group)
  }

  /// The groups that a principal belongs to, directly or through other groups: nearest first, each once, at most
  /// `IdentityLimits.maximumTransitiveGroups`. Groups that contain each other are no trouble.
  public func groups(of principal: GUID, tenant: GUID, in reader: any RecordReader) throws -> [GUID] {
    var found: [GUID] = []
    var seen: Set<GUID> = []
    var level = [principal]
    for _ in 0..<IdentityLimits.maximumGroupDepth where !level.isEmpty {
      var next: [GUID] = []
      for member in level {
        for group in try directGroups(of: member, tenant: tenant, in: reader) where seen.insert(group).inserted {
          guard found.count < IdentityLimits.maximumTransitiveGroups else { return found }
          found.append(group)
          next.append(group)
        }
      }
      level = next
    }
    return found
  }

  func removeMemberships(of principal: GUID, tenant: GUID, in transaction: RecordTransaction) throws {
    for group in try directGroups(of: principal, tenant: tenant, in: transaction) {
      try removeMember(principal, from: group, tenant: tenant, in: transaction)
    }
  }

  /// What kind of principal an id names, enabled or not.
  func principalType(_ id: GUID, tenant: GUID, in reader: any RecordReader) throws -> PrincipalType? {
    if try reader.exists(User.self, User.key(tenant: tenant, id)) { return .user }
    if try reader.exists(ServicePrincipal.self, ServicePrincipal.key(tenant: tenant, id)) { return .servicePrincipal }
    if try reader.exists(Group.self, Group.key(tenant: tenant, id)) { return .group }
    return nil
  }

  private func checkGroup(_ group: Group, in reader: any RecordReader) throws {
    try checkDisplayName(group.displayName, of: "Group")
    guard (1...64).contains(group.mailNickname.count), DirectoryNames.isPrintable(group.mailNickname) else {
      throw DirectoryErrors.invalid("mailNickname", "Group")
    }
    guard try reader.exists(Tenant.self, Tenant.key(group.tenant)) else { throw DirectoryErrors.notFound(group.tenant) }
  }
}
