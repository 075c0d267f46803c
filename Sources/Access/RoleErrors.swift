internal import Base

/// The errors of role definitions and assignments, as Azure words them.
///
/// Source: Microsoft, "Troubleshoot Azure RBAC".
enum RoleErrors {
  static let updateNotPermitted = CloudError(
    400, "RoleAssignmentUpdateNotPermitted", "Tenant ID, application ID, principal ID, and scope are not allowed to be updated.")

  static func assignmentExists(_ id: GUID) -> CloudError {
    CloudError(409, "RoleAssignmentExists", "The role assignment already exists. The ID of the conflicting role assignment is \(compact(id)).")
  }

  /// Azure has no such refusal for roles: the code is Resource Manager's for any conflict, the message ours.
  static func incompatible(_ principal: GUID, _ role: String, _ held: String, assignment: GUID) -> CloudError {
    CloudError(
      409, "Conflict",
      "The role '\(role)' is incompatible with the role '\(held)': no principal may hold both where their scopes overlap. The principal is "
        + "\(compact(principal)). The ID of the conflicting role assignment is \(compact(assignment)).")
  }

  static let assignmentLimitExceeded = CloudError(400, "RoleAssignmentLimitExceeded", "No more role assignments can be created.")

  static func roleDoesNotExist(_ id: GUID) -> CloudError {
    CloudError(404, "RoleDefinitionDoesNotExist", "The specified role definition with ID '\(compact(id))' does not exist.")
  }

  static func notAssignable(_ role: RoleDefinition, at scope: String) -> CloudError {
    CloudError(
      400, "RoleAssignmentScopeNotAssignableToRoleDefinition",
      "The assignment scope '\(scope)' is not assignable to role definition '\(role.roleName)'.")
  }

  static func principalNotFound(_ id: GUID, tenant: GUID) -> CloudError {
    CloudError(
      400, "PrincipalNotFound",
      "Principal \(compact(id)) does not exist in the directory \(tenant). Check that you have the correct principal ID. If you are creating this principal and then immediately assigning a role, this error might be related to a replication delay. In this case, set the role assignment principalType property to a value, such as ServicePrincipal, User, or Group.  See https://aka.ms/docs-principaltype"
    )
  }

  static func unmatchedPrincipalType(_ id: GUID, is actual: PrincipalType, not asked: PrincipalType) -> CloudError {
    CloudError(
      400, "UnmatchedPrincipalType",
      "The PrincipalId '\(compact(id))' has type '\(actual.rawValue)' , which is different from specified PrinciaplType '\(asked.rawValue)'.")
  }

  static let sameNameExists = CloudError(
    409, "RoleDefinitionWithSameNameExists", "A role definition cannot be updated with a name that already exists.")

  static let definitionLimitExceeded = CloudError(
    400, "RoleDefinitionLimitExceeded", "Role definition limit exceeded. No more role definitions can be created.")

  static let hasAssignments = CloudError(
    400, "RoleDefinitionHasAssignments", "There are existing role assignments referencing role.")

  static func builtInIsReadOnly(_ id: GUID) -> CloudError {
    CloudError(403, "BuiltInRoleDefinitionIsReadOnly", "The built-in role definition '\(id)' cannot be changed or deleted.")
  }

  static let missingAssignableScopes = CloudError(
    400, "MissingRoleDefinitionAssignableScopes",
    "The role definition must have between 1 and \(AccessLimits.maximumAssignableScopes) assignable scopes.")

  static func invalidAssignableScope(_ scope: String) -> CloudError {
    CloudError(
      400, "InvalidAssignableScope", "The assignable scope '\(scope)' is not valid. It must be a subscription, a resource group or a resource.")
  }

  static func invalidAction(_ name: String) -> CloudError {
    CloudError(400, "InvalidActionOrNotAction", "'\(name)' does not match any of the actions supported by the providers.")
  }

  static func invalidDefinition(_ message: String) -> CloudError {
    CloudError(400, "InvalidRoleDefinition", message)
  }

  static func badRequest(_ message: String) -> CloudError {
    CloudError(400, "BadRequestFormat", message)
  }

  /// Azure prints ids in these messages without their dashes.
  private static func compact(_ id: GUID) -> String {
    id.bytes.hexadecimal
  }
}
