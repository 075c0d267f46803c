internal import Access
internal import Base
internal import Catalogue
internal import Identity
internal import Records
internal import Wire

/// The rights of everybody, asked for from both ends: what each principal may do, and who may do something on each resource.
package struct ControlIAM03: ControlObservation {
  package let control = "CTL-IAM-03"
  package let test = "CTL-IAM-03Tests: a right that one of the two views alone has is found"

  package init() {}

  package func observe(_ platform: ObservedPlatform) async throws -> [Finding] {
    let rights = try await platform.records.read { try EffectiveRights.read(platform, in: $0) }
    let decisions = try await Decisions.observe(platform, rights)
    let changes = try await Self.tryChanges(platform)
    return [
      Finding(
        ["9.3.d", "9.3.e"],
        subject: Text(
          "les droits effectifs, groupes compris, lus par titulaire et par ressource sur chaque portée où un rôle est attribué",
          "the effective rights, groups included, read by holder and by resource at every scope where a role is assigned"),
        looked: rights.triples, gaps: rights.gaps,
        nothing: Text("aucun rôle n'est attribué.", "no role is assigned."), figures: rights.figures, evidence: rights.evidence),
      Finding(
        ["9.3.b"],
        subject: Text(
          "les rôles offerts, et des décisions de la plateforme comparées à ce que disent les rôles",
          "the roles that are offered, and decisions of the platform compared with what the roles say"),
        looked: decisions.compared, gaps: decisions.gaps,
        nothing: Text("aucune décision n'a pu être comparée.", "no decision could be compared."), figures: decisions.figures),
      Finding(
        ["9.3.a"],
        subject: Text(
          "un droit donné, changé et retiré dans une transaction que rien ne garde",
          "a right given, changed and taken in a transaction that nothing keeps"),
        looked: changes.steps, gaps: changes.gaps, nothing: Text("rien n'a été essayé.", "nothing was tried."),
        figures: [Finding.Figure("étapes", "steps", changes.steps)]),
    ]
  }

  private struct Changes: Error {
    var steps = 0
    var gaps: [Text] = []

    mutating func step(_ isSo: Bool, _ french: String, _ english: String) {
      steps += 1
      if !isSo { gaps.append(Text(french, english)) }
    }
  }

  /// Gives, changes and takes a right of nobody's in a tenant of nobody's. What was seen is thrown, so that no trace stays.
  private static func tryChanges(_ platform: ObservedPlatform) async throws -> Changes {
    let (access, now) = (platform.access, platform.now)
    let (tenant, principal, id) = (platform.random.guid(), platform.random.guid(), platform.random.guid())
    let scope = AccessScope(tenant: tenant, path: "/subscriptions/\(platform.random.guid())")
    do {
      try await platform.records.write { transaction in
        var changes = Changes()
        func assign(_ description: String) throws -> RoleAssignment {
          try access.assign(
            RoleAssignmentRequest(roleDefinitionID: BuiltInRole.reader, principalID: principal, description: description), id: id, at: scope,
            resolvedType: .user, by: principal, now: now, in: transaction
          ).assignment
        }
        let given = try assign("given")
        changes.step(
          try access.holders(on: scope, in: transaction).map(\.id) == [id], "un droit donné n'est pas listé.", "a right that was given is not listed."
        )
        changes.step(
          given.createdBy == principal && given.createdOn == now, "un droit donné ne dit ni qui ni quand.",
          "a right that was given does not say by whom and when.")
        changes.step(try assign("changed").description == "changed", "un droit ne se change pas.", "a right cannot be changed.")
        _ = try access.unassign(id, at: scope, in: transaction)
        changes.step(
          try access.holders(on: scope, in: transaction).isEmpty && access.holdings(of: principal, tenant: tenant, in: transaction).isEmpty,
          "un droit retiré est encore listé.", "a right that was taken is still listed.")
        throw changes
      }
    } catch let changes as Changes {
      return changes
    }
    return Changes()
  }
}

/// Who may do what where, from both ends.
private struct EffectiveRights: Sendable {
  /// That a principal holds a role by one assignment, by itself or through a group.
  struct Right: Hashable, Sendable {
    var principal: GUID
    var assignment: GUID
  }

  /// One that decisions are compared for.
  struct Holder: Sendable {
    var tenant: GUID
    var principal: GUID
    var isUser: Bool
    var groups: [GUID]
    var holdings: [RoleAssignment]

    func isStill(_ platform: ObservedPlatform) async throws -> Bool {
      try await platform.records.read { reader in
        let above = try platform.identity.groups(of: principal, tenant: tenant, in: reader)
        let now = try ([principal] + above).flatMap { try platform.access.holdings(of: $0, tenant: tenant, in: reader) }
        return now == holdings && above == groups
      }
    }
  }

  var sample: TenantSample
  var principals = 0
  var totalPrincipals = 0
  var scopes = 0
  var totalScopes = 0
  var triples = 0
  var inherited = 0
  var differences: [JSON] = []
  var gaps: [Text] = []
  var holders: [Holder] = []
  var customRoles = 0

  private static let maximumPrincipals = 2048
  private static let maximumScopes = 128
  private static let maximumShown = 50
  private static let maximumNoted = 1000

  var figures: [Finding.Figure] {
    [
      sample.figure,
      Finding.Figure(
        principals == totalPrincipals ? "titulaires possibles" : "échantillon de titulaires sur \(totalPrincipals)",
        principals == totalPrincipals ? "possible holders" : "sample of holders of \(totalPrincipals)", principals),
      Finding.Figure(
        scopes == totalScopes ? "portées" : "échantillon de portées sur \(totalScopes)",
        scopes == totalScopes ? "scopes" : "sample of scopes of \(totalScopes)", scopes),
      Finding.Figure("triplets comparés", "triples compared", triples), Finding.Figure("dont par un groupe", "of them through a group", inherited),
      Finding.Figure("différences", "differences", differences.count),
    ]
  }

  var evidence: JSON { ["differences": .array(Array(differences.prefix(Self.maximumShown)))] }

  static func read(_ platform: ObservedPlatform, in reader: any RecordReader) throws -> EffectiveRights {
    var rights = EffectiveRights(sample: try TenantSample.take(platform, in: reader))
    for tenant in rights.sample.tenants { try rights.compare(tenant.id, platform, in: reader) }
    return rights
  }

  private mutating func compare(_ tenant: GUID, _ platform: ObservedPlatform, in reader: any RecordReader) throws {
    let (identity, access, limit) = (platform.identity, platform.access, ObservationLimits.maximumListed)
    customRoles += try reader.count(RoleDefinition.self, under: RecordKey(tenant: tenant), limit: limit)
    let users = try identity.users(tenant: tenant, limit: limit, in: reader).map(\.id)
    let applications = try identity.servicePrincipals(tenant: tenant, limit: limit, in: reader).map(\.id)
    let groups = try identity.groups(tenant: tenant, limit: limit, in: reader).map(\.id)
    let all = users + applications + groups
    let (known, areUsers, areGroups) = (Set(all), Set(users), Set(groups))
    let taken = platform.random.sample(all, Self.maximumPrincipals)
    totalPrincipals += all.count
    principals += taken.count

    // From each principal, up through its groups.
    var byPrincipal: [GUID: [RoleAssignment]] = [:]
    for principal in taken {
      let above = areGroups.contains(principal) ? [] : try identity.groups(of: principal, tenant: tenant, in: reader)
      let holdings = try ([principal] + above).flatMap { try access.holdings(of: $0, tenant: tenant, in: reader) }
      byPrincipal[principal] = holdings
      inherited += holdings.count { $0.principalID != principal }
      if !areGroups.contains(principal), !holdings.isEmpty {
        holders.append(
          Holder(tenant: tenant, principal: principal, isUser: areUsers.contains(principal), groups: above, holdings: holdings))
      }
    }

    // From each resource, down into the groups.
    let isTaken = Set(taken)
    var members: [GUID: [GUID]] = [:]
    for path in try Self.scopes(tenant, access, in: reader, sampledBy: platform.random, total: &totalScopes) {
      scopes += 1
      var fromResource: Set<Right> = []
      for assignment in try access.holders(on: AccessScope(tenant: tenant, path: path), in: reader) {
        guard known.contains(assignment.principalID) else {
          note(assignment.principalID, assignment.id, tenant, "the holder is gone")
          continue
        }
        var reached = [assignment.principalID]
        if areGroups.contains(assignment.principalID) {
          if members[assignment.principalID] == nil {
            members[assignment.principalID] = try identity.principals(
              inGroup: assignment.principalID, tenant: tenant, limit: limit, in: reader)
          }
          reached += members[assignment.principalID] ?? []
        }
        for principal in reached {
          if !known.contains(principal) { note(principal, assignment.id, tenant, "a member is gone") }
          if isTaken.contains(principal) { fromResource.insert(Right(principal: principal, assignment: assignment.id)) }
        }
      }
      var fromPrincipals: Set<Right> = []
      for (principal, holdings) in byPrincipal {
        for holding in holdings where Hierarchy.covers(holding.scope, path) {
          fromPrincipals.insert(Right(principal: principal, assignment: holding.id))
        }
      }
      triples += fromPrincipals.union(fromResource).count
      for right in fromPrincipals.subtracting(fromResource) { note(right.principal, right.assignment, tenant, "only from the principal") }
      for right in fromResource.subtracting(fromPrincipals) { note(right.principal, right.assignment, tenant, "only from the resource") }
    }
  }

  /// Where roles are assigned.
  private static func scopes(
    _ tenant: GUID, _ access: AccessControl, in reader: any RecordReader, sampledBy random: any RandomSource, total: inout Int
  ) throws -> [String] {
    var paths: Set<String> = []
    for root in ["/", AccessScope.directory] {
      for assignment in try access.assignments(at: AccessScope(tenant: tenant, path: root), in: reader) {
        paths.insert(assignment.scope.lowercased())
      }
    }
    total += paths.count
    return random.sample(paths.sorted(), maximumScopes)
  }

  private mutating func note(_ principal: GUID, _ assignment: GUID, _ tenant: GUID, _ what: String) {
    let difference: JSON = [
      "principalId": .string(principal.description), "assignmentId": .string(assignment.description), "tenantId": .string(tenant.description),
      "seen": .string(what),
    ]
    guard differences.count < Self.maximumNoted, !differences.contains(difference) else { return }
    differences.append(difference)
    gaps.append(
      Text(
        "l'attribution \(assignment) de \(principal) n'est pas la même des deux côtés (\(what)).",
        "the assignment \(assignment) of \(principal) is not the same from both ends (\(what))."))
  }
}

/// Decisions of the platform, beside what the roles say that were read apart from it.
private struct Decisions: Sendable {
  var compared = 0
  var allowed = 0
  var gaps: [Text] = []
  var customRoles = 0

  private static let maximumHolders = 24
  private static let actions = [
    "Microsoft.Resources/subscriptions/resourceGroups/read", "Microsoft.Resources/subscriptions/resourceGroups/write",
    "Microsoft.Authorization/roleAssignments/write", "Microsoft.Storage/storageAccounts/listKeys/action",
  ]

  var figures: [Finding.Figure] {
    [
      Finding.Figure("rôles de la plateforme", "roles of the platform", BuiltInRole.all.count + DirectoryRole.all.count),
      Finding.Figure("rôles des clients", "roles of customers", customRoles), Finding.Figure("décisions comparées", "decisions compared", compared),
      Finding.Figure("dont permises", "of them allowed", allowed),
    ]
  }

  static func observe(_ platform: ObservedPlatform, _ rights: EffectiveRights) async throws -> Decisions {
    var decisions = Decisions()
    decisions.customRoles = rights.customRoles
    for holder in platform.random.sample(rights.holders, maximumHolders) {
      let roles = try await platform.records.read { reader in
        try Dictionary(
          holder.holdings.compactMap { holding in
            try platform.access.definition(holding.roleDefinitionID, tenant: holder.tenant, in: reader).map { (holding.roleDefinitionID, $0) }
          }
        ) { first, _ in first }
      }
      let principal = Principal(
        kind: holder.isUser ? .user : .servicePrincipal, tenant: holder.tenant, objectID: holder.principal, groups: holder.groups)
      // One who has no role, in the same tenant: everything is refused.
      let stranger = Principal(kind: .servicePrincipal, tenant: holder.tenant, objectID: platform.random.guid())
      guard let scope = holder.holdings.map(\.scope).first(where: { !Hierarchy.isDirectory($0) }) else { continue }
      for action in actions {
        let expected = holder.holdings.contains { holding in
          Hierarchy.covers(holding.scope, scope) && roles[holding.roleDefinitionID].map { grants($0, action) } ?? false
        }
        try await decisions.compare(platform, principal, action, AccessScope(tenant: holder.tenant, path: scope), expected, holder)
        try await decisions.compare(platform, stranger, action, AccessScope(tenant: holder.tenant, path: scope), false)
      }
    }
    return decisions
  }

  private mutating func compare(
    _ platform: ObservedPlatform, _ principal: Principal, _ action: String, _ scope: AccessScope, _ expected: Bool,
    _ holder: EffectiveRights.Holder? = nil
  ) async throws {
    let isAllowed = try await platform.access.decide(principal, Action(action), on: scope) == .allowed
    compared += 1
    if isAllowed { allowed += 1 }
    guard isAllowed != expected else { return }
    // Rights that changed since they were read are no contradiction.
    if let holder, try await !holder.isStill(platform) { return }
    gaps.append(
      Text(
        "\(action) chez le client \(scope.tenant) : \(isAllowed ? "permis" : "refusé") à \(principal.objectID), les rôles disent le contraire.",
        "\(action) in the tenant \(scope.tenant): \(isAllowed ? "allowed" : "denied") to \(principal.objectID), the roles say the contrary."))
  }

  private static func grants(_ role: RoleDefinition, _ action: String) -> Bool {
    role.permissions.contains { set in
      set.actions.contains { Hierarchy.matches(action, $0) } && !set.notActions.contains { Hierarchy.matches(action, $0) }
    }
  }
}

/// Scopes and names of actions, compared without the code that decides.
private enum Hierarchy {
  static func isDirectory(_ scope: String) -> Bool { scope.lowercased() == AccessScope.directory }

  /// Whether what is assigned at a scope holds at another.
  static func covers(_ scope: String, _ other: String) -> Bool {
    guard isDirectory(scope) == isDirectory(other) else { return false }
    let (above, below) = (segments(scope), segments(other))
    return below.count >= above.count && zip(above, below).allSatisfy(==)
  }

  private static func segments(_ scope: String) -> [Substring] { scope.lowercased().split(separator: "/").map { Substring($0) } }

  /// Whether a name has the form of a pattern, in which `*` stands for any characters.
  static func matches(_ name: String, _ pattern: String) -> Bool {
    matches(Array(name.lowercased().utf8)[...], Array(pattern.lowercased().utf8)[...])
  }

  private static func matches(_ name: ArraySlice<UInt8>, _ pattern: ArraySlice<UInt8>) -> Bool {
    guard let first = pattern.first else { return name.isEmpty }
    guard first == UInt8(ascii: "*") else { return name.first == first && matches(name.dropFirst(), pattern.dropFirst()) }
    return (name.startIndex...name.endIndex).contains { matches(name[$0...], pattern.dropFirst()) }
  }
}
