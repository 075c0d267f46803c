public import Base
public import Records

/// What a PUT of a role assignment asks for.
public struct RoleAssignmentRequest: Sendable, Equatable {
  public var roleDefinitionID: GUID
  public var principalID: GUID
  public var principalType: PrincipalType?
  public var description: String?

  public init(roleDefinitionID: GUID, principalID: GUID, principalType: PrincipalType? = nil, description: String? = nil) {
    self.roleDefinitionID = roleDefinitionID
    self.principalID = principalID
    self.principalType = principalType
    self.description = description
  }
}

extension AccessControl {
  /// Creates the assignment, or changes the description of the one that is there.
  ///
  /// `resolvedType` is what `PrincipalResolver.principalType` says of the principal. Throws Azure's errors as `CloudError`.
  public func assign(
    _ request: RoleAssignmentRequest, id: GUID, at scope: AccessScope, resolvedType: PrincipalType?, by caller: GUID, now: Timestamp,
    in transaction: RecordTransaction
  ) throws -> (assignment: RoleAssignment, isNew: Bool) {
    let path = ScopePath(scope.path)
    let role = try role(request.roleDefinitionID, at: scope, in: transaction)
    guard role.assignableScopes.contains(where: { ScopePath($0).covers(path) }) else { throw RoleErrors.notAssignable(role, at: scope.path) }
    guard let principalType = resolvedType else { throw RoleErrors.principalNotFound(request.principalID, tenant: scope.tenant) }
    if let asked = request.principalType, asked != principalType {
      throw RoleErrors.unmatchedPrincipalType(request.principalID, is: principalType, not: asked)
    }
    if var existing = try assignment(id, tenant: scope.tenant, in: transaction) {
      guard existing.principalID == request.principalID, existing.roleDefinitionID == role.id, ScopePath(existing.scope) == path else {
        throw RoleErrors.updateNotPermitted
      }
      existing.description = request.description
      existing.updatedOn = now
      existing.updatedBy = caller
      try transaction.save(existing)
      return (existing, false)
    }
    let held = try transaction.list(
      RoleAssignment.self, under: RecordKey(tenant: scope.tenant, request.principalID.description),
      limit: AccessLimits.maximumAssignmentsPerPrincipal)
    if let same = held.first(where: { $0.roleDefinitionID == role.id && ScopePath($0.scope) == path }) { throw RoleErrors.assignmentExists(same.id) }
    let assignment = RoleAssignment(
      tenant: scope.tenant, id: id, scope: Self.trimmed(scope.path), roleDefinitionID: role.id, principalID: request.principalID,
      principalType: principalType, description: request.description, createdOn: now, createdBy: caller)
    let neighbours = try transaction.list(
      RoleAssignment.self, index: RoleAssignment.subscriptionIndex, [path.subscription?.text ?? "/"], tenant: scope.tenant,
      limit: AccessLimits.maximumAssignmentsPerSubscription)
    guard held.count < AccessLimits.maximumAssignmentsPerPrincipal, neighbours.count < AccessLimits.maximumAssignmentsPerSubscription else {
      throw RoleErrors.assignmentLimitExceeded
    }
    try requireCompatible(assignment, in: transaction)
    try transaction.save(assignment)
    forget(scope.tenant, after: transaction)
    return (assignment, true)
  }

  /// Removes an assignment; nil when there is none of this id at this scope. It is without effect from the next request on.
  public func unassign(_ id: GUID, at scope: AccessScope, in transaction: RecordTransaction) throws -> RoleAssignment? {
    guard let assignment = try assignment(id, at: scope, in: transaction) else { return nil }
    try transaction.remove(RoleAssignment.self, assignment.key)
    forget(scope.tenant, after: transaction)
    return assignment
  }

  /// Removes every assignment at a scope and below: for what is being deleted.
  public func unassignAll(under scope: AccessScope, in transaction: RecordTransaction) throws {
    let path = ScopePath(scope.path)
    let removed = try assignments(tenant: scope.tenant, in: transaction).filter { path.covers(ScopePath($0.scope)) }
    for assignment in removed { try transaction.remove(RoleAssignment.self, assignment.key) }
    if !removed.isEmpty { forget(scope.tenant, after: transaction) }
  }

  /// Removes every assignment of a principal: for one that is being deleted.
  public func unassignAll(of principal: GUID, tenant: GUID, in transaction: RecordTransaction) throws {
    let held = try transaction.list(
      RoleAssignment.self, under: RecordKey(tenant: tenant, principal.description), limit: AccessLimits.maximumAssignmentsPerPrincipal)
    for assignment in held { try transaction.remove(RoleAssignment.self, assignment.key) }
    if !held.isEmpty { forget(tenant, after: transaction) }
  }

  /// The assignment of an id at exactly this scope.
  public func assignment(_ id: GUID, at scope: AccessScope, in reader: any RecordReader) throws -> RoleAssignment? {
    guard let found = try assignment(id, tenant: scope.tenant, in: reader), ScopePath(found.scope) == ScopePath(scope.path) else { return nil }
    return found
  }

  /// The assignments that a list at this scope shows: those at it, above it (they are inherited) and below it, in the order of their ids.
  ///
  /// `assignedTo` are the principal and its groups where the filter has `assignedTo('id')`; nil otherwise.
  public func assignments(
    at scope: AccessScope, filter: RoleAssignmentFilter = RoleAssignmentFilter(), assignedTo: Set<GUID>? = nil, in reader: any RecordReader
  ) throws -> [RoleAssignment] {
    let path = ScopePath(scope.path)
    return try assignments(tenant: scope.tenant, in: reader).filter { assignment in
      let place = ScopePath(assignment.scope)
      guard place.covers(path) && !filter.exactScopeOnly || place == path || path.covers(place) && !filter.excludesBelow else { return false }
      if let principal = filter.principalID, assignment.principalID != principal { return false }
      return assignedTo?.contains(assignment.principalID) ?? true
    }.sorted { $0.id < $1.id }
  }

  /// The directory roles that a principal holds by itself.
  public func directoryAssignments(of principal: GUID, tenant: GUID, in reader: any RecordReader) throws -> [RoleAssignment] {
    try reader.list(
      RoleAssignment.self, under: RecordKey(tenant: tenant, principal.description), limit: AccessLimits.maximumAssignmentsPerPrincipal
    ).filter { ScopePath($0.scope).isDirectory }
  }

  private func assignment(_ id: GUID, tenant: GUID, in reader: any RecordReader) throws -> RoleAssignment? {
    try reader.list(RoleAssignment.self, index: RoleAssignment.idIndex, [id.description], tenant: tenant, limit: 1).first
  }

  private func assignments(tenant: GUID, in reader: any RecordReader) throws -> [RoleAssignment] {
    try reader.list(RoleAssignment.self, under: RecordKey(tenant: tenant), limit: AccessLimits.maximumListedAssignments)
  }

  private func role(_ id: GUID, at scope: AccessScope, in reader: any RecordReader) throws -> RoleDefinition {
    guard let role = try definition(id, tenant: scope.tenant, in: reader) else { throw RoleErrors.roleDoesNotExist(id) }
    return role
  }

  func forget(_ tenant: GUID, after transaction: RecordTransaction) {
    let cache = cache
    transaction.afterCommit { cache.forget(tenant: tenant) }
  }

  static func trimmed(_ path: String) -> String {
    var path = path
    while path.utf8.count > 1, path.utf8.last == UInt8(ascii: "/") { path.removeLast() }
    return path
  }
}
