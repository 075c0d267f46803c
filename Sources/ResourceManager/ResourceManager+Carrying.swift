internal import Base
internal import Logging
internal import Records
internal import Wire

/// Operations on one resource: begun in the transaction of their request, carried out by the resource's type, ended in one transaction.
extension ResourceManager {
  /// Refuses a change of a resource that has an operation under way.
  func requireIdle(_ id: ResourceID, _ context: ArmContext, in reader: any RecordReader) throws {
    guard try LongRunningOperation.pending(id, tenant: context.tenant, in: reader).isEmpty else {
      throw CloudError(
        409, "Conflict",
        "The request failed due to conflict with a concurrent request. To resolve it, please refer to https://aka.ms/activitylog to get more "
          + "details on the conflicting requests.")
    }
  }

  /// Files an operation, which the background work picks up once the transaction is durable.
  func begin(
    _ work: LongRunningOperation.Work, _ target: ResourceID, action: String? = nil, input: JSON? = nil, id: GUID, _ context: ArmContext,
    in transaction: RecordTransaction
  ) throws -> LongRunningOperation {
    let operation = LongRunningOperation(work, target, action: action, input: input, context, id: id)
    try transaction.save(operation)
    transaction.afterCommit { [signal] in signal.yield() }
    return operation
  }

  /// Begins the deletion of a resource that stands for something in the world, or joins the one under way; nil for a resource that can simply
  /// be removed.
  func beginDeletion(_ resource: Resource, _ context: ArmContext, in transaction: RecordTransaction) throws -> LongRunningOperation? {
    guard let type = catalog.type(resource.id.type ?? "") as? any ReconciledResourceType else { return nil }
    let pending = try LongRunningOperation.pending(resource.id, tenant: resource.tenant, in: transaction)
    if let running = pending.first(where: { $0.work == .deleteResource }) { return running }
    try type.willDelete(resource, context: context.operation(resource.id.subscription ?? .zero), in: transaction)
    var doomed = resource
    // What `willDelete` changed of it stays.
    if let current = try transaction.fetch(Resource.self, resource.key) { doomed = current }
    doomed.provisioningState = .deleting
    try transaction.save(doomed)
    return try begin(.deleteResource, resource.id, id: random.guid(), context, in: transaction)
  }

  /// Lets the type bring the world to what is wanted, and ends the operation.
  func carryOut(_ operation: LongRunningOperation) async throws -> Step {
    let key = Resource.key(tenant: operation.tenant, operation.target)
    guard let resource = try await records.read({ try $0.fetch(Resource.self, key) }),
      let type = catalog.type(operation.target.type ?? "") as? any ReconciledResourceType
    else {
      try await end(operation, failure: operation.work == .deleteResource ? nil : CloudError.resourceNotFound(operation.target))
      return .ended
    }
    if operation.work != .deleteResource { try resource.requireOpen() }
    let work: ResourceTask.Work =
      switch operation.work {
      case .deleteResource: .delete
      case .act: .act(operation.action ?? "", input: operation.input ?? .null)
      default: .put
      }
    let context = operation.context(now: clock.now(), requestID: random.guid()).operation(operation.subscription)
    do {
      let output = try await type.carryOut(ResourceTask(work: work, resource: resource, context: context))
      try await end(operation, output: output)
    } catch let error as CloudError where error.status < 500 {
      try await end(operation, failure: error)
    }
    return .ended
  }

  /// Ends an operation, with what that means for its resource, and says so in the activity log: one transaction.
  func end(_ operation: LongRunningOperation, output: JSON = .null, failure: CloudError? = nil) async throws {
    let context = operation.context(now: clock.now(), requestID: random.guid())
    let entryID = random.guid()
    try await records.write { [self] transaction in
      guard var current = try transaction.fetch(LongRunningOperation.self, operation.key), !current.status.isTerminal else { return }
      current.status = failure == nil ? .succeeded : .failed
      current.failure = failure.map { LongRunningOperation.Failure($0) }
      current.output = output.isNull ? nil : output
      current.endTime = context.now
      try transaction.save(current)
      if var resource = try transaction.fetch(Resource.self, Resource.key(tenant: operation.tenant, operation.target)) {
        switch (operation.work, failure) {
        case (.deleteResource, nil):
          try removeFamily(resource, context, in: transaction)
        case (.putResource, _), (.deleteResource, _):
          let waiting = try LongRunningOperation.pending(operation.target, tenant: operation.tenant, in: transaction)
          if !waiting.contains(where: { $0.work == .deleteResource }) {
            resource.provisioningState = failure == nil ? .succeeded : .failed
            try transaction.save(resource)
          }
        default: break
        }
      }
      let status: ActivityLogEntry.Status = failure == nil ? .succeeded : .failed
      try context.entry(status, failure?.status ?? 200, error: failure, operationID: operation.id, id: entryID).record(in: transaction)
    }
  }

  /// Removes a resource with what lies below it, children first, and begins the deletion of what is to go with it.
  func removeFamily(_ resource: Resource, _ context: ArmContext, in transaction: RecordTransaction) throws {
    let family = try transaction.list(
      Resource.self, under: resource.key, limit: ResourceManagerLimits.maximumDeletionCandidates + 1)
    guard family.count <= ResourceManagerLimits.maximumDeletionCandidates else {
      throw CloudError(
        409, "NestedResourcesExist",
        "The resource '\(resource.id)' has more than \(ResourceManagerLimits.maximumDeletionCandidates) nested resources. Delete them first.")
    }
    // Keys order parents before their children: backwards, children go first.
    for member in family.reversed() { try remove(member, context, in: transaction) }
  }

  /// Removes a resource with what belongs to it, in the transaction of a change.
  func remove(_ resource: Resource, _ context: ArmContext, in transaction: RecordTransaction) throws {
    let operation = context.operation(resource.id.subscription ?? .zero)
    let type = catalog.type(resource.id.type ?? "")
    let companions = try type?.companions(of: resource, in: transaction) ?? []
    try type?.delete(resource, context: operation, in: transaction)
    try removeAssignments(at: resource.id, tenant: resource.tenant, in: transaction)
    try ResourceLink.removeAll(from: resource.id, tenant: resource.tenant, in: transaction)
    for lock in try Lock.below(resource.id, tenant: resource.tenant, in: transaction) { try transaction.remove(Lock.self, lock.key) }
    for assignment in try PolicyAssignment.below(resource.id, tenant: resource.tenant, in: transaction) {
      try transaction.remove(PolicyAssignment.self, assignment.key)
    }
    try transaction.remove(Resource.self, resource.key)
    for companion in companions { try removeCompanion(companion, context, in: transaction) }
  }

  /// A companion that something else still needs stays, as Azure leaves it.
  private func removeCompanion(_ id: ResourceID, _ context: ArmContext, in transaction: RecordTransaction) throws {
    guard let resource = try transaction.fetch(Resource.self, Resource.key(tenant: context.tenant, id)) else { return }
    do {
      try Self.requireDeletable(resource.id, context, in: transaction)
      if try beginDeletion(resource, context, in: transaction) == nil { try remove(resource, context, in: transaction) }
    } catch let error as CloudError where error.status < 500 {
      logger.info("companion kept", metadata: ["resource": "\(id)", "reason": "\(error)"])
    }
  }
}
