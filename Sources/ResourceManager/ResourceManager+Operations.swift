package import Base
internal import Logging
internal import Records
public import ServiceLifecycle
internal import Wire

/// The background work: carries operations on step by step, each step one transaction, and removes what has outlived its retention.
extension ResourceManager: Service {
  /// Runs until shutdown. Unfinished operations of an earlier run are taken up at once.
  public func run() async throws {
    signal.yield()
    await withTaskGroup(of: Void.self) { group in
      group.addTask { await self.carryOn() }
      group.addTask { await self.keepHouse() }
    }
  }

  private func carryOn() async {
    for await _ in signals.cancelOnGracefulShutdown() {
      guard await !drainOperations() else { continue }
      // What failed inside may be over by then: a full disk, a busy store.
      guard (try? await Task.sleep(for: .seconds(ResourceManagerLimits.pollIntervalSeconds))) != nil else { return }
      signal.yield()
    }
  }

  /// Takes all unfinished operations as far as they go; false when the step of one failed inside, which is left for the next round.
  @discardableResult
  package func drainOperations() async -> Bool {
    var stuck: Set<GUID> = []
    while !Task.isCancelled {
      do {
        let pending = try await pendingOperations().filter { !stuck.contains($0.id) }
        if pending.isEmpty { return stuck.isEmpty }
        for operation in pending {
          do {
            try await step(operation)
          } catch {
            stuck.insert(operation.id)
            logger.error(
              "operation step failed", metadata: ["operation": "\(operation.id)", "target": "\(operation.target)", "error": "\(error)"])
          }
        }
      } catch {
        logger.error("pending operations could not be read", metadata: ["error": "\(error)"])
        return false
      }
    }
    return true
  }

  package func pendingOperations() async throws -> [LongRunningOperation] {
    try await records.read {
      try $0.list(
        LongRunningOperation.self, index: LongRunningOperation.pendingIndex, [], tenant: .zero,
        limit: ResourceManagerLimits.maximumOperationsPerRound)
    }
  }

  /// An operation of a subscription, as its poll URLs name it. Another tenant's is not found, nor is one of another caller unless `canReadAll`.
  package func operation(_ id: GUID, _ context: ArmContext, canReadAll: Bool) async throws -> LongRunningOperation {
    let found = try await records.read {
      try $0.fetch(LongRunningOperation.self, LongRunningOperation.key(tenant: context.tenant, context.subscription ?? .zero, id))
    }
    guard let found, canReadAll || found.origin.principal == context.principal.objectID else {
      throw CloudError(404, "OperationNotFound", "The operation '\(id)' could not be found.")
    }
    return found
  }

  // MARK: Deleting a group

  /// Takes the next step of an operation.
  package func step(_ operation: LongRunningOperation) async throws {
    switch operation.work {
    case .deleteResourceGroup: try await deleteNext(of: operation)
    }
  }

  /// Deletes one resource of the group or, once it is empty, the group.
  private func deleteNext(of operation: LongRunningOperation) async throws {
    let group = operation.target.resourceGroup ?? ""
    let leaves = try await records.read { try Self.leaves(of: operation, in: $0) }
    if leaves.isEmpty {
      try await finish(operation, group: group)
      return
    }
    // One that is refused, because another needs it, may go once the other is gone.
    var refusal: CloudError?
    for leaf in leaves {
      do {
        try await delete(leaf, of: operation)
        return
      } catch let error as CloudError where error.status < 500 {
        refusal = error
        await recordFailure(stepContext(operation, leaf), error)
      }
    }
    if let refusal { try await fail(operation, group: group, refusal) }
  }

  /// Resources of the group that have none below them.
  private static func leaves(of operation: LongRunningOperation, in reader: any RecordReader) throws -> [Resource] {
    let found = try reader.list(
      Resource.self, under: Resource.key(tenant: operation.tenant, operation.target), limit: ResourceManagerLimits.maximumDeletionCandidates)
    return try found.indices.filter { index in
      // Keys order a parent right before what lies below it.
      if index + 1 < found.count { return !found[index + 1].key.components.starts(with: found[index].key.components) }
      return try reader.count(Resource.self, under: found[index].key, limit: 2) == 1
    }.map { found[$0] }
  }

  private func stepContext(_ operation: LongRunningOperation, _ resource: Resource) -> ArmContext {
    var context = operation.context(now: clock.now(), requestID: random.guid())
    context.permission = "\(resource.id.type ?? "")/delete"
    context.resourceID = resource.id.description
    return context
  }

  private func delete(_ resource: Resource, of operation: LongRunningOperation) async throws {
    let context = stepContext(operation, resource)
    let entryID = random.guid()
    try await records.write { [self] transaction in
      // Another step may have taken it meanwhile: then there is nothing to do.
      guard let current = try transaction.fetch(Resource.self, resource.key) else { return }
      try remove(current, context, in: transaction)
      try transaction.save(context.entry(.succeeded, 200, operationID: operation.id, id: entryID))
    }
  }

  private func finish(_ operation: LongRunningOperation, group name: String) async throws {
    let context = operation.context(now: clock.now(), requestID: random.guid())
    let entryID = random.guid()
    try await records.write { [self] transaction in
      guard var current = try transaction.fetch(LongRunningOperation.self, operation.key), !current.status.isTerminal else { return }
      guard try transaction.count(Resource.self, under: Resource.key(tenant: operation.tenant, operation.target), limit: 1) == 0 else { return }
      let key = ResourceGroup.key(tenant: operation.tenant, operation.subscription, name)
      if let group = try transaction.fetch(ResourceGroup.self, key) {
        try removeAssignments(at: operation.target, tenant: operation.tenant, in: transaction)
        try transaction.remove(GroupDeletion.self, GroupDeletion.key(group))
        try transaction.remove(ResourceGroup.self, key)
      }
      current.status = .succeeded
      current.endTime = context.now
      try transaction.save(current)
      try transaction.save(context.entry(.succeeded, 200, operationID: operation.id, id: entryID))
    }
  }

  /// The group stays with what could not be deleted, and takes writes again.
  private func fail(_ operation: LongRunningOperation, group name: String, _ refusal: CloudError) async throws {
    let context = operation.context(now: clock.now(), requestID: random.guid())
    let entryID = random.guid()
    try await records.write { transaction in
      guard var current = try transaction.fetch(LongRunningOperation.self, operation.key), !current.status.isTerminal else { return }
      let key = ResourceGroup.key(tenant: operation.tenant, operation.subscription, name)
      if var group = try transaction.fetch(ResourceGroup.self, key) {
        group.provisioningState = .succeeded
        group.changedTime = context.now
        try transaction.save(group)
        try transaction.remove(GroupDeletion.self, GroupDeletion.key(group))
      }
      let error = CloudError(
        409, "ResourceGroupDeletionBlocked",
        "Deletion of resource group '\(name)' failed as resources in it could not be deleted: \(refusal.message)",
        details: [refusal])
      current.status = .failed
      current.endTime = context.now
      current.failure = LongRunningOperation.Failure(status: error.status, code: error.code, message: error.message)
      try transaction.save(current)
      try transaction.save(context.entry(.failed, error.status, error: error, operationID: operation.id, id: entryID))
    }
  }

  // MARK: Retention

  private func keepHouse() async {
    while !Task.isCancelled, !Task.isShuttingDownGracefully {
      do {
        try await expire()
      } catch {
        logger.error("housekeeping failed", metadata: ["error": "\(error)"])
      }
      let pause = Duration.seconds(ResourceManagerLimits.housekeepingIntervalSeconds)
      // Shutdown ends the pause by cancelling it.
      guard (try? await cancelWhenGracefulShutdown { try await Task.sleep(for: pause) }) != nil else { return }
    }
  }

  /// Removes activity-log entries and finished operations that have outlived their retention.
  package func expire() async throws {
    let now = clock.now()
    let oldest = now.advanced(by: .seconds(-86400 * ResourceManagerLimits.activityLogRetentionDays))
    var after: RecordIndexPosition?
    var tenants: Set<GUID> = []
    while true {
      let position = after
      let page = try await records.read {
        try $0.list(
          Subscription.self, index: Subscription.allIndex, [], tenant: .zero, after: position, limit: ResourceManagerLimits.maximumPageItems)
      }
      for subscription in page {
        if tenants.insert(subscription.tenant).inserted { try await expireEntries(tenant: subscription.tenant, subscription: nil, before: oldest) }
        try await expireEntries(tenant: subscription.tenant, subscription: subscription.id, before: oldest)
      }
      guard let last = page.last, page.count == ResourceManagerLimits.maximumPageItems else { break }
      after = RecordIndexPosition(components: [last.id.description], key: last.key)
    }
    try await expireOperations(before: now.advanced(by: .seconds(-86400 * ResourceManagerLimits.operationRetentionDays)))
  }

  private func expireEntries(tenant: GUID, subscription: GUID?, before time: Timestamp) async throws {
    let limit = ResourceManagerLimits.maximumExpiredEntriesPerTransaction
    while try await records.write({
      try ActivityLog.expire(tenant: tenant, subscription: subscription, before: time, limit: limit, in: $0)
    }) == limit {}
  }

  private func expireOperations(before time: Timestamp) async throws {
    let limit = ResourceManagerLimits.maximumExpiredEntriesPerTransaction
    while try await records.write({ transaction in
      let finished = try transaction.list(
        LongRunningOperation.self, index: LongRunningOperation.finishedIndex, [], tenant: .zero, limit: limit)
      let expired = finished.filter { $0.endTime.map { $0 < time } ?? false }
      for operation in expired { try transaction.remove(LongRunningOperation.self, operation.key) }
      return expired.count
    }) == limit {}
  }
}
