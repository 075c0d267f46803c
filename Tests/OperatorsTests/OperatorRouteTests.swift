import Access
import Base
import Edge
import Ledger
import Logging
import NIOHTTP1
import Operators
import Records
import Simulation
import Synchronization
import Testing
import Wire

@Suite struct OperatorRouteTests {
  /// A tenant's consent, as a test gives it.
  private struct Consent: GrantGuard {
    var grant: @Sendable (OperatorCall) -> OperatorGrant?

    func use(_ call: OperatorCall) async throws -> OperatorGrant {
      guard let grant = grant(call) else { throw OperatorErrors.noGrant }
      return grant
    }
  }

  private static func secret(_ consent: Consent, _ shown: Shown) -> OperatorRoute {
    OperatorRoute(.GET, "/resources/{id}", .requestAccess, grantedBy: consent) { _, grant in
      shown.count.withLock { $0 += 1 }
      return OperatorAnswer.json(["secret": "of \(grant.tenant)"])
    }
  }

  // MARK: What an operator may

  @Test func noPermissionIsAzuresAndNoneReachesData() async throws {
    for permission in OperatorPermission.allCases {
      #expect(permission.rawValue.hasPrefix("Cocagne.Operations/"))
      for role in BuiltInRole.all {
        for permissions in role.permissions {
          #expect(!permissions.dataActions.contains(permission.rawValue) && !permissions.actions.contains(permission.rawValue))
        }
      }
    }
    let writes = OperatorPermission.allCases.filter { !$0.rawValue.hasSuffix("/read") }
    #expect(Set(writes) == [.requestAccess, .writeAuthorityRequests], "nothing of an operator's writes anything but requests")
  }

  @Test func everyRoleIsAFixedListAndNoneHoldsAll() {
    let table = Dictionary(uniqueKeysWithValues: OperatorRole.allCases.map { ($0.rawValue, $0.permissions) })
    #expect(
      table == [
        "exploitation": [.readStatus, .readTenants], "support": [.readStatus, .readTenants, .requestAccess],
        "securite": [.readStatus, .readTenants, .readOperators, .readAccessRequests, .readAuthorityRequests, .writeAuthorityRequests],
        "auditeur": [.readStatus, .readTenants, .readOperators, .readAccessRequests, .readAuthorityRequests],
      ])
    for role in OperatorRole.allCases { #expect(role.permissions != Set(OperatorPermission.allCases)) }
  }

  @Test func noRouteChangesWhoIsAnOperatorOrWhatOneMay() async throws {
    let fixture = try await OperatorFixture()
    for route in fixture.operations.routes {
      #expect(route.method == .GET, "\(route.method) \(route.pattern)")
      if case .grant = route.access { Issue.record("\(route.pattern) shows what is a tenant's") }
    }
    let key = OperatorKey()
    let person = try await fixture.add(key, roles: [.securite, .support])
    let token = try await fixture.signIn(person, key)
    for method in [HTTPMethod.PUT, .POST, .PATCH, .DELETE] {
      #expect(await fixture.call(method, "/operators", token: token, body: "{}").status == 405)
      #expect(await fixture.call(method, "/operators/\(person.id)", token: token, body: #"{"roles":["auditeur"]}"#).status == 404)
      #expect(await fixture.call(method, "/whoami", token: token, body: #"{"roles":["auditeur"]}"#).status == 405)
    }
    #expect(try await fixture.register.find(person.email) == person)
    try await fixture.close()
  }

  @Test func aCommandOfTheHostSaysWhatItShowsAndIsListedOnce() {
    #expect(Set(HostCommand.all.map(\.name)).count == HostCommand.all.count)
    for command in HostCommand.all { #expect(HostCommand.named(command.name) == command) }
    #expect(HostCommand.named("blob show") == nil)
    // The cases are what an answer may show; one for what is in tenants' resources would have to be written here first.
    #expect(
      HostCommand.Shows.allCases.map(\.rawValue) == [
        "outcome", "platform", "tenants", "ledger", "operators", "requests", "newTenant", "sealedCopy",
      ])
    #expect(HostCommand.all.filter { $0.shows == .newTenant }.map(\.name) == ["tenant add"])
  }

  // MARK: Guards

  @Test func everyRouteRefusesACallerWithoutATokenAndOneWithoutThePermission() async throws {
    let shown = Shown()
    let consent = Consent { call in
      OperatorGrant(request: .zero, tenant: .zero, operatorID: call.caller.id, scope: "/", ends: call.now.advanced(by: .seconds(60)))
    }
    let fixture = try await OperatorFixture(further: [Self.secret(consent, shown)])
    let key = OperatorKey()
    let person = try await fixture.add(key, roles: [.exploitation])
    let token = try await fixture.signIn(person, key)
    for route in fixture.operations.routes {
      let path = route.pattern.replacing("{id}", with: "x")
      let unknown = await fixture.call(route.method, path, token: nil)
      #expect(unknown.status == 401 && unknown.code == "AuthenticationFailed", "\(route.pattern)")
      let known = await fixture.call(route.method, path, token: token)
      let may = route.permission.map { OperatorRole.exploitation.permissions.contains($0) } ?? true
      #expect(known.status == (may ? 200 : 403), "\(route.pattern)")
      if !may { #expect(known.code == "AuthorizationFailed") }
    }
    #expect(shown.count.withLock { $0 } == 0)
    #expect(await fixture.call(.GET, "/elsewhere", token: nil).status == 401, "whoever is nobody does not learn what is served")
    #expect(await fixture.call(.GET, "/elsewhere", token: token).status == 404)
    #expect(await fixture.call(.GET, "/%zz", token: token).status == 400)
    let refusals = try await fixture.entries().filter { $0.kind == .refusal }
    #expect(Set(refusals.map(\.subject)) == ["/operators", "/resources/{id}"])
    #expect(refusals.allSatisfy { $0.personal["caller"] == person.email })
    try await fixture.close()
  }

  @Test func whatIsATenantsIsShownUnderAGrantOfThisOperatorAndOfThisMomentAlone() async throws {
    let shown = Shown()
    let box = Offered()
    let fixture = try await OperatorFixture(further: [Self.secret(Consent { _ in box.grant.withLock { $0 } }, shown)])
    let key = OperatorKey()
    let person = try await fixture.add(key, roles: [.support])
    let token = try await fixture.signIn(person, key)
    let tenant = fixture.random.guid()
    func status(_ grant: OperatorGrant?) async -> Int {
      box.grant.withLock { $0 = grant }
      return await fixture.call(.GET, "/resources/x", token: token).status
    }
    let now = fixture.clock.now()
    var grant = OperatorGrant(request: .zero, tenant: tenant, operatorID: person.id, scope: "/", ends: now.advanced(by: .seconds(60)))
    #expect(await status(nil) == 403)
    grant.operatorID = .zero
    #expect(await status(grant) == 403, "another operator's")
    grant.operatorID = person.id
    grant.ends = now
    #expect(await status(grant) == 403, "it has ended")
    #expect(shown.count.withLock { $0 } == 0)
    grant.ends = now.advanced(by: .seconds(1))
    #expect(await status(grant) == 200)
    #expect(shown.count.withLock { $0 } == 1)
    let calls = try await fixture.entries().filter { $0.subject == "/resources/{id}" }
    #expect(calls.map(\.outcome).filter { $0 == .refused }.count == 3)
    #expect(calls.map(\.outcome).filter { $0 == .succeeded }.count == 1)
    try await fixture.close()
  }

  // MARK: The ledger

  @Test func eachCallIsInTheLedgerWithItsOutcome() async throws {
    struct Broken: Error {}
    let broken = OperatorRoute(.POST, "/broken", .readStatus) { _ in throw Broken() }
    let fixture = try await OperatorFixture(further: [broken])
    let key = OperatorKey()
    let person = try await fixture.add(key)
    let token = try await fixture.signIn(person, key)
    #expect(await fixture.call(.GET, "/status", token: token).status == 200)
    let reply = await fixture.call(.POST, "/broken", token: token)
    #expect(reply.status == 500 && reply.code == "InternalError" && !reply.text.contains("Broken"))
    let calls = try await fixture.entries().filter { $0.kind == .operatorAction && $0.subject.hasPrefix("/") && $0.request != nil }
    let outcomes = Dictionary(calls.map { ($0.facts["operation"] ?? "", $0.outcome) }) { $1 }
    #expect(outcomes == ["operator sign-in": .succeeded, "GET /status": .succeeded, "POST /broken": .failed])
    #expect(calls.allSatisfy { $0.personal["principal"] == person.id.description && $0.personal["address"] == "127.0.0.1" })
    try await fixture.close()
  }

  @Test func aCallThatACrashCutShortIsEnteredAtTheNextStart() async throws {
    let fixture = try await OperatorFixture()
    let log = ActionLog(records: fixture.records, clock: fixture.clock, random: fixture.random, logger: .init(label: "test"))
    // The record of the beginning is there while the action runs: what a crash would leave.
    _ = try await log.perform("tenant add", subject: "tenant add", personal: [:]) {
      try await log.enterInterrupted()
      // Here no crash has come between: the end is entered too, at another time.
      fixture.clock.advance(by: .seconds(1))
      return 0
    }
    let entries = try await fixture.entries().filter { $0.facts["operation"] == "tenant add" }
    #expect(entries.contains { $0.outcome == .failed && $0.facts["reason"] == "interrupted" })
    try await fixture.close()
  }
}

/// How often something was shown.
private final class Shown: Sendable {
  let count = Mutex(0)
}

/// The grant that the next call finds.
private final class Offered: Sendable {
  let grant = Mutex<OperatorGrant?>(nil)
}
