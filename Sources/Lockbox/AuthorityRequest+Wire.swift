internal import Base
internal import Ledger
package import Wire

extension AuthorityRequest {
  /// Everything that is known of it, by name.
  private var members: [(name: String, value: String)] {
    let known: [(name: String, value: String?)] = [
      ("tenantId", tenant?.description), ("received", received), ("country", country), ("authority", authority), ("basis", basis),
      ("way", way.rawValue), ("asked", asked), ("answer", answer?.rawValue), ("answered", answered), ("grounds", grounds),
      ("handedOver", handedOver), ("decision", decision.map { "\($0.authority) (\($0.country)) \($0.reference)" }), ("agreement", agreement),
      ("notice", notice), ("noticeWithheld", withheld),
    ]
    return known.compactMap { member in member.value.map { (member.name, $0) } }
  }

  package var json: JSON {
    var object = JSON.Object([("id", .string(id.description)), ("state", .string(state.rawValue))])
    for member in members { object[member.name] = .string(member.value) }
    object["entered"] = .string(entered.iso8601)
    if let closed { object["closed"] = .string(closed.iso8601) }
    return .object(object)
  }

  /// A step of it. Texts that people wrote may name persons: the log has commitments to them, as it has to who entered the step.
  func entry(_ step: String, id entryID: GUID, at time: Timestamp, by persons: [String: String]) -> LedgerEntry {
    let texts: Set<String> = ["authority", "basis", "asked", "grounds", "handedOver", "decision", "noticeWithheld"]
    var facts = ["operation": step, "state": state.rawValue]
    var personal = persons
    for member in members {
      if texts.contains(member.name) { personal[member.name] = member.value } else { facts[member.name] = member.value }
    }
    return LedgerEntry(
      id: entryID, time: time, tenant: partition, kind: .authorityRequest, subject: "authority-request/\(id)", outcome: .succeeded, facts: facts,
      personal: personal)
  }
}
