internal import Access
internal import Base
internal import Catalogue
internal import Identity
internal import Records
internal import Wire

/// Who leaves loses everything: tried with accounts that the platform makes for it, and looked for in the records of everybody.
package struct ControlIAM01: ControlObservation {
  package let control = "CTL-IAM-01"
  package let test = "CTL-IAM-01Tests: what is left of a deleted account is found, and an account that still works after it was disabled"

  package init() {}

  package func observe(_ platform: ObservedPlatform) async throws -> [Finding] {
    let departures = try await ThrowawayTenant.with(platform) { try await Departures(probe: $0).observe() }
    let leftovers = try await platform.records.read { try Leftovers.read(platform, in: $0) }
    return [
      Finding(
        ["9.3.g"],
        subject: Text(
          "des comptes sonde auxquels un droit est retiré, puis l'accès suspendu par l'annuaire (Graph)",
          "probe accounts from which a right is taken and whose access is then suspended through the directory (Graph)"),
        looked: departures.suspensionAttempts, gaps: departures.suspensionGaps, nothing: Self.nothing,
        figures: [Finding.Figure("essais après suspension", "attempts after suspension", departures.suspensionAttempts)]),
      Finding(
        ["9.2.a"],
        subject: Text(
          "l'entrée d'un compte sonde, sa suspension et sa sortie par l'interface de gestion (Graph), et ce que la sortie doit effacer",
          "the entry of a probe account, its suspension and its exit through the management interface (Graph), and what the exit must erase"),
        looked: departures.interfaceCalls, gaps: departures.interfaceGaps, nothing: Self.nothing,
        figures: [Finding.Figure("demandes à l'interface", "requests to the interface", departures.interfaceCalls)],
        evidence: ["erased": .array(Leftovers.kinds.map { .string($0.english) })]),
      Finding(
        ["9.2.c"],
        subject: Text(
          "des comptes sonde supprimés, et tout ce que les enregistrements gardent d'utilisateurs et d'applications qui n'y sont plus",
          "deleted probe accounts, and all that the records keep of users and applications that are gone"),
        looked: departures.deletionAttempts, gaps: departures.deletionGaps + leftovers.gaps, nothing: Self.nothing,
        figures: [Finding.Figure("essais après suppression", "attempts after deletion", departures.deletionAttempts)] + leftovers.figures,
        evidence: leftovers.evidence),
    ]
  }

  private static let nothing = Text("aucun essai n'a pu être fait.", "no attempt could be made.")
}

/// The exits of one user and one application of a probe.
private struct Departures {
  let probe: ThrowawayTenant

  struct Outcome: Sendable {
    var suspensionAttempts = 0
    var suspensionGaps: [Text] = []
    var deletionAttempts = 0
    var deletionGaps: [Text] = []
    var interfaceCalls = 0
    var interfaceGaps: [Text] = []
  }

  func observe() async throws -> Outcome {
    var outcome = Outcome()
    let directory = try await probe.administratorToken()
    try await revoke(&outcome)
    try await departUser(directory, &outcome)
    try await departApplication(directory, &outcome)
    return outcome
  }

  /// A right that is taken holds no longer from the next decision on.
  private func revoke(_ outcome: inout Outcome) async throws {
    let (platform, tenant, visitor) = (probe.platform, probe.id, probe.visitor.principal)
    let (scope, id, now) = (AccessScope(tenant: tenant, path: "/"), platform.random.guid(), platform.now)
    let principal = Principal(kind: .servicePrincipal, tenant: tenant, objectID: visitor)
    let read = Action("Microsoft.Resources/subscriptions/read")
    _ = try await platform.records.write { transaction in
      try platform.access.assign(
        RoleAssignmentRequest(roleDefinitionID: BuiltInRole.reader, principalID: visitor), id: id, at: scope, resolvedType: .servicePrincipal,
        by: .zero, now: now, in: transaction
      ).isNew
    }
    try await require(try await platform.access.decide(principal, read, on: scope) == .allowed)
    _ = try await platform.records.write { try platform.access.unassign(id, at: scope, in: $0)?.id }
    outcome.suspensionAttempts += 1
    if try await platform.access.decide(principal, read, on: scope) == .allowed {
      outcome.suspensionGaps.append(Text("un droit retiré vaut encore.", "a right that was taken still holds."))
    }
  }

  private func departUser(_ directory: String, _ outcome: inout Outcome) async throws {
    let signedIn = try await probe.signIn(probe.password)
    guard let access = signedIn.access, let refresh = signedIn.refresh else { throw Self.unserved }
    try await probe.keepCheapHash()
    try await require(try await probe.present(access) == 200)
    try await require(try await probe.refresh(refresh).isGiven)
    let path = "/v1.0/users/\(probe.user)"
    try await call("PATCH", path, directory, ["accountEnabled": false], &outcome)
    let attempts: [(Text, Bool)] = [
      (Text("le mot de passe", "the password"), try await probe.signIn(probe.password).isGiven),
      (Text("la session gardée", "the remembered session"), try await probe.refresh(refresh).isGiven),
      (Text("le jeton d'accès", "the access token"), try await probe.present(access) == 200),
    ]
    Self.note(attempts, Text("d'un utilisateur suspendu", "of a suspended user"), &outcome.suspensionAttempts, &outcome.suspensionGaps)
    try await call("PATCH", path, directory, ["accountEnabled": true], &outcome)
    Self.note(
      [(Text("la session d'avant", "the session from before"), try await probe.refresh(refresh).isGiven)],
      Text("d'un utilisateur rétabli", "of a restored user"), &outcome.suspensionAttempts, &outcome.suspensionGaps)
    try await call("DELETE", path, directory, nil, &outcome)
    let after: [(Text, Bool)] = [
      (Text("la session gardée", "the remembered session"), try await probe.refresh(refresh).isGiven),
      (Text("le jeton d'accès", "the access token"), try await probe.present(access) == 200),
    ]
    Self.note(after, Text("d'un utilisateur supprimé", "of a deleted user"), &outcome.deletionAttempts, &outcome.deletionGaps)
    let (platform, tenant, user) = (probe.platform, probe.id, probe.user)
    let left = try await platform.records.read { reader in
      let sessions = try platform.identity.sessions(tenant: tenant, limit: ObservationLimits.maximumListed, in: reader).count
      return sessions + (try platform.access.holdings(of: user, tenant: tenant, in: reader).count)
    }
    if left > 0 {
      outcome.deletionGaps.append(
        Text(
          "la suppression d'un utilisateur laisse \(left) enregistrements de lui.", "the deletion of a user leaves \(left) records of it."))
    }
  }

  private func departApplication(_ directory: String, _ outcome: inout Outcome) async throws {
    guard let access = try await probe.signIn(probe.visitor).access else { throw Self.unserved }
    try await require(try await probe.present(access) == 200)
    let path = "/v1.0/servicePrincipals/\(probe.visitor.principal)"
    func attempts() async throws -> [(Text, Bool)] {
      [
        (Text("le secret", "the secret"), try await probe.signIn(probe.visitor).isGiven),
        (Text("le jeton d'accès", "the access token"), try await probe.present(access) == 200),
      ]
    }
    try await call("PATCH", path, directory, ["accountEnabled": false], &outcome)
    Self.note(
      try await attempts(), Text("d'une application suspendue", "of a suspended application"), &outcome.suspensionAttempts,
      &outcome.suspensionGaps)
    try await call("DELETE", path, directory, nil, &outcome)
    Self.note(
      try await attempts(), Text("d'une application supprimée", "of a deleted application"), &outcome.deletionAttempts, &outcome.deletionGaps)
  }

  private static func note(_ attempts: [(Text, Bool)], _ whose: Text, _ count: inout Int, _ gaps: inout [Text]) {
    count += attempts.count
    gaps += attempts.filter(\.1).map { attempt in
      Text("\(attempt.0.french) \(whose.french) ouvre encore.", "\(attempt.0.english) \(whose.english) still opens.")
    }
  }

  private func call(_ method: String, _ path: String, _ token: String, _ body: JSON?, _ outcome: inout Outcome) async throws {
    outcome.interfaceCalls += 1
    let status = try await probe.send(method, service: "graph", path: path, token: token, body: body)
    guard !(200..<300).contains(status) else { return }
    outcome.interfaceGaps.append(
      Text("l'annuaire a répondu \(status) à \(method) d'un compte.", "the directory answered \(status) to \(method) of an account."))
  }

  /// What must be so before the exit: an account that never worked proves nothing.
  private func require(_ isSo: Bool) async throws {
    guard isSo else { throw Self.unserved }
  }

  private static let unserved = ObservationFailure(
    "un compte sonde n'a pas marché avant d'être retiré : la sonde ne prouve rien.",
    "a probe account did not work before it was removed: the probe proves nothing.")
}

/// What the records keep of accounts that are gone.
private struct Leftovers: Sendable {
  /// In the order of `kinds`.
  var counts = [Int](repeating: 0, count: Leftovers.kinds.count)
  var examples: [JSON] = []
  var looked = 0
  var disabled = 0
  /// Codes that would be refused; they are gone within ten minutes.
  var deadCodes = 0
  var sample: TenantSample

  static let kinds = [
    Text("sessions d'un utilisateur disparu", "sessions of a user who is gone"),
    Text("sessions utilisables d'un utilisateur suspendu", "usable sessions of a suspended user"),
    Text("droits d'un titulaire disparu", "rights of a holder who is gone"),
    Text("appartenances d'un membre disparu", "memberships of a member who is gone"),
    Text("comptes invités dont le compte d'origine a disparu", "guest accounts whose home account is gone"),
  ]
  private static let maximumExamples = 50

  var gaps: [Text] {
    zip(Self.kinds, counts).filter { $0.1 > 0 }.map { Text("\($0.1) \($0.0.french).", "\($0.1) \($0.0.english).") }
  }

  var figures: [Finding.Figure] {
    [
      sample.figure, Finding.Figure("enregistrements de comptes regardés", "records of accounts looked at", looked),
      Finding.Figure("comptes suspendus", "suspended accounts", disabled),
      Finding.Figure("codes que plus rien n'honore", "codes that nothing honours any more", deadCodes),
    ] + zip(Self.kinds, counts).map { Finding.Figure($0.0, Double($0.1)) }
  }

  var evidence: JSON { ["leftovers": .array(examples)] }

  private mutating func found(_ kind: Int, _ id: GUID, _ tenant: GUID) {
    counts[kind] += 1
    guard examples.count < Self.maximumExamples else { return }
    examples.append(["kind": .string(Self.kinds[kind].english), "objectId": .string(id.description), "tenantId": .string(tenant.description)])
  }

  static func read(_ platform: ObservedPlatform, in reader: any RecordReader) throws -> Leftovers {
    let (identity, limit) = (platform.identity, ObservationLimits.maximumListed)
    var leftovers = Leftovers(sample: try TenantSample.take(platform, in: reader))
    leftovers.deadCodes = try identity.pendingCodes(limit: limit, in: reader).count { try !identity.isUsable($0, in: reader) }
    for tenant in leftovers.sample.tenants {
      let users = try identity.users(tenant: tenant.id, limit: limit, in: reader)
      let isEnabled = Dictionary(users.map { ($0.id, $0.accountEnabled) }) { first, _ in first }
      let applications = try identity.servicePrincipals(tenant: tenant.id, limit: limit, in: reader)
      let groups = try identity.groups(tenant: tenant.id, limit: limit, in: reader)
      let known = Set(users.map(\.id)).union(applications.map(\.id)).union(groups.map(\.id))
      leftovers.looked += known.count
      leftovers.disabled += users.count { !$0.accountEnabled } + applications.count { !$0.accountEnabled }
      for session in try identity.sessions(tenant: tenant.id, limit: limit, in: reader) {
        leftovers.looked += 1
        switch isEnabled[session.user] {
        case nil: leftovers.found(0, session.user, tenant.id)
        case false?: if try identity.isUsable(session, in: reader) { leftovers.found(1, session.user, tenant.id) }
        case true?: break
        }
      }
      for path in ["/", AccessScope.directory] {
        for assignment in try platform.access.assignments(at: AccessScope(tenant: tenant.id, path: path), in: reader) {
          leftovers.looked += 1
          if !known.contains(assignment.principalID) { leftovers.found(2, assignment.principalID, tenant.id) }
        }
      }
      for membership in try reader.list(GroupMember.self, under: RecordKey(tenant: tenant.id), limit: limit) {
        leftovers.looked += 1
        if !known.contains(membership.member) || !known.contains(membership.group) { leftovers.found(3, membership.member, tenant.id) }
      }
      for guest in users {
        guard let home = guest.home else { continue }
        if try identity.user(home.user, tenant: home.tenant, in: reader) == nil { leftovers.found(4, guest.id, tenant.id) }
      }
    }
    return leftovers
  }
}
