import Base
import Catalogue
import Foundation
import Ledger
import Lockbox
import Logging
import Operators
import Records
import ResourceManager
import SecNumCloud
import Simulation
import Testing
import Wire

struct ControlLOCK01Tests {
  private static let compliant: [ItemID: Verdict] = ["9.7.d": .compliant, "12.13.a": .compliant, "19.2.e": .notAssessed]

  /// What a tenant's word on the lockbox is kept as.
  private struct OptedIn: Record, Codable {
    static let kind = "lockbox.tenant"
    var tenant: GUID
    var isOptedIn: Bool
    var changed: Timestamp
    var key: RecordKey { RecordKey(tenant: tenant, "lockbox") }
  }

  private struct Scene {
    let house: ObservedHouse
    let lockbox: Lockbox
    let ledger: Ledger
    let caller: OperatorPrincipal
    var request: LockboxRequest

    var account: String { "\(request.scope)/providers/Microsoft.Storage/storageAccounts/a" }

    /// A look as the lockbox enters it.
    func enter(_ target: String? = nil, at time: Timestamp? = nil, request id: GUID? = nil) async throws {
      let entry = LedgerEntry(
        id: house.random.guid(), time: time ?? house.clock.now(), tenant: request.tenant, kind: .lockbox, subject: target ?? account,
        outcome: .succeeded, facts: ["operation": "use", "lockboxRequest": (id ?? request.id).description])
      try await house.records.write { try entry.append(in: $0) }
      try await ledger.fileAll()
    }

    /// Entries enough that none before is among the newest.
    func goOn() async throws {
      let (random, now) = (house.random, house.clock.now())
      let entries = (0..<ControlLOCK01.maximumEntries).map { _ in
        LedgerEntry(id: random.guid(), time: now, tenant: .zero, kind: .observation, subject: "later", outcome: .succeeded)
      }
      try await house.records.write { for entry in entries { try entry.append(in: $0) } }
      try await ledger.fileAll()
    }

    func vet(_ until: String = "2099-01-01") async throws {
      house.clock.advance(by: .seconds(1))
      let text = """
        personnes:
          - reference: "P-1"
            comptes: ["\(caller.id)"]
            habilitation: { date: 2026-01-01, echeance: \(until) }
            charte: { date: 2026-01-01 }
            formation: { date: 2026-01-01 }
        """
      try await house.documents.set(AttestationsRegister.self, text: text, file: "attestations.yaml", author: "test")
    }
  }

  /// A request that its tenant has approved for an hour.
  private func scene() async throws -> Scene {
    let house = try await ObservedHouse()
    let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    let ledger = try await Ledger(
      origin: "cloud.test/ledger", records: house.records, keyring: house.keyring, clock: house.clock, random: house.random, logger: logger,
      isTenant: { _, _ in true })
    let lockbox = Lockbox(records: house.records, clock: house.clock, random: house.random, logger: logger)
    let subscription = try await house.makeTenant(GUID(high: 4, low: 4), "client")
    let word = OptedIn(tenant: subscription.tenant, isOptedIn: true, changed: house.clock.now())
    try await house.records.write { try $0.save(word) }
    let caller = OperatorPrincipal(id: house.random.guid(), name: "Ada Lovelace", email: "ada@operateur.test", roles: [.support])
    let body: JSON = [
      "scope": .string("\(subscription.path)/resourceGroups/rg"), "justification": "Une panne", "hours": 1, "ticket": "T-1",
    ]
    let opened = try await lockbox.open(try LockboxDraft(body), by: caller)
    let approved = try Self.approved(opened, at: house.clock.now())
    try await house.records.write { try $0.save(approved) }
    return Scene(house: house, lockbox: lockbox, ledger: ledger, caller: caller, request: approved)
  }

  /// As the tenant's decision leaves it.
  private static func approved(_ request: LockboxRequest, at now: Timestamp) throws -> LockboxRequest {
    var members = try #require(try JSONSerialization.jsonObject(with: JSONEncoder().encode(request)) as? [String: Any])
    func encoded(_ time: Timestamp) throws -> Any {
      try JSONSerialization.jsonObject(with: JSONEncoder().encode(time), options: .fragmentsAllowed)
    }
    members["state"] = "approved"
    members["ends"] = try encoded(now.advanced(by: .seconds(3600)))
    members["decision"] = ["time": try encoded(now), "reason": "", "principal": "\(GUID(high: 5, low: 5))"]
    return try JSONDecoder().decode(LockboxRequest.self, from: try JSONSerialization.data(withJSONObject: members))
  }

  @Test func `a look outside of what the tenant approved is a gap, and so is a grant whose end is not told`() async throws {
    let scene = try await scene()
    let house = scene.house
    try await scene.vet()
    #expect(try await house.verdicts(ControlLOCK01()) == Self.compliant)
    try await scene.enter()
    let findings = try await house.findings(ControlLOCK01())
    #expect(try await house.verdicts(ControlLOCK01()) == Self.compliant, "\(findings.compactMap(\.reason))")

    for (target, time, id) in [
      ("/subscriptions/\(scene.request.subscription)/resourceGroups/rg2", nil, nil), (nil, house.clock.now().advanced(by: .seconds(7200)), nil),
      (nil, scene.request.created.advanced(by: .seconds(-60)), nil), (nil, nil, GUID(high: 6, low: 6)),
    ] as [(String?, Timestamp?, GUID?)] {
      try await scene.enter(target, at: time, request: id)
      #expect(try await house.verdicts(ControlLOCK01())["9.7.d"] == .nonCompliant)
      try await scene.goOn()
      #expect(try await house.verdicts(ControlLOCK01()) == Self.compliant)
    }

    // The window has closed, and whoever enters ends stands still.
    house.clock.advance(by: .seconds(2 * 3600))
    let gap = try #require(try await house.findings(ControlLOCK01()).first { $0.verdict == .nonCompliant })
    #expect(gap.reason?.french.contains("retrait n'est pas inscrit") == true)
    _ = try await scene.lockbox.endDue()
    #expect(try await house.verdicts(ControlLOCK01()) == Self.compliant)
  }

  @Test func `a look of an operator whose vetting has lapsed is a gap until it is renewed`() async throws {
    let scene = try await scene()
    try await scene.enter()
    #expect(try await scene.house.verdicts(ControlLOCK01())["12.13.a"] == .nonCompliant)
    try await scene.vet("2026-02-01")
    #expect(try await scene.house.verdicts(ControlLOCK01())["12.13.a"] == .nonCompliant)
    try await scene.vet()
    #expect(try await scene.house.verdicts(ControlLOCK01()) == Self.compliant)
  }

  @Test func `every route that shows what is a tenant's is asked without a grant, and nothing is entered as used`() async throws {
    let house = try await ObservedHouse()
    let findings = try await house.findings(ControlLOCK01())
    #expect(try await house.verdicts(ControlLOCK01()) == Self.compliant)
    #expect((findings.first?.figures.first?.value ?? 0) >= 5)
    let waiting = try await house.records.read { try LedgerEntry.waiting(in: $0) }
    #expect(waiting.allSatisfy { $0.kind != .lockbox })
  }
}
