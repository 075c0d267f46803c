internal import Base
internal import Ledger
public import Records

extension ActivityLogEntry {
  /// Files it in the activity log, and its counterpart, under the same id, in the ledger: the one way in for both, in the transaction of the change that they
  /// tell of.
  public func record(in transaction: RecordTransaction) throws {
    try record(as: .controlWrite, in: transaction)
  }

  func record(as kind: LedgerEntry.Kind, in transaction: RecordTransaction) throws {
    try transaction.save(self)
    try ledgerEntry(kind).append(in: transaction)
  }

  /// Texts of errors stay out of it: they may name who called.
  private func ledgerEntry(_ kind: LedgerEntry.Kind) -> LedgerEntry {
    var facts = [
      "operation": operationName, "status": status.rawValue, "statusCode": String(statusCode), "correlation": correlationID.description,
    ]
    if !method.isEmpty { facts["method"] = method }
    if let errorCode { facts["code"] = errorCode }
    var personal: [String: String] = [:]
    if principalID != .zero { personal = ["caller": caller, "principal": principalID.description] }
    if !clientAddress.isEmpty { personal["address"] = clientAddress }
    return LedgerEntry(
      id: id, time: time, tenant: tenant, kind: kind, subject: resourceID, outcome: status == .failed ? .failed : .succeeded, request: operationID,
      facts: facts, personal: personal)
  }
}

extension ArmContext {
  /// The entry that tells that this request gave something secret out, where it is none of the activity log's.
  func secretRead(id: GUID) -> LedgerEntry {
    LedgerEntry(
      id: id, time: now, tenant: tenant, kind: .secretRead, subject: resourceID, outcome: .succeeded, request: requestID,
      facts: ["operation": permission, "correlation": correlationID.description, "method": method], personal: personal)
  }

  /// Who called, from where.
  var personal: [String: String] {
    ["caller": caller, "principal": principal.objectID.description, "address": clientAddress].filter { !$0.value.isEmpty }
  }
}

extension ResourceManager {
  /// Notes that the caller of a request may not do what it asks.
  func noteRefusal(_ context: ArmContext, code: String) {
    notes?.note(
      .refusal, tenant: context.tenant, subject: context.resourceID, request: context.requestID,
      facts: ["operation": context.permission, "code": code, "method": context.method, "correlation": context.correlationID.description],
      personal: context.personal)
  }
}
