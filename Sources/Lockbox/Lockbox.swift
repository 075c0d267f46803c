public import Base
internal import Edge
public import Ledger
public import Logging
public import Operators
public import Records
internal import ResourceManager
internal import Synchronization
package import Wire

/// The only way by which an operator looks into what is a tenant's: a request, which the tenant approves; then a grant, which is that operator's alone,
/// for one scope and a while, and of which every use is entered in the tenant's ledger before anything is shown.
///
/// There is no other way, not even in an emergency (ADR 25).
public final class Lockbox: Sendable {
  let records: any RecordStore
  let notes: LedgerNotes?
  let clock: any WallClock
  let random: any RandomSource
  let logger: Logger
  /// Wakes whoever ends what is due.
  let changes: AsyncStream<Void>
  let change: AsyncStream<Void>.Continuation

  /// Refusals are noted in `notes`.
  public init(records: any RecordStore, notes: LedgerNotes? = nil, clock: any WallClock, random: any RandomSource, logger: Logger) {
    self.records = records
    self.notes = notes
    self.clock = clock
    self.random = random
    self.logger = logger
    (changes, change) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
  }

  // MARK: The operator's side

  /// Opens a request, of which the tenant then sees. Whether its scope is there is not looked at: that would tell something of what is the tenant's.
  ///
  /// Throws 400 for bad input, 404 for an unknown subscription, 409 where the tenant has not enabled the lockbox, 429 where too many wait.
  public func open(_ draft: LockboxDraft, by caller: OperatorPrincipal, request: GUID? = nil) async throws -> LockboxRequest {
    let (id, entryID, now) = (random.guid(), random.guid(), clock.now())
    let opened = try await records.write { [change] transaction in
      guard let subscription = try Subscription.found(draft.subscription, in: transaction) else {
        throw LockboxErrors.subscriptionNotFound(draft.subscription)
      }
      guard try LockboxTenant.isOptedIn(subscription.tenant, in: transaction) else { throw LockboxErrors.lockboxDisabled }
      try Self.requireRoom(tenant: subscription.tenant, operatorID: caller.id, in: transaction, at: now)
      let made = LockboxRequest(
        id: id, tenant: subscription.tenant, subscription: subscription.id, scope: draft.scope, justification: draft.justification,
        minutes: draft.minutes, ticket: draft.ticket, operatorID: caller.id, operatorName: caller.name, created: now,
        expires: now.advanced(by: LockboxLimits.undecided))
      try transaction.save(made)
      try made.record(.open, id: entryID, at: now, request: request, personal: ["caller": caller.email], in: transaction)
      transaction.afterCommit { change.yield() }
      return made
    }
    logger.notice("access requested", metadata: ["request": "\(opened.id)", "tenant": "\(opened.tenant)", "operator": "\(opened.operatorID)"])
    return opened
  }

  private static func requireRoom(tenant: GUID, operatorID: GUID, in reader: any RecordReader, at now: Timestamp) throws {
    let state = LockboxRequest.State.pending.rawValue
    let ofTenant = try reader.list(
      LockboxRequest.self, index: LockboxRequest.liveIndex, [state], tenant: tenant, limit: LockboxLimits.maximumPendingOfTenant)
    guard ofTenant.count < LockboxLimits.maximumPendingOfTenant else { throw LockboxErrors.tooMany }
    let ofOperator = try reader.list(
      LockboxRequest.self, index: LockboxRequest.pendingIndex, [operatorID.description], tenant: .zero, limit: LockboxLimits.maximumPendingOfOperator)
    guard ofOperator.count < LockboxLimits.maximumPendingOfOperator else { throw LockboxErrors.tooMany }
  }

  /// Takes a request back, or ends the grant that it became. Throws 404 for what is not this operator's, 409 for what has ended.
  public func withdraw(_ id: String, by caller: OperatorPrincipal, request: GUID? = nil) async throws -> LockboxRequest {
    let (entryID, now) = (random.guid(), clock.now())
    return try await records.write { transaction in
      var found = try Self.own(id, of: caller, in: transaction)
      let status = found.status(at: now)
      guard status == .pending || status == .approved else { throw LockboxErrors.notPending(status) }
      found.state = status == .pending ? .withdrawn : .completed
      found.ended = now
      try transaction.save(found)
      try found.record(.withdraw, id: entryID, at: now, request: request, personal: ["caller": caller.email], in: transaction)
      return found
    }
  }

  /// One of an operator's own requests. Throws 404.
  public func request(_ id: String, of caller: OperatorPrincipal) async throws -> LockboxRequest {
    try await records.read { try Self.own(id, of: caller, in: $0) }
  }

  /// A page of an operator's requests, or of all; the newest first. `after` is the id of the last one of the page before. Throws 400 for an unknown one.
  public func requests(of operatorID: GUID?, after: String? = nil) async throws -> (requests: [LockboxRequest], next: String?) {
    let (index, components) = operatorID.map { (LockboxRequest.operatorIndex, [$0.description]) } ?? (LockboxRequest.allIndex, [])
    return try await records.read { reader in
      let position = try after.map { text in
        guard let id = GUID(text), let last = try LockboxRequest.found(id, in: reader), operatorID == nil || last.operatorID == operatorID else {
          throw LockboxErrors.invalid("after", "is no request of this list.")
        }
        return last.position(in: index)
      }
      let found = try reader.list(
        LockboxRequest.self, index: index, components, tenant: .zero, after: position, limit: LockboxLimits.maximumPageItems + 1)
      let page = Array(found.prefix(LockboxLimits.maximumPageItems))
      return (page, found.count > page.count ? page.last?.id.description : nil)
    }
  }

  static func own(_ id: String, of caller: OperatorPrincipal, in reader: any RecordReader) throws -> LockboxRequest {
    guard let guid = GUID(id), let found = try LockboxRequest.found(guid, in: reader), found.operatorID == caller.id else {
      throw LockboxErrors.unknownRequest(id)
    }
    return found
  }

  // MARK: The host's side

  /// A page of all requests, in the operator's form.
  package func list(after: String?) async throws -> (requests: [JSON], next: String?) {
    let (now, page) = (clock.now(), try await requests(of: nil, after: after))
    return (page.requests.map { $0.operatorJSON(at: now) }, page.next)
  }

  /// One request, whosever it is. Throws 404.
  package func show(_ id: String) async throws -> JSON {
    let found = try await records.read { reader in try GUID(id).flatMap { try LockboxRequest.found($0, in: reader) } }
    guard let found else { throw LockboxErrors.unknownRequest(id) }
    return found.operatorJSON(at: clock.now())
  }

  // MARK: Uses

  /// Enters one use of a grant in the tenant's ledger and gives the request that permits it; where there is no grant, nothing is entered as used, the
  /// refusal is noted, and 403 is thrown. Once it returns, the entry is durable.
  func use(
    _ id: String, by caller: OperatorPrincipal, of target: ResourceID, operation: String, details: [String: String], request: GUID
  ) async throws -> LockboxRequest {
    let entryID = random.guid()
    let (found, isGranted, now) = try await records.write { [clock] transaction in
      // The time of the entry: the write may have waited.
      let now = clock.now()
      // An operator learns of others' requests no more than of those that are not there.
      let found = try Self.own(id, of: caller, in: transaction)
      guard found.status(at: now) == .approved, found.covers(target), try LockboxTenant.isOptedIn(found.tenant, in: transaction),
        try OperatorRegister.principal(caller.id, in: transaction)?.may(.requestAccess) == true
      else { return (found, false, now) }
      try found.entry(
        .use, id: entryID, at: now, subject: target.description, request: request, facts: ["action": operation],
        personal: details.merging(["caller": caller.email]) { $1 }
      ).append(in: transaction)
      return (found, true, now)
    }
    guard isGranted else {
      notes?.note(
        .refusal, tenant: found.tenant, subject: found.scope.description, request: request,
        facts: [
          "service": "lockbox", "action": operation, "code": OperatorErrors.noGrant.code, "lockboxRequest": found.id.description,
          "status": found.status(at: now).rawValue,
        ], personal: caller.personal)
      throw OperatorErrors.noGrant
    }
    return found
  }

  // MARK: Time

  /// Ends what time has ended, at its time, until its task is cancelled. What it has not come to yet has ended all the same: it only tells of it.
  public func run() async throws {
    let changes = changes
    while true {
      var pause: Duration?
      do {
        pause = try await endDue().map { max(.zero, clock.now().duration(to: $0)) }
      } catch let error where !(error is CancellationError) {
        logger.error("ends of requests for access wait for the ledger", metadata: ["error": "\(error)"])
        pause = LockboxLimits.retry
      }
      try Task.checkCancellation()
      await Self.wait(pause, or: changes)
      try Task.checkCancellation()
    }
  }

  private static func wait(_ pause: Duration?, or changes: AsyncStream<Void>) async {
    await withTaskGroup { group in
      if let pause { group.addTask { try? await Task.sleep(for: pause) } }
      group.addTask {
        var iterator = changes.makeAsyncIterator()
        _ = await iterator.next()
      }
      await group.next()
      group.cancelAll()
    }
  }

  /// Enters the ends of what is over, and gives when the next one is due; nil where nothing is.
  package func endDue() async throws -> Timestamp? {
    while true {
      let now = clock.now()
      let due = try await records.read {
        try $0.list(LockboxRequest.self, index: LockboxRequest.dueIndex, [], tenant: .zero, limit: LockboxLimits.maximumEndedAtOnce)
      }
      let over = due.filter { $0.due.map { $0 <= now } ?? false }.map { (id: $0.key, entry: random.guid()) }
      guard !over.isEmpty else { return due.first?.due }
      try await records.write { transaction in
        for (key, entry) in over {
          guard var found = try transaction.fetch(LockboxRequest.self, key), let end = found.due, end <= now else { continue }
          let step: LockboxStep = found.state == .pending ? .expire : .complete
          found.state = step == .expire ? .expired : .completed
          found.ended = end
          try transaction.save(found)
          try found.record(step, id: entry, at: now, in: transaction)
        }
      }
    }
  }
}
