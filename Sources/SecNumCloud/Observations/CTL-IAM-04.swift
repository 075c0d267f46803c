internal import Access
internal import Base
internal import Catalogue
internal import Identity
internal import Records
internal import Wire

/// Rights that nobody may hold together: declared, refused when they are written, and held by nobody.
package struct ControlIAM04: ControlObservation {
  package let control = "CTL-IAM-04"
  package let test = "CTL-IAM-04Tests: two rights that were given before they were declared incompatible are found, and refused from then on"

  package init() {}

  package func observe(_ platform: ObservedPlatform) async throws -> [Finding] {
    let declared = try await platform.documents.incompatibleRoles()
    let inForce = platform.access.incompatibleRoles
    let refusals = try await Self.tryToCombine(declared, platform)
    let state = try await platform.records.read { reader in
      let sample = try TenantSample.take(platform, in: reader)
      return (sample, try sample.tenants.flatMap { tenant in try platform.access.conflicts(tenant: tenant.id, in: reader).map { (tenant.id, $0) } })
    }
    let (sample, conflicts) = state
    let listed = [
      Finding.Figure("paires incompatibles", "incompatible pairs", declared.pairs.count),
      Finding.Figure("dont de l'exploitant", "of them the operator's", declared.pairs.subtracting(IncompatibleRoles.builtIn.pairs).count),
    ]
    let cumulated = conflicts.map { _, conflict in
      Text(
        "\(conflict.principal) cumule \(Self.name(conflict.roles.first)) et \(Self.name(conflict.roles.second)) sur \(conflict.scope).",
        "\(conflict.principal) holds both \(Self.name(conflict.roles.first)) and \(Self.name(conflict.roles.second)) on \(conflict.scope).")
    }
    let missing = declared.pairs.subtracting(inForce.pairs).map { pair in
      Text(
        "la paire \(Self.name(pair.first)) / \(Self.name(pair.second)) est déclarée mais n'est pas appliquée.",
        "the pair \(Self.name(pair.first)) / \(Self.name(pair.second)) is declared but not applied.")
    }
    return [
      Finding(
        ["9.3.f"],
        subject: Text(
          "la liste des droits incompatibles, et l'attribution de chaque paire essayée dans une transaction que rien ne garde",
          "the list of incompatible rights, and each pair's assignment tried in a transaction that nothing keeps"),
        looked: refusals.tried, gaps: missing.sorted { $0.french < $1.french } + refusals.accepted + cumulated,
        nothing: Text("aucune paire de droits n'est déclarée incompatible.", "no pair of rights is declared incompatible."),
        figures: listed + [
          Finding.Figure("paires essayées", "pairs tried", refusals.tried),
          Finding.Figure("refusées", "refused", refusals.tried - refusals.accepted.count),
        ], evidence: ["pairs": .array(declared.pairs.map(Self.json).sorted { $0.text < $1.text })]),
      Finding(
        ["6.2.a"],
        subject: Text(
          "les rôles que chacun tient, par lui-même et par ses groupes, face à la liste des droits incompatibles",
          "the roles that everybody holds, by himself and through groups, against the list of incompatible rights"),
        looked: declared.pairs.isEmpty ? 0 : sample.tenants.count, gaps: missing.sorted { $0.french < $1.french } + cumulated,
        nothing: Text("aucun locataire n'a pu être regardé.", "no tenant could be looked at."),
        figures: listed + [sample.figure, Finding.Figure("cumuls", "combinations", conflicts.count)],
        evidence: [
          "combinations": .array(
            conflicts.prefix(Self.maximumShown).map { tenant, conflict in
              [
                "tenantId": .string(tenant.description), "principalId": .string(conflict.principal.description),
                "assignments": [.string(conflict.first.description), .string(conflict.second.description)],
              ]
            })
        ]),
    ]
  }

  private static let maximumShown = 100
  private static let maximumTried = 64

  private static func name(_ role: GUID) -> String { BuiltInRole.definition(role)?.roleName ?? role.description }

  private static func json(_ pair: IncompatibleRoles.Pair) -> JSON {
    [
      "roles": [.string(name(pair.first)), .string(name(pair.second))],
      "roleDefinitionIds": [.string(pair.first.description), .string(pair.second.description)],
      "reason": .string(pair.reason),
    ]
  }

  private struct Refusals: Error {
    var tried = 0
    var accepted: [Text] = []
  }

  /// Gives both roles of each pair to nobody in a tenant of nobody's, through the function that every assignment goes through. What was seen is
  /// thrown, so that no trace stays. A custom role is known in its own tenant alone: such pairs are seen in the state, not tried.
  private static func tryToCombine(_ declared: IncompatibleRoles, _ platform: ObservedPlatform) async throws -> Refusals {
    let (access, random, now, tenant) = (platform.access, platform.random, platform.now, platform.random.guid())
    let pairs = random.sample(
      declared.pairs.filter { BuiltInRole.definition($0.first) != nil && BuiltInRole.definition($0.second) != nil }
        .sorted { ($0.first, $0.second) < ($1.first, $1.second) }, maximumTried)
    do {
      try await platform.records.write { transaction in
        var refusals = Refusals()
        for pair in pairs {
          let principal = random.guid()
          func assign(_ role: GUID) throws {
            let scope = AccessScope(tenant: tenant, path: BuiltInRole.definition(role)?.assignableScopes.first ?? "/")
            _ = try access.assign(
              RoleAssignmentRequest(roleDefinitionID: role, principalID: principal), id: random.guid(), at: scope, resolvedType: .user,
              by: .zero, now: now, in: transaction)
          }
          try assign(pair.first)
          refusals.tried += 1
          do {
            try assign(pair.second)
            refusals.accepted.append(
              Text(
                "cumuler \(name(pair.first)) et \(name(pair.second)) n'est pas refusé.",
                "holding \(name(pair.first)) and \(name(pair.second)) is not refused."))
          } catch let error as CloudError where error.status == 409 {
            continue
          }
        }
        throw refusals
      }
    } catch let refusals as Refusals {
      return refusals
    }
    return Refusals()
  }
}
