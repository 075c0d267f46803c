internal import Base
internal import Wire

/// What an approver says. `Deny` of what was approved takes the approval back.
///
/// Source: Microsoft, "Requests - Update Status", Customer Lockbox REST reference, `Approval`.
enum LockboxDecision: String, CaseIterable, Sendable {
  case approve = "Approve"
  case deny = "Deny"
}

/// The body of a decision. The reference calls its member `status`, and its examples `decision`: it is read under either name, and answered as it came.
struct LockboxApproval: Sendable {
  let decision: LockboxDecision
  let reason: String
  private let member: String

  /// Throws `InvalidRequestContent`.
  init(_ body: JSON) throws {
    guard let object = body.object else { throw LockboxErrors.invalidContent("An object is expected") }
    let names = ["status", "decision"].filter { object.member(ignoringCase: $0)?.isNull == false }
    guard let member = names.first, names.count == 1 else {
      throw LockboxErrors.invalidContent("Required property 'status' not found in JSON", target: "status")
    }
    guard let text = object.member(ignoringCase: member)?.string,
      let decision = LockboxDecision.allCases.first(where: { $0.rawValue.lowercased() == text.lowercased() })
    else {
      let known = LockboxDecision.allCases.map { "'\($0.rawValue)'" }.joined(separator: ", ")
      throw LockboxErrors.invalidContent("The value of '\(member)' must be one of \(known)", target: member)
    }
    let reason = object.member(ignoringCase: "reason") ?? .null
    guard reason.isNull || reason.string != nil else { throw LockboxErrors.invalidContent("'reason' must be a string", target: "reason") }
    guard (reason.string ?? "").utf8.count <= LockboxLimits.maximumTextBytes else {
      throw LockboxErrors.invalidContent("'reason' is longer than \(LockboxLimits.maximumTextBytes) bytes", target: "reason")
    }
    guard !(reason.string ?? "").hasControls else { throw LockboxErrors.invalidContent("'reason' holds a control character", target: "reason") }
    self.decision = decision
    self.member = member
    self.reason = reason.string ?? ""
  }

  var json: JSON { .object(JSON.Object([(member, .string(decision.rawValue)), ("reason", .string(reason))])) }
}
