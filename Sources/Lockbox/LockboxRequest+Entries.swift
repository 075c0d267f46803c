internal import Base
internal import Ledger
internal import Records
internal import ResourceManager
internal import Wire

/// What happens to a request.
enum LockboxStep: String, Sendable, CaseIterable {
  case open, approve, deny, revoke, withdraw, expire, complete, use

  /// What the activity log calls it; nil for what it does not tell of.
  ///
  /// Source: Microsoft, "Customer Lockbox for Microsoft Azure", auditing logs; operations of Microsoft.CustomerLockbox.
  var activity: String? {
    switch self {
    case .open: "CreateLockboxRequest"
    case .approve: "ApproveLockboxRequest"
    case .deny: "DenyLockboxRequest"
    case .revoke, .withdraw: "CancelLockboxRequest"
    case .expire: "ExpireLockboxRequest"
    case .complete, .use: nil
    }
  }
}

extension LockboxRequest {
  /// An entry of the tenant's, which names this request and the operator that it is of.
  ///
  /// `request` is the HTTP request that it happens in, `facts` and `personal` what else there is to say. What people wrote of their own counts as personal.
  func entry(
    _ step: LockboxStep, id entryID: GUID, at time: Timestamp, subject: String? = nil, request: GUID? = nil, facts: [String: String] = [:],
    personal: [String: String] = [:]
  ) -> LedgerEntry {
    var known = ["operation": step.rawValue, "lockboxRequest": id.description]
    if !ticket.isEmpty { known["ticket"] = ticket }
    if let ends, step != .open { known["ends"] = ends.iso8601 }
    var persons = ["operator": operatorName, "operatorId": operatorID.description]
    if step == .open { persons["justification"] = justification }
    return LedgerEntry(
      id: entryID, time: time, tenant: tenant, kind: .lockbox, subject: subject ?? scope.description,
      outcome: step == .deny ? .refused : .succeeded, request: request, facts: known.merging(facts) { $1 },
      personal: persons.merging(personal) { $1 })
  }

  /// Enters a step in the ledger and, where Azure's own does, in the tenant's activity log, under the same id.
  func record(
    _ step: LockboxStep, id entryID: GUID, at time: Timestamp, request: GUID? = nil, correlation: GUID? = nil, caller: String = "",
    principal: GUID = .zero, personal: [String: String] = [:], in transaction: RecordTransaction
  ) throws {
    try entry(step, id: entryID, at: time, request: request, personal: personal).append(in: transaction)
    guard let activity = step.activity else { return }
    try transaction.save(
      ActivityLogEntry(
        id: entryID, tenant: tenant, subscription: subscription, time: time,
        operationName: "Microsoft.CustomerLockbox/requests/activitylog/\(activity)/action", resourceID: path, status: .succeeded, statusCode: 200,
        caller: caller, principalID: principal, claims: [:], correlationID: correlation ?? entryID, operationID: entryID, clientAddress: "",
        method: ""))
  }
}

extension Lockbox {
  /// What the tenant decides of the lockbox itself.
  static func entry(_ operation: String, id: GUID, tenant: GUID, at time: Timestamp, personal: [String: String]) -> LedgerEntry {
    LedgerEntry(
      id: id, time: time, tenant: tenant, kind: .lockbox, subject: "/tenants/\(tenant)", outcome: .succeeded, facts: ["operation": operation],
      personal: personal)
  }
}
