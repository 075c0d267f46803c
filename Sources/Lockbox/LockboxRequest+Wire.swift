internal import Base
internal import Wire

extension LockboxRequest {
  /// Its id in Resource Manager.
  var path: String { "/subscriptions/\(subscription)/providers/Microsoft.CustomerLockbox/requests/\(id)" }

  /// Whole hours as Azure gives them, or with a fraction.
  private var hours: String { minutes.isMultiple(of: 60) ? String(minutes / 60) : String(Double(minutes) / 60) }

  private var resourceType: String { scope.type ?? "Microsoft.Resources/resourceGroups" }

  /// The tenant's form.
  ///
  /// Source: Microsoft, "Requests - Get", Customer Lockbox REST reference, LockboxRequestResponse.
  func json(at now: Timestamp) -> JSON {
    let properties: [(name: String, value: String)] = [
      ("requestId", id.description), ("justification", justification), ("status", status(at: now).rawValue),
      ("createdDateTime", created.iso8601Fractional), ("expirationDateTime", (ends ?? expires).iso8601Fractional), ("duration", hours),
      ("resourceIds", String(scope.description.dropFirst())), ("resourceType", resourceType), ("supportRequest", ticket), ("supportCaseUrl", ""),
      ("workItemSource", "Other"), ("subscriptionId", subscription.description),
    ]
    return [
      "id": .string(path), "name": .string("LockboxRequest_\(id)"), "type": "requests",
      "properties": .object(JSON.Object(properties.map { ($0.name, .string($0.value)) })),
    ]
  }

  /// The operator's form.
  func operatorJSON(at now: Timestamp) -> JSON {
    let reason = decision.flatMap { $0.reason.isEmpty ? nil : $0.reason }
    let members: [(name: String, value: String?)] = [
      ("id", id.description), ("tenantId", tenant.description), ("scope", scope.description), ("status", status(at: now).rawValue),
      ("justification", justification), ("ticket", ticket), ("operatorId", operatorID.description), ("operatorName", operatorName),
      ("createdTime", created.iso8601), ("expiresTime", expires.iso8601), ("decidedTime", decision?.time.iso8601), ("endsTime", ends?.iso8601),
      ("reason", reason),
    ]
    var object = JSON.Object(members.compactMap { member in member.value.map { (member.name, .string($0)) } })
    object["minutes"] = .integer(Int64(minutes))
    return .object(object)
  }
}
