package import Base
internal import Logging
internal import Records
internal import ServiceLifecycle
internal import Wire

/// The background work: carries operations on step by step, and removes what has outlived its retention.
extension ResourceManager {
  /// Runs until shutdown. Unfinished operations of an earlier run are taken up at once. `dispatcher` takes the requests that deployments make.
  public func run(dispatcher: ArmDispatcher? = nil) async throws {
    do {
      try await countStart()
    } catch {
      logger.error("pending operations could not be counted", metadata: ["error": "\(error)"])
    }
    signal.yield()
    await withTaskGroup(of: Void.self) { group in
      group.addTask { await self.carryOn(dispatcher) }
      group.addTask { await self.keepHouse() }
    }
  }

  /// Counts this start with every operation that it finds unfinished. One with which the process has begun too often may be what ends it each time: it is
  /// given up before it is taken up again, so that the cloud serves whatever one request brought it to.
  package func countStart() async throws {
    for operation in try await pendingOperations() where operation.work != .deleteResource && operation.work != .deleteResourceGroup {
      let starts = try await records.write { transaction in
        guard var current = try transaction.fetch(LongRunningOperation.self, operation.key), !current.status.isTerminal else { return 0 }
        let starts = (current.starts ?? 0) + 1
        current.starts = starts
        try transaction.save(current)
        return starts
      }
      guard starts > ResourceManagerLimits.maximumOperationStarts else { continue }
      logger.error("operation given up: the process has begun too often with it", metadata: ["operation": "\(operation.id)", "starts": "\(starts)"])
      await giveUp(operation)
    }
  }

  /// Begins what can begin whenever there is something new, and from time to time what was left by an error.
  private func carryOn(_ dispatcher: ArmDispatcher?) async {
    let runner = OperationRunner()
    await withDiscardingTaskGroup { group in
      group.addTask {
        let pause = Duration.seconds(ResourceManagerLimits.pollIntervalSeconds)
        while (try? await cancelWhenGracefulShutdown({ try await Task.sleep(for: pause) })) != nil { self.signal.yield() }
      }
      for await _ in signals.cancelOnGracefulShutdown() {
        do {
          for operation in try await nextOperations(runner) {
            let task = runner.begin(operation) {
              await self.carry(operation, dispatcher)
              self.signal.yield()
            }
            guard let task else { continue }
            group.addTask {
              await withTaskCancellationHandler {
                await task.value
              } onCancel: {
                task.cancel()
              }
            }
          }
        } catch {
          logger.error("pending operations could not be read", metadata: ["error": "\(error)"])
        }
      }
    }
  }

  /// The oldest operation of each target. One that a deletion waits behind is given up.
  private func nextOperations(_ runner: OperationRunner) async throws -> [LongRunningOperation] {
    var first: [String: LongRunningOperation] = [:]
    var order: [String] = []
    for operation in try await pendingOperations() {
      let target = "\(operation.tenant)\(operation.target.canonical)"
      guard let earlier = first[target] else {
        first[target] = operation
        order.append(target)
        continue
      }
      guard operation.work == .deleteResource, earlier.work != .deleteResource else { continue }
      if runner.isRunning(earlier) {
        runner.preempt(earlier)
      } else {
        try await end(
          earlier, failure: CloudError(409, "OperationPreempted", "The operation has been preempted by a more recent operation."))
        first[target] = operation
      }
    }
    return order.compactMap { first[$0] }.filter { !runner.isRunning($0) }
  }

  /// Carries an operation on until it has ended, is cancelled, or has to be left for later.
  private func carry(_ operation: LongRunningOperation, _ dispatcher: ArmDispatcher?) async {
    var attempt = 0
    while !Task.isCancelled {
      let pause: Duration
      do {
        switch try await step(operation, dispatcher) {
        case .ended: return
        case .again(let after): pause = after
        }
        attempt = 0
      } catch let error where Task.isCancelled || error is CancellationError {
        return
      } catch is RecordsClosed {
        pause = .seconds(ResourceManagerLimits.closedRecordsPauseSeconds)
      } catch {
        attempt += 1
        logger.error(
          "operation step failed",
          metadata: ["operation": "\(operation.id)", "target": "\(operation.target)", "attempt": "\(attempt)", "error": "\(error)"])
        if attempt >= ResourceManagerLimits.maximumOperationAttempts, operation.work == .putResource || operation.work == .act {
          await giveUp(operation)
          return
        }
        pause = .seconds(min(1 << min(attempt, 5), ResourceManagerLimits.maximumOperationPauseSeconds))
      }
      guard (try? await Task.sleep(for: pause)) != nil else { return }
    }
  }

  private func giveUp(_ operation: LongRunningOperation) async {
    let failure = CloudError(500, "InternalExecutionError", "An internal execution error occurred. Please retry later.")
    do {
      if operation.work == .deploy { try await endDeployment(operation, failure: failure) } else { try await end(operation, failure: failure) }
    } catch {
      logger.error("operation could not be ended", metadata: ["operation": "\(operation.id)", "error": "\(error)"])
    }
  }

  /// Takes all unfinished operations as far as they go; false when the step of one failed inside, which is left for the next round.
  @discardableResult
  package func drainOperations(_ dispatcher: ArmDispatcher? = nil) async -> Bool {
    var stuck: Set<GUID> = []
    while !Task.isCancelled {
      do {
        let pending = try await pendingOperations().filter { !stuck.contains($0.id) }
        if pending.isEmpty { return stuck.isEmpty }
        for operation in pending {
          do {
            _ = try await step(operation, dispatcher)
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

  /// What became of an operation by one step.
  enum Step {
    case ended
    case again(after: Duration)
  }

  /// Takes the next step of an operation.
  func step(_ operation: LongRunningOperation, _ dispatcher: ArmDispatcher?) async throws -> Step {
    switch operation.work {
    case .deleteResourceGroup: return try await deleteNext(of: operation)
    case .putResource, .deleteResource, .act: return try await carryOut(operation)
    case .deploy:
      do {
        try await openRecords(of: operation.tenant, caller: operation.origin.principal, request: operation.id)
      } catch is CloudError {
        throw RecordsClosed()
      }
      return try await deploy(operation, dispatcher)
    }
  }
}

/// Retention.
extension ResourceManager {
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
