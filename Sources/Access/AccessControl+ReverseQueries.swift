public import Base
public import Records

/// The two questions that a review asks. They are answered from different places of the records, so that each proves the other.
extension AccessControl {
  /// From a principal to what it was given by itself: what is filed under the principal.
  public func holdings(of principal: GUID, tenant: GUID, in reader: any RecordReader) throws -> [RoleAssignment] {
    try reader.list(
      RoleAssignment.self, under: RecordKey(tenant: tenant, principal.description), limit: AccessLimits.maximumAssignmentsPerPrincipal)
  }

  /// From a resource to who was given something on it, there or above: what the index of places has. Groups are not taken apart.
  public func holders(on scope: AccessScope, in reader: any RecordReader) throws -> [RoleAssignment] {
    let path = ScopePath(scope.path)
    let places = Set(["/", path.subscription?.text ?? "/"])
    return try places.flatMap { place in
      try reader.list(
        RoleAssignment.self, index: RoleAssignment.subscriptionIndex, [place], tenant: scope.tenant,
        limit: AccessLimits.maximumAssignmentsPerSubscription)
    }.filter { ScopePath($0.scope).covers(path) }.sorted { $0.id < $1.id }
  }
}
