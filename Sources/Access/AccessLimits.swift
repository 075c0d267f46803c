/// The bounds of access control. The first two are Azure's.
///
/// Source: Microsoft, "Azure RBAC limits".
public enum AccessLimits {
  /// Assignments in one subscription, at any scope in it; also those at the tenant's root or in its directory.
  public static let maximumAssignmentsPerSubscription = 4000
  /// Custom roles of one tenant.
  public static let maximumCustomRolesPerTenant = 5000
  /// Assignments of one principal over all scopes of its tenant.
  public static let maximumAssignmentsPerPrincipal = 4000
  /// Those who belong to a group whose own assignments are compared with one that the group is about to get.
  public static let maximumComparedMembers = 1000
  /// Principals whose assignments are kept in memory.
  public static let maximumCachedPrincipals = 8192
  /// Subscriptions' worth of assignments that one list answers.
  static let maximumListedAssignments = 20 * maximumAssignmentsPerSubscription
  /// Characters of a custom role's name, and of its description.
  static let maximumRoleNameCharacters = 512
  static let maximumDescriptionCharacters = 2048
  /// Scopes at which one custom role may be assigned.
  static let maximumAssignableScopes = 2000
}
