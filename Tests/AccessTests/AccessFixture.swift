import Access
import Base
import Records
import Simulation

#if canImport(FoundationEssentials)
  import FoundationEssentials
#endif

/// A record store in a directory of its own, an access control over it, and one tenant.
struct AccessFixture {
  let records: SQLiteRecordStore
  let access: AccessControl
  let random = SeededRandom(seed: 11)
  let clock = ManualClock()
  let tenant: GUID
  let subscription: GUID
  private let directory: String

  init() throws {
    directory = FileManager.default.temporaryDirectory.path + "/access-\(SystemRandom().guid())"
    try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
    records = try SQLiteRecordStore(path: directory + "/records")
    access = AccessControl(records: records)
    tenant = random.guid()
    subscription = random.guid()
  }

  func close() async throws {
    try await records.close()
    try FileManager.default.removeItem(atPath: directory)
  }

  var subscriptionPath: String { "/subscriptions/\(subscription)" }
  var groupPath: String { "\(subscriptionPath)/resourceGroups/rg" }
  var accountPath: String { "\(groupPath)/providers/Microsoft.Storage/storageAccounts/account" }
  func containerPath(_ name: String) -> String { "\(accountPath)/blobServices/default/containers/\(name)" }

  func scope(_ path: String) -> AccessScope { AccessScope(tenant: tenant, path: path) }

  func user(groups: [GUID] = []) -> Principal {
    Principal(kind: .user, tenant: tenant, objectID: random.guid(), groups: groups, name: "user")
  }

  func application() -> Principal {
    Principal(kind: .servicePrincipal, tenant: tenant, objectID: random.guid(), name: "application")
  }

  @discardableResult
  func assign(_ role: GUID, to principal: GUID, at path: String, type: PrincipalType = .user, id: GUID? = nil) async throws -> RoleAssignment {
    let (id, scope, now) = (id ?? random.guid(), scope(path), clock.now())
    return try await records.write { [access] transaction in
      try access.assign(
        RoleAssignmentRequest(roleDefinitionID: role, principalID: principal), id: id, at: scope, resolvedType: type, by: .zero, now: now,
        in: transaction
      ).assignment
    }
  }

  func unassign(_ assignment: RoleAssignment) async throws {
    let scope = scope(assignment.scope)
    let removed = try await records.write { [access] transaction in try access.unassign(assignment.id, at: scope, in: transaction) }
    precondition(removed != nil)
  }

  @discardableResult
  func define(
    _ name: String, actions: [String] = ["*/read"], dataActions: [String] = [], scopes: [String]? = nil, id: GUID? = nil
  ) async throws -> RoleDefinition {
    let request = RoleDefinitionRequest(
      roleName: name, description: "", permissions: [RolePermissions(actions: actions, dataActions: dataActions)],
      assignableScopes: scopes ?? [subscriptionPath])
    let (id, scope, now) = (id ?? random.guid(), scope(subscriptionPath), clock.now())
    return try await records.write { [access] transaction in
      try access.define(request, id: id, at: scope, by: .zero, now: now, in: transaction).definition
    }
  }

  func decide(_ principal: Principal, _ action: Action, _ path: String) async throws -> Decision {
    try await access.decide(principal, action, on: scope(path))
  }
}
