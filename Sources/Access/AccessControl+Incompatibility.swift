public import Base
public import Records
internal import Synchronization

/// Looks up who belongs to which group. `Identity` is the one that can.
public protocol MembershipReader: Sendable {
  /// The groups that a principal belongs to, directly or through others.
  func groups(of principal: GUID, tenant: GUID, in reader: any RecordReader) throws -> [GUID]
  /// The principals that belong to a group, directly or through others, other groups left out; at most `limit`.
  func principals(inGroup group: GUID, tenant: GUID, limit: Int, in reader: any RecordReader) throws -> [GUID]
}

/// Separation of duties: some roles may not meet in one hand.
extension AccessControl {
  /// What is refused from now on. What is there already stays, and is found by `conflicts`.
  public var incompatibleRoles: IncompatibleRoles {
    get { settings.withLock { $0.incompatible } }
    set { settings.withLock { $0.incompatible = newValue } }
  }

  /// Lets assignments be compared through groups too. Without it, those of the principal itself are.
  public func setMemberships(_ memberships: any MembershipReader) { settings.withLock { $0.memberships = memberships } }

  /// Throws where a new assignment would give somebody two incompatible roles at scopes of which one contains the other.
  ///
  /// What the principal holds by itself and through its groups is compared; for a group, also what the first
  /// `AccessLimits.maximumComparedMembers` of those who belong to it hold by themselves.
  func requireCompatible(_ assignment: RoleAssignment, in reader: any RecordReader) throws {
    let excluded = incompatibleRoles.roles(incompatibleWith: assignment.roleDefinitionID)
    guard !excluded.isEmpty else { return }
    var holders = [assignment.principalID]
    if let memberships = settings.withLock({ $0.memberships }) {
      holders += try memberships.groups(of: assignment.principalID, tenant: assignment.tenant, in: reader)
      if assignment.principalType == .group {
        holders += try memberships.principals(
          inGroup: assignment.principalID, tenant: assignment.tenant, limit: AccessLimits.maximumComparedMembers, in: reader)
      }
    }
    for holder in holders {
      for held in try Self.held(holder, tenant: assignment.tenant, in: reader)
      where excluded.contains(held.roleDefinitionID) && Self.overlap(held.scope, assignment.scope) {
        throw RoleErrors.incompatible(
          assignment.principalID, try name(assignment.roleDefinitionID, assignment.tenant, in: reader),
          try name(held.roleDefinitionID, held.tenant, in: reader), assignment: held.id)
      }
    }
  }

  /// Throws where a principal that becomes a member of a group would come to hold two incompatible roles.
  ///
  /// For who adds members: call it in the transaction that adds. Both the principal's assignments and those of its groups are compared with those of
  /// the group and of the groups that it belongs to.
  public func requireCompatible(_ principal: GUID, joining group: GUID, tenant: GUID, in reader: any RecordReader) throws {
    guard let memberships = settings.withLock({ $0.memberships }) else { return }
    let own = try ([principal] + memberships.groups(of: principal, tenant: tenant, in: reader))
      .flatMap { try Self.held($0, tenant: tenant, in: reader) }
    let joined = try ([group] + memberships.groups(of: group, tenant: tenant, in: reader))
      .flatMap { try Self.held($0, tenant: tenant, in: reader) }
    let known = Set(own.map(\.id))
    let conflicts = Self.conflicts(among: own + joined.filter { !known.contains($0.id) }, of: principal, incompatibleRoles)
    // What it holds already is not what joining brings.
    guard let conflict = conflicts.first(where: { !known.contains($0.first) || !known.contains($0.second) }) else { return }
    throw RoleErrors.incompatible(
      principal, try name(conflict.roles.first, tenant, in: reader), try name(conflict.roles.second, tenant, in: reader),
      assignment: conflict.first)
  }

  /// Every pair of assignments of a tenant that meets in one hand and must not: what was there before a pair was declared, or came about by groups.
  public func conflicts(tenant: GUID, in reader: any RecordReader) throws -> [RoleConflict] {
    let incompatible = incompatibleRoles
    let roles = Set(incompatible.pairs.flatMap { [$0.first, $0.second] })
    let assignments = try reader.list(RoleAssignment.self, under: RecordKey(tenant: tenant), limit: AccessLimits.maximumListedAssignments)
      .filter { roles.contains($0.roleDefinitionID) }
    let memberships = settings.withLock { $0.memberships }
    var holdings: [GUID: [RoleAssignment]] = [:]
    for assignment in assignments {
      holdings[assignment.principalID, default: []].append(assignment)
      guard assignment.principalType == .group, let memberships else { continue }
      for member in try memberships.principals(
        inGroup: assignment.principalID, tenant: tenant, limit: AccessLimits.maximumListedAssignments, in: reader)
      { holdings[member, default: []].append(assignment) }
    }
    return holdings.sorted { $0.key < $1.key }.flatMap { Self.conflicts(among: $0.value, of: $0.key, incompatible) }
  }

  private static func conflicts(among assignments: [RoleAssignment], of principal: GUID, _ incompatible: IncompatibleRoles) -> [RoleConflict] {
    var found: [RoleConflict] = []
    for pair in incompatible.pairs {
      for first in assignments where first.roleDefinitionID == pair.first {
        for second in assignments where second.roleDefinitionID == pair.second && overlap(first.scope, second.scope) {
          let narrower = ScopePath(first.scope).covers(ScopePath(second.scope)) ? second : first
          found.append(RoleConflict(principal: principal, first: first.id, second: second.id, roles: pair, scope: narrower.scope))
        }
      }
    }
    return found.sorted { ($0.first, $0.second) < ($1.first, $1.second) }
  }

  private static func held(_ principal: GUID, tenant: GUID, in reader: any RecordReader) throws -> [RoleAssignment] {
    try reader.list(
      RoleAssignment.self, under: RecordKey(tenant: tenant, principal.description), limit: AccessLimits.maximumAssignmentsPerPrincipal)
  }

  private static func overlap(_ left: String, _ right: String) -> Bool {
    let (left, right) = (ScopePath(left), ScopePath(right))
    // A role of the directory reaches over the whole tenant.
    return left.isDirectory || right.isDirectory || left.covers(right) || right.covers(left)
  }

  private func name(_ role: GUID, _ tenant: GUID, in reader: any RecordReader) throws -> String {
    try definition(role, tenant: tenant, in: reader)?.roleName ?? role.description
  }
}
