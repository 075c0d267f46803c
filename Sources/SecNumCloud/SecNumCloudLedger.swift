internal import Base
internal import Catalogue
internal import Declarations
internal import Ledger
internal import Records
internal import Wire

/// What of SecNumCloud is entered in the ledger, each in the transaction of the thing itself.
extension LatestLook {
  /// How often a look is entered that says what the one before it said.
  private static let entryInterval: Duration = .seconds(86400)

  var isEntryDue: Bool { entered.map { $0.advanced(by: Self.entryInterval) <= time } ?? true }

  /// Digests that one text of an entry takes.
  private static let maximumDigests = 15

  /// The digest of each signed statement; of very many, their count and the digest over their digests, each with a space behind all but the last.
  private static func digests(of observations: [Observation]) -> String {
    let all = observations.map(\.digest).joined(separator: " ")
    return observations.count <= maximumDigests ? all : "\(observations.count) \(sha256Hexadecimal(all.utf8))"
  }

  /// The verdict on each item, and the digest of each signed statement.
  func entry(id: GUID) -> LedgerEntry {
    var verdicts: [String: Verdict] = [:]
    for observation in observations {
      for item in observation.items {
        verdicts[item.description] = Verdict.combined([verdicts[item.description], observation.verdict].compactMap { $0 })
      }
    }
    let byVerdict = Dictionary(grouping: verdicts.keys.sorted()) { verdicts[$0] ?? .notAssessed }
    var facts = ["operation": "observe", "version": observations.first?.version ?? ""]
    for (verdict, items) in byVerdict { facts["verdict: \(verdict.rawValue)"] = items.joined(separator: " ") }
    facts["statements"] = Self.digests(of: observations)
    return LedgerEntry(
      id: id, time: time, tenant: .zero, kind: .observation, subject: control, outcome: .succeeded, facts: facts)
  }
}

extension Piece {
  /// A piece that was filed. Who owns and approved it are persons.
  func entry(id: GUID) -> LedgerEntry {
    LedgerEntry(
      id: id, time: filed, tenant: .zero, kind: .observation, subject: "piece/\(slot)", outcome: .succeeded,
      facts: ["operation": "file", "piece": self.id.description, "sha256": content.sha256, "approved": approved.description],
      personal: ["owner": owner, "approver": approver])
  }
}

extension RegisterVersion {
  /// A version of a register that was filed.
  func entry(id: GUID) -> LedgerEntry {
    LedgerEntry(
      id: id, time: time, tenant: .zero, kind: .observation, subject: "register/\(name)", outcome: .succeeded,
      facts: ["operation": "file", "sha256": content.sha256], personal: ["author": author].filter { !$0.value.isEmpty })
  }
}

/// The milestone that was entered last.
struct MilestoneMark: Record, Codable {
  static let kind = "secnumcloud.milestone"
  static let key = RecordKey(tenant: .zero, "milestone")

  /// Nil before the first.
  var reached: String?

  var key: RecordKey { Self.key }

  /// Enters which milestone is reached, where that is another than before.
  static func enter(_ milestones: Milestones, _ platform: ObservedPlatform) async throws {
    let (id, now, reached) = (platform.random.guid(), platform.now, milestones.reached?.rawValue)
    let (decision, readyFor) = (milestones.decision?.number, milestones.readyFor?.rawValue)
    try await platform.records.write { transaction in
      let known = try transaction.fetch(MilestoneMark.self, key)
      guard known?.reached != reached else { return }
      try transaction.save(MilestoneMark(reached: reached))
      var facts = ["operation": "milestone", "reached": reached ?? "", "before": known?.reached ?? ""]
      facts["decision"] = decision
      facts["readyFor"] = readyFor
      try LedgerEntry(
        id: id, time: now, tenant: .zero, kind: .observation, subject: "milestone", outcome: .succeeded, facts: facts
      ).append(in: transaction)
    }
  }
}

extension ContractEnd {
  /// The keys of a tenant were destroyed: from then on nobody reads what it had.
  func entry(id: GUID, at time: Timestamp) -> LedgerEntry {
    LedgerEntry(
      id: id, time: time, tenant: tenant, kind: .erasure, subject: "/tenants/\(tenant)", outcome: .succeeded,
      facts: [
        "operation": "destroy keys", "tenantKeys": String(erasure?.tenantKeyCount ?? 0), "dataKeys": String(erasure?.dataKeyCount ?? 0),
        "notified": notified.iso8601,
      ])
  }
}

extension ErasureCertificate {
  /// A tenant's data were destroyed. It is the platform's affair from then on, and names nobody.
  func entry(id: GUID) -> LedgerEntry {
    LedgerEntry(
      id: id, time: completed, tenant: tenant, kind: .erasure, subject: "/tenants/\(tenant)", outcome: .succeeded,
      facts: ["operation": "certify", "sha256": sha256Hexadecimal(statement.utf8)])
  }
}
