public import Base
public import Records
internal import Synchronization
internal import Wire

/// Azure's role-based access control over the tenant's role definitions and assignments.
///
/// Source: Microsoft, "How Azure RBAC determines if a user has access to a resource".
public final class AccessControl: Authorizer {
  private let records: any RecordStore
  let cache = GrantCache()

  struct Settings {
    var incompatible: IncompatibleRoles
    var memberships: (any MembershipReader)?
  }

  let settings: Mutex<Settings>

  /// `incompatibleRoles` is what `assign` refuses to bring together; it can be replaced while the cloud runs.
  public init(records: any RecordStore, incompatibleRoles: IncompatibleRoles = .builtIn) {
    self.records = records
    settings = Mutex(Settings(incompatible: incompatibleRoles))
  }

  public func decide(_ principal: Principal, _ action: Action, on scope: AccessScope) async throws -> Decision {
    guard principal.tenant == scope.tenant else { return .hidden }
    switch principal.kind {
    case .anonymous: return .denied
    case .accountKey(let account): return Self.accountKey(of: account, permits: action, on: scope) ? .allowed : .denied
    case .sharedAccessSignature(let grant): return try await decide(grant, action, on: scope)
    case .user, .servicePrincipal: return try await decide(principal, action, at: ScopePath(scope.path))
    }
  }

  private func decide(_ principal: Principal, _ action: Action, at scope: ScopePath) async throws -> Decision {
    let name = ActionName(action)
    let alternatives = action.alternatives.map { ActionName($0, isDataAction: action.isDataAction) }
    if scope.isDirectory, principal.isMember, Self.memberPermissions.grant(name) { return .allowed }
    let subscription = scope.subscription
    var holdsSomething = scope.isDirectory || subscription == nil
    for grant in try await grants(tenant: principal.tenant, [principal.objectID] + principal.groups) {
      if grant.scope.covers(scope) {
        if grant.permissions.grant(name) || alternatives.contains(where: { grant.permissions.grant($0) }) { return .allowed }
        holdsSomething = true
      } else if let subscription, subscription.covers(grant.scope) {
        holdsSomething = true
      }
    }
    return holdsSomething ? .denied : .hidden
  }

  /// Everything that these principals of a tenant were granted.
  private func grants(tenant: GUID, _ principals: [GUID]) async throws -> [Grant] {
    let (known, generation) = cache.lookUp(tenant: tenant, principals)
    let missing = principals.filter { known[$0] == nil }
    guard !missing.isEmpty else { return known.values.flatMap { $0 } }
    let read = try await records.read { reader in
      var roles: [GUID: CompiledPermissions] = [:]
      var grants: [GUID: [Grant]] = [:]
      for principal in missing {
        grants[principal] = try Self.grants(of: principal, tenant: tenant, roles: &roles, in: reader)
      }
      return grants
    }
    cache.store(read, tenant: tenant, generation: generation)
    return known.values.flatMap { $0 } + read.values.flatMap { $0 }
  }

  private static func grants(
    of principal: GUID, tenant: GUID, roles: inout [GUID: CompiledPermissions], in reader: any RecordReader
  ) throws -> [Grant] {
    let assignments = try reader.list(
      RoleAssignment.self, under: RecordKey(tenant: tenant, principal.description), limit: AccessLimits.maximumAssignmentsPerPrincipal)
    var grants: [Grant] = []
    for assignment in assignments {
      let permissions: CompiledPermissions
      if let known = roles[assignment.roleDefinitionID] ?? BuiltInRole.compiled[assignment.roleDefinitionID] {
        permissions = known
      } else if let custom = try reader.fetch(RoleDefinition.self, RoleDefinition.key(tenant: tenant, assignment.roleDefinitionID)) {
        permissions = CompiledPermissions(custom.permissions)
        roles[assignment.roleDefinitionID] = permissions
      } else {
        // The role is gone: what it granted is gone with it.
        continue
      }
      grants.append(Grant(scope: ScopePath(assignment.scope), permissions: permissions))
    }
    return grants
  }

  // MARK: Keys and signatures

  /// What every member user of a tenant may do without a role.
  ///
  /// Source: Microsoft Entra, "What are the default user permissions?".
  private static let memberPermissions = CompiledPermissions([RolePermissions(actions: ["microsoft.directory/*/read"])])

  /// An account key speaks for the whole data plane of its account, below the account itself, and for nothing else. A user delegation
  /// key is given to users only.
  private static func accountKey(of account: String, permits action: Action, on scope: AccessScope) -> Bool {
    guard ScopePath(account).covers(ScopePath(scope.path)) else { return false }
    let name = action.name.lowercased()
    guard !name.hasSuffix("/generateuserdelegationkey/action") else { return false }
    return action.isDataAction
      || ["blob", "queue", "table", "file"].contains { name.hasPrefix("microsoft.storage/storageaccounts/\($0)services/") }
  }

  private func decide(_ grant: SignedGrant, _ action: Action, on scope: AccessScope) async throws -> Decision {
    guard let requirement = action.signed, grant.permits(requirement), grant.covers(scope.path) else { return .denied }
    guard let delegator = grant.delegator else { return .allowed }
    // Groups and role assignments of the delegator as they are now, not as they were when the key was given.
    let signer = Principal(kind: .servicePrincipal, tenant: delegator.tenant, objectID: delegator.objectID, groups: delegator.groups)
    return try await decide(signer, action, on: scope) == .allowed ? .allowed : .denied
  }
}

extension Principal {
  /// Whether it is a user of the tenant's own. Guests are known by the name that they are given, and see no directory but themselves.
  fileprivate var isMember: Bool {
    kind == .user && !name.lowercased().contains("#ext#@")
  }
}

extension SignedGrant {
  fileprivate func permits(_ requirement: SignedRequirement) -> Bool {
    guard resourceTypes?.contains(requirement.resourceType) ?? true else { return false }
    return requirement.isMet(by: permissions, inService: resourceTypes == nil)
  }

  /// The scope or one below it. A blob's name is compared exactly, and no blob lies below another: `a/b` is not inside `a`.
  fileprivate func covers(_ path: String) -> Bool {
    if scope.utf8.elementsEqual(path.utf8) { return true }
    guard let blob = Self.blobName(in: scope) else {
      // As one is mostly made of the other, they are mostly written alike.
      let below = path.utf8.dropFirst(scope.utf8.count)
      if below.first == UInt8(ascii: "/"), !scope.isEmpty, path.utf8.starts(with: scope.utf8) { return true }
      return ScopePath(scope).covers(ScopePath(path))
    }
    guard let other = Self.blobName(in: path) else { return false }
    return blob.utf8.elementsEqual(other.utf8)
      && scope.dropLast(blob.count).lowercased().utf8.elementsEqual(path.dropLast(other.count).lowercased().utf8)
  }

  /// What stands behind `…/blobServices/default/containers/<name>/blobs/`.
  private static func blobName(in path: String) -> Substring? {
    func isNamed(_ segment: Substring.UTF8View, _ name: StaticString) -> Bool {
      name.withUTF8Buffer { name in segment.count == name.count && segment.elementsEqual(name) { $0 == $1 || $0 | 0x20 == $1 } }
    }
    let segments = path.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
    guard segments.count > 5, let service = segments.firstIndex(where: { isNamed($0, "blobservices") }), segments.count > service + 5,
      isNamed(segments[service + 2], "containers"), isNamed(segments[service + 4], "blobs")
    else { return nil }
    return path[segments[service + 5].startIndex...]
  }
}
