internal import Base
internal import Ledger
internal import Records
internal import ResourceManager
internal import Wire

/// What the tenant decides, in the transaction of its request to Resource Manager.
extension Lockbox {
  /// A request of a subscription of the tenant's. Throws 404.
  static func request(_ id: String, _ context: OperationContext, in reader: any RecordReader) throws -> LockboxRequest {
    // Azure's names of requests begin with a word; its ids do not.
    guard let guid = GUID(id), let found = try reader.fetch(LockboxRequest.self, LockboxRequest.key(context.tenant, guid)),
      found.subscription == context.subscription
    else { throw LockboxErrors.requestNotFound(id) }
    return found
  }

  /// Approves or denies what is pending, or takes an approval back. Throws 409 where its time is over or somebody has decided already.
  func decide(_ id: String, _ approval: LockboxApproval, _ context: OperationContext, in transaction: RecordTransaction) throws {
    let now = context.now
    var found = try Self.request(id, context, in: transaction)
    let step: LockboxStep
    switch (found.status(at: now), approval.decision) {
    case (.pending, .approve):
      guard try LockboxTenant.isOptedIn(context.tenant, in: transaction) else { throw LockboxErrors.lockboxDisabled }
      found.state = .approved
      found.ends = now.advanced(by: .seconds(found.minutes * 60))
      step = .approve
    case (.pending, .deny):
      found.state = .denied
      found.ended = now
      step = .deny
    case (.approved, .deny):
      found.state = .revoked
      found.ended = now
      step = .revoke
    case (let status, let decision): throw LockboxErrors.invalidStatus(found.id, status, decision)
    }
    found.decision = LockboxRequest.Decision(time: now, reason: approval.reason, principal: context.principal.objectID)
    try transaction.save(found)
    let person = Self.caller(context)
    try found.record(
      step, id: random.guid(), at: now, correlation: context.correlationID, caller: person, principal: context.principal.objectID,
      personal: [
        "caller": person, "principal": context.principal.objectID.description, "reason": approval.reason,
      ].filter { !$0.value.isEmpty }, in: transaction)
    transaction.afterCommit { [change] in change.yield() }
  }

  /// Enables or disables the lockbox. Disabling it ends every request and every grant at once: without it there is no access at all.
  func enable(_ isOptedIn: Bool, _ context: OperationContext, in transaction: RecordTransaction) throws {
    let (tenant, now) = (context.tenant, context.now)
    guard try LockboxTenant.isOptedIn(tenant, in: transaction) != isOptedIn else { return }
    try transaction.save(LockboxTenant(tenant: tenant, isOptedIn: isOptedIn, changed: now))
    let person = Self.caller(context)
    let personal = ["caller": person, "principal": context.principal.objectID.description].filter { !$0.value.isEmpty }
    try Self.entry(
      isOptedIn ? "enable" : "disable", id: random.guid(), tenant: tenant, at: now, personal: personal
    ).append(in: transaction)
    guard !isOptedIn else { return }
    let live = try transaction.list(
      LockboxRequest.self, index: LockboxRequest.liveIndex, [], tenant: tenant, limit: LockboxLimits.maximumLiveOfTenant)
    for var found in live {
      found.state = .revoked
      found.ended = now
      try transaction.save(found)
      try found.record(
        .revoke, id: random.guid(), at: now, correlation: context.correlationID, caller: person, principal: context.principal.objectID,
        personal: personal, in: transaction)
    }
  }

  /// As the activity log names the caller: a user by name, an application by its id.
  private static func caller(_ context: OperationContext) -> String {
    let principal = context.principal
    return principal.kind == .servicePrincipal ? (principal.applicationID ?? principal.objectID).description : principal.name
  }

  // MARK: Lists

  /// A page of a subscription's requests, the newest first.
  static func list(_ context: OperationContext, filter: ODataFilter?, in reader: any RecordReader) throws -> JSON {
    var after = try context.skipPosition().map { try position($0, context, in: reader) }
    var (items, scanned): ([JSON], Int) = ([], 0)
    while scanned < LockboxLimits.maximumScannedRequests {
      let batch = try reader.list(
        LockboxRequest.self, index: LockboxRequest.subscriptionIndex, [context.subscription.description], tenant: context.tenant, after: after,
        limit: LockboxLimits.maximumPageItems)
      for request in batch {
        let json = request.json(at: context.now)
        guard try matches(filter, json) else { continue }
        if items.count == LockboxLimits.maximumPageItems { return page(items, items.last, context) }
        items.append(json)
      }
      scanned += batch.count
      guard batch.count == LockboxLimits.maximumPageItems, let last = batch.last else { return ["value": .array(items)] }
      after = last.position(in: LockboxRequest.subscriptionIndex)
      if scanned >= LockboxLimits.maximumScannedRequests { return page(items, last.json(at: context.now), context) }
    }
    return ["value": .array(items)]
  }

  private static func page(_ items: [JSON], _ last: JSON?, _ context: OperationContext) -> JSON {
    let id = last?["properties"]?["requestId"]?.string ?? ""
    return ["value": .array(items), "nextLink": .string(context.nextLink(position: id))]
  }

  private static func position(_ id: String, _ context: OperationContext, in reader: any RecordReader) throws -> RecordIndexPosition {
    try request(id, context, in: reader).position(in: LockboxRequest.subscriptionIndex)
  }

  /// Only a request's status may be filtered by, as in Azure. Throws `InvalidFilterInQueryString`.
  static func matches(_ filter: ODataFilter?, _ item: JSON) throws -> Bool {
    guard let filter else { return true }
    do {
      return try filter.matches { path in
        guard path.map({ $0.lowercased() }) == ["properties", "status"] else { throw LockboxErrors.invalidFilter(path.joined(separator: "/")) }
        return item.value(at: path[...])
      }
    } catch let error as ODataError {
      throw LockboxErrors.invalidFilter(error.message)
    }
  }
}
